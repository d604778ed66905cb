// roundtrip-ours.mjs MODULE FRAMES WARM_MS PROBES [stream]: a worker that blocks until the microphone has something. It
// writes the burst alone; with `stream` it plays without a break, a few blocks ahead.

import { createRequire } from 'node:module'
import { Worker, isMainThread, parentPort } from 'node:worker_threads'
import { fileURLToPath } from 'node:url'
import { CHANNELS, FREQUENCY, burst, hears, pauseMs, report, silence } from './probe.mjs'

const GIVE_UP_MS = 1000
const AHEAD = 2
const [module, ...figures] = process.argv.slice(2)
const [frames, warmMs, probes] = figures.map(Number)
const streams = figures[3] === 'stream'

const measure = () => {
  const { audio } = createRequire(import.meta.url)(module)
  const options = { channels: CHANNELS, frequency: FREQUENCY, format: 'f32', periodFrames: frames }
  const microphone = audio.openDevice({ type: 'recording' }, options)
  const capacityMs = streams ? (AHEAD * frames * 1000) / FREQUENCY : 200
  const speaker = audio.openDevice({ type: 'playback' }, { ...options, capacityMs })
  const [sound, quiet, captured] = [burst(frames), silence(frames), silence(frames)]
  microphone.play()
  speaker.play()
  const latencyMs = streams ? asStream() : alone()
  return { latencyMs, underruns: speaker.stats().underruns }

  /** Writes the burst into an empty queue, at any moment of the device's period. */
  function alone () {
    const latencies = []
    sleep(warmMs)
    for (let probe = 0; probe < probes; probe++) {
      sleep(pauseMs())
      while (microphone.read(captured) > 0);
      const emittedAt = performance.now()
      speaker.write(sound)
      while (performance.now() < emittedAt + GIVE_UP_MS) {
        if (!microphone.waitForFrames(1, GIVE_UP_MS)) break
        if (hears(captured, microphone.read(captured) * CHANNELS)) {
          latencies.push(performance.now() - emittedAt)
          break
        }
      }
    }
    return latencies
  }

  /** Keeps the queue full, which the capacity bounds to AHEAD blocks, and has the burst in one of them. */
  function asStream () {
    const latencies = []
    const end = performance.now() + warmMs + probes * GIVE_UP_MS
    let [emittedAt, due] = [null, performance.now() + warmMs]
    while (latencies.length < probes && performance.now() < end) {
      while (speaker.spaceFrames >= frames) {
        const emits = emittedAt === null && performance.now() >= due
        if (emits) emittedAt = performance.now()
        speaker.write(emits ? sound : quiet)
      }
      if (!microphone.waitForFrames(1, GIVE_UP_MS)) continue
      if (hears(captured, microphone.read(captured) * CHANNELS) && emittedAt !== null) {
        latencies.push(performance.now() - emittedAt)
        ;[emittedAt, due] = [null, performance.now() + pauseMs()]
      }
    }
    return latencies
  }
}

const sleep = (ms) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)

if (isMainThread) {
  const worker = new Worker(fileURLToPath(import.meta.url), { argv: process.argv.slice(2) })
  worker.on('message', report)
} else {
  parentPort.postMessage(measure())
}
