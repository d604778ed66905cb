// roundtrip-naudiodon.mjs MODULE FRAMES WARM_MS PROBES: PortAudio on ALSA's way to PulseAudio. Its callback waits for the
// next block, so there must always be one: a block out for every block in, and as few ahead as it runs with.

import { createRequire } from 'node:module'
import { CHANNELS, FREQUENCY, Probe, burst, bytesOf, report, samplesOf, silence } from './probe.mjs'

const { AudioIO, SampleFormatFloat32, getDevices } = createRequire(import.meta.url)(process.argv[2])
const [frames, warmMs, probes] = process.argv.slice(3).map(Number)

const AHEAD = frames < 256 ? 2 : 1
const blockBytes = frames * CHANNELS * 4
const { id: deviceId } = getDevices().find(({ name }) => name === 'pulse') ?? { id: -1 }
const side = {
  deviceId,
  channelCount: CHANNELS,
  sampleFormat: SampleFormatFloat32,
  sampleRate: FREQUENCY,
  framesPerBuffer: frames,
  maxQueue: AHEAD,
  highwaterMark: blockBytes,
  closeOnError: false,
}
const stream = new AudioIO({ inOptions: side, outOptions: { ...side } })
const probe = new Probe()
const [sound, quiet] = [burst(frames), silence(frames)].map(bytesOf)
let next = quiet

stream.on('data', (bytes) => {
  probe.listen(samplesOf(bytes))
  stream.write(next)
  next = quiet
})
for (let block = 0; block < AHEAD; block++) stream.write(quiet)
stream.start()

report({ latencyMs: await probe.run(() => { next = sound }, { probes, warmMs }) })
