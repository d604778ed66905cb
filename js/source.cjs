'use strict'

const native = require('./binding.cjs')
const diagnostics = require('./diagnostics.cjs')
const exit = require('./exit.cjs')
const { formats } = require('./formats.cjs')
const { checkGain, setGain } = require('./gain.cjs')
const { Part, openSlotOf, slotOf } = require('./held.cjs')
const { checkOptions, range, integer, milliseconds, MIN_FREQUENCY, MAX_FREQUENCY, MAX_CHANNELS } = require('./options.cjs')
const { invalid } = require('./errors.cjs')
const { ringWords } = require('./shared-ring.cjs')
const { writeFrom } = require('./transfer.cjs')
const { checkFrames, waitFor } = require('./wait.cjs')
const { when } = require('./when.cjs')

const EVENTS = ['close', 'underrun', 'error']
const FORMAT = formats.get('f32sys')
const BYTES_PER_SAMPLE = 4

/** One more stream into a device, mixed natively. Made by `createSource` and `audio.attach`. */
class AudioSource extends Part {
  #opened
  #queue

  constructor (opened) {
    super(EVENTS, opened, {
      tell: (kind, detail) => {
        if (kind !== 'shortage') return
        diagnostics.told('underrun', this, 'source', detail)
        this.emit('underrun', { type: 'underrun', ...detail, source: opened.id })
      },
      leave: () => {
        exit.remove(this.#queue)
        exit.reconsider()
      },
    })
    this.#opened = opened
    this.#queue = queueOf(this, opened.slot, opened.ring === true)
    exit.add(this.#queue, { recording: false, slot: opened.slot })
  }

  get id () { return this.#opened.id }
  get channels () { return this.#opened.channels }
  get frequency () { return this.#opened.frequency }

  write (samples) {
    return writeFrom(this, slotOf(this), samples, FORMAT, this.#opened.channels * BYTES_PER_SAMPLE)
  }

  get queuedFrames () {
    return native.queuedFrames(slotOf(this))
  }

  get spaceFrames () {
    return native.spaceFrames(slotOf(this))
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

  clear () {
    native.clear(openSlotOf(this))
    exit.reconsider()
  }

  setGain (gain, options) {
    openSlotOf(this)
    setGain(this, gain, options, this.frequency)
  }

  get gain () {
    return native.gain(openSlotOf(this))
  }

  stats () {
    const slot = openSlotOf(this)
    const { writtenFrames, deliveredFrames, discardedFrames, queuedFrames, shortages, shortageFrames, depthFrames, faults } = native.stats(slot)
    return {
      writtenFrames,
      playedFrames: deliveredFrames,
      discardedFrames,
      queuedFrames,
      underruns: shortages,
      underrunFrames: shortageFrames,
      queueFrames: depthFrames,
      invalidSamples: faults,
    }
  }

  get #most () {
    return { most: this.#opened.targetFrames, limit: 'targetMs, or what the ring holds' }
  }
}

/** What the end of the process has to know of a source: see exit.cjs. */
const queueOf = (source, slot, ring) => ({
  ring,
  get playing () { return !source.closed && native.isPlaying(slot) },
  get frequency () { return native.obtained(slot).frequency },
  get obtained () { return native.obtained(slot) },
  get closed () { return source.closed },
  close () { source.close() },
})

/** Checks what `createSource` was given, and opens the source on the device in `slot`. */
const openSource = (device, slot, options = {}) => {
  checkOptions(options, ['ring', 'frequency', 'channels', 'targetMs', 'gain'])
  const { ring } = options
  const words = ringWords(ring)
  const { frequency = device.frequency, channels = ring?.channels ?? device.channels, targetMs = 200, gain = 1 } = options
  integer('frequency', frequency)
  range('frequency', frequency, MIN_FREQUENCY, MAX_FREQUENCY)
  integer('channels', channels)
  range('channels', channels, 1, MAX_CHANNELS)
  milliseconds('targetMs', targetMs)
  checkGain(gain)
  if (words && (frequency !== device.frequency || channels !== device.channels)) {
    throw invalid('a source with a ring has the frequency and channels of its device', { ring, frequency, channels })
  }
  const targetFrames = Math.ceil((targetMs * frequency) / 1000)
  const opened = native.createSource(slot, { frequency, channels, targetFrames, gain }, words)
  return new AudioSource({ ...opened, ring: ring !== undefined })
}

module.exports = { AudioSource, openSource }
