// blocked-job.mjs WHERE WEBAUDIO BLOCKED_MS TONE_HERTZ: webaudio-node plays a tone and passes the microphone through, in a
// worker on our devices or on the main thread on @kmamal/sdl; the main thread blocks itself for so long in every second.

import { spawnSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { Worker, isMainThread, parentPort } from 'node:worker_threads'
import { startJob } from '../../webaudio/job.mjs'

const [where, webaudio, ...figures] = process.argv.slice(2)
const [blockedMs, toneHertz] = figures.map(Number)

const play = async () => {
  if (where === 'worker') createRequire(import.meta.url)('sdl-callback-audio/register')(webaudio)
  const via = pathToFileURL(webaudio).href
  if (where === 'main') forgetError((await import(via)).getSdl())
  await startJob({ via, toneHertz })
}

/** On a box with no screen the first `dequeue` of @kmamal/sdl throws what SDL's video part left behind. */
const forgetError = ({ audio }) => {
  const microphone = audio.openDevice({ type: 'recording' })
  try {
    microphone.dequeue(Buffer.alloc(4))
  } catch {}
  microphone.close()
}

const block = async () => {
  console.log('playing')
  for (;;) {
    const end = performance.now() + blockedMs
    while (performance.now() < end);
    await sleep(1000 - blockedMs)
  }
}

if (!isMainThread) {
  await play()
  parentPort.postMessage('playing')
} else if (where === 'worker') {
  new Worker(fileURLToPath(import.meta.url), { argv: process.argv.slice(2) }).once('message', () => {
    // Whatever class the bench runs in, a thread that plays no sound is not to stand in the way of those that do.
    spawnSync('chrt', ['--other', '--pid', '0', String(process.pid)])
    block()
  })
} else {
  await play()
  await block()
}
