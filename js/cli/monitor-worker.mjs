// A worker of `monitor`. Fills the speaker as the device takes it, and empties the microphone; blocks in between.
import { workerData } from 'node:worker_threads'
import sdl from '../index.mjs'

const TONE_HERTZ = 440
const TONE_GAIN = 0.1
/** How long to look at one side before the other has its turn. */
const LOOK_MS = 5

const attach = (handle) => (handle === undefined ? null : sdl.audio.attach(handle))
const [speaker, microphone] = [attach(workerData.playback), attach(workerData.recording)]
const { frequency, channels, obtained } = speaker ?? microphone
const block = new Float32Array(obtained.periodFrames * channels)
let phase = 0

const SOUNDS = {
  silence: () => block.fill(0),
  tone: () => {
    for (let at = 0; at < block.length; at += channels, phase++) {
      block.fill(TONE_GAIN * Math.sin((2 * Math.PI * TONE_HERTZ * phase) / frequency), at, at + channels)
    }
    return block
  },
  microphone: () => block.subarray(0, microphone.read(block) * channels),
}
const next = SOUNDS[workerData.sound]
const passesOn = workerData.sound === 'microphone'
const frames = Math.max(1, Math.min(obtained.periodFrames, speaker?.spaceFrames ?? Infinity))

for (;;) {
  if (passesOn) {
    if (microphone.waitForFrames(1, 1000)) speaker.write(next())
    continue
  }
  if (speaker?.waitForSpace(frames, microphone ? LOOK_MS : 1000)) speaker.write(next().subarray(0, frames * channels))
  if (!speaker) microphone.waitForFrames(1, 1000)
  while (microphone?.read(block) > 0);
}
