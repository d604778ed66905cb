'use strict'

const { row } = require('../row.cjs')
const { sampleFormats } = require('./values.cjs')

// The functions that tell about sample formats, in `sdl.audio` and in the helpers module.

const ranges = ['bytesPerSample', 'minSampleValue', 'maxSampleValue', 'zeroSampleValue']

const notFormats = [
  ['undefined', undefined],
  ['null', null],
  ['a number', 16],
  ['an object', {}],
  ['empty', ''],
  ['unknown', 'f64'],
  ['in capitals', 'S16'],
  ['with a space', 's16 '],
  ['a name that every object has', 'toString'],
  ['__proto__', '__proto__'],
]

const written = (functions, format, value) => {
  const buffer = Buffer.alloc(8)
  const end = functions.writeSample(format, buffer, value, 2)
  return { end, buffer, back: functions.readSample(format, buffer, 2) }
}

/** The functions as they are found in either place. */
const places = {
  'sdl.audio': ({ audio }) => audio,
  helpers: ({ helpers }) => helpers.audio,
}

const ofFormat = ([place, find], format) => [
  row(`formats · ${place} · ${format} · range`, (stage) => ranges.map((name) => find(stage)[name](format))),
  row(`formats · ${place} · ${format} · writes and reads`, (stage) => (
    ranges.slice(1).map((name) => written(find(stage), format, find(stage)[name](format)))
  )),
  row(`formats · ${place} · ${format} · without an offset`, (stage) => {
    const buffer = Buffer.alloc(8, 0xff)
    return [find(stage).writeSample(format, buffer, 1), buffer, find(stage).readSample(format, buffer)]
  }),
  row(`formats · ${place} · ${format} · a value above the range`, (stage) => (
    written(find(stage), format, find(stage).maxSampleValue(format) * 2 + 1)
  )),
]

const calls = {
  ...Object.fromEntries(ranges.map((name) => [name, (functions, format) => functions[name](format)])),
  readSample: (functions, format) => functions.readSample(format, Buffer.alloc(8), 0),
  writeSample: (functions, format) => functions.writeSample(format, Buffer.alloc(8), 0, 0),
}

const ofNoFormat = ([place, find], [label, format]) => row(`formats · ${place} · a format that is ${label}`, (stage) => (
  Object.fromEntries(Object.entries(calls).map(([name, call]) => [name, stage.attempt(() => call(find(stage), format))]))
))

const badSamples = [
  ['an offset past the end', Buffer.alloc(4), 1, 4],
  ['an offset that leaves too little', Buffer.alloc(4), 1, 3],
  ['a negative offset', Buffer.alloc(4), 1, -1],
  ['a fractional offset', Buffer.alloc(4), 1, 0.5],
  ['an offset that is a string', Buffer.alloc(4), 1, '0'],
  ['an offset that is null', Buffer.alloc(4), 1, null],
  ['no buffer', undefined, 1, 0],
  ['an object for a buffer', {}, 1, 0],
  ['a Uint8Array for a buffer', new Uint8Array(4), 1, 0],
  ['an empty buffer', Buffer.alloc(0), 1, 0],
  ['a value that is NaN', Buffer.alloc(4), NaN, 0],
  ['a value that is undefined', Buffer.alloc(4), undefined, 0],
  ['a value that is a string', Buffer.alloc(4), '12', 0],
  ['a value that is a bigint', Buffer.alloc(4), 12n, 0],
  ['a fractional value', Buffer.alloc(4), 1.75, 0],
]

const ofBadSamples = badSamples.flatMap(([label, buffer, value, offset]) => [
  row(`formats · writeSample · ${label}`, ({ audio }) => audio.writeSample('s16', buffer, value, offset)),
  ...(label.includes('value') ? [] : [
    row(`formats · readSample · ${label}`, ({ audio }) => audio.readSample('s16', buffer, offset)),
  ]),
])

const onItsOwn = Object.keys(calls).map((name) => (
  row(`formats · ${name} called on its own`, ({ audio }) => {
    const { [name]: call } = audio
    return calls[name]({ [name]: (...args) => call(...args) }, 's16')
  })
))

module.exports = [
  ...Object.entries(places).flatMap((place) => [
    ...sampleFormats.flatMap((format) => ofFormat(place, format)),
    ...notFormats.map((notFormat) => ofNoFormat(place, notFormat)),
  ]),
  ...ofBadSamples,
  ...onItsOwn,
]
