'use strict'

const Module = require('node:module')
const path = require('node:path')
const sdl = require('./index.cjs')

// Any thread. Loaded before anything else, it makes `@kmamal/sdl` mean this package in the thread that loads it: for
// `webaudio-node`, which imports it statically, and inside workers, where the real one throws.
//
//   import 'sdl-callback-audio/register'
//   import { AudioContext } from 'webaudio-node'

/** Where the programs that import `@kmamal/sdl` may be: beside the entry module, the working directory, this package. */
const places = () => [process.argv[1], path.join(process.cwd(), '_'), __filename].filter(Boolean)

const resolve = (name, from) => {
  try {
    return Module.createRequire(from).resolve(name)
  } catch {
    return null
  }
}

/** The files that `@kmamal/sdl` stands for: the project's own, and the one that `webaudio-node` brought along. */
const filesSeenFrom = (place) =>
  [place, resolve('webaudio-node', place)]
    .filter(Boolean)
    .map((from) => resolve('@kmamal/sdl', from))
    .filter(Boolean)

/**
 * Fills the cache entry of a module that has not run yet. One that a static `import` has linked is changed in place:
 * the loader keeps that very object, and looks at `loaded` when its turn comes.
 */
const stand = (file) => {
  const entry = require.cache[file] ?? (require.cache[file] = Object.assign(new Module(file, module), { filename: file }))
  entry.exports = sdl
  entry.loaded = true
}

/** Makes `@kmamal/sdl`, as seen from a file, mean this package; for programs in unusual places. */
const register = (from) => new Set(filesSeenFrom(from)).forEach(stand)

places().forEach(register)

module.exports = register
