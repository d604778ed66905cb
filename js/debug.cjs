'use strict'

const { subscribe } = require('node:diagnostics_channel')
const fs = require('node:fs')
const { threadId } = require('node:worker_threads')
const { KINDS } = require('./diagnostics.cjs')

// Loaded where SDL_CALLBACK_AUDIO_DEBUG is set: says on stderr, a line each, what the diagnostics channels tell of this thread.

const STDERR = 2

const deviceOf = ({ type, name, handle }) => `${type} ${name === null ? 'default' : JSON.stringify(name)}${handle === null ? '' : ` #${handle}`}`

const WORDS = {
  open: ({ attached, obtained: { driver, frequency, channels, periodFrames } }) =>
    `${attached ? 'attached, ' : ''}${driver} ${frequency} Hz, channels ${channels}, period ${periodFrames} frames`,
  close: ({ stats: { callbacks, frames, underruns, overruns } }) =>
    `after ${callbacks} callbacks, ${frames} frames, ${underruns === undefined ? `overruns ${overruns}` : `underruns ${underruns}`}`,
  lost: () => 'the device is gone',
  restored: ({ gapFrames }) => `after ${gapFrames} frames`,
  underrun: ({ frames, ended }) => `${frames} frames of silence${ended ? '' : ' so far'}`,
  overrun: ({ frames, ended }) => `${frames} frames lost${ended ? '' : ' so far'}`,
  error: ({ error }) => `${error.code}: ${error.message}`,
}

const say = (line) => {
  const time = new Date().toISOString().slice(11, 23)
  try {
    // Not process.stderr: from a worker that goes through the main thread, which may be blocked.
    fs.writeSync(STDERR, `sdl-callback-audio ${time} thread ${threadId} ${line}\n`)
  } catch {} // Who does not read loses lines, and nothing else.
}

for (const kind of KINDS) {
  subscribe(`sdl-callback-audio:${kind}`, (message) => say(`${kind} ${deviceOf(message)}: ${WORDS[kind](message)}`))
}
say(`loaded ${require('../package.json').version} on Node ${process.versions.node}, ${process.platform}-${process.arch}`)
