import type { AudioModule, Info } from '../index.js'

export * from '../index.js'
declare const sdl: { readonly audio: AudioModule, readonly info: Info }
export default sdl
