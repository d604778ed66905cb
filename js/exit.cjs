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
/** instance → its native slot */
const speakers = new Map()
/** instance → how many frames had been written when this thread had nothing else to do */
const ends = new WeakMap()
let hold = null
/** There has been a device, which may still be fading. */
let opened = false

/** Something changed that may shorten the wait: end it; `beforeExit` comes again and looks. */
const reconsider = () => {
  clearTimeout(hold)
  hold = null
}

/** Frames that are still to be heard. What another thread goes on writing is not: that may never end. */
const leftFrames = (instance, slot) => {
  const { writtenFrames, queuedFrames } = native.stats(slot)
  // Whoever writes a ring takes no turn.
  if (!ends.has(instance) || !(instance.ring || native.isUsedElsewhere(slot))) ends.set(instance, writtenFrames)
  return Math.max(0, ends.get(instance) - (writtenFrames - queuedFrames))
}

const behindMs = ({ obtained, frequency }) => SERVER_BEHIND_MS + (PERIODS_BEHIND * obtained.periodFrames * 1000) / frequency

/** What was left when that last changed, when that was, and whether what has left the queue may still be on its way. */
const progress = { left: '', atMs: 0, underWay: false }

/** How long to wait before looking again, in ms; 0 when there is nothing more to hear. */
const waitMs = (playing) => {
  const left = playing.map(([instance, slot]) => leftFrames(instance, slot))
  const durationMs = Math.max(0, ...playing.map(([{ frequency }], at) => (left[at] * 1000) / frequency))
  if (durationMs === 0) {
    const lastMs = progress.underWay ? Math.max(0, ...playing.map(([instance]) => behindMs(instance))) : 0
    progress.underWay = false
    return lastMs
  }
  progress.underWay = true
  const nowMs = performance.now()
  if (left.join() !== progress.left) {
    Object.assign(progress, { left: left.join(), atMs: nowMs })
    return Math.min(durationMs, LOOK_AGAIN_AT_MOST_MS)
  }
  return nowMs - progress.atMs < PATIENCE_MS ? LOOK_AGAIN_MS : 0
}

/** A device that is gone, or whose callback has failed, will not be heard. */
const isHeard = ([{ playing }, slot]) => playing && native.trouble(slot) === null

const look = () => {
  const ms = waitMs([...speakers].filter(isHeard))
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

const add = (instance, { recording, slot }) => {
  opened = true
  instances.add(instance)
  if (!recording) speakers.set(instance, slot)
}

const remove = (instance) => {
  instances.delete(instance)
  speakers.delete(instance)
}

module.exports = { add, remove, reconsider }
