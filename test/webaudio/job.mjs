// Whichever thread renders. A tone on the left, the microphone on the right, both through webaudio-node's graph.

import { sine } from './sine.cjs'

const FREQUENCY = 48000
const LONGEST_SECONDS = 60

/** Starts the job; resolves when it sounds, to a function that ends it and returns the counters of its devices. */
export async function startJob ({ via, toneHertz }) {
  const { AudioContext } = await import(via)
  const context = new AudioContext({ sampleRate: FREQUENCY })
  const toSide = (pan) => {
    const panner = context.createStereoPanner({ pan })
    panner.connect(context.destination)
    return panner
  }

  // Not an oscillator: in 0.8.0 every type of it is a triangle. Not a loop either: `loop` does nothing there.
  const sound = context.createBuffer(1, LONGEST_SECONDS * FREQUENCY, FREQUENCY)
  sound.copyToChannel(sine({ hertz: toneHertz, amplitude: 0.25, seconds: LONGEST_SECONDS, frequency: FREQUENCY, channels: 1 }), 0)
  const tone = context.createBufferSource()
  tone.buffer = sound
  tone.connect(toSide(-1))
  await context.resume()
  tone.start()

  const microphone = context.createMediaStreamSource({ channelCount: 1 })
  microphone.connect(toSide(1))
  await microphone.start()

  return async () => {
    const counters = { playback: context._audioDevice.stats(), recording: microphone._inputDevice.stats() }
    microphone.stop()
    await context.close()
    return counters
  }
}
