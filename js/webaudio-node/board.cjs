'use strict'

// What a render worker shows of its pulls: a few counters in shared memory, which the other side reads without a message.

const [PULLS, QUANTA, UNDERRUNS, UNDERRUN_FRAMES, TARGET_US] = [0, 1, 2, 3, 4]
const WORDS = 5

/** A worker's own until `showOn` gives it the one that is looked at. */
let words = new Int32Array(WORDS)

module.exports = {
  allocate: () => new SharedArrayBuffer(WORDS * 4),
  showOn: (buffer) => { words = new Int32Array(buffer) },

  started: () => Atomics.add(words, PULLS, 1),
  stopped: () => Atomics.sub(words, PULLS, 1),
  rendered: (quanta) => Atomics.add(words, QUANTA, quanta),
  target: (ms) => Atomics.store(words, TARGET_US, Math.round(ms * 1000)),
  underrun: (frames) => {
    Atomics.add(words, UNDERRUNS, 1)
    Atomics.add(words, UNDERRUN_FRAMES, frames)
  },

  /** The worker has ended, and perhaps without a word. */
  ended: (buffer) => Atomics.store(new Int32Array(buffer), PULLS, 0),

  /** Counters wrap after months. */
  read: (buffer) => {
    const shown = new Int32Array(buffer)
    const count = (at) => Atomics.load(shown, at) >>> 0
    return {
      pulls: count(PULLS),
      quanta: count(QUANTA),
      underruns: count(UNDERRUNS),
      underrunFrames: count(UNDERRUN_FRAMES),
      targetMs: count(TARGET_US) / 1000,
    }
  },
}
