'use strict'

// The audio service answers when the audio system has, and one that hangs takes its time. In slices, so that a worker that
// waits for it can be terminated at once.
const SLICE_MS = 10

/** Blocks until `answer` has what `begin` asked for, or throws why not. */
const ask = (begin, answer) => {
  // A termination is noticed where a function of JavaScript is called; a native one alone goes on for ever.
  const look = () => answer(SLICE_MS)
  begin()
  for (;;) {
    const got = look()
    if (got !== null) return got
  }
}

module.exports = { ask }
