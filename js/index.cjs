'use strict'

const { audio } = require('./audio.cjs')
const { OpusDecoder, OpusEncoder, opusVersion } = require('./codec.cjs')
const { AesCtr } = require('./crypto.cjs')
const { codedError } = require('./errors.cjs')
const { info } = require('./info.cjs')
const { PacketOpener, PacketSealer } = require('./packets.cjs')
const { AudioProcessor, AudioProcessorPool } = require('./processor.cjs')
const { Resampler, floatToInt16, int16ToFloat } = require('./resample.cjs')
const { SharedRing } = require('./shared-ring.cjs')

module.exports = {
  audio,
  info,
  AesCtr,
  AudioProcessor,
  AudioProcessorPool,
  OpusDecoder,
  OpusEncoder,
  opusVersion,
  PacketOpener,
  PacketSealer,
  Resampler,
  SharedRing,
  floatToInt16,
  int16ToFloat,
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
