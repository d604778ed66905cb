'use strict'
// exit-ending.cjs SITUATION ENDING: see exit.cjs.

const { once } = require('node:events')
const { writeSync } = require('node:fs')
const { setTimeout: sleep } = require('node:timers/promises')
const { isMainThread, parentPort, workerData, Worker } = require('node:worker_threads')

const WARM_UP_MS = 500
const ten = (device) => Buffer.alloc(10 * device.frequency * 4)

const play = () => {
  const { audio } = require('../../..')
  const device = audio.openDevice({ type: 'playback' }, { periodFrames: 128 })
  device.enqueue(ten(device))
  device.play()
  return device
}

const startWorker = async () => {
  const worker = new Worker(__filename, { workerData: process.argv[2] })
  await once(worker, 'message')
  return { worker }
}

const situations = {
  bare: async () => {},
  playback: async () => ({ device: play() }),
  waitForSpace: startWorker,
  'bare worker': startWorker,
}

const say = (text) => writeSync(1, `${text}\n`)
const timed = async (act) => {
  const began = performance.now()
  await act()
  say(`took ${performance.now() - began}`)
  process.exit()
}

const endings = {
  exit: () => {
    say(`ending ${performance.timeOrigin + performance.now()}`)
    process.exit()
  },
  SIGINT: () => {
    setInterval(() => {}, 1000)
    say('ready')
  },
  terminate: ({ worker }) => timed(() => worker.terminate()),
  lost: ({ device }) => timed(() => {
    process.kill(Number(process.env.AUDIO_SERVER_PID), 'SIGKILL')
    return once(device, 'lost')
  }),
}

const main = async () => {
  const [situation, ending] = process.argv.slice(2)
  const at = await situations[situation]()
  await sleep(WARM_UP_MS)
  endings[ending](at)
}

const work = () => {
  if (workerData === 'bare worker') {
    parentPort.postMessage('blocks')
    for (const word = new Int32Array(new SharedArrayBuffer(4)); ;) Atomics.wait(word, 0, 0, 1000)
  }
  const device = play()
  parentPort.postMessage('waits')
  device.waitForSpace(100)
}

if (isMainThread) main()
else work()
