'use strict'

const { read, write } = require('./binding.cjs')
const { refusal } = require('./refusal.cjs')
const { SHARED, checkSamples, notWhole } = require('./memory.cjs')

// `write` and `read`, of devices, sources and taps alike.

/** Queues what fits of `samples`; returns frames. */
const writeFrom = (held, slot, samples, format, frameBytes) => {
  checkSamples(samples, format)
  const { byteLength } = samples
  if (byteLength % frameBytes !== 0) throw notWhole(byteLength, frameBytes)
  let frames = write(slot, samples, byteLength)
  if (frames === SHARED) frames = write(slot, Uint8Array.from(new Uint8Array(samples.buffer, samples.byteOffset, byteLength)), byteLength)
  if (frames < 0) throw refusal(held, frames, { samples })
  return frames
}

/** Moves what there is into `into`; returns frames. */
const readInto = (held, slot, into, format, frameBytes) => {
  checkSamples(into, format)
  const { byteLength } = into
  if (byteLength % frameBytes !== 0) throw notWhole(byteLength, frameBytes)
  let frames = read(slot, into, byteLength)
  if (frames === SHARED) {
    const copy = Buffer.alloc(byteLength)
    frames = read(slot, copy, byteLength)
    if (frames > 0) new Uint8Array(into.buffer, into.byteOffset).set(copy.subarray(0, frames * frameBytes))
  }
  if (frames < 0) throw refusal(held, frames, { into })
  return frames
}

module.exports = { readInto, writeFrom }
