// What has to be on the machine, how to see whether it is, and which Debian package brings it.
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'

const command = (name) => () =>
  (process.env.PATH ?? '').split(path.delimiter).some((dir) => fs.existsSync(path.join(dir, name)))

const header = (pkgConfigName) => () => spawnSync('pkg-config', ['--exists', pkgConfigName]).status === 0

const NEEDS = [
  { when: 'compiles', there: command('cc'), debian: 'gcc', why: 'compiles SDL2 and libopus' },
  { when: 'compiles', there: command('c++'), debian: 'g++', why: "SDL2's CMake files ask for it" },
  { when: 'compiles', there: command('make'), debian: 'make', why: 'builds SDL2 and libopus' },
  { when: 'compiles', there: command('cmake'), debian: 'cmake', why: 'builds SDL2 and libopus' },
  { when: 'compiles', there: command('pkg-config'), debian: 'pkg-config', why: 'finds the headers below' },
  { when: 'compiles', there: header('libpulse'), debian: 'libpulse-dev', why: "headers: SDL2's PulseAudio backend is left out without" },
  { when: 'compiles', there: header('libpipewire-0.3'), debian: 'libpipewire-0.3-dev', why: "headers: SDL2's PipeWire backend is left out without" },
  { when: 'compiles', there: header('alsa'), debian: 'libasound2-dev', why: "headers: SDL2's ALSA backend is left out without" },
  { when: 'tests', there: command('pulseaudio'), debian: 'pulseaudio', why: 'the private audio server of the tests' },
  { when: 'tests', there: command('parec'), debian: 'pulseaudio-utils', why: 'records and plays through that server' },
  { when: 'tests', there: command('opusdec'), debian: 'opus-tools', why: 'another implementation of Opus, to test ours against' },
]

/** Lists what is missing to compile the native part and to run the tests. */
export const missingFor = (purposes) => NEEDS.filter(({ when, there }) => purposes[when] && !there())

export const packagesOf = (needs) => needs.map(({ debian }) => debian)
