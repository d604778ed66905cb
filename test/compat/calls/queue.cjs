'use strict'

const { row } = require('../row.cjs')
const { byteCounts, notBuffers, sampleFormats } = require('./values.cjs')

// `enqueue`, `dequeue`, `queued` and `clearQueue`. A device that is paused takes nothing, so its queue can be told exactly.

const enqueueing = [
  ...byteCounts.map(([label, numBytes]) => (
    row(`enqueue · numBytes: ${label}`, ({ playback, attempt }) => {
      const device = playback()
      return [attempt(() => device.enqueue(Buffer.alloc(8), numBytes)), device.queued]
    })
  )),
  ...notBuffers.map(([label, buffer]) => (
    row(`enqueue · ${label}`, ({ playback, attempt }) => {
      const device = playback()
      return [attempt(() => device.enqueue(buffer)), device.queued]
    })
  )),
  ...notBuffers.map(([label, buffer]) => (
    row(`enqueue · ${label}, with numBytes`, ({ playback, attempt }) => {
      const device = playback()
      return [attempt(() => device.enqueue(buffer, 8)), device.queued]
    })
  )),
  row('enqueue · nothing', ({ playback }) => playback().enqueue()),
  row('enqueue · an empty buffer', ({ playback }) => playback().enqueue(Buffer.alloc(0))),
  row('enqueue · the buffer is looked at before numBytes', ({ playback }) => playback().enqueue('eight by', 'eight')),
  row('enqueue · bytes that make no frame', ({ playback, attempt }) => {
    const device = playback({ channels: 2, format: 's16' })
    return [attempt(() => device.enqueue(Buffer.alloc(6))), device.queued]
  }),
  row('enqueue · one byte of u8', ({ playback }) => {
    const device = playback({ format: 'u8' })
    return [device.enqueue(Buffer.alloc(1)), device.queued]
  }),
  row('enqueue · a part of a larger buffer', ({ playback }) => {
    const device = playback()
    device.enqueue(Buffer.alloc(64).subarray(5, 17))
    return device.queued
  }),
  row('enqueue · memory that is shared', ({ playback }) => {
    const device = playback()
    device.enqueue(Buffer.from(new SharedArrayBuffer(8)))
    return device.queued
  }),
  row('enqueue · a buffer whose memory was transferred', ({ playback, attempt }) => {
    const device = playback()
    const memory = new ArrayBuffer(8)
    const buffer = Buffer.from(memory)
    structuredClone(memory, { transfer: [memory] })
    return [attempt(() => device.enqueue(buffer)), attempt(() => device.enqueue(buffer, 8)), device.queued]
  }),
  row('enqueue · a subclass of Buffer', ({ playback }) => {
    class Chunk extends Buffer {}
    const device = playback()
    device.enqueue(Object.setPrototypeOf(Buffer.alloc(8), Chunk.prototype))
    return device.queued
  }),
  ...sampleFormats.map((format) => (
    row(`enqueue · queued counts bytes · ${format}`, ({ playback }) => {
      const device = playback({ format, channels: 2 })
      const frame = 2 * device.bytesPerSample
      return [100, 1, 50].map((frames) => {
        device.enqueue(Buffer.alloc(frames * frame))
        return device.queued
      })
    })
  )),
  row('enqueue · a hundred small ones', ({ playback }) => {
    const device = playback()
    for (let times = 0; times < 100; times++) device.enqueue(Buffer.alloc(40))
    return device.queued
  }),
  row('enqueue · a minute at once', ({ playback }) => {
    const device = playback({ channels: 2, format: 's16', frequency: 44100 })
    device.enqueue(Buffer.alloc(60 * 44100 * 4))
    return device.queued
  }),
  row('enqueue · falls to nothing while it plays', async ({ playback, until }) => {
    const device = playback()
    device.enqueue(Buffer.alloc(4 * 4800))
    device.play()
    return until(() => device.queued === 0)
  }),
  row('enqueue · never grows while it plays', async ({ playback, until }) => {
    const device = playback()
    device.enqueue(Buffer.alloc(4 * 4800))
    device.play()
    let before = device.queued
    let grew = false
    await until(() => {
      const { queued } = device
      grew ||= queued > before
      before = queued
      return queued === 0
    })
    return grew
  }),
  row('enqueue · the queue stays while it is paused', async ({ playback, until }) => {
    const device = playback()
    device.enqueue(Buffer.alloc(4 * 48000))
    device.play()
    await until(() => device.queued < 4 * 48000)
    device.pause()
    const atPause = device.queued
    let looks = 0
    await until(() => ++looks === 10)
    return { started: atPause < 4 * 48000, stays: device.queued === atPause }
  }),
]

const clearing = [
  row('clearQueue · playback · returns', ({ playback }) => playback().clearQueue()),
  row('clearQueue · playback · with nothing queued', ({ playback }) => {
    const device = playback()
    device.clearQueue()
    return device.queued
  }),
  row('clearQueue · playback · paused', ({ playback }) => {
    const device = playback()
    device.enqueue(Buffer.alloc(4096))
    device.clearQueue()
    return device.queued
  }),
  row('clearQueue · playback · playing', ({ playback }) => {
    const device = playback()
    device.play()
    device.enqueue(Buffer.alloc(4 * 48000))
    device.clearQueue()
    return [device.queued, device.playing]
  }),
  row('clearQueue · playback · after a pause', async ({ playback, until }) => {
    const device = playback()
    device.enqueue(Buffer.alloc(4 * 48000))
    device.play()
    await until(() => device.queued < 4 * 48000)
    device.pause()
    device.clearQueue()
    return device.queued
  }),
  row('clearQueue · playback · what comes after it counts', ({ playback }) => {
    const device = playback()
    device.enqueue(Buffer.alloc(4096))
    device.clearQueue()
    device.enqueue(Buffer.alloc(400))
    return device.queued
  }),
  row('clearQueue · playback · twice', ({ playback }) => {
    const device = playback()
    device.enqueue(Buffer.alloc(4096))
    return [device.clearQueue(), device.clearQueue(), device.queued]
  }),
  row('clearQueue · recording · returns', ({ recording }) => recording().clearQueue()),
  row('clearQueue · recording · drops what was recorded', async ({ recording, until }) => {
    const device = recording()
    device.play()
    await until(() => device.queued > 0)
    device.pause()
    device.clearQueue()
    return device.queued
  }),
]

module.exports = [...enqueueing, ...clearing]
