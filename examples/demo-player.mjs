// Main thread of the player. Starts the job, in a worker or here, and blocks this thread for a part of every second.
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'

const options = JSON.parse(process.argv[2])
const { onMain, seconds, blockMs } = options
/** Whether this thread is blocked (1 or 0), and for how many ms it has been: read by the thread that shows it. */
const blocked = new Int32Array(new SharedArrayBuffer(8))
const ended = new AbortController()
process.on('SIGINT', () => ended.abort())

/** Starts the job in a worker; resolves, when it sounds, to what ends it. */
async function startInWorker (job) {
  const worker = new Worker(new URL('demo-worker.mjs', import.meta.url), { workerData: job })
  await once(worker, 'message')
  return async () => {
    worker.postMessage('stop')
    const [counted] = await once(worker, 'message')
    return counted
  }
}

/** Starts the job on this very thread. */
async function startHere (job) {
  const { startJob } = await import('./demo-job.mjs')
  return startJob(job)
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
