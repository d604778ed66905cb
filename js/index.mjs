import sdl from './index.cjs'

export const { audio, info } = sdl
export default sdl
