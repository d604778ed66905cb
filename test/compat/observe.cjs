'use strict'

const { spawn } = require('node:child_process')
const { mkdtempSync, rmSync } = require('node:fs')
const { availableParallelism, tmpdir } = require('node:os')
const { join } = require('node:path')
const { rows } = require('./calls.cjs')

// Performs the whole table on the package at a path: one process for the rows that share one, one for each of the rest.

const PERFORMER = join(__dirname, 'performer.cjs')

/** A process that is still there after this long would stay for ever. */
const LIMIT_MS = 120_000

const lines = (text) => text.split('\n').filter(Boolean).map((line) => JSON.parse(line))

/** Runs a performer in an empty directory; resolves to its report and how it ended. */
const runPerformer = (args, driverEnv) => new Promise((resolve, reject) => {
  const cwd = mkdtempSync(join(tmpdir(), 'compat-'))
  // A video driver is named because the peer starts one: what is recorded must not depend on whether there is a screen.
  const env = { ...process.env, SDL_VIDEODRIVER: 'dummy', ...driverEnv }
  const child = spawn(process.execPath, [PERFORMER, ...args], { cwd, env, stdio: ['ignore', 'ignore', 'pipe', 'pipe'] })
  const limit = setTimeout(() => child.kill('SIGKILL'), LIMIT_MS)
  let report = ''
  let stderr = ''
  child.stdio[3].setEncoding('utf8').on('data', (text) => { report += text })
  child.stderr.setEncoding('utf8').on('data', (text) => { stderr += text })
  child.once('error', reject)
  child.once('close', (code, signal) => {
    clearTimeout(limit)
    rmSync(cwd, { recursive: true, force: true })
    resolve({ report: lines(report), stderr, code, signal })
  })
})

const observeShared = async (root) => {
  const { report, stderr, code, signal } = await runPerformer([root], { SDL_AUDIODRIVER: 'dummy' })
  if (report.length === 0) throw new Error(`the package at ${root} does not load: ${stderr}`)
  const observed = new Map(report.map((line) => [line.row, line.observed]))
  for (const { name } of rows.filter((row) => !row.alone && !observed.has(row.name))) {
    observed.set(name, { unperformed: `the process ended before this row (${signal ?? code}): ${stderr}` })
  }
  return observed
}

const observeAlone = async (root, row) => {
  const { report, stderr, code, signal } = await runPerformer([root, row.name], row.env)
  const notes = report.filter((line) => line.note).map((line) => line.note)
  const observed = report.find((line) => line.row)?.observed ?? {}
  if (report.length === 0) return { unperformed: `the process ended without a word (${signal ?? code}): ${stderr}` }
  return { ...observed, ...(notes.length > 0 && { notes }), ended: signal ?? code }
}

/** Row name → observation, in the order of the table. */
const observe = async (root) => {
  const observed = new Map()
  const waiting = rows.filter((row) => row.alone)
  const performAlone = async () => {
    for (let row = waiting.shift(); row; row = waiting.shift()) observed.set(row.name, await observeAlone(root, row))
  }
  const performShared = async () => {
    try {
      for (const [name, observation] of await observeShared(root)) observed.set(name, observation)
    } catch (error) {
      // Without these rows the rest is of no use.
      waiting.length = 0
      throw error
    }
  }
  await Promise.all([performShared(), ...Array.from({ length: availableParallelism() }, performAlone)])
  return Object.fromEntries(rows.map(({ name }) => [name, observed.get(name)]))
}

module.exports = { observe }
