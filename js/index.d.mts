import type { AudioModule, Info, SharedRing } from '../index.js'

export * from '../index.js'
declare const sdl: { readonly audio: AudioModule, readonly info: Info, readonly SharedRing: typeof SharedRing }
export default sdl
