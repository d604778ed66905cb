import sdl from './index.cjs'

export const {
  audio,
  info,
  createPlaybackStream,
  createCaptureStream,
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
} = sdl
export default sdl
