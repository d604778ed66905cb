'use strict'
// Main thread. Runs the program under test over an audio server of its own and judges what was heard.

const { spawn } = require('node:child_process')
const { once } = require('node:events')
const readline = require('node:readline')
const { startAudioServer } = require('../audio-server.cjs')
const { projectFor, nodeOf } = require('./projects.cjs')
const { sine, channelOf, judgeSine } = require('./sine.cjs')

// Whole periods per second, and none a multiple of the other.
const TONE_HERTZ = 480
const VOICE_HERTZ = 1100
/** Sound before the part that is judged: the server settles, and webaudio-node's microphone ring fills. */
const WARM_UP_SECONDS = 3

/** The program under test in a child process: `{ stop() → counters }`, as soon as it plays. */
async function startProgram ({ way, node, env, ...options }) {
  const child = spawn(nodeOf(node), ['program.mjs', JSON.stringify({ via: `./${way}.mjs`, toneHertz: TONE_HERTZ, ...options })], {
    cwd: projectFor(way),
    env,
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  let complaints = ''
  child.stderr.on('data', (text) => { complaints += text })
  const ended = once(child, 'close')
  const lines = readline.createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const nextLine = async () => {
    const { value, done } = await lines.next()
    if (done) throw new Error(`the program ended with ${(await ended).join(' ')}: ${complaints}`)
    return JSON.parse(value)
  }
  await nextLine()
  return async () => {
    child.stdin.end()
    const counters = await nextLine()
    const [status, signal] = await ended
    return { counters, status, signal, complaints }
  }
}

/**
 * Plays the program's tone, speaks a sine into its microphone, and records both for `seconds` after a warm-up. Returns
 * what was heard of each as `judgeSine` puts it, with how the program ended and what its devices counted since it began.
 */
async function listen ({ seconds, ...program }) {
  const server = await startAudioServer({ separateMicrophone: true })
  try {
    const { frequency, channels } = server
    const shape = { frequency, channels }
    await server.playIntoMicrophone(sine({ hertz: VOICE_HERTZ, amplitude: 0.5, seconds: 60, ...shape }))
    const stop = await startProgram({ ...program, env: server.env })
    const recording = await server.record(WARM_UP_SECONDS + seconds)
    const ending = await stop()
    const judged = recording.subarray(WARM_UP_SECONDS * frequency * channels)
    return {
      ...ending,
      tone: judgeSine(channelOf(judged, 0, channels), { hertz: TONE_HERTZ, frequency }),
      voice: judgeSine(channelOf(judged, 1, channels), { hertz: VOICE_HERTZ, frequency }),
    }
  } finally {
    await server.stop()
  }
}

module.exports = { listen }
