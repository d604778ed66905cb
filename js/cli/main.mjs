#!/usr/bin/env node
// Main thread. `npx sdl-callback-audio COMMAND …`: finds the command, runs it, and turns its end into an exit code.
// 0: fine; 1: a problem was found, or it failed; 2: wrong usage; 130: Ctrl-C (128 + the signal).
import process from 'node:process'
import { UsageError, interpret } from './arguments.mjs'
import { Ending } from './ending.mjs'
import { commandHelp, overview } from './help.mjs'
import { columnsOf, wrap } from './text.mjs'

/** name → its module, loaded only when it is asked for: most of them load the native part. */
const COMMANDS = {
  doctor: () => import('./doctor.mjs'),
  devices: () => import('./devices.mjs'),
  tone: () => import('./tone.mjs'),
  play: () => import('./play.mjs'),
  record: () => import('./record.mjs'),
  monitor: () => import('./monitor.mjs'),
  loopback: () => import('./loopback.mjs'),
}

const FAILED = 1
const WRONG_USAGE = 2
const HELP = ['--help', '-h']

const say = (text) => {
  const lines = `sdl-callback-audio: ${text}`.split('\n').flatMap((line) => wrap(line, columnsOf(process.stderr) - 1))
  process.stderr.write(`${lines.join('\n')}\n`)
}

const hint = (words) => process.stderr.write(`Try: npx sdl-callback-audio ${words}\n`)

/** By which of its names the device was asked for. */
const deviceOption = (words) => words.find((word) => /^--(device|input|output)\b/.test(word))?.split('=')[0] ?? '--device'

const version = async () => {
  const { createRequire } = await import('node:module')
  return createRequire(import.meta.url)('../../package.json').version
}

/** What a command that could not go on is told of; one that was interrupted was told already. Scripts find it in the JSON, too. */
const failure = (name, error, rest = []) => {
  if (rest.includes('--json')) process.stdout.write(`${JSON.stringify({ error: { message: String(error?.message ?? error), code: error?.code ?? null } })}\n`)
  if (error instanceof UsageError) {
    say(error.message)
    hint(`${name} --help`)
    return WRONG_USAGE
  }
  const isTold = typeof error?.code === 'string'
  if (isTold) say(`${name}: ${error.message} (${error.code})`)
  else process.stderr.write(`${error?.stack ?? error}\n`)
  if (error?.code === 'ERR_AUDIO_DEVICE_NOT_FOUND') hint(`devices, or leave out ${deviceOption(rest)}`)
  else if (/^ERR_AUDIO_(OPEN_FAILED|DEVICE|LOAD)/.test(error?.code)) hint('doctor')
  return FAILED
}

/** Runs one command; resolves to its exit code. */
const run = async ([name, ...rest]) => {
  if (name === undefined || HELP.includes(name) || name === 'help') {
    const asked = name === 'help' && Object.hasOwn(COMMANDS, rest[0]) ? rest[0] : null
    process.stdout.write(asked ? commandHelp(asked, (await COMMANDS[asked]()).spec) : await overview(COMMANDS))
    return name === undefined ? WRONG_USAGE : 0
  }
  if (name === '--version' || name === '-v') {
    process.stdout.write(`${await version()}\n`)
    return 0
  }
  if (!Object.hasOwn(COMMANDS, name)) {
    say(`there is no command "${name}": expected one of ${Object.keys(COMMANDS).join(', ')}`)
    hint('--help')
    return WRONG_USAGE
  }
  const { spec, run: command } = await COMMANDS[name]()
  if (rest.some((word) => HELP.includes(word))) {
    process.stdout.write(commandHelp(name, spec))
    return 0
  }
  const ending = new Ending()
  try {
    const code = await command(interpret(spec, rest), ending)
    return ending.exitCode ?? code
  } catch (error) {
    return ending.exitCode ?? failure(name, error, rest)
  }
}

// A reader that has gone, as of `… | head`, is no failure: whatever else would have been said, nobody hears it.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error) => {
    if (error.code === 'EPIPE') process.exit(0)
    if (stream !== process.stderr) process.stderr.write(`sdl-callback-audio: the output cannot be written: ${error.message}\n`)
    process.exit(1)
  })
}

run(process.argv.slice(2)).then(
  (code) => { process.exitCode = code },
  (error) => { process.exitCode = failure(process.argv[2], error) },
)
