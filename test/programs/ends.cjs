'use strict'

const { Worker } = require('node:worker_threads')
const stage = require('./stage.cjs')

// node ends.cjs SITUATION ENDING: gets into a situation, and ends in the middle of it.

const { speaker, microphone, signals, until, delay, startWorker, startPlayer, tape } = stage

const plays = async (name) => {
  const device = speaker({ periodFrames: 48 }, name)
  device.enqueue(signals.bytesOf(signals.constant(480_000, 0.8)))
  device.play()
  await until(() => device.stats().playedFrames >= 2000)
  return device
}

const situations = {
  playback: () => plays(tape()),
  'playback on an audio server that hangs': async () => {
    const device = await plays()
    process.kill(Number(process.env.AUDIO_SERVER_PID), 'SIGSTOP')
    await until(async () => {
      const { callbacks } = device.stats()
      await delay(50)
      return device.stats().callbacks === callbacks
    })
  },
  ...Object.fromEntries(['openDevice', 'devices', 'info'].map((call) => [`a worker in ${call} on an audio server that hangs`, async () => {
    process.kill(Number(process.env.AUDIO_SERVER_PID), 'SIGSTOP')
    const { told } = startWorker(({ sdl, tell }, call) => {
      tell('asks')
      if (call === 'openDevice') sdl.audio.openDevice({ type: 'playback' })
      else if (call === 'devices') sdl.audio.devices
      else sdl.info.version
    }, call)
    await told
    await delay(100)
  }])),
  capture: async () => {
    const device = microphone({ periodFrames: 48 }, '/dev/zero')
    device.play()
    await until(() => device.queuedFrames > 1000)
  },
  'a worker that plays': () => startPlayer(tape(), 2).handle,
  'a worker that waits for space': () =>
    startWorker(({ speaker, tell }) => {
      const device = speaker()
      device.enqueue(Buffer.alloc(4 * 9600))
      tell('waits')
      device.waitForSpace(100)
    }).told,
  'a worker that waits for frames': () =>
    startWorker(({ microphone, tell }) => {
      const device = microphone({}, '/dev/zero')
      tell('waits')
      device.waitForFrames(100)
    }).told,
}

const endings = {
  'process.exit()': () => process.exit(),
  'process.exit(7)': () => process.exit(7),
  'an uncaught error': () => { throw new Error('uncaught') },
  'an error that a worker did not catch': () => {
    new Worker('throw new Error("uncaught")', { eval: true })
  },
  'a signal': () => {
    setInterval(() => {}, 1000)
    console.log('ready')
  },
  'a signal that it handles': () => {
    const alive = setInterval(() => {}, 1000)
    process.once('SIGINT', () => {
      console.log('handled')
      clearInterval(alive)
      process.exit(3)
    })
    console.log('ready')
  },
}

const [situation, ending] = process.argv.slice(2)
situations[situation]().then(() => setImmediate(endings[ending]))
