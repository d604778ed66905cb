'use strict'

const { EventEmitter } = require('node:events')
const { row } = require('../row.cjs')
const { types, sampleFormats } = require('./values.cjs')

// What an open instance tells about itself.

const readOnly = [
  'id', 'device', 'name', 'channels', 'frequency', 'format', 'bytesPerSample', 'minSampleValue', 'maxSampleValue',
  'zeroSampleValue', 'buffered', 'playing', 'queued', 'closed',
]
const methods = ['play', 'pause', 'clearQueue', 'close', 'readSample', 'writeSample', 'enqueue', 'dequeue']

const sampleValues = ({ bytesPerSample, minSampleValue, maxSampleValue, zeroSampleValue }) => (
  { bytesPerSample, minSampleValue, maxSampleValue, zeroSampleValue }
)

/** V8 names the class that has the getter, which is nobody's contract; that it throws is. */
const refusedToSet = (device, name) => {
  try {
    device[name] = 1
  } catch (error) {
    return error instanceof TypeError
  }
  return false
}

const ofFormat = (type, format) => row(`instance · ${type} · ${format}`, ({ instance }) => {
  const device = instance(type, { format })
  const buffer = Buffer.alloc(8)
  const end = device.writeSample(buffer, device.maxSampleValue, 4)
  const samples = { end, buffer, back: device.readSample(buffer, 4), first: device.readSample(buffer) }
  return { format: device.format, ...sampleValues(device), samples }
})

const ofType = (type) => [
  row(`instance · ${type} · class`, ({ instance }) => {
    const device = instance(type)
    return { name: device.constructor.name, emitter: device instanceof EventEmitter }
  }),
  row(`instance · ${type} · typeof id`, ({ instance }) => typeof instance(type).id),
  row(`instance · ${type} · id stays`, ({ instance }) => {
    const device = instance(type)
    const { id } = device
    device.play()
    return device.id === id
  }),
  row(`instance · ${type} · device is the object that was given`, ({ open }) => {
    const device = { type, extra: 'kept' }
    return open(device, { buffered: 256 }).device === device
  }),
  row(`instance · ${type} · the object that was given is left alone`, ({ open }) => {
    const device = Object.freeze({ type })
    const options = Object.freeze({ buffered: 256, channels: 2 })
    open(device, options)
    return { device, options }
  }),
  row(`instance · ${type} · name stays when the object that was given changes`, ({ audio, open }) => {
    const device = { ...audio.devices.find((listed) => listed.type === type) }
    const instance = open(device, { buffered: 256 })
    device.name = 'gramophone'
    return instance.name
  }),
  row(`instance · ${type} · name of the default device`, ({ instance }) => instance(type).name),
  row(`instance · ${type} · before anything`, ({ instance }) => {
    const { playing, queued, closed } = instance(type)
    return { playing, queued, closed }
  }),
  row(`instance · ${type} · what cannot be set`, ({ instance }) => {
    const device = instance(type)
    return readOnly.map((name) => [name, refusedToSet(device, name)])
  }),
  row(`instance · ${type} · methods`, ({ instance }) => {
    const device = instance(type)
    return methods.filter((name) => typeof device[name] === 'function')
  }),
  row(`instance · ${type} · readSample past the end`, ({ instance }) => instance(type).readSample(Buffer.alloc(4), 4)),
  row(`instance · ${type} · readSample of nothing`, ({ instance }) => instance(type).readSample()),
  row(`instance · ${type} · writeSample past the end`, ({ instance }) => instance(type).writeSample(Buffer.alloc(4), 0, 1)),
  row(`instance · ${type} · writeSample above the range`, ({ instance }) => (
    instance(type, { format: 's8' }).writeSample(Buffer.alloc(4), 128, 0)
  )),
  row(`instance · ${type} · toString tag`, ({ instance }) => Object.prototype.toString.call(instance(type))),
]

const together = [
  row('instance · a playback and a recording one have ids of their own', ({ playback, recording }) => (
    playback().id !== recording().id
  )),
  row('instance · closing one leaves the other open', ({ playback, recording }) => {
    const [speaker, microphone] = [playback(), recording()]
    microphone.close()
    return { microphone: microphone.closed, speaker: speaker.closed, queued: speaker.queued }
  }),
  row('instance · each has options of its own', ({ playback, recording }) => {
    const [speaker, microphone] = [playback({ channels: 2, format: 's16' }), recording({ frequency: 16000 })]
    return [speaker, microphone].map(({ channels, frequency, format }) => ({ channels, frequency, format }))
  }),
  row('instance · each plays on its own', ({ playback, recording }) => {
    const [speaker, microphone] = [playback(), recording()]
    speaker.play()
    return [speaker.playing, microphone.playing]
  }),
  row('instance · one after the other, ten times', ({ playback }) => (
    Array.from({ length: 10 }, () => {
      const device = playback()
      device.close()
      return device.closed
    })
  )),
]

module.exports = [
  ...types.flatMap((type) => sampleFormats.map((format) => ofFormat(type, format))),
  ...types.flatMap(ofType),
  ...together,
]
