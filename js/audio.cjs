'use strict'

const native = require('./binding.cjs')
const { ask } = require('./ask.cjs')
const diagnostics = require('./diagnostics.cjs')
const events = require('./events.cjs')
const { KnownEventsEmitter } = require('./emitter.cjs')
const { codedError, invalid } = require('./errors.cjs')
const { formatHelpers } = require('./formats.cjs')
const { info } = require('./info.cjs')
const { checkDevice, interpret } = require('./options.cjs')
const { AudioPlaybackInstance } = require('./playback.cjs')
const { AudioRecordingInstance } = require('./recording.cjs')
const { AudioSource } = require('./source.cjs')
const { AudioTap } = require('./tap.cjs')

const TYPES = ['playback', 'recording']

const attachTo = (handle) => {
  try {
    return native.attach(handle)
  } catch (error) {
    throw Object.assign(error, { handle })
  }
}

const instanceOf = (opened, device, { attached }) => {
  const instance = opened.recording ? new AudioRecordingInstance(opened, device) : new AudioPlaybackInstance(opened, device)
  diagnostics.opened(instance, device.type, attached)
  return instance
}

/** SDL does not say which device there is not; nor which there are. */
const notFound = (message, { type, name }, names) => {
  const listed = names.length > 0 ? names.map((known) => JSON.stringify(known)).join(', ') : 'none'
  return codedError('DEVICE_NOT_FOUND', `${message.replace(/\.$/, '')}: asked for the ${type} device ${JSON.stringify(name)}; listed are: ${listed}`, {})
}

/** SDL names the file, and not how to choose another. */
const noTape = ({ message }) =>
  codedError('OPEN_FAILED', `${message}: SDL_DISKAUDIOFILEIN names the file that the disk driver records from`, {})

/** type → the names that the audio system lists. */
const listedNames = () => {
  try {
    return ask(native.askDevices, native.devices)
  } catch {
    // No audio system: no devices. Opening one says why.
    return { playback: [], recording: [] }
  }
}

/** What SDL said, and what it left out. */
const explained = (refused, device) => {
  if (refused.code === 'ERR_AUDIO_DEVICE_NOT_FOUND') return notFound(refused.message, device, listedNames()[device.type])
  const isTape = device.type === 'recording' && /: Couldn't open [^:]*$/.test(refused.message) && info.drivers.audio.current === 'disk'
  return isTape ? noTape(refused) : refused
}

const askOpen = (wanted, device) => {
  try {
    return ask(() => native.askOpen(wanted), native.opened)
  } catch (refused) {
    const error = explained(refused, device)
    diagnostics.refused(error, device)
    throw error
  }
}

class Audio extends KnownEventsEmitter {
  #devices = { playback: [], recording: [] }
  #watching = false

  constructor () {
    // Nothing emits 'error'; `events.once` wants to listen for it.
    super(['deviceAdd', 'deviceRemove', 'error'], (type) => this.#heed(type))
    Object.assign(this, formatHelpers)
  }

  #heed = (type) => {
    if (['deviceAdd', 'deviceRemove', '*'].includes(type)) this.#watch()
  }

  /** Takes away what listens for listeners too, as Node's does; our watch goes on. */
  removeAllListeners (...types) {
    super.removeAllListeners(...types)
    return this.off('newListener', this.#heed).on('newListener', this.#heed)
  }

  get devices () {
    this.#watch()
    this.#refresh()
    return TYPES.flatMap((type) => this.#devices[type])
  }

  openDevice (device, options = {}) {
    checkDevice(device)
    const wanted = interpret(device, options)
    return instanceOf(askOpen(wanted, device), device, { attached: false })
  }

  createPlaybackStream (options) {
    // As late as the rest that not everybody needs: it brings Node's streams, a megabyte.
    const { PlaybackStream } = require('./streams.cjs')
    return new PlaybackStream((device, opened) => this.openDevice(device, opened), options)
  }

  createCaptureStream (options) {
    const { CaptureStream } = require('./streams.cjs')
    return new CaptureStream((device, opened) => this.openDevice(device, opened), options)
  }

  attach (handle) {
    if (!Number.isSafeInteger(handle)) throw invalid('handle must be the handle of an instance, source or tap', { handle })
    const { device: opened, source, tap } = attachTo(handle)
    if (source) return new AudioSource(source)
    if (tap) return new AudioTap(tap)
    return instanceOf(opened, { type: opened.recording ? 'recording' : 'playback', name: opened.name }, { attached: true })
  }

  /** The first look is the baseline: only what changes after it is an event. */
  #watch () {
    if (this.#watching) return
    this.#watching = true
    events.onDevices(() => this.#refresh())
    const names = listedNames()
    for (const type of TYPES) this.#devices[type] = names[type].map((name) => ({ name, type }))
  }

  #refresh () {
    const names = listedNames()
    for (const type of TYPES) {
      const left = [...this.#devices[type]]
      const added = []
      const now = names[type].map((name) => {
        const index = left.findIndex((device) => device.name === name)
        if (index >= 0) return left.splice(index, 1)[0]
        const device = { name, type }
        added.push(device)
        return device
      })
      this.#devices[type] = now
      for (const device of left) events.tell(() => this.emit('deviceRemove', { type: 'deviceRemove', device }))
      for (const device of added) events.tell(() => this.emit('deviceAdd', { type: 'deviceAdd', device }))
    }
  }
}

module.exports = { audio: new Audio() }
