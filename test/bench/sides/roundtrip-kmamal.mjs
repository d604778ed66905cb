// roundtrip-kmamal.mjs MODULE FRAMES WARM_MS PROBES POLL_MS: @kmamal/sdl tells nobody when data has come, so the main thread
// polls, without a pause (which costs a core, and is its best) or every so many ms.

import { createRequire } from 'node:module'
import { CHANNELS, FREQUENCY, Probe, burst, bytesOf, report, spinBelowAudio } from './probe.mjs'

const { audio } = createRequire(import.meta.url)(process.argv[2])
const [frames, warmMs, probes, pollMs] = process.argv.slice(3).map(Number)

const options = { channels: CHANNELS, frequency: FREQUENCY, format: 'f32', buffered: frames }
const microphone = audio.openDevice({ type: 'recording' }, options)
const speaker = audio.openDevice({ type: 'playback' }, options)
const probe = new Probe()
const captured = new Float32Array(frames * CHANNELS)
const capturedBytes = bytesOf(captured)

const poll = () => {
  for (;;) {
    const bytes = microphone.dequeue(capturedBytes)
    if (bytes === 0) break
    probe.listen(captured.subarray(0, bytes / 4))
  }
  if (pollMs > 0) setTimeout(poll, pollMs)
  else setImmediate(poll)
}

// What SDL's video part left behind on a box with no screen.
try { microphone.dequeue(capturedBytes) } catch {}
microphone.play()
speaker.play()
if (pollMs === 0) spinBelowAudio()
poll()

const sound = bytesOf(burst(frames))
report({ latencyMs: await probe.run(() => speaker.enqueue(sound), { probes, warmMs }) })
