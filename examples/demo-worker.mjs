// Worker. The job off the main thread: says when it sounds, answers the first message with what was counted.
import { once } from 'node:events'
import { parentPort, workerData } from 'node:worker_threads'
import { startJob } from './demo-job.mjs'

const stop = await startJob(workerData)
parentPort.postMessage('playing')
await once(parentPort, 'message')
parentPort.postMessage(await stop())
