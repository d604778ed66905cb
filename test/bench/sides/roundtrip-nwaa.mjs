// roundtrip-nwaa.mjs MODULE FRAMES WARM_MS PROBES: node-web-audio-api on ALSA's way to PulseAudio, its blocks set by the
// latency hint. The main thread polls an analyser for what the microphone hears, without a pause.

import { CHANNELS, FREQUENCY, Probe, burst, report, spinBelowAudio } from './probe.mjs'

const webaudio = await import(process.argv[2])
const { AudioContext, AnalyserNode, AudioBufferSourceNode, MediaStreamAudioSourceNode, mediaDevices } = webaudio
const [frames, warmMs, probes] = process.argv.slice(3).map(Number)

const context = new AudioContext({ latencyHint: frames / FREQUENCY, sampleRate: FREQUENCY })
const mediaStream = await mediaDevices.getUserMedia({ audio: { latency: frames / FREQUENCY, sampleRate: FREQUENCY } })
const microphone = new MediaStreamAudioSourceNode(context, { mediaStream })
// The shortest window that no poll is too late for.
const analyser = new AnalyserNode(context, { fftSize: 512 })
microphone.connect(analyser)

const buffer = context.createBuffer(CHANNELS, frames, FREQUENCY)
const sound = burst(frames).filter((_, sample) => sample % CHANNELS === 0)
for (let channel = 0; channel < CHANNELS; channel++) buffer.copyToChannel(sound, channel)

const probe = new Probe()
const captured = new Float32Array(analyser.fftSize)
const poll = () => {
  analyser.getFloatTimeDomainData(captured)
  probe.listen(captured)
  setImmediate(poll)
}
await context.resume()
spinBelowAudio()
poll()

const emit = () => {
  const source = new AudioBufferSourceNode(context, { buffer })
  source.connect(context.destination)
  source.start()
}
report({ latencyMs: await probe.run(emit, { probes, warmMs }) })
