'use strict'

const { row } = require('../row.cjs')
const { types } = require('./values.cjs')

// `close`, and every member after it.

const readable = [
  'device', 'name', 'channels', 'frequency', 'format', 'bytesPerSample', 'minSampleValue', 'maxSampleValue',
  'zeroSampleValue', 'buffered', 'playing', 'queued', 'closed',
]

const methods = {
  play: (device) => device.play(),
  'play(false)': (device) => device.play(false),
  'play with a bad argument': (device) => device.play('no'),
  pause: (device) => device.pause(),
  clearQueue: (device) => device.clearQueue(),
  close: (device) => device.close(),
  readSample: (device) => device.readSample(Buffer.alloc(8), 0),
  writeSample: (device) => device.writeSample(Buffer.alloc(8), 0, 0),
}

const transfers = { playback: 'enqueue', recording: 'dequeue' }

const closed = (instance, type) => {
  const device = instance(type)
  device.close()
  return device
}

const ofType = (type) => [
  row(`close · ${type} · returns`, ({ instance }) => instance(type).close()),
  row(`close · ${type} · closed`, ({ instance }) => {
    const device = instance(type)
    return [device.closed, device.close(), device.closed]
  }),
  row(`close · ${type} · while it plays`, ({ instance }) => {
    const device = instance(type)
    device.play()
    device.close()
    return [device.closed, device.playing]
  }),
  row(`close · ${type} · twice`, ({ instance }) => closed(instance, type).close()),
  row(`close · ${type} · the error names the instance`, ({ instance }) => {
    const device = closed(instance, type)
    try {
      device.close()
    } catch ({ id }) {
      return id === device.id
    }
    return 'no error'
  }),
  row(`close · ${type} · id stays readable`, ({ instance }) => typeof closed(instance, type).id),
  ...readable.map((name) => row(`after close · ${type} · ${name}`, ({ instance }) => closed(instance, type)[name])),
  ...Object.entries(methods).map(([label, call]) => (
    row(`after close · ${type} · ${label}`, ({ instance }) => call(closed(instance, type)))
  )),
  row(`after close · ${type} · ${transfers[type]}`, ({ instance }) => (
    closed(instance, type)[transfers[type]](Buffer.alloc(8))
  )),
  row(`after close · ${type} · ${transfers[type]} with a bad argument`, ({ instance }) => (
    closed(instance, type)[transfers[type]]('eight by')
  )),
  row(`after close · ${type} · ${transfers[type]} of nothing`, ({ instance }) => closed(instance, type)[transfers[type]]()),
  row(`after close · ${type} · on`, ({ instance }) => {
    const device = closed(instance, type)
    device.on('close', () => {})
    return device.listenerCount('close')
  }),
  row(`after close · ${type} · emit`, ({ instance, listener }) => {
    const device = closed(instance, type)
    device.on('close', listener('close'))
    return device.emit('close')
  }),
  row(`after close · ${type} · the device can be opened again`, ({ instance }) => {
    closed(instance, type)
    const { closed: again, queued, playing } = instance(type)
    return { again, queued, playing }
  }),
  row(`close · ${type} · event`, ({ instance, listener }) => {
    const device = instance(type)
    device.on('close', listener('close'))
    device.close()
  }),
  row(`close · ${type} · event, and '*'`, ({ instance, listener }) => {
    const device = instance(type)
    device.on('*', listener('*'))
    device.on('close', listener('close'))
    device.close()
  }),
  row(`close · ${type} · the event comes once`, ({ instance, listener, attempt }) => {
    const device = instance(type)
    device.on('close', listener('close'))
    device.close()
    attempt(() => device.close())
  }),
  row(`close · ${type} · in the event it is still open`, ({ instance }) => {
    const device = instance(type)
    let seen
    device.on('close', () => { seen = [device.closed, device.queued, device.playing] })
    device.close()
    return seen
  }),
  row(`close · ${type} · the event comes before close returns`, ({ instance }) => {
    const device = instance(type)
    const order = []
    device.on('close', () => order.push('event'))
    device.close()
    return [...order, 'returned']
  }),
  row(`close · ${type} · listeners are gone afterwards`, ({ instance }) => {
    const device = instance(type)
    device.on('close', () => {})
    device.on('*', () => {})
    device.close()
    return [device.listenerCount('close'), device.listenerCount('*'), device.eventNames()]
  }),
  row(`close · ${type} · listeners hear that they are removed`, ({ instance, listener }) => {
    const device = instance(type)
    device.on('close', listener('close'))
    device.on('removeListener', listener('removeListener'))
    device.close()
  }),
  row(`close · ${type} · from its own event`, ({ instance, listener, attempt }) => {
    const device = instance(type)
    device.once('close', listener('close'))
    device.once('close', () => device.close())
    return [attempt(() => device.close()), device.closed]
  }),
  row(`close · ${type} · a listener that throws`, ({ instance, attempt }) => {
    const device = instance(type)
    device.once('close', () => { throw new RangeError('a listener failed') })
    const first = attempt(() => device.close())
    const closedBy = device.closed
    return { first, closedBy, second: attempt(() => device.close()), closed: device.closed }
  }),
]

module.exports = types.flatMap(ofType)
