'use strict'

const { row } = require('../row.cjs')
const { types, notIntegers, notStrings } = require('./values.cjs')

// `openDevice`: what it accepts, what it refuses, and in which order it looks.

const opened = ({ channels, frequency, format, buffered }) => ({ channels, frequency, format, buffered })

const notDevices = [
  ['undefined', undefined],
  ['null', null],
  ['a string', 'playback'],
  ['a number', 0],
  ['true', true],
  ['a function', () => {}],
  ['an array', []],
  ['an empty object', {}],
]

const ofDevice = [
  row('openDevice · no arguments', ({ audio }) => audio.openDevice()),
  ...notDevices.map(([label, device]) => row(`openDevice · device is ${label}`, ({ open }) => open(device))),
  ...notStrings.map(([label, type]) => row(`openDevice · device.type is ${label}`, ({ open }) => open({ type }))),
  ...['', 'Playback', 'playback ', 'capture', 'output', 'toString'].map((type) => (
    row(`openDevice · device.type is '${type}'`, ({ open }) => open({ type }))
  )),
  row('openDevice · device.type is a String object', ({ open }) => open({ type: new String('playback') })),
]

const ofName = types.flatMap((type) => [
  ...notStrings.filter(([label]) => label !== 'null').map(([label, name]) => (
    row(`openDevice · ${type} · device.name is ${label}`, ({ instance }) => instance(type, {}, { name }).name)
  )),
  row(`openDevice · ${type} · device.name is undefined`, ({ instance }) => instance(type, {}, { name: undefined }).name),
  row(`openDevice · ${type} · device.name is null`, ({ instance }) => instance(type, {}, { name: null }).name),
  row(`openDevice · ${type} · device.name is empty`, ({ instance }) => instance(type, {}, { name: '' }).name),
  row(`openDevice · ${type} · device.name is unknown`, ({ instance }) => instance(type, {}, { name: 'gramophone' })),
  row(`openDevice · ${type} · a listed device`, ({ audio, open }) => (
    open(audio.devices.find((device) => device.type === type), { buffered: 256 }).name
  )),
  row(`openDevice · ${type} · a second one while the driver has only one`, ({ instance }) => {
    instance(type)
    return instance(type)
  }),
  row(`openDevice · ${type} · again after an error`, ({ instance, attempt }) => {
    attempt(() => instance(type, { channels: 0 }))
    attempt(() => instance(type, {}, { name: 'gramophone' }))
    return opened(instance(type))
  }),
])

const option = (type, name, label, value, rest = {}) => (
  row(`openDevice · ${type} · ${name}: ${label}`, ({ instance }) => opened(instance(type, { ...rest, [name]: value })))
)

const ofNumbers = types.flatMap((type) => ['channels', 'frequency', 'buffered'].flatMap((name) => [
  ...notIntegers.map(([label, value]) => option(type, name, label, value)),
  ...[-1, 0].map((value) => option(type, name, value, value)),
  option(type, name, 'undefined', undefined),
]))

const numbers = (type, name, values, rest) => values.map((value) => option(type, name, value, value, rest))

const ofRanges = [
  ...types.flatMap((type) => numbers(type, 'channels', [1, 2, 3, 4, 5, 6, 7, 8, 9, 256])),
  // One frame per period: with a longer one, closing would take seconds.
  ...numbers('playback', 'frequency', [10, 999], { buffered: 1 }),
  ...numbers('playback', 'frequency', [1000, 8000, 11025, 22050, 44100, 48000, 96000, 192000, 384000]),
  ...numbers('playback', 'frequency', [384001, 1000000, 2 ** 32]),
  // A rate so high that the longest period passes quickly.
  ...numbers('playback', 'buffered', Array.from({ length: 17 }, (_, power) => 2 ** power), { frequency: 384000 }),
  ...numbers('playback', 'buffered', [3, 100, 480, 1000, 4095, 4097, 65535]),
  ...numbers('playback', 'buffered', [131072, 2 ** 30, 2 ** 31, 2 ** 32, 2 ** 32 + 1, 1e20]),
]

const ofFormats = types.flatMap((type) => [
  ...notStrings.map(([label, format]) => option(type, 'format', label, format)),
  ...['', 'f64', 'S16', 's24', 'int16', 'hasOwnProperty'].map((format) => option(type, 'format', `'${format}'`, format)),
])

const ofOptions = [
  row('openDevice · without options', ({ open }) => opened(open({ type: 'playback' }))),
  row('openDevice · recording · without options', ({ open }) => opened(open({ type: 'recording' }))),
  row('openDevice · options are undefined', ({ open }) => opened(open({ type: 'playback' }, undefined))),
  row('openDevice · options are null', ({ open }) => opened(open({ type: 'playback' }, null))),
  row('openDevice · options are empty', ({ open }) => opened(open({ type: 'playback' }, {}))),
  row('openDevice · options are a number', ({ open }) => opened(open({ type: 'playback' }, 48000))),
  row('openDevice · options are a string', ({ open }) => opened(open({ type: 'playback' }, 'stereo'))),
  row('openDevice · options are true', ({ open }) => opened(open({ type: 'playback' }, true))),
  row('openDevice · options are an array', ({ open }) => opened(open({ type: 'playback' }, []))),
  row('openDevice · options have names that it does not know', ({ playback }) => opened(playback({ colour: 'red' }))),
  row('openDevice · options are inherited', ({ open }) => opened(open({ type: 'playback' }, Object.create({ channels: 2 })))),
  row('openDevice · options are read once each', ({ open }) => {
    const read = []
    const options = new Proxy({ channels: 2 }, {
      get (target, name) {
        if (['channels', 'frequency', 'format', 'buffered'].includes(name)) read.push(name)
        return target[name]
      },
    })
    open({ type: 'playback' }, options)
    return read
  }),
  row('openDevice · called on its own', ({ audio }) => {
    const { openDevice } = audio
    const instance = openDevice({ type: 'playback' }, { buffered: 256 })
    instance.close()
    return instance.closed
  }),
]

/** Bad arguments in the order of the checks: of two neighbours, the first is told. */
const inOrder = [
  ['device.type', { device: { type: 'gramophone' } }],
  ['device.name', { device: { name: 42 } }],
  ['channels', { options: { channels: 'two' } }],
  ['frequency', { options: { frequency: -1 } }],
  ['the type of format', { options: { format: 16 } }],
  ['buffered', { options: { buffered: 3 } }],
  ['the name of format', { options: { format: 'f64' } }],
]

const ofOrder = inOrder.slice(0, -1).map(([first, bad], at) => {
  const [second, worse] = inOrder[at + 1]
  return row(`openDevice · ${first} is looked at before ${second}`, ({ open }) => (
    open({ type: 'playback', ...bad.device, ...worse.device }, { ...bad.options, ...worse.options })
  ))
})

module.exports = [...ofDevice, ...ofName, ...ofOptions, ...ofNumbers, ...ofRanges, ...ofFormats, ...ofOrder]
