// Main thread. `tone`: a sine, to hear whether there is sound at all.
import { CHANNELS, DEVICE, FREQUENCY, JSON_SWITCH, PERIOD } from './arguments.mjs'
import { play } from './playing.mjs'

const BLOCK_FRAMES = 4800

export const spec = {
  says: 'plays a tone',
  more: ['With several channels each has its turn, from the first one on, so that swapped cables are heard.'],
  options: {
    hertz: { takes: 'HZ', number: { min: 20, max: 20000 }, fallback: 440, says: 'pitch' },
    seconds: { takes: 'S', number: { min: 0.01, max: 1e6 }, fallback: 2, says: 'length' },
    gain: { takes: 'GAIN', number: { min: 0, max: 1 }, fallback: 0.2, says: 'loudness, 1 is full scale' },
    channels: { ...CHANNELS, fallback: 1 },
    frequency: { ...FREQUENCY, fallback: 48000 },
    period: PERIOD,
    device: DEVICE,
    json: JSON_SWITCH,
  },
  examples: [
    ['npx sdl-callback-audio tone', 'two seconds of 440 Hz'],
    ['npx sdl-callback-audio tone --channels 2 --seconds 1', 'left, then right'],
    ['SDL_AUDIODRIVER=disk npx sdl-callback-audio tone', 'into the file sdlaudio.raw, where there is no sound card'],
  ],
}

/** Every channel sounds alone for `seconds`; the phase goes on. */
function * sine ({ hertz, seconds, gain, channels, frequency }) {
  const turnFrames = Math.round(seconds * frequency)
  for (let from = 0; from < turnFrames * channels; from += BLOCK_FRAMES) {
    const frames = Math.min(BLOCK_FRAMES, turnFrames * channels - from)
    const block = new Float32Array(frames * channels)
    for (let frame = 0; frame < frames; frame++) {
      const channel = Math.floor((from + frame) / turnFrames)
      block[frame * channels + channel] = gain * Math.sin((2 * Math.PI * hertz * (from + frame)) / frequency)
    }
    yield Buffer.from(block.buffer)
  }
}

export const run = ({ hertz, seconds, gain, channels, frequency, period, device, json }, ending) =>
  play({ sound: sine({ hertz, seconds, gain, channels, frequency }), channels, frequency, device, period, label: `${hertz} Hz`, json }, ending)
