'use strict'

const { describe, describeError } = require('./describe.cjs')

// What a row of the table is given to act with.

const POLL_MS = 5
const PATIENCE_MS = 10_000

/** Periods so short that several hundred devices open and close in little time. */
const BRISK = { buffered: 256 }

/** `note` takes what has to be told before the process ends; only rows that run alone have one. */
const makeStage = ({ sdl, helpers, root }, note) => {
  const { audio } = sdl
  const opened = []

  /** Calls and tells the outcome; rows use it to go on after an error. */
  const attempt = (call) => {
    try {
      return { returned: describe(call()) }
    } catch (error) {
      return { threw: describeError(error) }
    }
  }

  /** Opens a device that is closed after the row, unless the row has closed it. */
  const open = (device, options) => {
    const instance = audio.openDevice(device, options)
    opened.push(instance)
    return instance
  }

  const playback = (options, device) => open({ type: 'playback', ...device }, { ...BRISK, ...options })

  const recording = (options, device) => {
    const instance = open({ type: 'recording', ...device }, { ...BRISK, ...options })
    // The peer's first dequeue may tell of an old error from somewhere else in SDL, which is not what a row is about.
    // Nothing is taken by it: a device that has not played holds nothing.
    attempt(() => instance.dequeue(Buffer.alloc(8)))
    return instance
  }

  const instance = (type, ...args) => (type === 'playback' ? playback(...args) : recording(...args))

  /** What listeners heard, in order. */
  const heard = []

  /** A listener that writes down its arguments under `label`. */
  const listener = (label) => (...args) => { heard.push([label, ...args.map(describe)]) }

  /** Waits for `condition`; false if it does not come true. */
  const until = async (condition) => {
    for (let waitedMs = 0; waitedMs < PATIENCE_MS; waitedMs += POLL_MS) {
      if (condition()) return true
      await new Promise((resolve) => { setTimeout(resolve, POLL_MS) })
    }
    return condition()
  }

  const strike = () => {
    for (const device of opened) if (!device.closed) device.close()
  }

  return {
    sdl, audio, helpers, root,
    open, playback, recording, instance,
    attempt, until, listener, heard,
    note: (...words) => note(words.map(describe)),
    strike,
  }
}

/** Runs one row; what it returned or threw, and what listeners heard meanwhile. */
const perform = async (row, stage) => {
  let outcome
  try {
    outcome = { returned: describe(await row.run(stage)) }
  } catch (error) {
    outcome = { threw: describeError(error) }
  }
  return stage.heard.length > 0 ? { ...outcome, heard: stage.heard } : outcome
}

module.exports = { makeStage, perform }
