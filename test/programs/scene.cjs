'use strict'

// Runs the scene that a test sends (test/js/studio.cjs) and sends back what came of it.

const stage = require('./stage.cjs')

process.once('message', async ({ source, args }) => {
  let outcome
  // A scene that waits for an event holds nothing else.
  process.channel.ref()
  try {
    outcome = { returned: await stage.sceneOf(source)(stage, ...args) }
  } catch (error) {
    outcome = { threw: { message: error.message, stack: error.stack, code: error.code } }
  }
  process.channel.unref()
  process.send(outcome, () => process.disconnect())
})
