// Pictures and sound that stay together: both come over a network that holds packets back for up to 60 ms, and one clock says when
// each is due. A tick sounds with every tenth picture; how far apart they come is measured.
//   node examples/video-clock.mjs [SECONDS]
import sdl from 'sdl-callback-audio'
import { readCommandLine } from './command-line.mjs'

const { seconds } = readCommandLine('video-clock.mjs [SECONDS]', { operands: { seconds: 5 } })
const [FREQUENCY, PICTURE_US, SOUND_US, NETWORK_MS] = [48000, 40_000, 20_000, 60]
const SOUND_FRAMES = (FREQUENCY * SOUND_US) / 1e6
const speaker = sdl.audio.openDevice({ type: 'playback' }, { frequency: FREQUENCY, channels: 1, periodFrames: 480 })
const source = speaker.createSource({ targetMs: 40 })
const clock = new sdl.PlayoutClock({ mode: { auto: { minMs: 20, maxMs: 500 } } })
const sound = new sdl.PlayoutBuffer({ clock, track: 'audio', kind: 'audio' })
const pictures = new sdl.PlayoutBuffer({ clock, track: 'video', kind: 'video' })
const nowUs = () => Number(process.hrtime.bigint() / 1000n)

/** Stands for a network. */
const arrive = (buffer, ptsUs, frame) => setTimeout(() => buffer.push(ptsUs, frame), NETWORK_MS * Math.random())
const tick = (loud) => new Float32Array(SOUND_FRAMES).map((_, at) => (loud && at < 96 ? 0.5 * Math.sin(at * 0.4) : 0))

const begun = nowUs()
/** Media time → when it is heard. */
const heardAt = new Map()
const [lastOf, apartMs] = [{ picture: -1, sound: -1 }, []]
const turn = () => {
  const mediaUs = nowUs() - begun
  for (; (lastOf.picture + 1) * PICTURE_US <= mediaUs; lastOf.picture++) {
    arrive(pictures, (lastOf.picture + 1) * PICTURE_US, `picture ${lastOf.picture + 1}`)
  }
  for (; (lastOf.sound + 1) * SOUND_US <= mediaUs; lastOf.sound++) {
    arrive(sound, (lastOf.sound + 1) * SOUND_US, tick((lastOf.sound + 1) % 20 === 0))
  }
  for (let next = sound.pop(); next.kind === 'frame'; next = sound.pop()) {
    // Heard when what is queued before it has been played.
    const heardUs = nowUs() + (source.queuedFrames * 1e6) / FREQUENCY + speaker.position.latencyUs
    source.write(next.frame)
    clock.reportPlayout('audio', next.ptsUs, heardUs)
    heardAt.set(next.ptsUs, heardUs)
  }
  for (let next = pictures.pop(); next.kind === 'frame' || next.kind === 'skip'; next = pictures.pop()) {
    if (next.kind === 'frame' && heardAt.has(next.ptsUs)) apartMs.push((nowUs() - heardAt.get(next.ptsUs)) / 1000)
  }
}
speaker.play()
const turns = setInterval(turn, 5)
setTimeout(() => {
  clearInterval(turns)
  const sorted = apartMs.map(Math.abs).sort((a, b) => a - b)
  const { underruns } = source.stats()
  console.log(`${apartMs.length} pictures, 99 % within ${sorted[Math.floor(sorted.length * 0.99)]?.toFixed(0)} ms of their sound; ` +
    `target ${clock.targetLatencyMs.toFixed(0)} ms, jitter ${clock.jitterMs.toFixed(0)} ms, ${underruns} gaps, ${pictures.stats().skipped} skipped`)
  speaker.close()
}, seconds * 1000)
