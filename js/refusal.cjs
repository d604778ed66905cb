'use strict'

const { codedError, closed, outOfRange } = require('./errors.cjs')
const { openedOf } = require('./held.cjs')

const TAKEN = -2
const FULL = -3
const TOO_SHORT = -4
const LOST = -5

/** The error for a native answer below zero; `fields` are the values that were refused. */
const refusal = (instance, answer, fields) => {
  const { recording, maxQueuedFrames } = openedOf(instance)
  const { id } = instance
  switch (answer) {
    case TAKEN:
      return codedError(
        'WRITER_TAKEN',
        `another thread ${recording ? 'reads' : 'writes'} this device; it lets go when it closes its instance or ends`,
        { id },
      )
    case FULL: {
      const maxQueuedMs = Math.round((maxQueuedFrames * 1000) / instance.frequency)
      return codedError('QUEUE_FULL', `the queue holds at most ${maxQueuedMs} ms (maxQueuedMs); nothing was taken`, fields)
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
