'use strict'

const native = require('./binding.cjs')

// How a process ends: a normal end waits for what is queued to be heard; any end lets the devices go.

const SETTLE_MS = 100
/** What the audio system still holds when our queue is empty: some periods, and what lies between us and the speaker. */
const PERIODS_BEHIND = 4
const SERVER_BEHIND_MS = 100
/** A device that has consumed nothing for so long will not. Audio servers may take seconds to start. */
const PATIENCE_MS = 5000
const LOOK_AGAIN_MS = 50
/** Another thread may clear, pause or close what this one waits for. */
const LOOK_AGAIN_AT_MOST_MS = 500

const instances = new Set()
const speakers = new Set()
let hold = null
/** There has been a device, which may still be fading. */
let opened = false

/** Something changed that may shorten the wait: end it; `beforeExit` comes again and looks. */
const reconsider = () => {
  clearTimeout(hold)
  hold = null
}

const queuedMs = ({ queuedFrames, frequency }) => (queuedFrames * 1000) / frequency
const behindMs = ({ obtained, frequency }) => SERVER_BEHIND_MS + (PERIODS_BEHIND * obtained.periodFrames * 1000) / frequency

/** What was queued when it last changed, when that was, and whether what has left the queue may still be on its way. */
const progress = { queued: '', atMs: 0, underWay: false }

/** How long to wait before looking again, in ms; 0 when there is nothing more to hear. */
const waitMs = (playing) => {
  const durationMs = Math.max(0, ...playing.map(queuedMs))
  if (durationMs === 0) {
    const lastMs = progress.underWay ? Math.max(0, ...playing.map(behindMs)) : 0
    progress.underWay = false
    return lastMs
  }
  progress.underWay = true
  const queued = playing.map(({ queuedFrames }) => queuedFrames).join()
  const nowMs = performance.now()
  if (queued !== progress.queued) {
    Object.assign(progress, { queued, atMs: nowMs })
    return Math.min(durationMs, LOOK_AGAIN_AT_MOST_MS)
  }
  return nowMs - progress.atMs < PATIENCE_MS ? LOOK_AGAIN_MS : 0
}

const look = () => {
  const ms = waitMs([...speakers].filter(({ playing }) => playing))
  hold = ms > 0 ? setTimeout(look, ms) : null
}

process.on('beforeExit', (code) => {
  if (code === 0) look()
})

process.on('exit', () => {
  try {
    for (const instance of [...instances]) {
      // The listeners of one may close another.
      if (!instance.closed) instance.close()
    }
  } finally {
    // Reached though a listener of 'close' threw. The threads of a process that ends under them are cut off in the middle:
    // give the fades their time.
    if (opened && require('node:worker_threads').isMainThread) native.settle(SETTLE_MS)
  }
})

const add = (instance, recording) => {
  opened = true
  instances.add(instance)
  if (!recording) speakers.add(instance)
}

const remove = (instance) => {
  instances.delete(instance)
  speakers.delete(instance)
}

module.exports = { add, remove, reconsider }
