'use strict'
// Any thread. Makes sines and judges recordings of them.

/** Zeros in a row that a sine of audible frequency never has. */
const ZERO_RUN = 8
const SILENCE = 1e-5

/** Returns `seconds` of a sine, the same in each of `channels` interleaved channels. */
function sine ({ hertz, amplitude, seconds, frequency, channels }) {
  const frames = Math.round(seconds * frequency)
  const samples = new Float32Array(frames * channels)
  for (let frame = 0; frame < frames; frame++) {
    samples.fill(amplitude * Math.sin((2 * Math.PI * hertz * frame) / frequency), frame * channels, (frame + 1) * channels)
  }
  return samples
}

/** Takes one channel out of interleaved samples. */
function channelOf (samples, channel, channels) {
  return Float32Array.from({ length: Math.floor(samples.length / channels) }, (_, frame) => samples[frame * channels + channel])
}

/**
 * Judges one channel that should hold one sine without a break. Returns
 * - `level`: the highest sample;
 * - `gapMs`: silence in it, in runs of at least 8 samples;
 * - `splices`: places where a sample does not follow from the two before it as it does in a sine of `hertz`,
 *   x[n] = 2 cos(w) x[n-1] - x[n-2], by more than a hundredth of the level; places within a period are one.
 */
function judgeSine (samples, { hertz, frequency }) {
  const level = samples.reduce((highest, sample) => Math.max(highest, Math.abs(sample)), 0)
  const follow = 2 * Math.cos((2 * Math.PI * hertz) / frequency)
  const period = frequency / hertz
  let zeros = 0
  let gapSamples = 0
  const splices = []
  samples.forEach((sample, at) => {
    zeros = Math.abs(sample) < SILENCE ? zeros + 1 : 0
    if (zeros === ZERO_RUN) gapSamples += ZERO_RUN
    else if (zeros > ZERO_RUN) gapSamples += 1
    if (at < 2) return
    const off = Math.abs(sample - follow * samples[at - 1] + samples[at - 2])
    if (off > level / 100 && !(at - splices.at(-1) < period)) splices.push(at)
  })
  return { level, gapMs: (gapSamples * 1000) / frequency, splices }
}

module.exports = { sine, channelOf, judgeSine }
