'use strict'

const { EventEmitter } = require('node:events')
const path = require('node:path')
const { pathToFileURL } = require('node:url')
const v8 = require('node:v8')
const { MessageChannel, Worker } = require('node:worker_threads')
const board = require('./board.cjs')
const { codedError, invalid } = require('../errors.cjs')
const { milliseconds } = require('../options.cjs')
const { peerOn } = require('./rpc.cjs')

// The side that starts a render worker.

/** How long a worker that was asked to end is waited for. */
const STOP_PATIENCE_MS = 2000

const urlOf = (module) => {
  if (module instanceof URL) return module.href
  if (typeof module !== 'string') throw invalid('moduleUrl must be a URL or a path', { moduleUrl: module })
  return /^[a-z]{2,}:/i.test(module) ? module : pathToFileURL(path.resolve(module)).href
}

/**
 * Starts a worker whose heap V8 does not tidy by itself some seconds after it has become quiet: that would hold up the rendering.
 * The flag counts while the worker's heap is made.
 */
const startUntroubled = (file, options) => {
  v8.setFlagsFromString('--no-memory-reducer')
  const worker = new Worker(file, options)
  const restore = () => v8.setFlagsFromString('--memory-reducer')
  worker.once('online', restore)
  worker.once('exit', restore)
  return worker
}

const ended = (code) => codedError('CLOSED', `the render worker has ended (exit code ${code})`, {})

const startRenderWorker = (moduleUrl, options = {}) => {
  const url = urlOf(moduleUrl)
  if (typeof options !== 'object' || options === null) throw invalid('options must be an object', { options })
  const { methods = {}, targetMs = 'auto', periodFrames, realtime = true, ...forWorker } = options
  if (targetMs !== 'auto') milliseconds('targetMs', targetMs)

  const shown = board.allocate()
  const [calls, control] = [new MessageChannel(), new MessageChannel()]
  const { peer, end } = peerOn(calls.port1, methods)
  const worker = startUntroubled(path.join(__dirname, 'worker.mjs'), { name: 'render', ...forWorker })
  const ports = { calls: calls.port2, control: control.port2 }
  worker.postMessage({ ...ports, url, shown, targetMs, periodFrames, realtime }, Object.values(ports))

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
