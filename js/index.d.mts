import type { AudioModule, Info, SharedRing, StreamMakers } from '../index.js'

export * from '../index.js'
declare const sdl: StreamMakers & { readonly audio: AudioModule, readonly info: Info, readonly SharedRing: typeof SharedRing }
export default sdl
