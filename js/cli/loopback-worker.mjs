// A worker of `loopback` and `doctor`. Plays short bursts and waits, blocked, until the microphone has them.
import { parentPort, workerData } from 'node:worker_threads'
import native from '../binding.cjs'
import held from '../held.cjs'
import sdl from '../index.mjs'

const BURST_FRAMES = 64
const BURST_HERTZ = 2000
const NOISE_MS = 200
/** Of a device that has just begun: servers take their time. */
const FIRST_PATIENCE_MS = 2000
const PATIENCE_MS = 1000
/** What is still on its way round must be over before the next burst. */
const PAUSE_MS = 60
const PAUSE_JITTER_MS = 40
/** A burst stands out of the noise by so much. */
const ABOVE_NOISE = 4
const LEAST_LEVEL = 0.01

const sleep = (ms) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)

/** The first frame is silent, so that nothing has to fade in. */
const burstOf = (gain, frequency) =>
  Float32Array.from({ length: BURST_FRAMES + 1 }, (_, frame) => gain * Math.sin((2 * Math.PI * BURST_HERTZ * frame) / frequency))

const peakOf = (samples, count) => {
  let peak = 0
  for (let at = 0; at < count; at++) peak = Math.max(peak, Math.abs(samples[at]))
  return peak
}

class Loop {
  #speaker
  #microphone
  #captured
  #burst

  constructor ({ periodFrames, frequency, gain, output, input }) {
    const options = { frequency, channels: 1, periodFrames }
    this.#microphone = sdl.audio.openDevice({ type: 'recording', name: input }, options)
    this.#speaker = sdl.audio.openDevice({ type: 'playback', name: output }, options)
    this.#captured = new Float32Array(periodFrames)
    this.#burst = burstOf(gain, frequency)
    this.#microphone.play()
    this.#speaker.play()
  }

  get speaker () { return this.#speaker }

  /** Listens for so long; returns the loudest sample. */
  listen (ms) {
    let peak = 0
    for (const end = performance.now() + ms; performance.now() < end;) {
      if (this.#microphone.waitForFrames(1, 20)) peak = Math.max(peak, peakOf(this.#captured, this.#microphone.read(this.#captured)))
    }
    return peak
  }

  /** Plays a burst; returns after how many ms it was had back, or null if it never was. */
  probe (threshold, patienceMs) {
    while (this.#microphone.read(this.#captured) > 0);
    const emittedAt = performance.now()
    this.#speaker.write(this.#burst)
    while (performance.now() - emittedAt < patienceMs) {
      if (!this.#microphone.waitForFrames(1, 50)) continue
      if (peakOf(this.#captured, this.#microphone.read(this.#captured)) > threshold) return performance.now() - emittedAt
    }
    return null
  }

  close () {
    this.#speaker.close()
    this.#microphone.close()
  }
}

const measure = (options) => {
  const loop = new Loop(options)
  try {
    loop.listen(options.warmMs)
    const noise = loop.listen(NOISE_MS)
    const threshold = Math.max(LEAST_LEVEL, ABOVE_NOISE * noise)
    const roundTripMs = []
    const isHeard = loop.probe(threshold, FIRST_PATIENCE_MS) !== null
    for (let probe = 0; isHeard && probe < options.probes; probe++) {
      sleep(PAUSE_MS + Math.random() * PAUSE_JITTER_MS)
      const latencyMs = loop.probe(threshold, PATIENCE_MS)
      if (latencyMs !== null) roundTripMs.push(latencyMs)
      parentPort.postMessage({ done: (probe + 1) / options.probes })
    }
    const { intervalUs } = loop.speaker.stats()
    const flat = native.callbackIntervals(held.slotOf(loop.speaker))
    const intervals = Array.from({ length: flat.length / 3 }, (_, index) => flat.slice(3 * index, 3 * index + 3))
    return { roundTripMs, missed: options.probes - roundTripMs.length, noise, intervalUs, intervals, obtained: loop.speaker.obtained }
  } finally {
    loop.close()
  }
}

try {
  parentPort.postMessage({ result: measure(workerData) })
} catch ({ message, code }) {
  parentPort.postMessage({ failure: { message, code } })
}
