// Main thread. WAV files as they are read and written, a block at a time; @audio/decode-wav and @audio/encode-wav know the format.
import fs from 'node:fs'

/** What devices can be opened with. */
const MOST_CHANNELS = 8
const FREQUENCIES = [1000, 384000]

/** A header with 32-bit sizes cannot tell of more. */
const MOST_BYTES = 2 ** 32 - 1 - 64
const HEADER_BYTES = 44
const RIFF_SIZE_AT = 4
const DATA_SIZE_AT = 40

const refusal = (message, cause) => Object.assign(new Error(message, { cause }), { code: 'ERR_AUDIO_NOT_SUPPORTED' })

const interleaved = (channelData) => {
  const [channels, frames] = [channelData.length, channelData[0].length]
  const samples = new Float32Array(channels * frames)
  for (let channel = 0; channel < channels; channel++) {
    for (let frame = 0, at = channel; frame < frames; frame++, at += channels) samples[at] = channelData[channel][frame]
  }
  return Buffer.from(samples.buffer)
}

/**
 * Reads as far as the first samples; resolves to what the file is and its `sound`: Buffers of interleaved Float32, decoded as they are
 * taken. `bytes`: async iterable of Buffers.
 */
export const decodeWav = async (bytes, name) => {
  const { decoder } = await import('@audio/decode-wav')
  const blocks = (async function * () {
    const decoding = decoder()
    for await (const chunk of bytes) {
      try {
        const { channelData, sampleRate } = decoding.decode(chunk)
        if (channelData.length > 0) yield { channelData, sampleRate }
      } catch (error) {
        throw refusal(`${name} cannot be played: ${error.message}; if it is sound, convert it first: ffmpeg -i "${name}" sound.wav`, error)
      }
    }
  })()
  const { value: first } = await blocks.next()
  if (!first) throw refusal(`${name} cannot be played: there is no sound in it, or it ends in the middle of its header`)
  const [frequency, channels] = [first.sampleRate, first.channelData.length]
  if (channels > MOST_CHANNELS) throw refusal(`${name} has ${channels} channels; a device has at most ${MOST_CHANNELS}`)
  if (frequency < FREQUENCIES[0] || frequency > FREQUENCIES[1]) {
    throw refusal(`${name} says that it has ${frequency} frames per second; expected ${FREQUENCIES[0]} to ${FREQUENCIES[1]}`)
  }
  const sound = async function * () {
    yield interleaved(first.channelData)
    for await (const { channelData } of blocks) yield interleaved(channelData)
  }
  return { frequency, channels, sound: sound() }
}

const channelsOf = (samples, channels) =>
  Array.from({ length: channels }, (_, channel) =>
    Float32Array.from({ length: samples.length / channels }, (_, frame) => samples[frame * channels + channel]))

/** Writes a WAV file block by block; whatever happens after `sync`, the file is whole as far as then. */
export class WavWriter {
  #file
  #encode
  #header
  #dataBytes = 0

  /** `bitDepth`: 16, 24, or 32 for floats. `overwrite`: whether a file that is there may go. */
  static async create (name, { frequency, channels, bitDepth, overwrite }) {
    const { default: encoder } = await import('@audio/encode-wav')
    // It makes whole files in memory; one is made of every block, and of nothing for the header.
    const encode = async (samples) => {
      const encoding = await encoder({ sampleRate: frequency, bitDepth })
      encoding.encode(channelsOf(samples, channels))
      return Buffer.from(encoding.flush())
    }
    const header = await encode(new Float32Array(0))
    return new WavWriter(fs.openSync(name, overwrite ? 'w' : 'wx'), encode, header)
  }

  constructor (file, encode, header) {
    this.#file = file
    this.#encode = encode
    this.#header = header
    fs.writeSync(file, header, 0, HEADER_BYTES, 0)
  }

  /** Appends interleaved samples; returns false, with nothing appended, where the format has no room for them. */
  async append (samples) {
    const block = (await this.#encode(samples)).subarray(HEADER_BYTES)
    if (this.#dataBytes + block.length > MOST_BYTES) return false
    let written = 0
    while (written < block.length) {
      written += fs.writeSync(this.#file, block, written, block.length - written, HEADER_BYTES + this.#dataBytes + written)
    }
    this.#dataBytes += block.length
    return true
  }

  /** Puts the length that is reached into the header. */
  sync () {
    this.#header.writeUInt32LE(HEADER_BYTES - 8 + this.#dataBytes, RIFF_SIZE_AT)
    this.#header.writeUInt32LE(this.#dataBytes, DATA_SIZE_AT)
    fs.writeSync(this.#file, this.#header, 0, HEADER_BYTES, 0)
  }

  close () {
    this.sync()
    fs.closeSync(this.#file)
  }
}
