// callback-ours.mjs MODULE FRAMES SECONDS: a worker keeps a stereo device full; prints what it says of its callbacks.

import { createRequire } from 'node:module'
import { Worker, isMainThread, parentPort } from 'node:worker_threads'
import { fileURLToPath } from 'node:url'

const [module, ...figures] = process.argv.slice(2)
const [frames, seconds] = figures.map(Number)

if (isMainThread) {
  const worker = new Worker(fileURLToPath(import.meta.url), { argv: process.argv.slice(2) })
  worker.on('message', (stats) => {
    console.log(JSON.stringify(stats))
    process.exit()
  })
} else {
  const { audio } = createRequire(import.meta.url)(module)
  const device = audio.openDevice({ type: 'playback' }, { channels: 2, frequency: 48000, periodFrames: frames })
  const block = new Float32Array(2 * frames).map((_, sample) => Math.sin(sample / 20) / 4)
  device.play()
  const end = performance.now() + seconds * 1000
  while (performance.now() < end) {
    if (device.waitForSpace(frames, 1000)) device.write(block)
  }
  const { intervalUs, durationUs, underruns } = device.stats()
  parentPort.postMessage({ intervalUs, durationUs, underruns })
}
