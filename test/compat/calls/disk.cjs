'use strict'

const { existsSync, readFileSync, writeFileSync } = require('node:fs')
const { alone } = require('../row.cjs')

// The disk driver: a device's name is the file that it writes or reads, so every byte can be looked at.

const layouts = ['s8', 'u8', 's16lsb', 's16msb', 'u16lsb', 'u16msb', 's32lsb', 's32msb', 'f32lsb', 'f32msb']
const FRAMES = 2400

/** Noise in `format`, so that no part of it is like another; `seed` tells one sound from another. */
const sound = ({ audio }, format, { frames = FRAMES, seed = 1 } = {}) => {
  const bytesPerSample = audio.bytesPerSample(format)
  const span = audio.maxSampleValue(format) - audio.zeroSampleValue(format)
  const bytes = Buffer.alloc(frames * bytesPerSample)
  let state = seed
  for (let frame = 0; frame < frames; frame++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    const level = (state >>> 24) / 256
    const value = format.startsWith('f32') ? level : audio.zeroSampleValue(format) + Math.round(level * span)
    audio.writeSample(format, bytes, value, frame * bytesPerSample)
  }
  return bytes
}

const written = (name) => (existsSync(name) ? readFileSync(name) : Buffer.alloc(0))

/** Plays what is queued; true when the file holds `bytes`, every one and in one piece. */
const heard = ({ until }, device, name, bytes) => {
  device.play()
  return until(() => written(name).includes(bytes))
}

const playing = [
  ...layouts.map((format) => alone(`disk · playback · ${format} · what is enqueued is what is heard`, async (stage) => {
    const device = stage.playback({ format }, { name: 'out.raw' })
    const bytes = sound(stage, format)
    device.enqueue(bytes)
    const whole = await heard(stage, device, 'out.raw', bytes)
    device.close()
    return whole
  }, 'disk')),
  alone('disk · playback · in pieces of odd sizes', async (stage) => {
    const device = stage.playback({ format: 's16' }, { name: 'out.raw' })
    const bytes = sound(stage, 's16')
    for (let from = 0, size = 2; from < bytes.length; from += size, size += 34) device.enqueue(bytes.subarray(from, from + size))
    const whole = await heard(stage, device, 'out.raw', bytes)
    device.close()
    return whole
  }, 'disk'),
  alone('disk · playback · enqueued while it plays', async (stage) => {
    const device = stage.playback({ format: 's16' }, { name: 'out.raw' })
    const bytes = sound(stage, 's16', { frames: 24000 })
    device.enqueue(bytes.subarray(0, 24000))
    device.play()
    device.enqueue(bytes.subarray(24000))
    const whole = await heard(stage, device, 'out.raw', bytes)
    device.close()
    return whole
  }, 'disk'),
  alone('disk · playback · the buffer can be used again', async (stage) => {
    const device = stage.playback({ format: 's16' }, { name: 'out.raw' })
    const bytes = sound(stage, 's16')
    const reused = Buffer.from(bytes)
    device.enqueue(reused)
    reused.fill(0xff)
    const whole = await heard(stage, device, 'out.raw', bytes)
    device.close()
    return whole
  }, 'disk'),
  alone('disk · playback · no more than numBytes', async (stage) => {
    const device = stage.playback({ format: 's16' }, { name: 'out.raw' })
    const bytes = sound(stage, 's16')
    device.enqueue(bytes, bytes.length / 2)
    const half = await heard(stage, device, 'out.raw', bytes.subarray(0, bytes.length / 2))
    device.close()
    return { half, whole: written('out.raw').includes(bytes) }
  }, 'disk'),
  alone('disk · playback · what was cleared is not heard', async (stage) => {
    const device = stage.playback({ format: 's16' }, { name: 'out.raw' })
    const [cleared, kept] = [sound(stage, 's16', { seed: 3 }), sound(stage, 's16', { seed: 5 })]
    device.enqueue(cleared)
    device.clearQueue()
    device.enqueue(kept)
    const whole = await heard(stage, device, 'out.raw', kept)
    device.close()
    return { kept: whole, cleared: written('out.raw').includes(cleared.subarray(0, 64)) }
  }, 'disk'),
  alone('disk · playback · nothing is heard before play', async (stage) => {
    const device = stage.playback({ format: 's16' }, { name: 'out.raw' })
    const bytes = sound(stage, 's16')
    device.enqueue(bytes)
    await stage.until(() => written('out.raw').length > 0)
    const early = written('out.raw').includes(bytes.subarray(0, 64))
    const whole = await heard(stage, device, 'out.raw', bytes)
    device.close()
    return { early, whole }
  }, 'disk'),
  alone('disk · playback · six channels', async (stage) => {
    const device = stage.playback({ format: 's16', channels: 6 }, { name: 'out.raw' })
    const bytes = sound(stage, 's16', { frames: 6 * FRAMES })
    device.enqueue(bytes)
    const whole = await heard(stage, device, 'out.raw', bytes)
    device.close()
    return whole
  }, 'disk'),
  alone('disk · playback · three devices at once', async (stage) => {
    const names = ['one.raw', 'two.raw', 'three.raw']
    const sounds = names.map((_, at) => sound(stage, 's16', { seed: at + 1 }))
    const devices = names.map((name) => stage.playback({ format: 's16' }, { name }))
    devices.forEach((device, at) => device.enqueue(sounds[at]))
    const whole = await Promise.all(devices.map((device, at) => heard(stage, device, names[at], sounds[at])))
    for (const device of devices) device.close()
    return { whole, ids: new Set(devices.map(({ id }) => id)).size }
  }, 'disk'),
  alone('disk · playback · a device that breaks while it plays', async ({ audio, playback, until, note }) => {
    const device = playback({ format: 's16' }, { name: '/dev/full' })
    let lost = false
    device.on('*', (type) => {
      // Ours comes back, and breaks again.
      if (!lost || type === 'close') note(type)
      lost ||= type === 'lost'
    })
    // The peer looks for what has happened only while somebody listens for devices.
    const listener = () => {}
    audio.on('deviceRemove', listener)
    device.enqueue(Buffer.alloc(2 * 48000))
    device.play()
    await until(() => device.closed || lost)
    audio.off('deviceRemove', listener)
    return { closed: device.closed }
  }, 'disk'),
  alone('disk · playback · the name is kept', ({ playback }) => playback({}, { name: 'out.raw' }).name, 'disk'),
  alone('disk · playback · a file that cannot be made', ({ playback }) => playback({}, { name: 'no/such/folder.raw' }), 'disk'),
]

const recording = [
  ...layouts.map((format) => alone(`disk · recording · ${format} · what is in the file is what is dequeued`, async (stage) => {
    const bytes = sound(stage, format)
    writeFileSync('in.raw', bytes)
    const device = stage.recording({ format }, { name: 'in.raw' })
    device.play()
    let taken = Buffer.alloc(0)
    const whole = await stage.until(() => {
      const chunk = Buffer.alloc(4096)
      taken = Buffer.concat([taken, chunk.subarray(0, device.dequeue(chunk))])
      return taken.includes(bytes)
    })
    device.close()
    return whole
  }, 'disk')),
  alone('disk · recording · the first dequeue of a process', ({ open }) => {
    writeFileSync('in.raw', Buffer.alloc(4096))
    return open({ type: 'recording', name: 'in.raw' }).dequeue(Buffer.alloc(8))
  }, 'disk'),
  alone('disk · recording · a file that is missing', ({ recording }) => recording({}, { name: 'missing.raw' }), 'disk'),
]

module.exports = [...playing, ...recording]
