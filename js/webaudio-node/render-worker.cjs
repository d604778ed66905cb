'use strict'

const { EventEmitter } = require('node:events')
const path = require('node:path')
const { pathToFileURL } = require('node:url')
const v8 = require('node:v8')
const { MessageChannel, Worker } = require('node:worker_threads')
const board = require('./board.cjs')
const { codedError, invalid } = require('../errors.cjs')
const { MAX_PERIOD_FRAMES, checkOptions, integer, milliseconds, range } = require('../options.cjs')
const { peerOn } = require('./rpc.cjs')

// The side that starts a render worker.

/** How long a worker that was asked to end is waited for. */
const STOP_PATIENCE_MS = 2000

const urlOf = (module) => {
  if (module instanceof URL) return module.href
  if (typeof module !== 'string') throw invalid('moduleUrl must be a URL or a path', { moduleUrl: module })
  return /^[a-z]{2,}:/i.test(module) ? module : pathToFileURL(path.resolve(module)).href
}

/** Checks the options; returns what the worker is told, what it may call here, and what Node makes it of. */
const interpret = (options) => {
  checkOptions(options, ['methods', 'targetMs', 'periodFrames', 'realtime'])
  const { methods = {}, targetMs = 'auto', periodFrames, realtime = true, ...forWorker } = options
  const callable = typeof methods === 'object' && methods !== null && Object.values(methods).every((method) => typeof method === 'function')
  if (!callable) throw invalid('methods must be an object of functions', { methods })
  if (targetMs !== 'auto') milliseconds('targetMs', targetMs)
  if (periodFrames !== undefined) {
    integer('periodFrames', periodFrames)
    range('periodFrames', periodFrames, 1, MAX_PERIOD_FRAMES)
  }
  if (typeof realtime !== 'boolean') throw invalid('realtime must be a boolean', { realtime })
  return { methods, told: { targetMs, periodFrames, realtime }, forWorker }
}

/** Workers whose heap is being made. */
let beginning = 0

/**
 * Starts a worker whose heap V8 does not tidy by itself some seconds after it has become quiet: that would hold up the rendering.
 * The flag counts while the worker's heap is made, and is the whole process's.
 */
const startUntroubled = (file, options) => {
  let begun = false
  const restore = () => {
    if (begun) return
    begun = true
    beginning--
    if (beginning === 0) v8.setFlagsFromString('--memory-reducer')
  }
  beginning++
  if (beginning === 1) v8.setFlagsFromString('--no-memory-reducer')
  try {
    return new Worker(file, options).once('online', restore).once('exit', restore)
  } catch (error) {
    restore()
    throw error
  }
}

const ended = (code) => codedError('CLOSED', `the render worker has ended (exit code ${code})`, {})

const startRenderWorker = (moduleUrl, options = {}) => {
  const url = urlOf(moduleUrl)
  const { methods, told, forWorker } = interpret(options)

  // First, as Node may refuse: a port that is listened to would then hold the process for ever.
  const worker = startUntroubled(path.join(__dirname, 'worker.mjs'), { name: 'render', ...forWorker })
  const shown = board.allocate()
  const [calls, control] = [new MessageChannel(), new MessageChannel()]
  const { peer, end } = peerOn(calls.port1, methods)
  const ports = { calls: calls.port2, control: control.port2 }
  worker.postMessage({ ...ports, url, shown, ...told }, Object.values(ports))

  const handle = new EventEmitter()
  let failure = null
  let readyAsked = false
  let settle
  const ready = new Promise((resolve, reject) => { settle = { resolve, reject } })
  ready.catch(() => {}) // `tell` sees to it that somebody hears
  const exited = new Promise((resolve) => { worker.once('exit', resolve) })

  /** Tells the calls that wait, who waits for `ready`, listeners, and the process if there is none of these. */
  const tell = (error) => {
    failure ??= error
    const told = end(error) > 0 || readyAsked
    settle.reject(error)
    if (handle.listenerCount('error') > 0 || !told) handle.emit('error', error)
  }

  control.port1.once('message', () => settle.resolve())
  worker.on('error', tell)
  worker.once('exit', (code) => {
    const error = failure ?? ended(code)
    end(error)
    settle.reject(error)
    board.ended(shown)
    for (const port of [calls.port1, control.port1]) port.close()
    handle.emit('exit', code)
  })
  // The worker keeps the process, and nothing else does.
  for (const port of [calls.port1, control.port1]) port.unref()

  const stop = async () => {
    control.port1.postMessage('stop')
    const patience = setTimeout(() => worker.terminate(), STOP_PATIENCE_MS)
    const code = await exited
    clearTimeout(patience)
    return code
  }

  Object.defineProperty(handle, 'ready', {
    enumerable: true,
    get () {
      readyAsked = true
      return ready
    },
  })
  return Object.assign(handle, {
    rpc: peer,
    stats: () => board.read(shown),
    stop,
    ref: () => worker.ref(),
    unref: () => worker.unref(),
  })
}

module.exports = { startRenderWorker }
