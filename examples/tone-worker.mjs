// A tone that goes on while the main thread is blocked: a worker makes it, and the device wakes the worker.
//   node examples/tone-worker.mjs [SECONDS]
import { Worker, isMainThread, parentPort, workerData } from 'node:worker_threads'
import { fileURLToPath } from 'node:url'
import sdl from 'sdl-callback-audio'
import { readCommandLine } from './command-line.mjs'

const HERTZ = 440
const PERIOD_FRAMES = 480

if (isMainThread) {
  const { seconds } = readCommandLine('tone-worker.mjs [SECONDS]', { operands: { seconds: 3 } })
  const speaker = sdl.audio.openDevice({ type: 'playback' }, { periodFrames: PERIOD_FRAMES, capacityMs: 40 })
  const worker = new Worker(fileURLToPath(import.meta.url), { workerData: { handle: speaker.handle } })
  await new Promise((resolve) => worker.once('message', resolve))
  speaker.play()

  // A long computation: nothing else runs on this thread.
  for (const end = performance.now() + seconds * 1000; performance.now() < end;);

  const { playedFrames, underruns } = speaker.stats()
  console.log(`${(playedFrames / speaker.frequency).toFixed(1)} s of sound, ${underruns} gaps, main thread blocked all the time`)
  await worker.terminate()
  speaker.close()
} else {
  const speaker = sdl.audio.attach(workerData.handle)
  const block = new Float32Array(PERIOD_FRAMES)
  const step = (2 * Math.PI * HERTZ) / speaker.frequency
  let phase = 0
  const write = () => {
    for (let at = 0; at < block.length; at++) block[at] = 0.2 * Math.sin(phase++ * step)
    speaker.write(block)
  }
  write()
  parentPort.postMessage('ready')
  for (;;) {
    speaker.waitForSpace(PERIOD_FRAMES) // wakes when the device has taken something; meanwhile this thread costs nothing
    write()
  }
}
