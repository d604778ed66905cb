import sdl from './index.cjs'

export const {
  audio,
  info,
  createPlaybackStream,
  createCaptureStream,
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
  Receiver,
  Resampler,
  Sender,
  SharedRing,
  floatToInt16,
  int16ToFloat,
} = sdl
export default sdl
