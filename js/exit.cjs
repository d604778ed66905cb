'use strict'

const { isMainThread } = require('node:worker_threads')
const native = require('./binding.cjs')

// How a process ends: a normal end waits for what is queued to be heard; any end lets the devices go.

/** Frames that the audio system may still hold after our queue is empty, in callback periods. */
const PERIODS_BEHIND = 4
const SETTLE_MS = 100

const instances = new Set()
let hold = null

const release = () => {
  clearTimeout(hold)
  hold = null
}

/** Something changed that may shorten the wait: end it, and let `beforeExit` look again. */
const reconsider = () => {
  if (hold) release()
}

const sounding = (instance) => instance.device.type === 'playback' && instance.playing

const remainingMs = (instance) => {
  const { frequency, queuedFrames } = instance
  if (queuedFrames === 0) return 0
  const behind = PERIODS_BEHIND * instance.obtained.periodFrames
  return ((queuedFrames + behind) * 1000) / frequency
}

let heldFor = null

process.on('beforeExit', (code) => {
  if (code !== 0) return
  const playing = [...instances].filter(sounding)
  const queued = playing.map((instance) => instance.queuedFrames).join()
  // A device that consumes nothing would hold the process for ever.
  if (queued === heldFor) return
  heldFor = queued
  const durationMs = Math.max(0, ...playing.map(remainingMs))
  if (durationMs > 0) hold = setTimeout(() => { hold = null }, durationMs)
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

module.exports = { add: (instance) => instances.add(instance), remove: (instance) => instances.delete(instance), reconsider }
