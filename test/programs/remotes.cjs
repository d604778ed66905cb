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

/** How alike two curves are: 1 for the same, 0 for nothing in common. */
const correlation = (a, b) => {
  const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length
  const [meanA, meanB] = [mean(a), mean(b)]
  let [ab, aa, bb] = [0, 0, 0]
  for (let at = 0; at < a.length; at++) {
    ab += (a[at] - meanA) * (b[at] - meanB)
    aa += (a[at] - meanA) ** 2
    bb += (b[at] - meanB) ** 2
  }
  return ab / Math.sqrt(aa * bb || 1)
}

/** The median of how alike each piece of `said` is to the best place for it in `heard`: sound may have been stretched. */
const likeness = (said, heard, piece = 50) => {
  const found = []
  for (let from = 0; from + piece <= said.length; from += piece) {
    let best = -1
    for (let at = 0; at + piece <= heard.length; at++) best = Math.max(best, correlation(said.slice(from, from + piece), heard.slice(at, at + piece)))
    found.push(best)
  }
  return found.sort((a, b) => a - b)[found.length >> 1]
}

module.exports = { KEY, Remote, clearPacket, loudness, likeness }
