// Records the microphone into a WAV file.
//   node examples/recorder.mjs [FILE] [SECONDS]
import fs from 'node:fs'
import encodeWav from '@audio/encode-wav'
import sdl from 'sdl-callback-audio'

const [file = 'recording.wav', seconds = '5'] = process.argv.slice(2)
const FREQUENCY = 48000

const stream = sdl.createCaptureStream({ frequency: FREQUENCY, channels: 1, periodFrames: 480 })
process.once('SIGINT', () => stream.stop()) // what was recorded until then is kept

const encoder = await encodeWav({ sampleRate: FREQUENCY, bitDepth: 16 })
const { device } = stream
let left = Math.round(Number(seconds) * FREQUENCY)
let lost = 0
device.once('close', () => { lost = device.stats().overrunFrames })
for await (const chunk of stream) {
  const samples = new Float32Array(Uint8Array.from(chunk).buffer).subarray(0, left)
  encoder.encode([samples])
  left -= samples.length
  if (left === 0) break // which closes the stream, and the device
}
fs.writeFileSync(file, encoder.flush())
console.log(`${file}: ${(Number(seconds) - left / FREQUENCY).toFixed(1)} s, ${lost} frames lost`)
