// render-job.mjs WHERE WEBAUDIO TARGET_MS: does what its parent says over IPC, with webaudio-node in a render worker on our
// devices, or as npm has it on the main thread. Answers each word with when it was done and what came of it.

import { spawnSync } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'

const [where, webaudio, targetMs] = process.argv.slice(2)
const synth = new URL('render-synth.mjs', import.meta.url)

const inWorker = async () => {
  const { startRenderWorker } = await import('sdl-callback-audio/webaudio-node')
  const worker = startRenderWorker(synth, { argv: ['webaudio-node'], targetMs: targetMs === 'auto' ? targetMs : Number(targetMs) })
  await worker.ready
  return { ...calls(worker.rpc.methods), stats: () => worker.stats() }
}

const onMain = async () => {
  process.argv.push(webaudio)
  forgetError((await import(webaudio)).getSdl())
  const made = await import(synth)
  return { ...calls(made), stats: () => ({}) }
}

const calls = ({ noteOn, noteOff, passMicrophone }) => ({ noteOn, noteOff, passMicrophone })

/** On a box with no screen the first `dequeue` of @kmamal/sdl throws what SDL's video part left behind. */
const forgetError = ({ audio }) => {
  const microphone = audio.openDevice({ type: 'recording' })
  try {
    microphone.dequeue(Buffer.alloc(4))
  } catch {}
  microphone.close()
}

const block = async (seconds) => {
  // Whatever class the bench runs in, a thread that plays no sound is not to stand in the way of those that do.
  spawnSync('chrt', ['--other', '--pid', '0', String(process.pid)])
  for (let second = 0; second < seconds; second++) {
    const end = performance.now() + 500
    while (performance.now() < end);
    await sleep(500)
  }
}

const job = { block, ...(await (where === 'worker' ? inWorker() : onMain())) }
process.on('message', async ({ word, args = [] }) => {
  const atNs = process.hrtime.bigint().toString()
  process.send({ atNs, answer: await job[word](...args) })
})
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'))
process.send({ answer: 'ready' })
