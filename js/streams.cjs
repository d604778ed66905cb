'use strict'

const { Readable, Writable, addAbortSignal } = require('node:stream')
const { codedError, invalid } = require('./errors.cjs')
const { notWhole } = require('./memory.cjs')
const { DEVICE_OPTIONS, checkOptions } = require('./options.cjs')

// Devices as streams of Node. Who waits is woken by the device, never by a timer.

/** What either side keeps in JavaScript, on top of the device's own queue. */
const AHEAD_MS = 20
/** Small: whoever pipes a microphone into a speaker hears all of it as delay. */
const CAPACITY_MS = 100
const MAX_QUEUED_MS = 100
/** Sound that comes as it is made: what lay ready beyond this all the time that is looked at was nothing but delay. */
const LIVE_EXCESS_MS = 30
const LIVE_LOOK_MS = 2000

const STREAM_OPTIONS = ['highWaterMark', 'emitClose', 'live']
const NAMES = ['device', 'name', 'signal', ...STREAM_OPTIONS, ...DEVICE_OPTIONS]

/** Takes the options apart: what the device is, what it is opened with, and what the stream is made with. */
const sort = (options, type) => {
  checkOptions(options, NAMES)
  const { device = {}, name = device?.name, signal, ...rest } = options
  if (typeof device !== 'object' || device === null) throw invalid('device must be an object', { device })
  if (device.type !== undefined && device.type !== type) throw invalid(`Expected a ${type} device`, { device })
  if (signal !== undefined && !(signal instanceof AbortSignal)) throw invalid('signal must be an AbortSignal', { signal })
  const forStream = Object.fromEntries(STREAM_OPTIONS.filter((key) => rest[key] !== undefined).map((key) => [key, rest[key]]))
  const forDevice = Object.fromEntries(Object.entries(rest).filter(([key]) => !STREAM_OPTIONS.includes(key)))
  return { name, signal, forStream, forDevice }
}

const frameBytesOf = (device) => device.channels * device.bytesPerSample
const aheadBytes = (device) => Math.ceil((AHEAD_MS * device.frequency) / 1000) * frameBytesOf(device)

const failed = () => codedError('DEVICE_LOST', 'the device is gone; open another stream')

/** What befalls the device befalls the stream, though nobody waits for anything just then. */
const bind = (stream, device, { onLost }, signal) => {
  device.on('error', (error) => stream.destroy(error))
  if (onLost === 'fail') device.on('lost', () => stream.destroy(failed()))
  // Not by `super`: a signal that is aborted already destroys the stream there and then, which has to know its device.
  if (signal) addAbortSignal(signal, stream)
}

/** Lets go of what a capture stream's device holds, unless somebody else reads the stream, who would miss it. */
let dropBacklog

/** Plays the bytes that are written to it. Made by `createPlaybackStream`. */
class PlaybackStream extends Writable {
  #device
  #frameBytes
  #wakeFrames
  /** The beginning of a frame whose end comes with a later chunk. */
  #begun
  #begunBytes = 0
  #started = false
  #ending = new AbortController()
  /** What was said of it; where nothing was, it is live while a microphone is piped in. */
  #live
  #microphone = null
  #least = Infinity
  #lookAt = 0

  constructor (open, options = {}) {
    const { name, signal, forStream: { live, ...forStream }, forDevice } = sort(options, 'playback')
    if (live !== undefined && typeof live !== 'boolean') throw invalid('live must be a boolean', { live })
    const device = open({ type: 'playback', name }, { capacityMs: CAPACITY_MS, ...forDevice })
    try {
      super({ highWaterMark: aheadBytes(device), ...forStream })
    } catch (error) {
      device.close()
      throw error
    }
    this.#device = device
    this.#frameBytes = frameBytesOf(device)
    this.#begun = Buffer.alloc(this.#frameBytes)
    // Once half of the queue is free: seldom, and the other half is still there to be played.
    this.#wakeFrames = Math.max(1, device.spaceFrames >> 1)
    this.#live = live
    this.on('pipe', (source) => { if (source instanceof CaptureStream) this.#microphone = source })
    this.on('unpipe', (source) => { if (source === this.#microphone) this.#microphone = null })
    bind(this, device, forDevice, signal)
  }

  get device () { return this.#device }

  _write (chunk, encoding, callback) {
    try {
      const rest = this.#put(this.#whole(chunk))
      if (rest.length === 0) callback()
      else this.#putAll(rest).then(() => callback(), callback)
    } catch (error) {
      callback(error)
    }
  }

  _final (callback) {
    this.#drain().then(() => callback(), callback)
  }

  _destroy (error, callback) {
    this.#ending.abort()
    if (!this.#device.closed) {
      // What is still queued after `end` has been heard: nothing.
      this.#device.stop()
      this.#device.close()
    }
    callback(error)
  }

  /** Whole frames out of `chunk` and what was left of the chunk before it; keeps what is left of this one. */
  #whole (chunk) {
    const bytes = this.#begunBytes === 0 ? chunk : Buffer.concat([this.#begun.subarray(0, this.#begunBytes), chunk])
    const end = bytes.length - (bytes.length % this.#frameBytes)
    this.#begunBytes = bytes.length - end
    this.#begun.set(bytes.subarray(end))
    return bytes.subarray(0, end)
  }

  /** Gives the device what it takes at once; returns the rest. */
  #put (bytes) {
    if (bytes.length === 0) return bytes
    if (this.#live ?? this.#microphone !== null) this.#shed()
    const frames = this.#device.write(bytes)
    // Once: whoever pauses the device afterwards means it.
    if (!this.#started) this.#device.play()
    this.#started = true
    return bytes.subarray(frames * this.#frameBytes)
  }

  /**
   * Clocks differ, and servers stumble: in time more would be queued than is ever needed, and stay. The queue is then cut off, with a
   * short fade, and goes on with what comes now; what waits in a microphone's device would only fill it again.
   */
  #shed () {
    const now = performance.now()
    this.#least = Math.min(this.#least, this.#device.queuedFrames)
    if (now < this.#lookAt) return
    if (this.#least !== Infinity && this.#least * 1000 > LIVE_EXCESS_MS * this.#device.frequency) {
      this.#device.stop()
      if (this.#microphone) dropBacklog(this.#microphone)
    }
    this.#least = Infinity
    this.#lookAt = now + LIVE_LOOK_MS
  }

  async #putAll (bytes) {
    for (let rest = bytes; rest.length > 0; rest = this.#put(rest)) {
      const frames = Math.min(rest.length / this.#frameBytes, this.#wakeFrames)
      await this.#device.whenSpace(frames, { signal: this.#ending.signal })
    }
  }

  async #drain () {
    if (this.#started) await this.#device.drain({ signal: this.#ending.signal })
    this.#device.close()
    if (this.#begunBytes > 0) throw notWhole(this.#begunBytes, this.#frameBytes)
  }
}

/** Gives the bytes that are recorded. Made by `createCaptureStream`. */
class CaptureStream extends Readable {
  #device
  #frameBytes
  #mostBytes
  #ending = new AbortController()
  #stopped = false

  static {
    dropBacklog = (stream) => {
      // What was stopped is a recording that is still to be had whole.
      const ended = stream.#stopped || stream.#device.closed
      if (!ended && stream.listenerCount('data') === 1) stream.#device.clearQueue()
    }
  }

  constructor (open, options = {}) {
    const { name, signal, forStream, forDevice } = sort(options, 'recording')
    const device = open({ type: 'recording', name }, { maxQueuedMs: MAX_QUEUED_MS, ...forDevice })
    try {
      super({ highWaterMark: aheadBytes(device), ...forStream })
    } catch (error) {
      device.close()
      throw error
    }
    this.#device = device
    this.#frameBytes = frameBytesOf(device)
    // Who wants nothing kept is given what there is when it asks.
    const mostBytes = this.readableHighWaterMark || aheadBytes(device)
    this.#mostBytes = Math.max(1, Math.floor(mostBytes / this.#frameBytes)) * this.#frameBytes
    bind(this, device, forDevice, signal)
    // Not in `_construct`: with a highWaterMark of 0 Node forgets who asked before that was done.
    if (!this.destroyed) device.play()
  }

  get device () { return this.#device }

  /** Records no more. What was recorded can still be read; then the stream ends. */
  stop () {
    if (this.#stopped || this.destroyed) return
    this.#stopped = true
    this.#device.pause()
    this.#ending.abort()
  }

  _read () {
    if (!this.#pushSome()) this.#wait()
  }

  _destroy (error, callback) {
    this.#stopped = true
    this.#ending.abort()
    if (!this.#device.closed) this.#device.close()
    callback(error)
  }

  /** Pushes what there is; false when there is nothing yet. */
  #pushSome () {
    const device = this.#device
    try {
      const bytes = Math.min(device.queued, this.#mostBytes)
      if (bytes > 0) {
        const chunk = Buffer.allocUnsafe(bytes)
        this.push(chunk.subarray(0, device.read(chunk) * this.#frameBytes))
        return true
      }
      if (this.#stopped) this.push(null)
      return this.#stopped
    } catch (error) {
      this.destroy(error)
      return true
    }
  }

  async #wait () {
    try {
      await this.#device.whenFrames(1, { signal: this.#ending.signal })
    } catch (error) {
      if (!this.#stopped) return this.destroy(error)
    }
    if (!this.destroyed) this._read()
  }
}

module.exports = { PlaybackStream, CaptureStream }
