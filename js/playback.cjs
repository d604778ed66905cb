'use strict'

const native = require('./binding.cjs')
const { AudioInstance, slotOf, refusal } = require('./instance.cjs')
const { SHARED, NOTHING, lengthOf, keep, checkBuffer, checkKept, checkSamples, notWhole } = require('./memory.cjs')
const { formats } = require('./formats.cjs')
const { waitFor } = require('./wait.cjs')

const { enqueue, enqueueAgain, write } = native

const EVENTS = ['close', 'underrun', 'lost', 'restored', 'error']

class AudioPlaybackInstance extends AudioInstance {
  #frameBytes
  #format
  #capacityFrames
  #kept = NOTHING

  constructor (opened, device) {
    super(EVENTS, opened, device)
    this.#frameBytes = opened.channels * this.bytesPerSample
    this.#format = formats.get(opened.format)
    this.#capacityFrames = opened.capacityFrames
  }

  enqueue (buffer, numBytes = lengthOf(buffer)) {
    const slot = slotOf(this)
    const again = buffer === this.#kept
    if (again) checkKept(buffer, numBytes)
    else checkBuffer(buffer, numBytes)
    if (numBytes % this.#frameBytes !== 0) throw notWhole(numBytes, this.#frameBytes)
    let answer = again ? enqueueAgain(slot, numBytes) : enqueue(slot, buffer, numBytes)
    if (!again) this.#kept = answer === undefined ? keep(buffer) : NOTHING
    if (answer === SHARED) answer = enqueue(slot, Buffer.from(buffer), numBytes)
    if (answer !== undefined) throw refusal(this, answer, { buffer, numBytes })
  }

  write (samples) {
    const slot = slotOf(this)
    checkSamples(samples, this.#format)
    const { byteLength } = samples
    if (byteLength % this.#frameBytes !== 0) throw notWhole(byteLength, this.#frameBytes)
    let frames = write(slot, samples, byteLength)
    if (frames === SHARED) frames = write(slot, Uint8Array.from(new Uint8Array(samples.buffer, samples.byteOffset, byteLength)), byteLength)
    if (frames < 0) throw refusal(this, frames, { samples })
    return frames
  }

  get spaceFrames () {
    return Math.max(0, this.#capacityFrames - this.queuedFrames)
  }

  waitForSpace (frames, timeoutMs = Infinity) {
    return waitFor(this, frames, timeoutMs, { most: this.#capacityFrames, limit: 'capacityMs' })
  }

  stats () {
    const { writtenFrames, deliveredFrames, droppedFrames, shortages, shortageFrames, depthFrames, ...rest } = native.stats(slotOf(this))
    return {
      ...rest,
      writtenFrames,
      playedFrames: deliveredFrames,
      underruns: shortages,
      underrunFrames: shortageFrames,
      queueFrames: depthFrames,
    }
  }
}

module.exports = { AudioPlaybackInstance }
