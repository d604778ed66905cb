// A voice agent that lets itself be interrupted: as soon as somebody speaks, `stop` cuts what it says, without a click, and
// tells how much of it was never heard, so that the agent knows where it was cut off.
//   node examples/voice-agent.mjs
import sdl from 'sdl-callback-audio'

const FREQUENCY = 24000
const BLOCK_FRAMES = 240 // 10 ms
const SPEAKS = 0.1 // the level that counts as speech; a real agent asks a voice activity detector
const WORDS = ['Sure,', 'I', 'can', 'explain', 'that', 'at', 'any', 'length', 'you', 'like']
const WORD_FRAMES = 0.15 * FREQUENCY

/** Stands for what a speech synthesis gives: one word after the other. */
const spoken = (word, index) =>
  Float32Array.from({ length: WORD_FRAMES }, (_, at) => 0.3 * Math.sin(Math.PI * at / WORD_FRAMES) * Math.sin(at * (0.05 + 0.002 * index)))

const speaker = sdl.audio.openDevice({ type: 'playback' }, { frequency: FREQUENCY, periodFrames: BLOCK_FRAMES, capacityMs: 5000 })
const microphone = sdl.audio.openDevice({ type: 'recording' }, { frequency: FREQUENCY, periodFrames: BLOCK_FRAMES })
const interrupted = new AbortController()

/** Listens until somebody speaks. */
async function listen () {
  const block = new Float32Array(BLOCK_FRAMES)
  microphone.play()
  for (;;) {
    await microphone.whenFrames(BLOCK_FRAMES)
    const frames = microphone.read(block)
    if (block.subarray(0, frames).some((sample) => Math.abs(sample) > SPEAKS)) return
  }
}

const said = WORDS.reduce((frames, word, index) => frames + speaker.write(spoken(word, index)), 0)
speaker.play()
const heardOut = speaker.drain({ signal: interrupted.signal }).then(() => 'heard out', () => 'interrupted')
const spokenTo = listen().then(() => 'interrupted', () => 'closed')

if (await Promise.race([heardOut, spokenTo]) === 'interrupted') {
  const unheardFrames = speaker.stop()
  interrupted.abort()
  const words = Math.ceil((said - unheardFrames) / WORD_FRAMES)
  console.log(`interrupted after "${WORDS.slice(0, words).join(' ')}", ${Math.round((unheardFrames * 1000) / FREQUENCY)} ms were never heard`)
} else console.log(`said "${WORDS.join(' ')}"`)
microphone.close()
speaker.close()
