'use strict'

const { audio } = require('./audio.cjs')
const { codedError } = require('./errors.cjs')
const { info } = require('./info.cjs')

if (![undefined, '', '0'].includes(process.env.SDL_CALLBACK_AUDIO_DEBUG)) require('./debug.cjs')

const createPlaybackStream = (options) => audio.createPlaybackStream(options)
const createCaptureStream = (options) => audio.createCaptureStream(options)

module.exports = { audio, info, createPlaybackStream, createCaptureStream }

// Loaded when it is asked for: who only plays sound needs no memory for the rest.
const parts = {
  AesCtr: () => require('./crypto.cjs'),
  AudioProcessor: () => require('./processor.cjs'),
  AudioProcessorPool: () => require('./processor.cjs'),
  JitterBuffer: () => require('./playout.cjs'),
  OpusDecoder: () => require('./codec.cjs'),
  OpusEncoder: () => require('./codec.cjs'),
  opusVersion: () => require('./codec.cjs'),
  PacketOpener: () => require('./packets.cjs'),
  PacketSealer: () => require('./packets.cjs'),
  PlayoutBuffer: () => require('./playout.cjs'),
  PlayoutClock: () => require('./playout.cjs'),
  Receiver: () => require('./receiver.cjs'),
  Resampler: () => require('./resample.cjs'),
  Sender: () => require('./sender.cjs'),
  SharedRing: () => require('./shared-ring.cjs'),
  floatToInt16: () => require('./resample.cjs'),
  int16ToFloat: () => require('./resample.cjs'),
}
for (const [name, load] of Object.entries(parts)) {
  Object.defineProperty(module.exports, name, { enumerable: true, configurable: true, get: () => load()[name] })
}

// The rest of SDL is not here; whoever asks for it is told so, and who only looks at what there is is not.
const absent = ['video', 'keyboard', 'mouse', 'touch', 'joystick', 'controller', 'sensor', 'clipboard', 'power']
for (const name of absent) {
  Object.defineProperty(module.exports, name, {
    get () {
      throw codedError('NOT_SUPPORTED', `sdl.${name} is not part of sdl-callback-audio, which is SDL's audio only; use @kmamal/sdl for it`)
    },
  })
}
