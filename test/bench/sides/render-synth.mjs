// render-synth.mjs WEBAUDIO (last argument): a note that is always there and only heard while it is on, and the microphone passed
// through. Runs wherever it is imported: on the main thread, or in a render worker.

const FREQUENCY = 48000

const { AudioContext } = await import(process.argv.at(-1))
const context = new AudioContext({ sampleRate: FREQUENCY })
const gain = context.createGain()
gain.gain.value = 0
const oscillator = context.createOscillator({ frequency: 1000 })
oscillator.connect(gain)
gain.connect(context.destination)
oscillator.start()
await context.resume()

export const noteOn = () => { gain.gain.value = 0.5 }
export const noteOff = () => { gain.gain.value = 0 }
export const passMicrophone = async () => {
  const microphone = context.createMediaStreamSource({ channelCount: 1 })
  microphone.connect(context.destination)
  await microphone.start()
}
