'use strict'

const { parentPort, workerData: { name, channels } } = require('node:worker_threads')
const { audio } = require('../..')

// A worker that plays without end, and never comes back to its event loop.

const device = audio.openDevice({ type: 'playback', name }, { channels, periodFrames: 48, capacityMs: 20 })
const sound = new Float32Array(480 * channels).fill(0.5)
device.play()
device.enqueue(Buffer.alloc(channels * 4 * 2000))
parentPort.postMessage(device.handle)
for (;;) {
  device.waitForSpace(480)
  device.write(sound)
}
