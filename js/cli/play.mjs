// Main thread. `play FILE`: a WAV file, read while it plays.
import fs from 'node:fs'
import path from 'node:path'
import process from 'node:process'
import { DEVICE, JSON_SWITCH, PERIOD } from './arguments.mjs'
import { statOf } from './files.mjs'
import { play } from './playing.mjs'
import { decodeWav } from './wav.mjs'

export const spec = {
  says: 'plays a WAV file',
  more: ['Integers of 8 to 32 bits, floats, A-law, µ-law and ADPCM are understood. For other formats: ffmpeg -i song.mp3 -f wav - | npx sdl-callback-audio play -'],
  operands: ['FILE'],
  options: {
    gain: { takes: 'GAIN', number: { min: 0, max: 16 }, fallback: 1, says: 'loudness; 1 leaves the samples as they are' },
    period: PERIOD,
    device: DEVICE,
    json: JSON_SWITCH,
  },
  examples: [
    ['npx sdl-callback-audio play song.wav', 'on the default device; Ctrl-C ends it without a click'],
    ['npx sdl-callback-audio play song.wav --device usb --gain 0.5', 'half as loud, on the device with "usb" in its name'],
    ['ffmpeg -i song.mp3 -f wav - | npx sdl-callback-audio play -', 'what stdin brings'],
  ],
}

/** The file, or what stdin brings, and how many bytes it has if that is known. */
const open = (file) => {
  if (file === '-') return { bytes: process.stdin, length: null }
  const { size } = statOf(file, 'a WAV file')
  // A pipe or a device says that it has none.
  return { bytes: fs.createReadStream(file), length: size || null }
}

export const run = async ({ file, gain, period, device, json }, ending) => {
  const { bytes, length } = open(file)
  let taken = 0
  const counted = async function * () {
    for await (const chunk of bytes) {
      taken += chunk.length
      yield chunk
    }
  }
  const { frequency, channels, sound } = await decodeWav(counted(), file === '-' ? 'stdin' : file)
  const share = () => (length === null ? null : taken / length)
  return play({ sound, frequency, channels, device, gain, period, label: path.basename(file), share, json }, ending)
}
