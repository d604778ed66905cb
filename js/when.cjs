'use strict'

const native = require('./binding.cjs')
const events = require('./events.cjs')
const { codedError, closed, invalid } = require('./errors.cjs')
const { checkOptions } = require('./options.cjs')

// Waits as promises: the native pump looks after every block of the device, and tells. Nothing here polls.

/** Numbers of `Waited` in src/device/waiting.rs. */
const READY = 0
const LOST = 3

/** token → what is waited for */
const pending = new Map()

const aborted = (signal) =>
  Object.assign(codedError('ABORTED', 'the wait was aborted', {}), { name: 'AbortError', cause: signal.reason })

const lost = () => codedError('DEVICE_LOST', 'the device is gone; close the instance and open another')

const end = (token, settle) => {
  const { held, signal, onAbort, resolve, reject } = pending.get(token)
  pending.delete(token)
  events.reference(onAbort, false)
  signal?.removeEventListener('abort', onAbort)
  settle({ resolve, reject, id: held.id })
}

events.onWaited((token, how) => {
  if (!pending.has(token)) return
  end(token, ({ resolve, reject, id }) => {
    if (how === READY) resolve()
    else reject(how === LOST ? lost() : closed(id))
  })
})

/**
 * Resolves when `held`, whose native slot is `slot`, has room or data for `frames`; with none, when all that is queued was
 * heard.
 */
const when = (held, slot, frames, options = {}) =>
  new Promise((resolve, reject) => {
    checkOptions(options, ['signal'])
    const { signal } = options
    if (signal !== undefined && !(signal instanceof AbortSignal)) throw invalid('signal must be an AbortSignal', { signal })
    if (signal?.aborted) throw aborted(signal)
    const token = native.watch(slot, frames)
    const onAbort = () => {
      native.unwatch(token)
      end(token, ({ reject }) => reject(aborted(signal)))
    }
    pending.set(token, { held, signal, onAbort, resolve, reject })
    signal?.addEventListener('abort', onAbort)
    // Who waits wants to hear of it: the process stays.
    events.reference(onAbort, true)
  })

/** Ends the waits of what was closed here. */
const closedHere = (held) => {
  for (const [token, wait] of [...pending]) {
    if (wait.held !== held) continue
    native.unwatch(token)
    end(token, ({ reject, id }) => reject(closed(id)))
  }
}

module.exports = { when, closed: closedHere }
