// Main thread. The part of `doctor` that needs no sound: Node, the native part, versions.
import { createRequire } from 'node:module'
import process from 'node:process'
import { note, ok, problem } from './finding.mjs'

const OLDEST_NODE = 20
const require = createRequire(import.meta.url)

export function * checkNode () {
  const { node, bun, deno } = process.versions
  const system = `${process.platform} ${process.arch}${libc()}`
  if (bun || deno) yield note('Runtime', `${bun ? `Bun ${bun}` : `Deno ${deno}`} (as Node ${node}) on ${system}; Node is what this package is tested on`)
  else if (Number(node.split('.')[0]) >= OLDEST_NODE) yield ok('Node', `${node} on ${system}`)
  else yield problem('Node', `${node} is too old`, `Install Node ${OLDEST_NODE} or newer from https://nodejs.org.`)
}

const libc = () => {
  if (process.platform !== 'linux') return ''
  const version = process.report?.getReport().header.glibcVersionRuntime
  return version ? `, glibc ${version}` : ', musl'
}

export function * checkNative (known) {
  try {
    require('../binding.cjs')
    yield ok('Native part', 'loads')
  } catch ({ message }) {
    known.usable = false
    const [what, ...rest] = message.split('\n')
    yield problem('Native part', what, rest.join(' ').trim() || 'In a checkout, run: npm install && npm run build')
  }
}

export async function * checkVersions (known) {
  const { default: sdl } = await import('../index.mjs')
  known.sdl = sdl
  const { major, minor, patch } = sdl.info.version.runtime
  yield ok('Versions', `sdl-callback-audio ${require('../../package.json').version}, SDL ${major}.${minor}.${patch}, ${sdl.opusVersion}`)
}
