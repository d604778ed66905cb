'use strict'

const { spawn } = require('node:child_process')
const { once } = require('node:events')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')

// Runs scenes and programs in processes of their own: SDL reads its driver from the environment once per process, and how a
// process ends is often the question.

const PROGRAMS = path.join(__dirname, '..', 'programs')
const WATCHDOG_MS = 90_000
/** For a whole test: longer than its processes are given. */
const PATIENCE_MS = 120_000
const TAPE_BYTES = 2 ** 30

/** The tapes of one test; they go when it is over. */
const tapes = []
afterEach(function () {
  this.timeout(PATIENCE_MS)
  for (const dir of tapes.splice(0)) fs.rmSync(dir, { recursive: true, force: true })
})

const newDir = () => {
  tapes.push(fs.mkdtempSync(path.join(os.tmpdir(), 'tape-')))
  return tapes.at(-1)
}

/**
 * `driver`: SDL's. `delayMs`: how long the disk driver waits after each period; 0 is as fast as it can, `null` keeps
 * real time. `input`: what the program finds on its stdin.
 */
const environment = ({ driver = 'disk', delayMs = null, env = process.env }) => {
  const set = { ...env, SDL_AUDIODRIVER: driver }
  delete set.SDL_DISKAUDIODELAY
  if (delayMs !== null) set.SDL_DISKAUDIODELAY = String(delayMs)
  return set
}

/** Resolves when `child` is gone: how it ended, and what it said. Throws if it had to be ended. */
const ending = async (child, name, patienceMs = WATCHDOG_MS) => {
  let barked = false
  const watchdog = setTimeout(() => {
    barked = true
    child.kill('SIGKILL')
  }, patienceMs)
  const said = { stdout: '', stderr: '' }
  for (const stream of ['stdout', 'stderr']) child[stream]?.on('data', (chunk) => { said[stream] += chunk })
  const [code, signal] = await once(child, 'close')
  clearTimeout(watchdog)
  if (barked) throw new Error(`${name} did not end by itself\n${said.stdout}${said.stderr}`)
  return { code, signal, ...said }
}

/** Starts a program of test/programs, or the one at an absolute path, in a folder of its own. */
const start = (program, args, options, stdio) => {
  const { input } = options
  const { cwd = newDir() } = options
  // A device that nobody stops would write to its tape until the disk is full.
  const command = [`--fsize=${TAPE_BYTES}`, process.execPath, path.resolve(PROGRAMS, program), ...args]
  const child = spawn('prlimit', command, { cwd, env: environment(options), serialization: 'advanced', stdio: [input ? 'pipe' : 'ignore', 'pipe', 'pipe', ...stdio] })
  if (input) child.stdin.end(input)
  return { child, dir: cwd }
}

/** Runs such a program; `begun` gets the child as soon as it runs. */
const run = async (program, { args = [], begun = () => {}, ...options } = {}) => {
  const { child, dir } = start(program, args, options, [])
  begun(child)
  return { ...(await ending(child, program)), dir }
}

/**
 * Runs `scene(stage, ...args)` in a process of its own; resolves to what it returns, throws what it throws. The function is
 * sent as text: it sees its arguments and nothing of what stands round it. That the process ends by itself afterwards, with
 * status 0, is part of every scene.
 */
const perform = async (options, scene, ...args) => {
  const { child } = start('scene.cjs', [], options, ['ipc'])
  const outcome = new Promise((resolve) => child.once('message', resolve))
  child.send({ source: String(scene), args })
  const ended = ending(child, 'the scene', options.patienceMs)
  const first = await Promise.race([outcome, ended.then((end) => ({ ...end, early: true }))])
  // A scene that breaks off leaves its devices as they are: how it ends is then no question.
  if (first.threw) child.kill('SIGKILL')
  const { code, signal, stderr, stdout } = await ended
  if (first.threw) throw Object.assign(new Error(first.threw.message), first.threw)
  if (first.early || code !== 0) throw new Error(`the process ended ${first.early ? 'before the scene' : 'badly'}: ${signal ?? code}\n${stdout}${stderr}`)
  if (stderr) throw new Error(`the scene complained\n${stderr}`)
  return first.returned
}

module.exports = { perform, run, PATIENCE_MS, PROGRAMS }
