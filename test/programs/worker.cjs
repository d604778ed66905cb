'use strict'

// Runs the scene that `startWorker` was given, in its thread; posts what came of it.

const { parentPort, workerData: { source, args } } = require('node:worker_threads')
const stage = require('./stage.cjs')

const post = (message) => parentPort.postMessage(message)
/** The next word from outside. */
const word = () => new Promise((resolve) => { parentPort.once('message', resolve) })
const act = async () => stage.sceneOf(source)({ ...stage, word, tell: (told) => post({ told }) }, ...args)
// A scene that waits for an event holds nothing else.
parentPort.ref()
act().then(
  (returned) => post({ returned }),
  ({ message, stack, code }) => post({ threw: { message, stack, code } }),
).finally(() => parentPort.unref())
