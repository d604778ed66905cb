import sdl from './index.cjs'

export const { audio, info, SharedRing } = sdl
export default sdl
