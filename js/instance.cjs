'use strict'

const native = require('./binding.cjs')
const events = require('./events.cjs')
const exit = require('./exit.cjs')
const { KnownEventsEmitter } = require('./emitter.cjs')
const { codedError, closed, invalid, outOfRange } = require('./errors.cjs')
const { formats } = require('./formats.cjs')

const { queuedBytes, queuedFrames } = native

let nextId = 1
/** The native slot of an instance; throws for one that is closed. */
let slotOf
/** What the native call answered when the instance was opened. */
let openedOf

/** What a playback and a recording instance have in common. */
class AudioInstance extends KnownEventsEmitter {
  #slot
  #closed = true
  #closing = false
  #playing = false
  #id = nextId++
  #opened
  #format
  #device
  #name
  #link
  /** 'lost' and 'failed' are told once each, whether by the pump or by ourselves. */
  #told = new Set()

  static {
    slotOf = (instance) => {
      if (instance.#closed) throw closed(instance.#id)
      return instance.#slot
    }
    openedOf = (instance) => instance.#opened
  }

  /** `opened` is what the native call answered. */
  constructor (validEvents, opened, device) {
    super(validEvents)
    this.#opened = opened
    this.#slot = opened.slot
    this.#device = device
    this.#name = device.name
    this.#format = formats.get(opened.format)
    this.#link = { onNative: (kind, detail) => this.#onNative(kind, detail) }
    events.add(opened.id, this.#link)
    exit.add(this, opened)
    this.#closed = false
    // Attached to a device that is in trouble already: all others have been told.
    const trouble = native.trouble(this.#slot)
    if (trouble !== null) setImmediate(() => this.#onNative(trouble))
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
  get closed () { return this.#closed }
  get handle () { return this.#opened.id }

  readSample (buffer, offset) {
    return this.#format.reader.call(buffer, offset)
  }

  writeSample (buffer, value, offset) {
    return this.#format.writer.call(buffer, value, offset)
  }

  get playing () {
    if (!this.#closed) this.#playing = native.isPlaying(this.#slot)
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

  get obtained () {
    const { policy, level, ...obtained } = native.obtained(slotOf(this))
    // The caller's own word for the format, where that is what it got.
    if (obtained.format === this.#format.name) obtained.format = this.format
    return { ...obtained, threadPriority: { policy, [policy === 'other' ? 'nice' : 'level']: level } }
  }

  close () {
    const slot = slotOf(this)
    // A listener of 'close' may call this again.
    if (this.#closing) return
    this.#closing = true
    try {
      this.emit('close')
    } finally {
      this.removeAllListeners()
      this.#playing = native.isPlaying(slot)
      this.#closed = true
      events.remove(this.#opened.id, this.#link)
      events.reference(this, false)
      exit.remove(this)
      exit.reconsider()
      native.close(slot)
    }
  }

  [Symbol.dispose ?? Symbol.for('nodejs.dispose')] () {
    if (!this.#closed) this.close()
  }

  ref () {
    slotOf(this)
    events.reference(this, true)
    return this
  }

  unref () {
    slotOf(this)
    events.reference(this, false)
    return this
  }

  #onNative (kind, detail) {
    if (this.#closed || this.#told.has(kind)) return
    if (kind !== 'shortage') {
      this.#told.add(kind)
      exit.reconsider()
    }
    if (kind === 'lost') {
      this.emit('lost', { type: 'lost' })
    } else if (kind === 'failed') {
      this.#tellError(codedError('DEVICE_LOST', 'the audio callback failed and stays silent; close the instance and open it anew'))
    } else if (kind === 'shortage') {
      const type = this.#opened.recording ? 'overrun' : 'underrun'
      this.emit(type, { type, ...detail, source: null })
    }
  }

  /** An error nobody listens for is in `stats()` and in the next call's answer; it does not end the process. */
  #tellError (error) {
    if (this.listenerCount('error') > 0) this.emit('error', error)
  }
}

const TAKEN = -2
const FULL = -3
const TOO_SHORT = -4
const LOST = -5

/** The error for a native answer below zero; `fields` are the values that were refused. */
const refusal = (instance, answer, fields) => {
  const { recording, maxQueuedFrames } = openedOf(instance)
  const { id } = instance
  switch (answer) {
    case TAKEN:
      return codedError(
        'WRITER_TAKEN',
        `another thread ${recording ? 'reads' : 'writes'} this device; it lets go when it closes its instance or ends`,
        { id },
      )
    case FULL: {
      const maxQueuedMs = Math.round((maxQueuedFrames * 1000) / instance.frequency)
      return codedError('QUEUE_FULL', `the queue holds at most ${maxQueuedMs} ms (maxQueuedMs); nothing was taken`, fields)
    }
    case TOO_SHORT:
      return outOfRange('buffer is smaller than expected', fields)
    case LOST:
      return codedError('DEVICE_LOST', 'the device is gone; close the instance and open another', { id })
    default:
      return closed(id)
  }
}

module.exports = { AudioInstance, slotOf, refusal, LOST }
