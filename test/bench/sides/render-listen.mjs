// render-listen.mjs MODULE WHERE WEBAUDIO WHAT COUNT TARGET_MS: runs render-job.mjs over an audio server and prints, for
// - note: ms from the call that turns a note on until it is heard
// - microphone: ms from a burst that is handed to the microphone's side of the server until it is heard from the speaker
// - blocked: underruns in COUNT seconds with the main thread blocked for half of each, and two busy processes beside it

import { fork, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { startAudioServer } from '../../audio-server.cjs'
import { pauseMs } from './probe.mjs'

const FRAMES = 128
const WARM_MS = 3000
const GIVE_UP_MS = 1500
const BUSY = 2

const [module, where, webaudio, what, ...rest] = process.argv.slice(2)
const [count, targetMs] = [Number(rest[0]), rest[1]]

const server = await startAudioServer({ separateMicrophone: what === 'microphone' })
Object.assign(process.env, server.env, { PULSE_SOURCE: 'speaker.monitor' }, what === 'microphone' ? { PULSE_SINK: 'room' } : {})

// Before anything plays: SDL's capture does not always begin on a monitor whose sink is in use.
const ear = new Worker(new URL('render-ear.mjs', import.meta.url), { workerData: { module, frames: FRAMES } })
const job = fork(fileURLToPath(new URL('render-job.mjs', import.meta.url)), [where, webaudio, targetMs], { env: server.env })
const answers = []
let take = null
job.on('message', (message) => (take ? take(message) : answers.push(message)))
job.on('exit', () => {
  console.error('error: the job ended by itself')
  process.exit(1)
})
const nextAnswer = async () => answers.shift() ?? new Promise((resolve) => { take = resolve }).finally(() => { take = null })
const say = (word, ...args) => {
  job.send({ word, args })
  return nextAnswer()
}
await nextAnswer()

const msBetween = (fromNs, toNs) => Number(BigInt(toNs) - BigInt(fromNs)) / 1e6

/** Does something and waits until it is heard, again and again; ms for each. */
const probe = async ({ act, after = () => {} }) => {
  const heard = []
  const spoken = []
  ear.on('message', ({ heardAtNs, spokenAtNs }) => (heardAtNs ? heard.push(heardAtNs) : spoken.push(spokenAtNs)))
  const speak = async () => {
    ear.postMessage('speak')
    while (spoken.length === 0) await sleep(1)
    return spoken.shift()
  }
  await sleep(WARM_MS)
  const latencyMs = []
  for (let at = 0; at < count; at++) {
    heard.length = 0
    const fromNs = await act({ speak })
    for (const end = performance.now() + GIVE_UP_MS; heard.length === 0 && performance.now() < end;) await sleep(1)
    const first = heard.find((toNs) => BigInt(toNs) > BigInt(fromNs))
    if (first) latencyMs.push(msBetween(fromNs, first))
    await after()
    await sleep(400 + pauseMs())
  }
  return { latencyMs }
}

const measures = {
  note: () => probe({ act: async () => (await say('noteOn')).atNs, after: () => say('noteOff') }),
  microphone: async () => {
    await say('passMicrophone')
    ear.postMessage('open')
    return probe({ act: ({ speak }) => speak() })
  },
  blocked: async () => {
    const busy = Array.from({ length: BUSY }, () => spawn('chrt', ['--other', '0', process.execPath, '-e', 'for (;;);']))
    await sleep(WARM_MS)
    const before = (await say('stats')).answer
    await say('block', count)
    const { answer } = await say('stats')
    for (const child of busy) child.kill()
    return { underruns: answer.underruns - before.underruns, targetMs: answer.targetMs }
  },
}

const answer = { ...(await measures[what]()), ...(await say('stats')).answer && { stats: (await say('stats')).answer } }
job.removeAllListeners('exit')
job.kill('SIGKILL')
await server.stop()
process.stdout.write(`\n${JSON.stringify(answer)}\n`, () => process.exit(0))
