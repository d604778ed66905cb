// The oldest glibc that a binary runs on, from the versions of the symbols that it asks for; fails where that is newer than promised.
// usage: node .ci/glibc.mjs [FILE…]     default: every js/*.node for glibc
import fs from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const { OLDEST_GLIBC } = createRequire(import.meta.url)('../js/load-failure.cjs')
const BUILT = fileURLToPath(new URL('../js', import.meta.url))

const built = () => fs.readdirSync(BUILT).filter((name) => name.endsWith('-gnu.node')).map((name) => path.join(BUILT, name))
const order = ([major, minor, patch = 0]) => major * 1e6 + minor * 1e3 + patch
const numbers = (version) => version.split('.').map(Number)

const files = process.argv.length > 2 ? process.argv.slice(2) : built()
for (const file of files) {
  const names = new Set([...fs.readFileSync(file, 'latin1').matchAll(/\0GLIBC_(\d+(?:\.\d+)+)(?=\0)/g)].map(([, version]) => version))
  const newest = [...names].sort((a, b) => order(numbers(a)) - order(numbers(b))).at(-1)
  console.log(`${path.basename(file)}: glibc ${newest ?? 'none'}`)
  if (newest && order(numbers(newest)) > order(numbers(OLDEST_GLIBC))) {
    console.error(`expected ${OLDEST_GLIBC} at most: build it on an older system, or change OLDEST_GLIBC and the README`)
    process.exitCode = 1
  }
}
