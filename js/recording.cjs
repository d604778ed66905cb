'use strict'

const native = require('./binding.cjs')
const { slotOf } = require('./held.cjs')
const { AudioInstance } = require('./instance.cjs')
const { refusal } = require('./refusal.cjs')
const { SHARED, NOTHING, lengthOf, keep, checkBuffer, checkKept } = require('./memory.cjs')
const { formats } = require('./formats.cjs')
const { readInto } = require('./transfer.cjs')
const { openTap } = require('./tap.cjs')
const { checkFrames, waitFor } = require('./wait.cjs')
const { when } = require('./when.cjs')

const { dequeue, dequeueAgain } = native

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
    return readInto(this, slotOf(this), into, this.#format, this.#frameBytes)
  }

  waitForFrames (frames, timeoutMs = Infinity) {
    return waitFor('Frames', this, frames, timeoutMs, this.#most)
  }

  async whenFrames (frames, options) {
    const slot = slotOf(this)
    checkFrames(frames, this.#most)
    await when(this, slot, frames, options)
  }

  createTap (options) {
    return openTap(this, slotOf(this), options)
  }

  get #most () {
    return { most: this.#maxQueuedFrames, limit: 'maxQueuedMs' }
  }

  stats () {
    const { writtenFrames, deliveredFrames, droppedFrames, shortages, shortageFrames, depthFrames, faults, ...rest } = native.stats(slotOf(this))
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
