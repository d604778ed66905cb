'use strict'
// ring.cjs SAMPLES: prints ns per write of so many samples, into a shared ring and by our native calls, side by side.

const sdl = require('../../..')

const count = Number(process.argv[2])
const CHANNELS = 2
const device = sdl.audio.openDevice({ type: 'playback' }, { channels: CHANNELS, capacityMs: 2000 })
const source = device.createSource({ targetMs: 2000 })
const ring = sdl.SharedRing.allocate({ frames: 96000, channels: CHANNELS })
const away = new Float32Array(96000 * CHANNELS)
const samples = new Float32Array(count).fill(0.1)
const bytes = Buffer.from(samples.buffer)

const BATCHES = 200
const CALLS = Math.floor((90_000 * CHANNELS) / count)
const median = (values) => values.sort((a, b) => a - b)[values.length >> 1]

/** What was cleared takes room until the callback has stepped over it. */
const clearSource = () => {
  source.clear()
  while (source.spaceFrames < (CALLS * count) / CHANNELS) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1)
}

const ways = {
  ring: { act: () => ring.write(samples), settle: () => ring.read(away) },
  enqueue: { act: () => device.enqueue(bytes), settle: () => device.clearQueue() },
  write: { act: () => device.write(samples), settle: () => device.clearQueue() },
  source: { act: () => source.write(samples), settle: clearSource },
}
const ns = Object.fromEntries(Object.entries(ways).map(([name, { act, settle }]) => {
  const times = []
  for (let batch = 0; batch < BATCHES; batch++) {
    settle()
    const start = process.hrtime.bigint()
    for (let call = 0; call < CALLS; call++) act()
    times.push(Number(process.hrtime.bigint() - start) / CALLS)
  }
  return [name, median(times)]
}))
console.log(JSON.stringify(ns))
process.exit()
