// Three sounds on one device, each with its own gain: mixed natively, the gains ramped natively.
//   node examples/mixer.mjs
import { setTimeout as sleep } from 'node:timers/promises'
import sdl from 'sdl-callback-audio'

const FREQUENCY = 48000
const SECONDS = 1.2

const sine = (hertz, frequency = FREQUENCY) =>
  Float32Array.from({ length: SECONDS * frequency }, (_, at) => Math.sin((2 * Math.PI * hertz * at) / frequency))

const speaker = sdl.audio.openDevice({ type: 'playback' }, { channels: 2, frequency: FREQUENCY, periodFrames: 480 })
const keep = { targetMs: SECONDS * 1000 }
const sources = {
  bass: speaker.createSource({ ...keep, channels: 1, gain: 0.3 }),
  chord: speaker.createSource({ ...keep, channels: 1, gain: 0.2 }),
  voice: speaker.createSource({ ...keep, channels: 1, frequency: 16000, gain: 0 }), // converted off the audio thread
}
sources.bass.write(sine(110))
sources.chord.write(sine(330))
sources.voice.write(sine(550, 16000))
speaker.play()

await sleep(300)
sources.chord.setGain(0.05, { rampMs: 100 }) // ducked
sources.voice.setGain(0.4, { rampMs: 100 }) // comes in
await sleep(500)
sources.voice.setGain(0, { rampMs: 200 })
sources.chord.setGain(0.2, { rampMs: 200 })

while (Object.values(sources).some(({ queuedFrames }) => queuedFrames > 0)) await sleep(20)
for (const [name, source] of Object.entries(sources)) {
  const { playedFrames, underruns } = source.stats()
  console.log(`${name.padEnd(6)} ${(playedFrames / FREQUENCY).toFixed(1)} s, ran dry ${underruns === 1 ? 'once, at its end' : `${underruns} times`}`)
  source.close()
}
speaker.close()
