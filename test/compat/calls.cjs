'use strict'

// The table: calls on `sdl.audio`, `sdl.info` and the helpers, and what a process does that made them.

const subjects = [
  require('./calls/module.cjs'),
  require('./calls/formats.cjs'),
  require('./calls/open.cjs'),
  require('./calls/instance.cjs'),
  require('./calls/play.cjs'),
  require('./calls/queue.cjs'),
  require('./calls/dequeue.cjs'),
  require('./calls/close.cjs'),
  require('./calls/listen.cjs'),
  require('./calls/emit.cjs'),
  require('./calls/disk.cjs'),
  require('./calls/process.cjs'),
]

const rows = subjects.flat()

const names = new Set()
for (const { name } of rows) {
  if (names.has(name)) throw new Error(`two rows are called "${name}"`)
  names.add(name)
}

module.exports = { rows }
