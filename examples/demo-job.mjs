// Whichever thread renders: a render worker, or the main thread. The sound: a recording, and the microphone, through webaudio-node
// on callback devices.
import 'sdl-callback-audio/register'
import fs from 'node:fs'
import { fileURLToPath } from 'node:url'
import lena from 'audio-lena'
import sdl from 'sdl-callback-audio'
import { AudioContext, setSdl } from 'webaudio-node'
import { startScreen } from './demo-screen.mjs'

const FREQUENCY = 48000
const MICROPHONE_GAIN = 0.25

/** The devices that webaudio-node has opened, by type, so that their counters can be shown. */
const opened = {}
setSdl({
  info: sdl.info,
  audio: {
    get devices () { return sdl.audio.devices },
    openDevice (device, options) {
      const instance = sdl.audio.openDevice(device, options)
      opened[device.type] = instance
      return instance
    },
  },
})

/** Plays `recording` again and again for `seconds`. */
function playRepeatedly (context, recording, seconds, destination) {
  for (let when = 0; when < seconds; when += recording.duration) {
    const source = context.createBufferSource()
    source.buffer = recording
    source.connect(destination)
    source.start(when)
  }
}

/** Mixes the microphone in; says why when there is none. */
async function addMicrophone (context, destination) {
  const microphone = context.createMediaStreamSource({ channelCount: 1 })
  const gain = context.createGain()
  gain.gain.value = MICROPHONE_GAIN
  microphone.connect(gain)
  gain.connect(destination)
  try {
    await microphone.start()
    return microphone
  } catch (error) {
    console.log(`No microphone: ${error.message}`)
    return null
  }
}

/** What the devices have counted so far. */
function count () {
  const { underruns, underrunFrames } = opened.playback.stats()
  const { overruns, overrunFrames } = opened.recording?.stats() ?? { overruns: 0, overrunFrames: 0 }
  return { underruns, underrunFrames, overruns, overrunFrames, hasMicrophone: Boolean(opened.recording) }
}

/** Ends the job that was started. */
let end = null

/**
 * Starts the job; resolves when it sounds.
 * `microphoneFile`: where SDL's disk driver will look for a microphone; filled with the recording from its middle on.
 */
export async function startJob ({ seconds, microphoneFile, blocked }) {
  const context = new AudioContext({ sampleRate: FREQUENCY })
  const file = fs.readFileSync(fileURLToPath(lena.url('flac')))
  const recording = await context.decodeAudioData(new Uint8Array(file).buffer)
  if (microphoneFile) {
    fs.writeFileSync(microphoneFile, recording.getChannelData(0).subarray(recording.length / 2))
  }

  const mix = context.createGain()
  mix.connect(context.destination)
  await context.resume()
  // Scheduled for longer than asked, so that the end is a decision and not a gap.
  playRepeatedly(context, recording, seconds + recording.duration, mix)
  const microphone = await addMicrophone(context, mix)

  const stopScreen = startScreen(() => ({
    level: opened.playback.level.peak,
    queuedMs: (opened.playback.queuedFrames * 1000) / FREQUENCY,
    lostFrames: count().underrunFrames + count().overrunFrames,
    blocked: Atomics.load(blocked, 0) === 1,
    blockedMs: Atomics.load(blocked, 1),
  }))
  end = async () => {
    stopScreen()
    const counted = count()
    microphone?.stop()
    await context.close()
    return counted
  }
}

/** Ends the job; returns what was counted. */
export const stopJob = () => end()
