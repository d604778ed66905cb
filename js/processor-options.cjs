'use strict'

const { ENCODING_OPTIONS, RATES, checkApplication, checkSettings } = require('./codec.cjs')
const {
  checkBoolean, checkInteger, checkKeyBytes, checkMs, checkOneOf, checkOptions, checkWord, expected,
} = require('./check.cjs')
const { codedError, invalid, outOfRange } = require('./errors.cjs')
const { checkNames } = require('./names.cjs')

const ADAPTIVE_OPTIONS = ['stepDownMs', 'holdMs']
const NAMES = [
  'frequency', 'outputFrequency', 'channels', 'frameMs', 'opus', 'mode', 'allowPlaintext', 'key', 'suite', 'adaptive', ...ADAPTIVE_OPTIONS,
]
const MODES = ['full', 'medium', 'minimal', 'emergency']
const FRAME_MS = [2.5, 5, 10, 20, 40, 60]
const SUITES = ['aes-128-ctr', 'aes-192-ctr', 'aes-256-ctr', 'aes-128-gcm', 'aes-256-gcm']
const HOUR_MS = 3_600_000
const HOLD_MS = 5000

const checkKey = ({ key, suite }) => {
  if (key === undefined || key === null) {
    if (suite !== undefined) throw invalid('Expected a key for the suite', { suite })
    return undefined
  }
  checkKeyBytes('key', key)
  if (suite !== undefined) {
    checkWord('suite', suite, SUITES)
    return suite
  }
  if (![16, 24, 32].includes(key.length)) {
    throw codedError('KEY_LENGTH', `Expected a key of 16, 24 or 32 bytes but received ${key.length}`, { length: key.length })
  }
  return `aes-${key.length * 8}-ctr`
}

/** When to step down and up; `stepDownMs` is undefined for a processor that stays in its mode. */
const checkAdaptive = (options, frameMs) => {
  const { adaptive = false } = options
  if (typeof adaptive !== 'boolean' && (typeof adaptive !== 'object' || adaptive === null)) {
    throw expected('a boolean or an object', 'adaptive', adaptive)
  }
  checkNames(adaptive, ADAPTIVE_OPTIONS)
  const { stepDownMs = frameMs / 2, holdMs = HOLD_MS } = { stepDownMs: options.stepDownMs, holdMs: options.holdMs, ...adaptive }
  checkMs('stepDownMs', stepDownMs, 0, HOUR_MS)
  checkMs('holdMs', holdMs, 0, HOUR_MS)
  return { stepDownMs: adaptive === false ? undefined : stepDownMs, holdMs }
}

const checkFrame = (frequency, frameMs) => {
  if (typeof frameMs !== 'number' || Number.isNaN(frameMs)) throw expected('a number of milliseconds', 'frameMs', frameMs)
  if (!FRAME_MS.includes(frameMs)) {
    throw outOfRange(`Expected ${FRAME_MS.join(', ')} for frameMs but received ${frameMs}`, { frameMs })
  }
  const frames = (frequency * frameMs) / 1000
  if (!Number.isInteger(frames)) {
    throw outOfRange(`Expected a frameMs of whole frames but ${frameMs} ms are ${frames} frames at ${frequency} Hz`, { frequency, frameMs })
  }
  return frames
}

/** Checks what a processor was given; returns it as the native side takes it. */
const interpret = (options) => {
  checkOptions(options, NAMES)
  const {
    frequency = 48_000,
    outputFrequency = RATES.includes(frequency) ? frequency : 48_000,
    channels = 1,
    frameMs = 20,
    opus = {},
    mode = 'full',
    allowPlaintext = false,
  } = options
  checkInteger('frequency', frequency, 1000, 384_000)
  checkOneOf('outputFrequency', outputFrequency, RATES)
  checkOneOf('channels', channels, [1, 2])
  checkOptions(opus, ENCODING_OPTIONS)
  checkBoolean('allowPlaintext', allowPlaintext)
  checkWord('mode', mode, MODES)
  if (mode === 'emergency' && !allowPlaintext) {
    throw invalid(`Expected allowPlaintext: true for mode 'emergency', which sends samples in the clear`, { mode })
  }
  return {
    frequency,
    outputFrequency,
    channels,
    frameFrames: checkFrame(frequency, frameMs),
    application: checkApplication(opus),
    opus: checkSettings(opus),
    suite: checkKey(options),
    mode,
    ...checkAdaptive(options, frameMs),
    allowPlaintext,
  }
}

module.exports = { MODES, interpret }
