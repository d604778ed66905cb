'use strict'

const { reporters, Runner } = require('mocha')

/** The usual report, and what had to run twice: a busy machine may do that to a test, but nobody shall overlook it. */
module.exports = class extends reporters.Spec {
  constructor (runner, options) {
    super(runner, options)
    const again = []
    runner.on(Runner.constants.EVENT_TEST_RETRY, (test, error) => again.push(`${test.fullTitle()}: ${error.stack ?? error}`))
    runner.once(Runner.constants.EVENT_RUN_END, () => {
      for (const text of again) console.log(`  run again: ${text}\n`)
    })
  }
}
