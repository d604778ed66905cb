// Whichever thread renders. webaudio-node on our devices where `@kmamal/sdl` itself cannot be loaded, as in a worker.
import 'sdl-callback-audio/register'
import { createRequire } from 'node:module'
import { AudioContext, setSdl } from 'webaudio-node'

setSdl(createRequire(import.meta.url)('sdl-callback-audio'))

export { AudioContext }
