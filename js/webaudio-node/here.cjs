'use strict'

// What a render worker's module is told of the thread it runs in.

module.exports = { rpc: null }
