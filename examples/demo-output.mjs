// Main thread. Where the sound goes: to the system's device if it opens, else into a file, through SDL's disk driver.
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import encodeWav from '@audio/encode-wav'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const FREQUENCY = 48000
const CHANNELS = 2
/** The shortest silence that counts as a gap, 1 ms: the noise in the recording is never silent for so long. */
const GAP_FRAMES = FREQUENCY / 1000
/** For an audio system that neither opens a device nor refuses to. */
const PATIENCE_MS = 10_000

/** Prints the drivers that SDL has and the one that opens the default device, which it then closes. */
const TRY_DEVICE = `
  const { audio, info } = require('sdl-callback-audio')
  console.log(info.drivers.audio.all.join(', '))
  const device = audio.openDevice({ type: 'playback' })
  console.log(device.obtained.driver)
  device.close()`

/** Tries the default device in a process of its own: once a driver was tried, SDL keeps to it. */
function tryDevice () {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['-e', TRY_DEVICE], { cwd: ROOT, encoding: 'utf8', timeout: PATIENCE_MS })
  const [drivers, driver] = stdout.split('\n')
  return { opens: status === 0, drivers, driver, reason: stderr.match(/^\w*Error.*$/m)?.[0] ?? 'no answer' }
}

/** Takes the channels of interleaved samples apart. */
const channelsOf = (samples) =>
  Array.from({ length: CHANNELS }, (_, channel) =>
    Float32Array.from({ length: samples.length / CHANNELS }, (_, frame) => samples[frame * CHANNELS + channel]))

/** Counts the frames of silence between the first sound and the last. */
function gapFrames ([channel]) {
  const last = channel.findLastIndex((sample) => sample !== 0)
  let [gaps, zeros, sounding] = [0, 0, false]
  for (const sample of channel.subarray(0, last + 1)) {
    if (sample === 0) {
      zeros += 1
      continue
    }
    if (sounding && zeros >= GAP_FRAMES) gaps += zeros
    zeros = 0
    sounding = true
  }
  return gaps
}

/** Turns what SDL wrote into a WAV file; returns its length and the gaps in it, in ms. */
async function finishFile (raw, wav) {
  const bytes = fs.readFileSync(raw)
  const whole = Math.floor(bytes.length / (4 * CHANNELS)) * CHANNELS
  const channels = channelsOf(new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + whole * 4)))
  const encoder = await encodeWav({ sampleRate: FREQUENCY, bitDepth: 16 })
  encoder.encode(channels)
  fs.writeFileSync(wav, encoder.flush())
  const ms = (frames) => (frames * 1000) / FREQUENCY
  return { name: path.relative(process.cwd(), wav), lengthMs: ms(channels[0].length), gapMs: ms(gapFrames(channels)) }
}

function fileOutput (reason, onMain) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'demo-'))
  process.on('exit', () => fs.rmSync(folder, { recursive: true, force: true }))
  const raw = path.join(folder, 'played.raw')
  const microphoneFile = path.join(folder, 'microphone.raw')
  const wav = path.join(ROOT, onMain ? 'demo-main.wav' : 'demo.wav')
  return {
    description: `${reason}\nPlaying into a file instead, with a file for a microphone; ${path.basename(wav)} will hold what would have been heard.`,
    job: { microphoneFile },
    env: { SDL_AUDIODRIVER: 'disk', SDL_DISKAUDIOFILE: raw, SDL_DISKAUDIOFILEIN: microphoneFile },
    finish: () => finishFile(raw, wav),
  }
}

/**
 * Decides for the device or the file; a driver asked for in `SDL_AUDIODRIVER` is taken as it is. Throws if that one does not
 * open a device: playing somewhere else is not what was asked for.
 */
export function chooseOutput ({ onMain }) {
  const asked = process.env.SDL_AUDIODRIVER
  if (asked === 'disk') return fileOutput('SDL_AUDIODRIVER=disk: no sound card is used.', onMain)
  const { opens, drivers, driver, reason } = tryDevice()
  if (!opens && asked) {
    throw new Error(
      `SDL_AUDIODRIVER=${asked} opens no device: ${reason}\n` +
        `This build has: ${drivers}. Without SDL_AUDIODRIVER the demo chooses by itself; with "disk" it plays into a file.`,
    )
  }
  if (!opens) return fileOutput(`No sound card or audio server: ${reason}`, onMain)
  const description = driver === 'dummy'
    ? "Playing to nobody: SDL's dummy driver takes the sound as a device would, and its microphone is silent."
    : `Playing through the default device, with the default microphone (${driver}).`
  return { description, job: {}, env: {}, finish: () => null }
}
