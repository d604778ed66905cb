// Main thread. Measures the round trip in a worker; resolves to what it found, or throws why it could not.
import { Worker } from 'node:worker_threads'

export const quantile = (values, q) => {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))]
}

/**
 * `options`: `periodFrames`, `frequency`, `probes`, `gain`, `warmMs`, and names of devices `output`, `input`. `onProgress` is called
 * with a share, 0 to 1. Resolves to `{ roundTripMs, missed, noise, intervalUs, intervals, obtained }`, or null when it was ended.
 */
export const measureLoopback = async (options, ending, onProgress = () => {}) => {
  const worker = new Worker(new URL('loopback-worker.mjs', import.meta.url), { workerData: options })
  const stop = () => worker.terminate()
  ending.signal.addEventListener('abort', stop)
  if (ending.signal.aborted) stop()
  try {
    return await new Promise((resolve, reject) => {
      worker.on('message', ({ done, result, failure }) => {
        if (done !== undefined) onProgress(done)
        else if (failure) reject(Object.assign(new Error(failure.message), { code: failure.code }))
        else resolve(result)
      })
      worker.once('error', reject)
      worker.once('exit', () => resolve(null))
    })
  } finally {
    ending.signal.removeEventListener('abort', stop)
    await worker.terminate()
  }
}
