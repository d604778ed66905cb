// Whichever thread renders. webaudio-node with our devices handed to it, where `@kmamal/sdl` can be loaded.
import { createRequire } from 'node:module'
import { AudioContext, setSdl } from 'webaudio-node'

setSdl(createRequire(import.meta.url)('sdl-callback-audio'))

export { AudioContext }
