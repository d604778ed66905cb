'use strict'

// Sounds to encode, and values that no codec may take.

/** Pseudo-random samples in [-1, 1], always the same. */
const noise = (samples, seed = 1) => {
  let state = seed
  return Float32Array.from({ length: samples }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 31 - 1
  })
}

/** A voice of sorts: a gliding tone with its overtones, in syllables. */
const voice = (frames, frequency, channels = 1) => {
  const out = new Float32Array(frames * channels)
  let phase = 0
  for (let frame = 0; frame < frames; frame++) {
    const t = frame / frequency
    phase += (2 * Math.PI * (140 + 30 * Math.sin(t * 2.1))) / frequency
    let tone = 0
    for (let k = 1; k < 12; k++) tone += Math.sin(phase * k) / k
    out.fill(0.25 * tone * (0.6 - 0.4 * Math.cos(2 * Math.PI * t * 3)), frame * channels, (frame + 1) * channels)
  }
  return out
}

/** dB. */
const snr = (wanted, got) => {
  let [signal, rest] = [0, 1e-12]
  for (let index = 0; index < wanted.length; index++) {
    signal += wanted[index] ** 2
    rest += (wanted[index] - got[index]) ** 2
  }
  return 10 * Math.log10(signal / rest)
}

const refusals = {
  INVALID: 'ERR_AUDIO_INVALID_ARG',
  RANGE: 'ERR_AUDIO_OUT_OF_RANGE',
  ALIGN: 'ERR_AUDIO_FRAME_ALIGNMENT',
  CODEC: 'ERR_AUDIO_CODEC',
  CLOSED: 'ERR_AUDIO_CLOSED',
  detached (view) {
    structuredClone(view.buffer, { transfer: [view.buffer] })
    return view
  },
  shared: (View, length) => new View(new SharedArrayBuffer(length * View.BYTES_PER_ELEMENT)),
  NOT_PCM: [
    undefined, null, 8, 'pcm', {}, [1, 2], { length: 960 }, new ArrayBuffer(8), new DataView(new ArrayBuffer(8)), new Float64Array(960),
    Buffer.alloc(960), Object.create(Float32Array.prototype), Object.setPrototypeOf(new Uint8Array(960), Float32Array.prototype),
  ],
  NOT_BYTES: [
    undefined, null, 8, 'bytes', {}, [1, 2], { length: 960 }, new ArrayBuffer(960), new DataView(new ArrayBuffer(8)), new Float32Array(960),
    Object.create(Buffer.prototype),
  ],
}

module.exports = { noise, refusals, snr, voice }
