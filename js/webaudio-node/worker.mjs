// Worker. Sets up webaudio-node as the user's module will find it, loads the module, and offers what it exports to the other side.

import { createRequire } from 'node:module'
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parentPort } from 'node:worker_threads'

const require = createRequire(import.meta.url)
const register = require('../register.cjs')
const board = require('./board.cjs')
const { pullContexts } = require('./context.cjs')
const { peerOn } = require('./rpc.cjs')
const here = require('./here.cjs')
const { useCallbackAudio } = require('./index.cjs')

const start = await new Promise((resolve) => { parentPort.once('message', resolve) })

/** The `webaudio-node` that the module at `file` sees, or null. */
const webaudioSeenFrom = async (file) => {
  let found
  try {
    found = createRequire(file).resolve('webaudio-node')
  } catch {
    return null // its module may render without it
  }
  return import(pathToFileURL(found).href)
}

const { calls, control, url, shown, ...options } = start
board.showOn(shown)
control.once('message', () => process.exit(0))
control.unref()

const file = url.startsWith('file:') ? fileURLToPath(url) : path.join(process.cwd(), '_')
register(file)
const webaudio = await webaudioSeenFrom(file)
if (webaudio) {
  useCallbackAudio(webaudio)
  pullContexts(webaudio, options)
}

const { peer, addMethods, ready, take } = peerOn(calls)
Object.assign(here, { rpc: peer, takeCalls: take })
const { default: whole, ...named } = await import(url)
addMethods({ ...(typeof whole === 'object' ? whole : {}), ...named })
ready()
control.postMessage('ready')
