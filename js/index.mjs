import sdl from './index.cjs'

export const {
  audio,
  info,
  AesCtr,
  AudioProcessor,
  AudioProcessorPool,
  JitterBuffer,
  OpusDecoder,
  OpusEncoder,
  opusVersion,
  PacketOpener,
  PacketSealer,
  PlayoutBuffer,
  PlayoutClock,
  Resampler,
  floatToInt16,
  int16ToFloat,
} = sdl
export default sdl
