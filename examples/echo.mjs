// The microphone comes back from the speaker, once and then softer and softer. Take headphones.
//   node examples/echo.mjs [SECONDS]
import sdl from 'sdl-callback-audio'
import { readCommandLine } from './command-line.mjs'

const ECHO_MS = 300
const AGAIN = 0.5 // how much of an echo is heard in the next
const BLOCK_FRAMES = 480
const { seconds } = readCommandLine('echo.mjs [SECONDS]', { operands: { seconds: 10 } })

const microphone = sdl.audio.openDevice({ type: 'recording' }, { periodFrames: BLOCK_FRAMES })
const speaker = sdl.audio.openDevice({ type: 'playback' }, { periodFrames: BLOCK_FRAMES })
const line = new Float32Array((ECHO_MS / 1000) * speaker.frequency)
const block = new Float32Array(BLOCK_FRAMES)
let at = 0

speaker.write(new Float32Array(4 * BLOCK_FRAMES)) // a little ahead, so that the speaker never waits for the microphone
speaker.play()
microphone.play()

for (let frames = 0; frames < seconds * microphone.frequency;) {
  await microphone.whenFrames(BLOCK_FRAMES)
  const read = microphone.read(block)
  for (let frame = 0; frame < read; frame++) {
    const past = line[at]
    line[at] = block[frame] + AGAIN * past
    block[frame] = past
    at = (at + 1) % line.length
  }
  speaker.write(block.subarray(0, read))
  frames += read
}
const { underruns } = speaker.stats()
microphone.close()
await speaker.drain()
console.log(`${seconds} s, ${underruns} gaps`)
speaker.close()
