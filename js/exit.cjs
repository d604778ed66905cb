'use strict'

const { isMainThread } = require('node:worker_threads')
const native = require('./binding.cjs')

// How a process ends: a normal end waits for what is queued to be heard; any end lets the devices go.

/** Frames that the audio system may still hold after our queue is empty, in callback periods. */
const PERIODS_BEHIND = 4
const SETTLE_MS = 100
/** A device that has consumed nothing for so long will not. Audio servers may take seconds to start. */
const PATIENCE_MS = 5000
const LOOK_AGAIN_MS = 50
/** Another thread may clear, pause or close what this one waits for. */
const LOOK_AGAIN_AT_MOST_MS = 500

const instances = new Set()
const speakers = new Set()
let hold = null

/** Something changed that may shorten the wait: end it, and let `beforeExit` look again. */
const reconsider = () => {
  clearTimeout(hold)
  hold = null
}

const remainingMs = (instance) => {
  const { frequency, queuedFrames } = instance
  if (queuedFrames === 0) return 0
  const behind = PERIODS_BEHIND * instance.obtained.periodFrames
  return ((queuedFrames + behind) * 1000) / frequency
}

/** What was queued when it last changed, and when that was. */
const progress = { queued: '', atMs: 0 }

process.on('beforeExit', (code) => {
  if (code !== 0) return
  const playing = [...speakers].filter((speaker) => speaker.playing)
  const durationMs = Math.max(0, ...playing.map(remainingMs))
  if (durationMs === 0) return
  const queued = playing.map((speaker) => speaker.queuedFrames).join()
  const nowMs = performance.now()
  const stuck = queued === progress.queued
  if (!stuck) Object.assign(progress, { queued, atMs: nowMs })
  if (nowMs - progress.atMs >= PATIENCE_MS) return
  hold = setTimeout(reconsider, stuck ? LOOK_AGAIN_MS : Math.min(durationMs, LOOK_AGAIN_AT_MOST_MS))
})

process.on('exit', () => {
  try {
    for (const instance of [...instances]) instance.close()
  } finally {
    // Reached though a listener of 'close' threw. The threads of a process that ends under them are cut off in the middle:
    // give the fades their time.
    if (isMainThread) native.settle(SETTLE_MS)
  }
})

const add = (instance, recording) => {
  instances.add(instance)
  if (!recording) speakers.add(instance)
}

const remove = (instance) => {
  instances.delete(instance)
  speakers.delete(instance)
}

module.exports = { add, remove, reconsider }
