'use strict'

const types = ['playback', 'recording']

const sampleFormats = [
  's8', 'u8',
  's16lsb', 's16msb', 's16sys', 's16',
  'u16lsb', 'u16msb', 'u16sys', 'u16',
  's32lsb', 's32msb', 's32sys', 's32',
  'f32lsb', 'f32msb', 'f32sys', 'f32',
]

/** Label and value of everything that is no number at all. */
const notNumbers = [
  ['null', null],
  ['a string', '2'],
  ['true', true],
  ['a bigint', 2n],
  ['an array', [2]],
  ['an object', {}],
]

/** … and of numbers that are no integers. */
const notIntegers = [...notNumbers, ['NaN', NaN], ['Infinity', Infinity], ['1.5', 1.5]]

const notStrings = [
  ['null', null],
  ['a number', 42],
  ['true', true],
  ['a symbol', Symbol('s16')],
  ['an array', ['s16']],
  ['an object', {}],
]

const notBooleans = [
  ['null', null],
  ['0', 0],
  ['1', 1],
  ['a string', 'true'],
  ['an object', {}],
]

const notBuffers = [
  ['null', null],
  ['a number', 8],
  ['a string', 'eight by'],
  ['an array', [0, 0, 0, 0]],
  ['an object', {}],
  ['an object with a length', { length: 8 }],
  ['an ArrayBuffer', new ArrayBuffer(8)],
  ['a Uint8Array', new Uint8Array(8)],
  ['a Float32Array', new Float32Array(2)],
  ['a DataView', new DataView(new ArrayBuffer(8))],
]

/** Label and value of numBytes, for a buffer that holds two frames of mono f32. */
const byteCounts = [
  ['all of it', 8],
  ['half of it', 4],
  ['undefined', undefined],
  ['0', 0],
  ['-4', -4],
  ['-0', -0],
  ['one frame too many', 12],
  ['2 ** 31', 2 ** 31],
  ['2 ** 32 + 4', 2 ** 32 + 4],
  ['no whole frame', 3],
  ['a frame and a byte', 5],
  ...notIntegers,
]

module.exports = { types, sampleFormats, notIntegers, notStrings, notBooleans, notBuffers, byteCounts }
