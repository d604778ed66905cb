'use strict'

const { invalid, outOfRange } = require('./errors.cjs')
const { formats } = require('./formats.cjs')
const { NO_OTHER_WORDS, checkNames } = require('./names.cjs')

const MAX_FREQUENCY = 384000
const MIN_FREQUENCY = 1000
const MAX_CHANNELS = 8
const MAX_BUFFERED = 65536
const MAX_PERIOD_FRAMES = 32768
const DEFAULT_PERIOD_FRAMES = 512
const DEFAULT_BUFFERED = 4096
/** What an audio server keeps for one who asks for a larger `buffered` than the default: half of what @kmamal/sdl gets. */
const DEPTH_FRAMES = 2048
const HOUR_MS = 3_600_000

const isPowerOfTwo = (value) => 2 ** (31 - Math.clz32(value)) === value

const integer = (name, value) => {
  if (!Number.isInteger(value)) throw invalid(`${name} must be an integer`, { [name]: value })
}

const range = (name, value, min, max) => {
  if (value < min || value > max) throw outOfRange(`Expected ${name} from ${min} to ${max} but received ${value}`, { [name]: value })
}

/** For what `@kmamal/sdl` refuses too, in its words. */
const allowed = (name, value, isAllowed) => {
  if (!isAllowed) throw outOfRange(`invalid ${name}`, { [name]: value })
}

/** In words, whatever it is: a string in quotes, what cannot be made one by its type. */
const shown = (value) => {
  try {
    return typeof value === 'string' ? `'${value}'` : String(value)
  } catch {
    return typeof value
  }
}

const milliseconds = (name, value) => {
  if (typeof value !== 'number' || Number.isNaN(value)) {
    throw invalid(`Expected a number of milliseconds for ${name} but received ${shown(value)}`, { [name]: value })
  }
  if (value <= 0 || value > HOUR_MS) {
    throw outOfRange(`Expected ${name} above 0 and at most ${HOUR_MS} but received ${value}`, { [name]: value })
  }
}

const oneOf = (name, value, words) => {
  if (!words.includes(value)) {
    const listed = words.map((word) => `'${word}'`).join(' or ')
    throw invalid(`Expected ${listed} for ${name} but received ${shown(value)}`, { [name]: value })
  }
}

/** Where options may be left out, they are an object or undefined. `names`: of those that there are. */
const checkOptions = (options, names = []) => {
  if (typeof options !== 'object' || options === null) throw invalid('options must be an object', { options })
  checkNames(options, names)
}

const checkDevice = (device) => {
  if (typeof device !== 'object' || device === null) throw invalid('device must be an object', { device })
  if (typeof device.type !== 'string') throw invalid('device.type must be a string', { device })
  if (!['playback', 'recording'].includes(device.type)) throw invalid('invalid device.type', { device })
}

/** What `@kmamal/sdl` does not know, and so no program for it asks for. */
const OWN_OPTIONS = ['periodFrames', 'capacityMs', 'maxQueuedMs', 'onOverflow', 'onLost']
const DEVICE_OPTIONS = ['frequency', 'channels', 'format', 'buffered', ...OWN_OPTIONS]

/** Other names are left alone, as the peer does: only what is nearly one of these is a mistake, or one of ours in the wrong place. */
const checkPlaces = (device, options) => {
  const misplaced = OWN_OPTIONS.find((own) => Object.hasOwn(device, own))
  if (misplaced) throw invalid(`Expected ${misplaced} in the options, the second argument, but received it in the device`, { device })
  checkNames(options, DEVICE_OPTIONS, NO_OTHER_WORDS)
}

/** Checks what `openDevice` was given; returns it in the units of the native call. */
const interpret = (device, options) => {
  checkOptions(options)
  checkPlaces(device, options)
  const { name, type } = device
  const recording = type === 'recording'
  const {
    channels = 1,
    frequency = 48000,
    format = 'f32',
    buffered = DEFAULT_BUFFERED,
    periodFrames,
    capacityMs = 200,
    maxQueuedMs = recording ? 10_000 : HOUR_MS,
    onOverflow = 'drop-oldest',
    onLost = 'reopen',
  } = options

  if (name !== undefined && name !== null && typeof name !== 'string') {
    throw invalid('device.name must be a string', { name })
  }
  integer('channels', channels)
  allowed('channels', channels, channels >= 1 && channels <= MAX_CHANNELS)
  integer('frequency', frequency)
  allowed('frequency', frequency, frequency > 0)
  range('frequency', frequency, MIN_FREQUENCY, MAX_FREQUENCY)
  if (typeof format !== 'string') throw invalid('format must be a string', { format })
  integer('buffered', buffered)
  allowed('buffered', buffered, buffered > 0 && isPowerOfTwo(buffered))
  range('buffered', buffered, 1, MAX_BUFFERED)
  const known = formats.get(format)
  if (!known) throw invalid('invalid format', { format })

  if (periodFrames !== undefined) {
    integer('periodFrames', periodFrames)
    range('periodFrames', periodFrames, 1, MAX_PERIOD_FRAMES)
  }
  milliseconds('capacityMs', capacityMs)
  milliseconds('maxQueuedMs', maxQueuedMs)
  oneOf('onOverflow', onOverflow, ['drop-oldest', 'drop-newest'])
  oneOf('onLost', onLost, ['reopen', 'fail'])

  const wantsDepth = !recording && periodFrames === undefined && buffered > DEFAULT_BUFFERED
  const frames = (ms) => Math.ceil((ms * frequency) / 1000)
  return {
    recording,
    name: name ?? undefined,
    frequency,
    channels,
    format: known.name,
    formatName: format,
    buffered,
    periodFrames: periodFrames ?? Math.min(buffered, DEFAULT_PERIOD_FRAMES),
    depthFrames: wantsDepth ? DEPTH_FRAMES : 0,
    capacityFrames: Math.min(frames(capacityMs), frames(maxQueuedMs)),
    maxQueuedFrames: frames(maxQueuedMs),
    dropNewest: onOverflow === 'drop-newest',
    failWhenLost: onLost === 'fail',
  }
}

module.exports = {
  DEVICE_OPTIONS, MIN_FREQUENCY, MAX_FREQUENCY, MAX_CHANNELS, MAX_PERIOD_FRAMES, checkDevice, checkOptions, integer, interpret, milliseconds,
  oneOf, range, shown,
}
