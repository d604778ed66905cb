'use strict'

const { invalid } = require('./errors.cjs')

// Sample formats: how many bytes a sample has, its range, and how Buffer reads and writes it.

const signed = (bits) => ({
  bytesPerSample: bits / 8,
  minSampleValue: -(2 ** (bits - 1)),
  zeroSampleValue: 0,
  maxSampleValue: 2 ** (bits - 1) - 1,
})
const unsigned = (bits) => ({
  bytesPerSample: bits / 8,
  minSampleValue: 0,
  zeroSampleValue: 2 ** (bits - 1) - 1,
  maxSampleValue: 2 ** bits - 1,
})
const float = { bytesPerSample: 4, minSampleValue: -1, zeroSampleValue: 0, maxSampleValue: 1 }

const accessors = (suffix) => ({
  reader: Buffer.prototype[`read${suffix}`],
  writer: Buffer.prototype[`write${suffix}`],
})

const little = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1
const sys = little ? 'lsb' : 'msb'

/** name → range, accessors, the canonical name, and the typed array of the same layout where there is one */
const formats = new Map()
const define = (name, range, suffix, view) => formats.set(name, { name, ...range, ...accessors(suffix), view })

define('s8', signed(8), 'Int8', Int8Array)
define('u8', unsigned(8), 'UInt8', Uint8Array)
for (const [order, end] of [['lsb', 'LE'], ['msb', 'BE']]) {
  const native = order === sys
  define(`s16${order}`, signed(16), `Int16${end}`, native && Int16Array)
  define(`u16${order}`, unsigned(16), `UInt16${end}`, native && Uint16Array)
  define(`s32${order}`, signed(32), `Int32${end}`, native && Int32Array)
  define(`f32${order}`, float, `Float${end}`, native && Float32Array)
}
for (const short of ['s16', 'u16', 's32', 'f32']) {
  formats.set(short, formats.get(`${short}lsb`))
  formats.set(`${short}sys`, formats.get(`${short}${sys}`))
}

const formatOf = (name) => {
  const format = formats.get(name)
  if (!format) throw invalid('invalid format', { format: name })
  return format
}

/** The helper functions of `sdl.audio` and of the `helpers` module. */
const formatHelpers = {
  bytesPerSample: (format) => formatOf(format).bytesPerSample,
  minSampleValue: (format) => formatOf(format).minSampleValue,
  maxSampleValue: (format) => formatOf(format).maxSampleValue,
  zeroSampleValue: (format) => formatOf(format).zeroSampleValue,
  readSample: (format, buffer, offset) => formatOf(format).reader.call(buffer, offset),
  writeSample: (format, buffer, value, offset) => formatOf(format).writer.call(buffer, value, offset),
}

module.exports = { formats, formatHelpers }
