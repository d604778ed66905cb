'use strict'

const { audio } = require('./audio.cjs')
const { codedError } = require('./errors.cjs')
const { info } = require('./info.cjs')
const { SharedRing } = require('./shared-ring.cjs')

const createPlaybackStream = (options) => audio.createPlaybackStream(options)
const createCaptureStream = (options) => audio.createCaptureStream(options)

module.exports = { audio, info, SharedRing, createPlaybackStream, createCaptureStream }

// The rest of SDL is not here; whoever asks for it is told so, and who only looks at what there is is not.
const absent = ['video', 'keyboard', 'mouse', 'touch', 'joystick', 'controller', 'sensor', 'clipboard', 'power']
for (const name of absent) {
  Object.defineProperty(module.exports, name, {
    get () {
      throw codedError('NOT_SUPPORTED', `sdl.${name} is not part of sdl-callback-audio, which is SDL's audio only; use @kmamal/sdl for it`)
    },
  })
}
