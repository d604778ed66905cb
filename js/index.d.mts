import type * as sdl from '../index.js'

export * from '../index.js'
declare const all: typeof sdl
export default all
