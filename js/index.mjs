import sdl from './index.cjs'

export const { audio, info, SharedRing, createPlaybackStream, createCaptureStream } = sdl
export default sdl
