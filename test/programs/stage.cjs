'use strict'

const assert = require('node:assert/strict')
const { once } = require('node:events')
const fs = require('node:fs')
const path = require('node:path')
const { setTimeout: delay } = require('node:timers/promises')
const { Worker } = require('node:worker_threads')
const sdl = require('../..')
const signals = require('../js/signals.cjs')
const pipes = require('./pipes.cjs')
const remotes = require('./remotes.cjs')

// What a scene has at hand.

const { audio } = sdl
const PATIENCE_MS = 60_000

const sceneOf = (source) => new Function('require', `return (${source})`)(require)

/** Waits until `condition()` holds, and returns what it answered. */
const until = async (condition) => {
  for (const started = performance.now(); performance.now() - started < PATIENCE_MS; await delay(1)) {
    const answer = await condition()
    if (answer) return answer
  }
  throw new Error(`this never came true: ${condition}`)
}

/** A file in the scene's own folder; as the name of a device of the disk driver it is what that plays or records. */
const tape = (name = 'tape') => path.resolve(name)

const tasks = () => fs.readdirSync('/proc/self/task')
/** Names of the threads; one that ends under our eyes has none. */
const threads = () =>
  tasks().flatMap((task) => {
    try {
      return [fs.readFileSync(`/proc/self/task/${task}/comm`, 'utf8').trim()]
    } catch {
      return []
    }
  })
const openFiles = () =>
  fs.readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      return [fs.readlinkSync(`/proc/self/fd/${fd}`)]
    } catch {
      return [] // it was the one that read the folder
    }
  })

/** Waits until the driver has let go of a tape, and returns what is on it. */
const recorded = async (file = tape()) => {
  await until(() => !openFiles().includes(file))
  return fs.readFileSync(file)
}

// Elsewhere than on the disk driver these are the system's default devices.
const onDisk = process.env.SDL_AUDIODRIVER === 'disk'
const open = (type, name, options) => audio.openDevice(onDisk ? { type, name } : { type }, options)
const speaker = (options, name = tape()) => open('playback', name, options)
const microphone = (options, name = tape()) => open('recording', name, options)

/** Resolves when all that was queued has gone to the device. */
const playedOut = (device) => until(() => device.queuedFrames === 0)

/** The code that `call` throws; `'none'` if it does not. */
const codeOf = (call) => {
  try {
    call()
    return 'none'
  } catch (error) {
    return error.code ?? error
  }
}

/** What the event `type` brings, once it comes. */
const heard = (emitter, type) => new Promise((resolve) => { emitter.once(type, resolve) })

/**
 * Starts `scene(stage, ...args)` in a worker. `told` is what it says first with `tell`; `say` gives it the word that it waits
 * for with `word`; `done` is what it returns, `ended` its exit code.
 */
const startWorker = (scene, ...args) => {
  const worker = new Worker(path.join(__dirname, 'worker.cjs'), { workerData: { source: String(scene), args } })
  const says = (what) => new Promise((resolve, reject) => {
    worker.on('error', reject)
    worker.on('message', (message) => {
      if (message.threw) reject(Object.assign(new Error(message.threw.message), message.threw))
      else if (what in message) resolve(message[what])
    })
  })
  const [told, done] = [says('told'), says('returned')]
  for (const outcome of [told, done]) outcome.catch(() => {}) // who cares waits for it
  return { worker, told, done, say: (word) => worker.postMessage(word), ended: heard(worker, 'exit') }
}

/** Starts a worker that plays to the tape `name` for ever; `handle` is its device, once it plays. */
const startPlayer = (name, channels) => {
  const worker = new Worker(path.join(__dirname, 'player.cjs'), { workerData: { name: onDisk ? name : undefined, channels } })
  return { worker, handle: once(worker, 'message').then(([handle]) => handle) }
}

module.exports = {
  sdl, audio, assert, fs, signals, remotes, ...pipes,
  sceneOf, until, delay, tape, recorded, speaker, microphone, playedOut, codeOf, heard, startWorker, startPlayer,
  tasks, threads, openFiles,
}
