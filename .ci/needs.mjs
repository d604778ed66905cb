// What has to be on the machine, how to see whether it is, and which Debian package brings it.
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'

/** Returns where on PATH a command lies, or undefined. */
export const whereIs = (name) =>
  (process.env.PATH ?? '').split(path.delimiter).map((dir) => path.join(dir, name)).find((file) => fs.existsSync(file))

const succeeds = (command, args) => spawnSync(command, args).status === 0

const command = (name) => () => whereIs(name) !== undefined
const header = (pkgConfigName) => () => succeeds('pkg-config', ['--exists', pkgConfigName])
const cargo = (subcommand) => () => succeeds('cargo', [subcommand, '--version'])

// `backend`: SDL2 is compiled without it where the need is not there; nothing else fails.
// `rustup`: the component of a toolchain that rustup installed.
const NEEDS = [
  { when: 'compiles', there: command('cc'), debian: 'gcc', why: 'compiles SDL2 and libopus' },
  { when: 'compiles', there: command('c++'), debian: 'g++', why: "SDL2's CMake files ask for it" },
  { when: 'compiles', there: command('make'), debian: 'make', why: 'builds SDL2 and libopus' },
  { when: 'compiles', there: command('cmake'), debian: 'cmake', why: 'builds SDL2 and libopus' },
  { when: 'compiles', there: command('pkg-config'), debian: 'pkg-config', why: 'finds the headers of the backends', backend: 'pulseaudio' },
  { when: 'compiles', there: header('libpulse'), debian: 'libpulse-dev', why: 'headers of the PulseAudio backend', backend: 'pulseaudio' },
  { when: 'compiles', there: header('libpipewire-0.3 >= 0.3.20'), debian: 'libpipewire-0.3-dev', why: 'headers of the PipeWire backend', backend: 'pipewire' },
  { when: 'compiles', there: header('alsa'), debian: 'libasound2-dev', why: 'headers of the ALSA backend', backend: 'alsa' },
  { when: 'tests', there: command('pulseaudio'), debian: 'pulseaudio', why: 'the private audio server of the tests' },
  { when: 'tests', there: command('parec'), debian: 'pulseaudio-utils', why: 'records and plays through that server' },
  { when: 'tests', there: command('opusdec'), debian: 'opus-tools', why: 'another implementation of Opus, to test ours against' },
  { when: 'tests', there: cargo('fmt'), debian: 'rustfmt', rustup: 'rustfmt', why: 'checks how the Rust is laid out' },
  { when: 'tests', there: cargo('clippy'), debian: 'rust-clippy', rustup: 'clippy', why: 'checks the Rust' },
]

/** SDL2's audio backends for this system that are compiled only where their headers are. */
export const BACKENDS = process.platform === 'linux' ? [...new Set(NEEDS.map(({ backend }) => backend).filter(Boolean))] : []

/** Lists what is missing to compile the native part and to run the tests. Knows Linux only. */
export const missingFor = (purposes) =>
  process.platform === 'linux' ? NEEDS.filter(({ when, there }) => purposes[when] && !there()) : []

/** Tells whether a backend would be in SDL2 if it were compiled now. */
export const canHave = (name) => NEEDS.filter(({ backend }) => backend === name).every(({ there }) => there())

export const packagesOf = (needs) => needs.map(({ debian }) => debian)
