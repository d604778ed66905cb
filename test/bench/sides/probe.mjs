// What every side of the round trip does: emits a burst now and then, and notes when it hears it again.

import { spawnSync } from 'node:child_process'
import { setPriority } from 'node:os'

export const FREQUENCY = 48000
export const CHANNELS = 2
const BURST_FRAMES = 32
const LEVEL = 0.8
const HEARD = 0.25
const GIVE_UP_MS = 1000

/** A block of silence, and the same with a burst from its second frame on: the first is silent, so that no ramp is due. */
export const silence = (frames) => new Float32Array(frames * CHANNELS)
export const burst = (frames) => silence(frames).fill(LEVEL, CHANNELS, (BURST_FRAMES + 1) * CHANNELS)

export const bytesOf = (samples) => Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength)
/** Any bytes of whole samples as samples, wherever they lie in memory. */
export const samplesOf = (bytes) => new Float32Array(Uint8Array.from(bytes).buffer)

/** Whether the burst is in `samples`. */
export const hears = (samples, count = samples.length) => {
  for (let at = 0; at < count; at++) if (samples[at] > HEARD) return true
  return false
}

/** How long to be quiet before the next burst: at random, so that it meets the device at any moment of its period. */
export const pauseMs = () => 40 + Math.random() * 50

/** For sides that are told of captured samples: `listen` takes them, `run` emits and waits. */
export class Probe {
  #onHeard = null

  listen (samples) {
    if (this.#onHeard && hears(samples)) this.#onHeard(performance.now())
  }

  /** Emits `probes` bursts after `warmMs`; resolves to what it took to hear each, in ms. */
  async run (emit, { probes, warmMs }) {
    await sleep(warmMs)
    const latencyMs = []
    for (let probe = 0; probe < probes; probe++) {
      await sleep(pauseMs())
      const heard = new Promise((resolve) => { this.#onHeard = resolve })
      const emittedAt = performance.now()
      emit()
      const heardAt = await Promise.race([heard, sleep(GIVE_UP_MS)])
      this.#onHeard = null
      if (heardAt !== undefined) latencyMs.push(heardAt - emittedAt)
    }
    return latencyMs
  }
}

const sleep = (ms) => new Promise((resolve) => { setTimeout(resolve, ms) })

/**
 * For a main thread that polls without a pause, once its devices are open: takes it out of the real-time class that the bench may
 * run in, where it would hold up the audio threads that it waits for.
 */
export const spinBelowAudio = () => {
  spawnSync('chrt', ['--other', '--pid', '0', String(process.pid)])
  try {
    setPriority(-20)
  } catch {}
}

/** Prints the answer, with the share of a core that this process has used, and ends without closing anything. */
export const report = (answer) => {
  const { user, system } = process.cpuUsage()
  const cpuPercent = (user + system) / 1e4 / process.uptime()
  process.stdout.write(`\n${JSON.stringify({ ...answer, cpuPercent })}\n`, () => process.kill(process.pid, 'SIGKILL'))
}
