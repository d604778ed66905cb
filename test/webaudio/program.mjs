// Main thread, and its own worker. The program under test: plays until its input ends, while its main thread is blocked.
// usage: node program.mjs JSON     { via, thread: 'main' | 'worker', blockMs, toneHertz }
// Prints a line of JSON when it plays, and one with the counters when it has ended.
import { once } from 'node:events'
import { Worker, isMainThread, parentPort, workerData } from 'node:worker_threads'
import { startJob } from './job.mjs'

const say = (message) => process.stdout.write(JSON.stringify(message) + '\n')

/** Keeps this thread busy for `blockMs` of every second. */
function blockEverySecond (blockMs) {
  return setInterval(() => {
    const end = performance.now() + blockMs
    while (performance.now() < end);
  }, 1000)
}

/** The job in a worker, to be ended from here. */
async function startWorker (options) {
  const worker = new Worker(new URL(import.meta.url), { workerData: options })
  await once(worker, 'message')
  return async () => {
    worker.postMessage('stop')
    const [counters] = await once(worker, 'message')
    return counters
  }
}

if (isMainThread) {
  const options = JSON.parse(process.argv[2])
  const stop = await (options.thread === 'worker' ? startWorker : startJob)(options)
  const blocking = options.blockMs > 0 ? blockEverySecond(options.blockMs) : null
  say('playing')
  process.stdin.resume()
  await once(process.stdin, 'end')
  clearInterval(blocking)
  say(await stop())
} else {
  const stop = await startJob(workerData)
  parentPort.postMessage('playing')
  await once(parentPort, 'message')
  parentPort.postMessage(await stop())
}
