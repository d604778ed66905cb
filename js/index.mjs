import sdl from './index.cjs'

export const { audio, info, OpusDecoder, OpusEncoder, opusVersion, Resampler, floatToInt16, int16ToFloat } = sdl
export default sdl
