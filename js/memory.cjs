'use strict'

const { isTypedArray, isUint8Array } = require('node:util/types')
const { codedError, invalid, outOfRange } = require('./errors.cjs')

// Checks of the memory that callers hand in. Native code must not touch shared memory that another thread may write, so
// such views are copied on this side, where the language defines what happens.

/** What a native call answers for a view on shared memory; it has then done nothing. */
const SHARED = -6

// `constructor` is the quicker test, and right for all but subclasses.
const isBuffer = (value) => isUint8Array(value) && (value.constructor === Buffer || value instanceof Buffer)

/** The bytes of a Buffer; whatever else it is gets its answer from `checkBuffer`. */
const lengthOf = (buffer) => (isUint8Array(buffer) ? buffer.length : undefined)

/** What native code remembers is kept alive by us: no more than this. */
const KEPT_MOST_BYTES = 256 << 10

/** What no caller can hand in. */
const NOTHING = Symbol('nothing is kept')

/**
 * The buffer itself if native code may remember where its memory lies, or else `NOTHING`. That memory stays where it is, and as
 * long as it is, until it is detached, which `checkKept` sees; memory that can be resized does not.
 */
const keep = (buffer) => {
  const { byteLength, resizable } = buffer.buffer
  return byteLength <= KEPT_MOST_BYTES && !resizable ? buffer : NOTHING
}

// The accessor itself: it tells the truth of a detached buffer, whatever properties a caller may have put on it.
const byteLengthOf = Function.prototype.call.bind(
  Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), 'byteLength').get,
)

/** The checks that a buffer needs again when it was kept. */
const checkKept = (buffer, numBytes) => {
  if (!Number.isInteger(numBytes)) throw invalid('numBytes must be an integer', { numBytes })
  if (numBytes <= 0) throw outOfRange('invalid numBytes', { numBytes })
  if (byteLengthOf(buffer) < numBytes) throw outOfRange('buffer is smaller than expected', { buffer, numBytes })
}

/** As `@kmamal/sdl` checks the arguments of `enqueue` and `dequeue`. */
const checkBuffer = (buffer, numBytes) => {
  if (!isBuffer(buffer)) throw invalid('buffer must be a Buffer', { buffer })
  checkKept(buffer, numBytes)
}

const at = Function.prototype.call.bind(Object.getPrototypeOf(Uint8Array.prototype).at)

/** The memory of the view was detached, or has shrunk under it; such a view has no length either. */
const isGone = (view) => {
  try {
    at(view, 0)
    return false
  } catch {
    return true
  }
}

/** What a value is, for a message. Its constructor is whatever the caller made it. */
const typeName = (value) => {
  if (typeof value !== 'object' || value === null) return value === null ? 'null' : typeof value
  try {
    const { name } = value.constructor
    return typeof name === 'string' && name !== '' ? name : 'object'
  } catch {
    return 'object'
  }
}

/** Samples come as the typed array of the device's format, or as bytes in it. */
const checkSamples = (samples, { view, name }) => {
  const fits = (view && samples instanceof view && isTypedArray(samples)) || isUint8Array(samples)
  if (!fits) {
    const wanted = view && view !== Uint8Array ? `${view.name} or Buffer` : 'Buffer'
    throw invalid(`Expected ${wanted} for samples of format ${name} but received ${typeName(samples)}`, { samples })
  }
  if (samples.byteLength === 0 && isGone(samples)) {
    throw invalid('Expected samples but their memory has been transferred away or has shrunk under them', { samples })
  }
}

const notWhole = (bytes, frameBytes) =>
  codedError(
    'FRAME_ALIGNMENT',
    `Expected a multiple of ${frameBytes} bytes (one frame) but received ${bytes}; part of a frame would swap the channels`,
    { bytes, frameBytes },
  )

module.exports = { SHARED, NOTHING, lengthOf, keep, checkBuffer, checkKept, checkSamples, isGone, notWhole, typeName }
