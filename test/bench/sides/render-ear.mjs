// Worker of render-listen.mjs. Hears what the speaker plays: says when a quiet is broken. When told,
// speaks a burst into the microphone.

import { createRequire } from 'node:module'
import { parentPort, workerData } from 'node:worker_threads'
import { CHANNELS, FREQUENCY, burst, hears, silence } from './probe.mjs'

const { audio } = createRequire(import.meta.url)(workerData.module)
const { frames } = workerData
const QUIET_FRAMES = FREQUENCY / 50
const TURN_MS = 5

const options = { channels: CHANNELS, frequency: FREQUENCY, periodFrames: frames }
const microphone = audio.openDevice({ type: 'recording' }, options)
microphone.play()
let speaker = null

parentPort.on('message', (word) => {
  if (word === 'open') {
    speaker = audio.openDevice({ type: 'playback' }, options)
    speaker.play()
    return
  }
  const atNs = process.hrtime.bigint()
  speaker.write(burst(frames))
  parentPort.postMessage({ spokenAtNs: atNs.toString() })
})

const captured = silence(frames)
let quietFrames = QUIET_FRAMES
const listen = () => {
  if (microphone.waitForFrames(1, TURN_MS)) {
    const count = microphone.read(captured)
    if (!hears(captured, count * CHANNELS)) quietFrames += count
    else {
      if (quietFrames >= QUIET_FRAMES) parentPort.postMessage({ heardAtNs: process.hrtime.bigint().toString() })
      quietFrames = 0
    }
  }
  setImmediate(listen)
}
listen()
