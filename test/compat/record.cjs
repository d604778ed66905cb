'use strict'

// node test/compat/record.cjs PATH_TO_KMAMAL_SDL: performs the table on the real @kmamal/sdl and writes down what it does.

const { readFileSync, writeFileSync } = require('node:fs')
const { join, resolve } = require('node:path')
const { observe } = require('./observe.cjs')

const RECORD = join(__dirname, 'record.json')

/** One row per line: a change of one row is a change of one line. */
const print = ({ of, rows }) => {
  const lines = Object.entries(rows).map(([row, observed]) => `    ${JSON.stringify(row)}: ${JSON.stringify(observed)}`)
  return `{\n  "of": ${JSON.stringify(of)},\n  "rows": {\n${lines.join(',\n')}\n  }\n}\n`
}

/** SDL's version as the peer tells it, asked in a process of its own: loading it would start SDL here. */
const record = async (root) => {
  const { name, version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  if (name !== '@kmamal/sdl') throw new Error(`expected the root of @kmamal/sdl but found ${name}`)
  const rows = await observe(root)
  for (const [row, observed] of Object.entries(rows)) {
    if ('unperformed' in observed) throw new Error(`"${row}": ${observed.unperformed}`)
  }
  const { returned: sdl } = rows['info · version.runtime']
  const of = {
    [name]: version,
    SDL: `${sdl.major}.${sdl.minor}.${sdl.patch}`,
    node: process.versions.node,
    platform: `${process.platform}-${process.arch}`,
  }
  writeFileSync(RECORD, print({ of, rows }))
  console.log(`${Object.keys(rows).length} rows of ${name} ${version} recorded`)
}

const [path] = process.argv.slice(2)
if (path === undefined) {
  console.error('usage: node test/compat/record.cjs PATH_TO_KMAMAL_SDL')
  process.exitCode = 1
} else {
  record(resolve(path))
}
