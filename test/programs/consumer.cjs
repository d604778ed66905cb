'use strict'

const assert = require('node:assert/strict')
const { isMainThread, Worker } = require('node:worker_threads')
const sdl = require('sdl-callback-audio')
const helpers = require('sdl-callback-audio/helpers')
const rendering = require('sdl-callback-audio/webaudio-node')

// Holds the package by its name, as its users do, here and in a worker.

const { audio, info } = sdl
assert.equal(typeof audio.openDevice, 'function')
assert.equal(info.drivers.audio.current, process.env.SDL_AUDIODRIVER)
assert.equal(helpers.audio.bytesPerSample('f32'), 4)
assert.deepEqual(Object.keys(sdl).slice(0, 4), ['audio', 'info', 'createPlaybackStream', 'createCaptureStream'])
assert.deepEqual(Object.keys(rendering), ['useCallbackAudio', 'startRenderWorker', 'pullRender', 'rpc'])
const device = audio.openDevice({ type: 'playback', name: '/dev/null' })
device.enqueue(Buffer.alloc(4))
device.close()

if (isMainThread) {
  new Worker(__filename)
  new Worker(require.resolve('./consumer.mjs'))
}
