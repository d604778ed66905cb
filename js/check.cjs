'use strict'

const { isFloat32Array, isInt16Array, isSharedArrayBuffer, isTypedArray, isUint8Array } = require('node:util/types')
const { codedError, invalid, outOfRange } = require('./errors.cjs')
const { isGone, typeName } = require('./memory.cjs')
const { checkNames } = require('./names.cjs')

// Checks of what the codecs are given. Types are looked up in the object itself (`node:util/types`): native code trusts them.
// Views on shared memory are refused natively.

const checkNotDetached = (name, view) => {
  if (view.byteLength === 0 && isGone(view)) {
    throw invalid(`Expected memory for ${name} but it has been transferred away`, { [name]: view })
  }
}

/** Of numbers it is their value that is wrong. */
const received = (value) => (typeof value === 'number' ? value : typeName(value))

const expected = (what, name, value) => invalid(`Expected ${what} for ${name} but received ${received(value)}`, { [name]: value })

const checkFloats = (name, value) => {
  if (!isFloat32Array(value)) throw expected('Float32Array', name, value)
  checkNotDetached(name, value)
}

const checkInt16s = (name, value) => {
  if (!isInt16Array(value)) throw expected('Int16Array', name, value)
  checkNotDetached(name, value)
}

/** True for floats, false for integers. */
const checkPcm = (name, value) => {
  const floats = isFloat32Array(value)
  if (!floats && !isInt16Array(value)) throw expected('Float32Array or Int16Array', name, value)
  checkNotDetached(name, value)
  return floats
}

const checkBytes = (name, value) => {
  if (!isUint8Array(value)) throw expected('Buffer or Uint8Array', name, value)
  checkNotDetached(name, value)
}

/** Bytes that a call may look at for longer, as keys are. */
const checkKeyBytes = (name, value) => {
  checkBytes(name, value)
  if (isSharedArrayBuffer(value.buffer)) throw invalid(`Expected ${name} in memory of its own but it is shared; pass a copy`)
}

/** The bytes of any typed array, as a view of them. */
const bytesOf = (name, value) => {
  if (!isUint8Array(value)) {
    if (!isTypedArray(value)) throw expected('a typed array', name, value)
    checkNotDetached(name, value)
    return new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
  }
  checkNotDetached(name, value)
  return value
}

/** `names`: of the options that there are. */
const checkOptions = (options, names = []) => {
  if (typeof options !== 'object' || options === null) throw expected('an object', 'options', options)
  checkNames(options, names)
}

const checkInteger = (name, value, min, max) => {
  if (!Number.isInteger(value)) throw expected('an integer', name, value)
  if (value < min || value > max) {
    throw outOfRange(`Expected ${name} from ${min} to ${max} but received ${value}`, { [name]: value })
  }
}

const checkBoolean = (name, value) => {
  if (typeof value !== 'boolean') throw expected('a boolean', name, value)
}

const checkWord = (name, value, words) => {
  if (!words.includes(value)) {
    const got = typeof value === 'string' ? `'${value}'` : received(value)
    throw invalid(`Expected ${words.map((word) => `'${word}'`).join(' or ')} for ${name} but received ${got}`, { [name]: value })
  }
}

/** A number of a few; what is no number at all is another mistake. */
const checkOneOf = (name, value, numbers) => {
  if (!Number.isInteger(value)) throw expected('an integer', name, value)
  if (!numbers.includes(value)) {
    throw outOfRange(`Expected ${numbers.join(', ')} for ${name} but received ${value}`, { [name]: value })
  }
}

const checkMs = (name, value, min, max) => {
  if (typeof value !== 'number' || Number.isNaN(value)) throw expected('a number of milliseconds', name, value)
  if (value < min || value > max) throw outOfRange(`Expected ${name} from ${min} to ${max} but received ${value}`, { [name]: value })
}

const notWhole = (samples, channels) =>
  codedError('FRAME_ALIGNMENT', `Expected a multiple of ${channels} samples (one frame) but received ${samples}`, { samples, channels })

module.exports = {
  bytesOf, checkBoolean, checkBytes, checkFloats, checkInt16s, checkInteger, checkKeyBytes, checkMs, checkOneOf, checkOptions,
  checkPcm, checkWord, expected, notWhole, received,
}
