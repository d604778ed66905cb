'use strict'

const assert = require('node:assert/strict')
const path = require('node:path')
const { run } = require('./studio.cjs')

// Runs the command line as a process of its own, as a shell would.

const MAIN = path.join(__dirname, '..', '..', 'js', 'cli', 'main.mjs')
const COMMANDS = ['doctor', 'devices', 'tone', 'play', 'record', 'monitor', 'loopback']
const COLUMNS = 80

/** What is piped can be read by programs: no escape codes. */
const assertPlain = (text) => assert.doesNotMatch(text, /\x1b/)

/** Runs a command; whatever it prints has to be plain. `settings` are those of `run`. `stderr` is one line, `complaints` are its lines. */
const cli = async (args, settings = {}) => {
  const end = await run(MAIN, { driver: 'dummy', ...settings, args })
  assertPlain(end.stdout)
  assertPlain(end.stderr)
  return { ...end, stderr: end.stderr.replaceAll(/\s+/g, ' ').trim(), complaints: end.stderr.split('\n').slice(0, -1) }
}

/** Sends a signal as soon as the command has printed something that matches `pattern`. */
const interruptedAt = (pattern, signal = 'SIGINT') => (child) => {
  let said = ''
  const look = (chunk) => {
    said += chunk
    if (!pattern.test(said)) return
    for (const stream of [child.stdout, child.stderr]) stream.off('data', look)
    child.kill(signal)
  }
  for (const stream of [child.stdout, child.stderr]) stream.on('data', look)
}

module.exports = { COLUMNS, COMMANDS, MAIN, cli, interruptedAt }
