'use strict'

const native = require('./binding.cjs')
const diagnostics = require('./diagnostics.cjs')
const { formats } = require('./formats.cjs')
const { Part, openSlotOf, slotOf } = require('./held.cjs')
const { invalid } = require('./errors.cjs')
const { checkOptions, milliseconds, oneOf } = require('./options.cjs')
const { ringWords } = require('./shared-ring.cjs')
const { readInto } = require('./transfer.cjs')
const { checkFrames, waitFor } = require('./wait.cjs')
const { when } = require('./when.cjs')

const EVENTS = ['close', 'overrun', 'error']

/** One more reader of a microphone, with its own queue. Made by `createTap` and `audio.attach`. */
class AudioTap extends Part {
  #opened
  #format
  #frameBytes

  constructor (opened) {
    super(EVENTS, opened, {
      tell: (kind, detail) => {
        if (kind !== 'shortage') return
        diagnostics.told('overrun', this, 'tap', detail)
        this.emit('overrun', { type: 'overrun', ...detail, source: opened.id })
      },
    })
    this.#opened = opened
    this.#format = formats.get(opened.format)
    this.#frameBytes = opened.channels * this.#format.bytesPerSample
  }

  get id () { return this.#opened.id }
  get channels () { return this.#opened.channels }
  get frequency () { return this.#opened.frequency }
  get format () { return this.#opened.format }

  read (into) {
    return readInto(this, slotOf(this), into, this.#format, this.#frameBytes)
  }

  get queuedFrames () {
    return native.queuedFrames(slotOf(this))
  }

  waitForFrames (frames, timeoutMs = Infinity) {
    return waitFor('Frames', this, frames, timeoutMs, this.#most)
  }

  async whenFrames (frames, options) {
    const slot = slotOf(this)
    checkFrames(frames, this.#most)
    await when(this, slot, frames, options)
  }

  clear () {
    native.clear(openSlotOf(this))
  }

  stats () {
    const slot = openSlotOf(this)
    const { writtenFrames, deliveredFrames, discardedFrames, queuedFrames, shortages, shortageFrames, depthFrames, faults } = native.stats(slot)
    return {
      recordedFrames: writtenFrames,
      readFrames: deliveredFrames,
      discardedFrames,
      queuedFrames,
      overruns: shortages,
      overrunFrames: shortageFrames,
      queueFrames: depthFrames,
      invalidIndices: faults,
    }
  }

  get #most () {
    return { most: this.#opened.maxQueuedFrames, limit: 'maxQueuedMs, or what the ring holds' }
  }
}

/** Checks what `createTap` was given, and opens the tap on the microphone in `slot`. */
const openTap = (device, slot, options = {}) => {
  checkOptions(options, ['ring', 'maxQueuedMs', 'onOverflow'])
  const { ring, maxQueuedMs = 10_000, onOverflow = 'drop-oldest' } = options
  milliseconds('maxQueuedMs', maxQueuedMs)
  oneOf('onOverflow', onOverflow, ['drop-oldest', 'drop-newest'])
  const words = ringWords(ring)
  if (ring && ring.channels !== device.channels) {
    throw invalid(`ring must have ${device.channels} channels, as its device has`, { ring })
  }
  const maxQueuedFrames = Math.ceil((maxQueuedMs * device.frequency) / 1000)
  const opened = native.createTap(slot, { maxQueuedFrames, dropNewest: onOverflow === 'drop-newest' }, words)
  return new AudioTap({ ...opened, ring: ring !== undefined })
}

module.exports = { AudioTap, openTap }
