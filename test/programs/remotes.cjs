'use strict'

const sdl = require('../..')
const signals = require('../js/signals.cjs')

// Somebody far away who speaks: packets of 20 ms, made in time.

const PACKET_MS = 20
const KEY = Buffer.alloc(32, 9)

/** A packet in the clear, by the definition of the header: a second hand beside the sealer's. */
const clearPacket = ({ sequence, ptsUs, frequency, samples, channels = 1, flags = 0 }) => {
  const payload = signals.bytesOf(samples)
  const packet = Buffer.alloc(24 + payload.length)
  packet.writeUInt8(1, 0)
  packet.writeUInt8(channels, 1)
  packet.writeUInt16LE(flags, 2)
  packet.writeUInt32LE(frequency, 4)
  packet.writeUInt32LE(samples.length / channels, 8)
  packet.writeUInt32LE(sequence, 12)
  packet.writeBigUInt64LE(BigInt(ptsUs), 16)
  payload.copy(packet, 24)
  return packet
}

/** Says `sound` (mono, 48 kHz) over and over; sealed Opus in a `format`, or `'clear'` samples. */
class Remote {
  #sound
  #sealer
  #encoder
  #format
  #next = 0

  constructor ({ format = 'seq-pts', sound = signals.sine(48000, { hertz: 440, amplitude: 0.4 }), key = KEY } = {}) {
    this.#sound = sound
    this.#format = format
    if (format === 'clear') return
    this.#sealer = new sdl.PacketSealer({ format, key: format === 'xiaozhi' ? key.subarray(0, 16) : key })
    this.#encoder = new sdl.OpusEncoder({ bitrate: 32_000, complexity: 0 })
  }

  packet () {
    const index = this.#next++
    const at = (index * 960) % (this.#sound.length - 959)
    const samples = this.#sound.slice(at, at + 960)
    const ptsUs = index * PACKET_MS * 1000
    if (this.#format === 'clear') return clearPacket({ sequence: index, ptsUs, frequency: 48000, samples })
    return this.#sealer.seal(this.#encoder.encode(samples), { timestamp: this.#format === 'xiaozhi' ? ptsUs / 1000 : ptsUs })
  }

  /** Speaks to `receiver` in time, until what it returns is called. */
  speak (receiver) {
    const begun = performance.now()
    const first = this.#next
    const catchUp = () => {
      while ((this.#next - first) * PACKET_MS <= performance.now() - begun) receiver.push(this.packet())
    }
    catchUp()
    const timer = setInterval(catchUp, PACKET_MS / 2)
    return () => clearInterval(timer)
  }
}

/** How loud each 10 ms are. */
const loudness = (samples, frames = 480) =>
  Array.from({ length: Math.floor(samples.length / frames) }, (_, block) => {
    let sum = 0
    for (let at = block * frames; at < (block + 1) * frames; at++) sum += samples[at] ** 2
    return Math.sqrt(sum / frames)
  })

/** How alike two curves are at best, moved against each other by up to `most`: 1 for the same. */
const likeness = (a, b, most) => {
  let best = -1
  for (let by = 0; by <= most; by++) {
    const length = Math.min(a.length, b.length - by)
    let [ab, aa, bb] = [0, 0, 0]
    for (let at = 0; at < length; at++) {
      ab += a[at] * b[at + by]
      aa += a[at] ** 2
      bb += b[at + by] ** 2
    }
    best = Math.max(best, ab / Math.sqrt(aa * bb || 1))
  }
  return best
}

module.exports = { KEY, Remote, clearPacket, loudness, likeness }
