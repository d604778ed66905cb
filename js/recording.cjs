'use strict'

const native = require('./binding.cjs')
const { AudioInstance, slotOf, refusal } = require('./instance.cjs')
const { SHARED, NOTHING, lengthOf, keep, checkBuffer, checkKept, checkSamples, notWhole } = require('./memory.cjs')
const { formats } = require('./formats.cjs')
const { waitFor } = require('./wait.cjs')

const { dequeue, dequeueAgain, read } = native

const EVENTS = ['close', 'overrun', 'lost', 'restored', 'error']

class AudioRecordingInstance extends AudioInstance {
  #frameBytes
  #format
  #maxQueuedFrames
  #kept = NOTHING

  constructor (opened, device) {
    super(EVENTS, opened, device)
    this.#frameBytes = opened.channels * this.bytesPerSample
    this.#format = formats.get(opened.format)
    this.#maxQueuedFrames = opened.maxQueuedFrames
  }

  dequeue (buffer, numBytes = lengthOf(buffer)) {
    const slot = slotOf(this)
    const again = buffer === this.#kept
    if (again) checkKept(buffer, numBytes)
    else checkBuffer(buffer, numBytes)
    let bytes = again ? dequeueAgain(slot, numBytes) : dequeue(slot, buffer, numBytes)
    if (!again) this.#kept = bytes >= 0 ? keep(buffer) : NOTHING
    if (bytes === SHARED) {
      const copy = Buffer.alloc(numBytes)
      bytes = dequeue(slot, copy, numBytes)
      if (bytes > 0) buffer.set(copy.subarray(0, bytes))
    }
    if (bytes < 0) throw refusal(this, bytes, { buffer, numBytes })
    return bytes
  }

  read (into) {
    const slot = slotOf(this)
    checkSamples(into, this.#format)
    const { byteLength } = into
    if (byteLength % this.#frameBytes !== 0) throw notWhole(byteLength, this.#frameBytes)
    let frames = read(slot, into, byteLength)
    if (frames === SHARED) {
      const copy = Buffer.alloc(byteLength)
      frames = read(slot, copy, byteLength)
      if (frames > 0) new Uint8Array(into.buffer, into.byteOffset).set(copy.subarray(0, frames * this.#frameBytes))
    }
    if (frames < 0) throw refusal(this, frames, { into })
    return frames
  }

  waitForFrames (frames, timeoutMs = Infinity) {
    return waitFor(this, frames, timeoutMs, { most: this.#maxQueuedFrames, limit: 'maxQueuedMs' })
  }

  stats () {
    const { writtenFrames, deliveredFrames, droppedFrames, shortages, shortageFrames, depthFrames, ...rest } = native.stats(slotOf(this))
    return {
      ...rest,
      recordedFrames: writtenFrames,
      readFrames: deliveredFrames,
      overruns: shortages,
      overrunFrames: shortageFrames,
      queueFrames: depthFrames,
    }
  }
}

module.exports = { AudioRecordingInstance }
