'use strict'

const native = require('./binding.cjs')
const { codedError, closed, invalid, outOfRange } = require('./errors.cjs')
const { slotOf } = require('./held.cjs')
const { LOST, refusal } = require('./refusal.cjs')

// Back in JavaScript this often, so that a worker that waits can be terminated at once.
const SLICE_MS = 10

const checkFrames = (frames, { most, limit }) => {
  if (!Number.isInteger(frames)) throw invalid('frames must be an integer', { frames })
  if (frames <= 0 || frames > most) {
    throw outOfRange(`Expected frames from 1 to ${most} (${limit}) but received ${frames}`, { frames })
  }
}

/**
 * Blocks this worker until the device has room or data for `frames`; false when `timeoutMs` is over first. `what`: 'Space' or
 * 'Frames', as the methods are called.
 */
const waitFor = (what, instance, frames, timeoutMs, most) => {
  const slot = slotOf(instance)
  checkFrames(frames, most)
  if (typeof timeoutMs !== 'number' || Number.isNaN(timeoutMs)) throw invalid('timeoutMs must be a number', { timeoutMs })
  if (timeoutMs < 0) throw outOfRange('invalid timeoutMs', { timeoutMs })
  // Asked for only here: loading it takes as much memory as all of this package.
  if (require('node:worker_threads').isMainThread) {
    throw codedError('WOULD_BLOCK', `waitFor${what} would block the main thread: await when${what}(frames), or wait in a worker`)
  }
  const deadline = performance.now() + timeoutMs
  for (;;) {
    const left = deadline - performance.now()
    const waited = native.waitFor(slot, frames, Math.max(0, Math.min(left, SLICE_MS)))
    if (waited === 'ready') return true
    if (waited === 'closed') throw closed(instance.id)
    if (waited === 'lost') throw refusal(instance, LOST)
    if (left <= SLICE_MS && performance.now() >= deadline) return false
  }
}

module.exports = { checkFrames, waitFor }
