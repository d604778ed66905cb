import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { isMainThread, Worker } from 'node:worker_threads'
import sdl, { audio, info } from 'sdl-callback-audio'
import helpers, { audio as formats } from 'sdl-callback-audio/helpers'
import rendering, { pullRender } from 'sdl-callback-audio/webaudio-node'

// Holds the package by its name, as its users do, here and in a worker.

const require = createRequire(import.meta.url)
assert.equal(require('sdl-callback-audio'), sdl)
assert.equal(require('sdl-callback-audio/helpers'), helpers)
assert.equal(require('sdl-callback-audio/webaudio-node'), rendering)
assert.equal(rendering.pullRender, pullRender)
assert.deepEqual([sdl.audio, sdl.info, helpers.audio], [audio, info, formats])
assert.equal(formats.maxSampleValue('u8'), 255)
const device = audio.openDevice({ type: 'playback', name: '/dev/null' })
device.enqueue(Buffer.alloc(4))
device.close()

if (isMainThread) {
  new Worker(new URL(import.meta.url))
  new Worker(require.resolve('./consumer.cjs'))
}
