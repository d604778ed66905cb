// A microphone piped into a speaker for so many minutes. Prints, for each minute, the ms of sound on their way between the two, and
// at the end what was lost. argv: minutes.

import { createRequire } from 'node:module'
import { setTimeout as sleep } from 'node:timers/promises'
import { median, quantile } from '../rounds.mjs'

const sdl = createRequire(import.meta.url)('../../..')
const minutes = Number(process.argv[2])
const LOOKS_PER_SECOND = 10

const microphone = sdl.createCaptureStream({ channels: 2 })
const speaker = sdl.createPlaybackStream({ channels: 2 })
microphone.pipe(speaker)

const { frequency, channels, bytesPerSample } = speaker.device
const msOf = (frames) => (frames * 1000) / frequency
const onTheirWay = () => {
  const streamed = (microphone.readableLength + speaker.writableLength) / (channels * bytesPerSample)
  return msOf(microphone.device.queuedFrames + streamed + speaker.device.queuedFrames)
}

const lines = []
for (let minute = 0; minute < minutes; minute++) {
  const looks = []
  for (let look = 0; look < 60 * LOOKS_PER_SECOND; look++) {
    await sleep(1000 / LOOKS_PER_SECOND)
    looks.push(onTheirWay())
  }
  lines.push({ median: median(looks), p99: quantile(looks, 0.99), rssMb: process.memoryUsage.rss() / 1e6 })
  console.error(JSON.stringify(lines.at(-1)))
}

const { overruns, overrunFrames } = microphone.device.stats()
const { underruns, underrunFrames } = speaker.device.stats()
console.log(JSON.stringify({ lines, overruns, overrunMs: msOf(overrunFrames), underruns, underrunMs: msOf(underrunFrames) }))
process.exit()
