// Sides that need sound: each runs against a private audio server of its own, whose microphone hears what it plays.

import { execFileSync, spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { repo, systemSdl } from './peers.mjs'

const here = (file) => fileURLToPath(new URL(file, import.meta.url))

/** A scheduling class above everything else that the machine does, which is not to be measured; politeness where refused. */
const ahead = (() => {
  const realtime = ['chrt', '--fifo', '5']
  const allowed = spawnSync(realtime[0], [...realtime.slice(1), 'true']).status === 0
  return allowed ? realtime : ['nice', '-n', '-10']
})()

/** A side that is to run in time, with the server that it starts. */
export const inTime = ({ command, args, env, ...rest }) => ({
  ...rest,
  env: { PULSE_CLIENTCONFIG: here('pulse-client.conf'), ...env },
  command: ahead[0],
  args: [...ahead.slice(1), command, ...args],
})

export const onServer = (side) =>
  inTime({ ...side, command: process.execPath, args: [here('../audio-server.cjs'), side.command, ...side.args] })

/** Compiles the bare C program against the system's SDL2; returns it as a side. */
export const bareC = (...figures) => {
  const program = path.join(repo, 'target/bench/roundtrip')
  fs.mkdirSync(path.dirname(program), { recursive: true })
  const flags = systemSdl('--cflags', '--libs').split(/\s+/)
  execFileSync('cc', ['-O2', here('roundtrip.c'), '-o', program, ...flags], { stdio: 'inherit' })
  return onServer({ command: program, args: figures.map(String) })
}
