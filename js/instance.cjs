'use strict'

const native = require('./binding.cjs')
const diagnostics = require('./diagnostics.cjs')
const exit = require('./exit.cjs')
const { setGain } = require('./gain.cjs')
const { Held, slotOf } = require('./held.cjs')
const { codedError, invalid } = require('./errors.cjs')
const { formats } = require('./formats.cjs')

const { queuedBytes, queuedFrames } = native

let nextId = 1

/** What a playback and a recording instance have in common. */
class AudioInstance extends Held {
  #playing = false
  #id = nextId++
  #opened
  #format
  #device
  #name
  /** In what trouble the device is, as far as was told: by the pump or by ourselves. */
  #told = null

  /** `opened` is what the native call answered. */
  constructor (validEvents, opened, device) {
    super(validEvents, opened, {
      tell: (kind, detail) => this.#onNative(kind, detail),
      leave: (slot) => {
        this.#playing = native.isPlaying(slot)
        diagnostics.closing(this, device.type)
        exit.remove(this)
        exit.reconsider()
      },
    })
    this.#opened = opened
    this.#device = device
    this.#name = device.name
    this.#format = formats.get(opened.format)
    exit.add(this, opened)
    // Attached to a device that is in trouble already: all others have been told.
    const trouble = native.trouble(opened.slot)
    if (trouble !== null) setImmediate(() => { if (!this.closed && native.trouble(opened.slot) === trouble) this.#onNative(trouble) })
  }

  get id () { return this.#id }
  get device () { return this.#device }
  get name () { return this.#name }
  get channels () { return this.#opened.channels }
  get frequency () { return this.#opened.frequency }
  get format () { return this.#opened.format }
  get bytesPerSample () { return this.#format.bytesPerSample }
  get minSampleValue () { return this.#format.minSampleValue }
  get maxSampleValue () { return this.#format.maxSampleValue }
  get zeroSampleValue () { return this.#format.zeroSampleValue }
  get buffered () { return this.#opened.buffered }

  readSample (buffer, offset) {
    return this.#format.reader.call(buffer, offset)
  }

  writeSample (buffer, value, offset) {
    return this.#format.writer.call(buffer, value, offset)
  }

  get playing () {
    if (!this.closed) this.#playing = native.isPlaying(slotOf(this))
    return this.#playing
  }

  play (play = true) {
    const slot = slotOf(this)
    if (typeof play !== 'boolean') throw invalid('play must be a boolean', { play })
    native.play(slot, play)
    exit.reconsider()
  }

  pause () {
    this.play(false)
  }

  get queued () {
    return queuedBytes(slotOf(this))
  }

  get queuedFrames () {
    return queuedFrames(slotOf(this))
  }

  clearQueue () {
    native.clear(slotOf(this))
    exit.reconsider()
  }

  setGain (gain, options) {
    setGain(this, gain, options, this.frequency)
  }

  get gain () {
    return native.gain(slotOf(this))
  }

  get level () {
    return native.level(slotOf(this))
  }

  get position () {
    return native.position(slotOf(this))
  }

  get obtained () {
    const { policy, level, ...obtained } = native.obtained(slotOf(this))
    // The caller's own word for the format, where that is what it got.
    if (obtained.format === this.#format.name) obtained.format = this.format
    return { ...obtained, threadPriority: { policy, [policy === 'other' ? 'nice' : 'level']: level } }
  }

  #onNative (kind, detail) {
    if (this.closed || (kind !== 'shortage' && this.#told === kind)) return
    if (kind !== 'shortage') {
      this.#told = kind
      exit.reconsider()
    }
    const { type: side } = this.#device
    if (kind === 'lost') {
      diagnostics.told('lost', this, side)
      this.emit('lost', { type: 'lost' })
    } else if (kind === 'restored') {
      this.#told = null
      diagnostics.told('restored', this, side, { gapFrames: detail.frames })
      this.emit('restored', { type: 'restored', gapFrames: detail.frames })
    } else if (kind === 'failed') {
      const error = codedError('DEVICE_LOST', 'the audio callback failed and stays silent; close the instance and open it anew')
      diagnostics.told('error', this, side, { error })
      this.#tellError(error)
    } else if (kind === 'shortage') {
      const type = this.#opened.recording ? 'overrun' : 'underrun'
      diagnostics.told(type, this, side, detail)
      this.emit(type, { type, ...detail, source: null })
    }
  }

  /** An error nobody listens for is in `stats()` and in the next call's answer; it does not end the process. */
  #tellError (error) {
    if (this.listenerCount('error') > 0) this.emit('error', error)
  }
}

module.exports = { AudioInstance }
