'use strict'

const { row } = require('../row.cjs')
const { byteCounts, notBuffers } = require('./values.cjs')

// `dequeue`. A device that was recording and is paused again holds some whole periods, of which a row takes less.

const PERIOD_BYTES = 256 * 4

/** A microphone, paused, that holds at least one period. */
const recorded = async ({ recording, until }, options) => {
  const device = recording(options)
  device.play()
  await until(() => device.queued >= PERIOD_BYTES)
  device.pause()
  return device
}

/** What a call gave, and how many bytes left the queue by it. */
const taken = (device, attempt, call) => {
  const before = device.queued
  const outcome = attempt(call)
  return { ...outcome, gone: before - device.queued }
}

module.exports = [
  ...byteCounts.map(([label, numBytes]) => (
    row(`dequeue · numBytes: ${label}`, async (stage) => {
      const device = await recorded(stage)
      return taken(device, stage.attempt, () => device.dequeue(Buffer.alloc(8), numBytes))
    })
  )),
  ...notBuffers.map(([label, buffer]) => (
    row(`dequeue · ${label}`, ({ recording }) => recording().dequeue(buffer))
  )),
  ...notBuffers.map(([label, buffer]) => (
    row(`dequeue · ${label}, with numBytes`, ({ recording }) => recording().dequeue(buffer, 8))
  )),
  row('dequeue · nothing', ({ recording }) => recording().dequeue()),
  row('dequeue · into an empty buffer', ({ recording }) => recording().dequeue(Buffer.alloc(0))),
  row('dequeue · the buffer is looked at before numBytes', ({ recording }) => recording().dequeue('eight by', 'eight')),
  row('dequeue · before play', ({ recording }) => recording().dequeue(Buffer.alloc(64))),
  row('dequeue · leaves a buffer alone when there is nothing', ({ recording }) => {
    const buffer = Buffer.alloc(8, 0xaa)
    recording().dequeue(buffer)
    return buffer
  }),
  ...['u8', 's8', 's16', 's16msb', 's32', 'f32', 'f32msb'].map((format) => (
    row(`dequeue · silence in ${format}`, async (stage) => {
      const device = await recorded(stage, { format, channels: 2 })
      const buffer = Buffer.alloc(16, 0xaa)
      return [device.dequeue(buffer), buffer]
    })
  )),
  row('dequeue · writes no more than numBytes', async (stage) => {
    const device = await recorded(stage)
    const buffer = Buffer.alloc(16, 0xaa)
    return [device.dequeue(buffer, 8), buffer]
  }),
  row('dequeue · more than there is', async (stage) => {
    const device = await recorded(stage)
    const { queued } = device
    const bytes = device.dequeue(Buffer.alloc(queued + 1000))
    return { all: bytes === queued, left: device.queued }
  }),
  row('dequeue · in pieces', async (stage) => {
    const device = await recorded(stage)
    const { queued } = device
    let bytes = 0
    for (let piece = device.dequeue(Buffer.alloc(100)); piece > 0; piece = device.dequeue(Buffer.alloc(100))) bytes += piece
    return { all: bytes === queued, left: device.queued }
  }),
  row('dequeue · bytes that make no frame', async (stage) => {
    const device = await recorded(stage, { channels: 2, format: 's16' })
    return taken(device, stage.attempt, () => device.dequeue(Buffer.alloc(10)))
  }),
  row('dequeue · into a part of a larger buffer', async (stage) => {
    const device = await recorded(stage)
    const larger = Buffer.alloc(16, 0xaa)
    return [device.dequeue(larger.subarray(4, 12)), larger]
  }),
  row('dequeue · into memory that is shared', async (stage) => {
    const device = await recorded(stage)
    return device.dequeue(Buffer.from(new SharedArrayBuffer(8)))
  }),
  row('dequeue · queued counts whole frames', async (stage) => {
    const device = await recorded(stage, { channels: 2, format: 's16' })
    return device.queued % 4
  }),
  row('dequeue · what was recorded stays while it is paused', async (stage) => {
    const device = await recorded(stage)
    const { queued } = device
    let looks = 0
    await stage.until(() => ++looks === 10)
    return device.queued === queued
  }),
  row('dequeue · goes on after clearQueue', async (stage) => {
    const device = await recorded(stage)
    device.clearQueue()
    device.play()
    return stage.until(() => device.dequeue(Buffer.alloc(8)) === 8)
  }),
]
