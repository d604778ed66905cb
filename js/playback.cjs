'use strict'

const native = require('./binding.cjs')
const exit = require('./exit.cjs')
const { rampFrames } = require('./gain.cjs')
const { slotOf } = require('./held.cjs')
const { AudioInstance } = require('./instance.cjs')
const { checkOptions } = require('./options.cjs')
const { refusal } = require('./refusal.cjs')
const { SHARED, NOTHING, lengthOf, keep, checkBuffer, checkKept, notWhole } = require('./memory.cjs')
const { formats } = require('./formats.cjs')
const { openSource } = require('./source.cjs')
const { writeFrom } = require('./transfer.cjs')
const { checkFrames, waitFor } = require('./wait.cjs')
const { when } = require('./when.cjs')

/** Short enough to be at once, long enough not to click. */
const FADE_MS = 2

const { enqueue, enqueueAgain } = native

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
    return writeFrom(this, slotOf(this), samples, this.#format, this.#frameBytes)
  }

  get spaceFrames () {
    return Math.max(0, this.#capacityFrames - this.queuedFrames)
  }

  waitForSpace (frames, timeoutMs = Infinity) {
    return waitFor('Space', this, frames, timeoutMs, this.#most)
  }

  async whenSpace (frames, options) {
    const slot = slotOf(this)
    checkFrames(frames, this.#most)
    await when(this, slot, frames, options)
  }

  async drain (options) {
    await when(this, slotOf(this), undefined, options)
  }

  stop (options = {}) {
    const slot = slotOf(this)
    checkOptions(options, ['fadeMs'])
    const { fadeMs = FADE_MS } = options
    const discarded = native.stop(slot, rampFrames('fadeMs', fadeMs, this.frequency))
    exit.reconsider()
    return discarded
  }

  createSource (options) {
    return openSource(this, slotOf(this), options)
  }

  get #most () {
    return { most: this.#capacityFrames, limit: 'capacityMs' }
  }

  stats () {
    const { writtenFrames, deliveredFrames, droppedFrames, shortages, shortageFrames, depthFrames, faults, ...rest } = native.stats(slotOf(this))
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
