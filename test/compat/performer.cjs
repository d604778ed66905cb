'use strict'

// node performer.cjs PACKAGE_ROOT [ROW]: runs one row, or all that share a process, and reports on descriptor 3, line by
// line, so that nothing is lost when the process ends in the middle.

const { writeSync } = require('node:fs')
const { createRequire } = require('node:module')
const { join } = require('node:path')
const { rows } = require('./calls.cjs')
const { describeError } = require('./describe.cjs')
const { makeStage, perform } = require('./stage.cjs')

const report = (line) => writeSync(3, `${JSON.stringify(line)}\n`)

/** The package at `root`, by its own name, as its users get it. */
const load = (root) => {
  const manifest = join(root, 'package.json')
  const resolve = createRequire(manifest)
  const { name } = resolve(manifest)
  return { root, sdl: resolve(name), helpers: resolve(`${name}/helpers`) }
}

const performShared = async (subject) => {
  for (const row of rows.filter((row) => !row.alone)) {
    const stage = makeStage(subject)
    report({ row: row.name, observed: await perform(row, stage) })
    stage.strike()
  }
}

/** Leaves open what the row opened: how the process ends with it is often the question. */
const performAlone = async (root, name) => {
  const row = rows.find((row) => row.name === name)
  let stage
  try {
    stage = makeStage(load(root), (note) => report({ note }))
  } catch (error) {
    report({ row: name, observed: { threwOnLoad: describeError(error) } })
    return
  }
  report({ row: name, observed: await perform(row, stage) })
}

const [root, name] = process.argv.slice(2)
if (name === undefined) performShared(load(root))
else performAlone(root, name)
