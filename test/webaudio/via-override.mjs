// Whichever thread renders. webaudio-node whose `@kmamal/sdl` is ours by the package.json of the project.
export { AudioContext } from 'webaudio-node'
