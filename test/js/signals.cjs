'use strict'

// Material to play and to listen for. All of it is made from a seed, so that a failure can be had again.

/** Every name of a sample format. */
const FORMATS = [
  's8', 'u8', 's16', 's16sys', 's16lsb', 's16msb', 'u16', 'u16sys', 'u16lsb', 'u16msb',
  's32', 's32sys', 's32lsb', 's32msb', 'f32', 'f32sys', 'f32lsb', 'f32msb',
]

/** Numbers in [0, 1) that depend on `seed` alone (mulberry32). */
const randomOf = (seed) => {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  /** An integer from `min` to `max`, both included. */
  const integer = (min, max) => min + Math.floor(next() * (max - min + 1))
  return { next, integer, pick: (list) => list[integer(0, list.length - 1)] }
}

/** In no format does a frame of silence begin with this byte. */
const NEVER_SILENCE = 0x55

/** Bytes of every value, no-numbers among them where the format has such; the first frame is no silence. */
const noise = (seed, bytes) => {
  const { integer } = randomOf(seed)
  const words = new Uint32Array(Math.ceil(bytes / 4))
  for (let at = 0; at < words.length; at++) words[at] = integer(0, 2 ** 32 - 1)
  const sound = Buffer.from(words.buffer, 0, bytes)
  sound[0] = NEVER_SILENCE
  return sound
}

/** Cuts `length` into random pieces of 1 to `most`, many of them small. */
const pieces = (random, length, most) => {
  const sizes = []
  for (let left = length; left > 0; left -= sizes.at(-1)) {
    const limit = random.pick([1, 7, 64, most])
    sizes.push(Math.min(left, random.integer(1, Math.min(limit, most))))
  }
  return sizes
}

const constant = (frames, value) => new Float32Array(frames).fill(value)

/** `phase` in cycles; 0 starts at a zero crossing. */
const sine = (frames, { hertz, frequency = 48000, amplitude = 0.9, phase = 0 }) =>
  Float32Array.from({ length: frames }, (_, at) => amplitude * Math.sin(2 * Math.PI * (phase + (hertz * at) / frequency)))

const bytesOf = (samples) => Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength)
const floatsOf = (bytes) => new Float32Array(Uint8Array.from(bytes).buffer)

/** Where `noise` begins in what was recorded, after silence; -1 if it never does. */
const startOfNoise = (heard) => heard.indexOf(NEVER_SILENCE)

/** The largest step from one sample of a channel to its next. */
const largestStep = (samples, channels = 1) => {
  let largest = 0
  for (let at = channels; at < samples.length; at++) largest = Math.max(largest, Math.abs(samples[at] - samples[at - channels]))
  return largest
}

module.exports = { FORMATS, randomOf, noise, pieces, constant, sine, bytesOf, floatsOf, startOfNoise, largestStep }
