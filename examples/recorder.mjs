// Records the microphone into a WAV file.
//   node examples/recorder.mjs [FILE] [SECONDS]
import fs from 'node:fs'
import encodeWav from '@audio/encode-wav'
import sdl from 'sdl-callback-audio'
import { giveUp, readCommandLine } from './command-line.mjs'

const { file, seconds } = readCommandLine('recorder.mjs [FILE] [SECONDS]', { operands: { file: 'recording.wav', seconds: 5 } })
const FREQUENCY = 48000

const stream = sdl.createCaptureStream({ frequency: FREQUENCY, channels: 1, periodFrames: 480 })
process.once('SIGINT', () => stream.stop()) // what was recorded until then is kept

const encoder = await encodeWav({ sampleRate: FREQUENCY, bitDepth: 16 })
const { device } = stream
let left = Math.round(seconds * FREQUENCY)
let lost = 0
device.once('close', () => { lost = device.stats().overrunFrames })
for await (const chunk of stream) {
  const samples = new Float32Array(Uint8Array.from(chunk).buffer).subarray(0, left)
  encoder.encode([samples])
  left -= samples.length
  if (left === 0) break // which closes the stream, and the device
}
try {
  fs.writeFileSync(file, encoder.flush())
} catch ({ message }) {
  giveUp(`The recording cannot be kept: ${message}`)
}
console.log(`${file}: ${(seconds - left / FREQUENCY).toFixed(1)} s, ${lost} frames lost`)
