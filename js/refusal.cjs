'use strict'

const { codedError, closed, outOfRange } = require('./errors.cjs')
const { openedOf } = require('./held.cjs')

const TAKEN = -2
const FULL = -3
const TOO_SHORT = -4
const LOST = -5

/** Who has the other end, as far as this thread knows. */
const whoseTurn = ({ recording, targetFrames, ring }) => {
  const isSource = targetFrames !== undefined
  if (ring) return isSource ? 'a ring feeds this source: write to the ring' : 'a ring takes what this tap hears: read from the ring'
  if (isSource) return 'another thread or a Receiver writes this source, which lets go when it closes or ends; or a ring feeds it'
  if (recording === undefined) return 'another thread or a Sender reads this tap, which lets go when it closes or ends; or a ring takes what it hears'
  return `another thread ${recording ? 'reads' : 'writes'} this device; it lets go when it closes its instance or ends`
}

/** The error for a native answer below zero; `fields` are the values that were refused. */
const refusal = (instance, answer, fields) => {
  const { maxQueuedFrames } = openedOf(instance)
  const { id } = instance
  switch (answer) {
    case TAKEN:
      return codedError('WRITER_TAKEN', whoseTurn(openedOf(instance)), { id })
    case FULL: {
      const maxQueuedMs = Math.round((maxQueuedFrames * 1000) / instance.frequency)
      return codedError('QUEUE_FULL', `the queue holds at most ${maxQueuedMs} ms (maxQueuedMs); nothing was taken: await whenSpace(frames), or write what fits`, fields)
    }
    case TOO_SHORT:
      return outOfRange('buffer is smaller than expected', fields)
    case LOST:
      return codedError('DEVICE_LOST', 'the device is gone; close the instance and open another', { id })
    default:
      return closed(id)
  }
}

module.exports = { refusal, LOST }
