// Sides that need sound: each runs against a private audio server of its own, whose microphone hears what it plays.

import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { repo } from './peers.mjs'

const here = (file) => fileURLToPath(new URL(file, import.meta.url))

/** Puts a side, and the server that it starts, ahead of what else the machine does: that is not to be measured. */
export const inTime = ({ command, args, env, ...rest }) => ({
  ...rest,
  env: { PULSE_CLIENTCONFIG: here('pulse-client.conf'), ...env },
  // Where it is not allowed, `nice` says so and goes on without.
  command: 'nice',
  args: ['-n', '-10', command, ...args],
})

export const onServer = (side) =>
  inTime({ ...side, command: process.execPath, args: [here('../audio-server.cjs'), side.command, ...side.args] })

/** Compiles the bare C program against the system's SDL2; returns it as a side. */
export const bareC = (...figures) => {
  const program = path.join(repo, 'target/bench/roundtrip')
  fs.mkdirSync(path.dirname(program), { recursive: true })
  const flags = execFileSync('pkg-config', ['--cflags', '--libs', 'sdl2'], { encoding: 'utf8' }).trim().split(/\s+/)
  execFileSync('cc', ['-O2', here('roundtrip.c'), '-o', program, ...flags], { stdio: 'inherit' })
  return onServer({ command: program, args: figures.map(String) })
}
