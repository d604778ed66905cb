// Main thread of the player. Starts the job, in a worker or here, and blocks this thread for a part of every second.
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { startRenderWorker } from 'sdl-callback-audio/webaudio-node'

const options = JSON.parse(process.argv[2])
const { onMain, seconds, blockMs } = options
/** Whether this thread is blocked (1 or 0), and for how many ms it has been: read by the thread that shows it. */
const blocked = new Int32Array(new SharedArrayBuffer(8))
const ended = new AbortController()
process.on('SIGINT', () => ended.abort())

/** What webaudio-node keeps queued: enough where this user may have no real-time thread. */
const TARGET_MS = 20
/** SDL's files wait whole milliseconds for a period: this one has ten. */
const FILE_PERIOD_FRAMES = 480

/** Starts the job in a render worker; resolves, when it sounds, to what ends it. */
async function startInWorker (job) {
  const periodFrames = job.microphoneFile ? FILE_PERIOD_FRAMES : undefined
  const worker = startRenderWorker(new URL('demo-job.mjs', import.meta.url), { periodFrames, targetMs: TARGET_MS })
  await worker.rpc.methods.startJob(job)
  return async () => {
    const counted = await worker.rpc.methods.stopJob()
    await worker.stop()
    return counted
  }
}

/** Starts the job on this very thread. */
async function startHere (job) {
  const { startJob, stopJob } = await import('./demo-job.mjs')
  await startJob(job)
  return stopJob
}

/** Keeps this thread busy, as a long computation would; returns for how long, in ms. */
function block () {
  const start = performance.now()
  Atomics.store(blocked, 0, 1)
  while (performance.now() - start < blockMs);
  Atomics.add(blocked, 1, Math.round(performance.now() - start))
  Atomics.store(blocked, 0, 0)
  return performance.now() - start
}

const stop = await (onMain ? startHere : startInWorker)({ ...options, blocked })
const start = performance.now()
const leftMs = () => seconds * 1000 - (performance.now() - start)
/** Leaves this thread free for half of what is left over of a second, so that it is free at the beginning and at the end. */
const rest = () => sleep(Math.max(0, Math.min((1000 - blockMs) / 2, leftMs())), null, { signal: ended.signal })

let blockedMs = 0
try {
  while (leftMs() > 0) {
    await rest()
    if (leftMs() > blockMs) blockedMs += block()
    await rest()
  }
} catch (error) {
  if (error.name !== 'AbortError') throw error
}
const lastedMs = performance.now() - start
process.send({ ...(await stop()), lastedMs, blockedMs })
process.disconnect()
