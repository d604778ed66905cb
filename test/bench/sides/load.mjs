// load.mjs STARTS HOW MODULE: starts Node so many times, bare and with a program that loads MODULE, in turn; prints medians of how
// long bare Node took, how much longer the other, how long its load, and how long of that a processor worked.

import { spawnSync } from 'node:child_process'
import { pathToFileURL } from 'node:url'

const [starts, how, module] = process.argv.slice(2)
const file = JSON.stringify(module)
const LOADS = {
  require: `require(${file})`,
  import: `await import(${JSON.stringify(pathToFileURL(module).href)})`,
  info: `require(${file}).info.version`,
}
/** An import alone starts the loader of modules. */
const BARE = { require: '', info: '', import: "await import('data:text/javascript,')" }
const program = (load) => `(async () => {
  const before = process.cpuUsage()
  const start = performance.now()
  ${load}
  const loadMs = performance.now() - start
  const { user, system } = process.cpuUsage(before)
  console.log(JSON.stringify({ loadMs, cpuMs: (user + system) / 1000 }))
})()`

const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1]

/** Runs a program; returns how long its process took, how long its load did, and what that cost a processor, in ms. */
const start = (load) => {
  const began = performance.now()
  const { stdout, stderr, status } = spawnSync(process.execPath, ['-e', program(load)], { encoding: 'utf8' })
  const processMs = performance.now() - began
  if (status !== 0) throw new Error(stderr)
  return { processMs, ...JSON.parse(stdout.trim().split('\n').at(-1)) }
}

// Bare and loaded take turns: what else the machine does troubles both alike.
const pairs = Array.from({ length: Number(starts) }, () => ({ bare: start(BARE[how]), loaded: start(LOADS[how]) }))
console.log(JSON.stringify({
  bareMs: median(pairs.map(({ bare }) => bare.processMs)),
  moreMs: median(pairs.map(({ bare, loaded }) => loaded.processMs - bare.processMs)),
  loadMs: median(pairs.map(({ loaded }) => loaded.loadMs)),
  cpuMs: median(pairs.map(({ loaded }) => loaded.cpuMs)),
}))
