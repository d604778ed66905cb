// roundtrip-audify.mjs MODULE FRAMES WARM_MS PROBES: RtAudio on ALSA's way to PulseAudio (8 ms where its own way there takes
// 180), asked for the least latency; captured blocks come as calls on the main thread.

import { createRequire } from 'node:module'
import { CHANNELS, FREQUENCY, Probe, burst, bytesOf, report, samplesOf } from './probe.mjs'

const { RtAudio, RtAudioApi, RtAudioFormat, RtAudioStreamFlags } = createRequire(import.meta.url)(process.argv[2])
const [frames, warmMs, probes] = process.argv.slice(3).map(Number)

const probe = new Probe()
const device = new RtAudio(RtAudioApi.LINUX_ALSA)
const side = (deviceId) => ({ deviceId, nChannels: CHANNELS, firstChannel: 0 })
const obtained = device.openStream(
  side(device.getDefaultOutputDevice()), side(device.getDefaultInputDevice()), RtAudioFormat.RTAUDIO_FLOAT32, FREQUENCY,
  frames, 'bench', (bytes) => probe.listen(samplesOf(bytes)), null, RtAudioStreamFlags.RTAUDIO_MINIMIZE_LATENCY,
)
device.start()

const sound = bytesOf(burst(obtained))
report({ latencyMs: await probe.run(() => device.write(sound), { probes, warmMs }) })
