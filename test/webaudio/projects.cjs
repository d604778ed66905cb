'use strict'
// Main thread. Throw-away projects that use the packed package as its users do, and the Node versions to run them on.

const { execFileSync } = require('node:child_process')
const fs = require('node:fs')
const path = require('node:path')

const ROOT = path.join(__dirname, '..', '..')
const CACHE = path.join(ROOT, 'target', 'webaudio')
const NEWEST_NODE = 26

const npm = (args, cwd) =>
  execFileSync('npm', [...args, '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], { cwd, encoding: 'utf8' })

/** Calls `make` once for each argument, and hands its result out again afterwards. */
const once = (make) => {
  const made = new Map()
  return (key) => {
    if (!made.has(key)) made.set(key, make(key))
    return made.get(key)
  }
}

/** Empties and returns a folder under the cache. */
function emptyFolder (name) {
  const folder = path.join(CACHE, name)
  fs.rmSync(folder, { recursive: true, force: true })
  fs.mkdirSync(folder, { recursive: true })
  return folder
}

/** Packs the package as `npm publish` would; returns what a manifest says to get it. */
const packed = once(() => {
  const folder = emptyFolder('tarball')
  npm(['pack', ROOT, '--pack-destination', folder], folder)
  return `file:${path.join(folder, fs.readdirSync(folder)[0])}`
})

/** An `@kmamal/sdl` that loads and cannot play: who has it replaced must not touch it. */
const mute = once(() => {
  const folder = emptyFolder('mute')
  fs.writeFileSync(path.join(folder, 'package.json'), '{ "name": "mute", "version": "0.11.13" }')
  fs.writeFileSync(path.join(folder, 'index.js'), 'module.exports = { audio: null, info: null }')
  return `file:${folder}`
})

const MANIFESTS = {
  'via-register': () => ({ dependencies: { 'webaudio-node': '0.8.0', 'sdl-callback-audio': packed() } }),
  'via-set-sdl': () => ({
    dependencies: { 'webaudio-node': '0.8.0', 'sdl-callback-audio': packed() },
    overrides: { '@kmamal/sdl': mute() },
  }),
  'via-override': () => ({ dependencies: { 'webaudio-node': '0.8.0' }, overrides: { '@kmamal/sdl': packed() } }),
}

/** Makes a project that installs our devices in one of the ways, with the programs under test in it; returns its folder. */
const projectFor = once((way) => {
  const folder = emptyFolder(way)
  fs.writeFileSync(path.join(folder, 'package.json'), JSON.stringify({ name: way, private: true, ...MANIFESTS[way]() }))
  npm(['install'], folder)
  for (const file of ['program.mjs', 'job.mjs', 'sine.cjs', `${way}.mjs`]) {
    fs.copyFileSync(path.join(__dirname, file), path.join(folder, file))
  }
  return folder
})

/** Returns a `node` of a major version: this one if it fits, else npm's copy, fetched once. */
const nodeOf = once((major) => {
  if (process.versions.node.startsWith(`${major}.`)) return process.execPath
  // What npm's `node` package fetches in an install script, which not every npm runs.
  const binaries = `node-${process.platform}-${process.arch}`
  const node = path.join(CACHE, `node-${major}`, 'node_modules', binaries, 'bin', 'node')
  if (!fs.existsSync(node)) npm(['install', '--prefix', emptyFolder(`node-${major}`), `${binaries}@${major}`], CACHE)
  return node
})

module.exports = { NEWEST_NODE, projectFor, nodeOf }
