'use strict'

// What is true of the thread that this runs in: whether it is a render worker, and how it is called.

module.exports = {
  /** The rawr peer of a render worker. */
  rpc: null,
  /** Takes the calls that have come and not been heard of yet; whether there were any. */
  takeCalls: () => false,
}
