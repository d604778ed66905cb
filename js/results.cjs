'use strict'

const native = require('./binding.cjs')
const events = require('./events.cjs')
const { codedError } = require('./errors.cjs')

// What native threads have done, handed to whoever waits for it: one waking for many results.

const { processorFetch } = native

const ROOM_BYTES = 256 << 10
const ROOM_RESULTS = 256
const FIELDS = 4
const PREFIX = 'ERR_AUDIO_'
/** What stands for the mode of a frame that failed; its bytes are a code and a message. */
const FAILED = -1

/** id → what to call with the packet's bytes, mode and µs, or with an error */
const waiting = new Map()
/** Called after each round of results. */
const rounds = new Set()
let nextId = 0
let room

const refusalOf = (bytes) => {
  const said = bytes.toString()
  const end = said.indexOf('\n')
  return codedError(said.slice(PREFIX.length, end), said.slice(end + 1))
}

/** Whatever is called here must not throw: the others have to hear of theirs, too. */
const fetchAll = () => {
  for (;;) {
    const count = processorFetch(room.bytes, room.table)
    if (count === 0) break
    let at = 0
    for (let row = 0; row < count * FIELDS; row += FIELDS) {
      const [id, size] = [room.table[row], room.table[row + 1]]
      const [mode, micros] = [room.table[row + 2], room.table[row + 3]]
      const bytes = room.bytes.subarray(at, at += size)
      const done = waiting.get(id)
      waiting.delete(id)
      if (mode === FAILED) done(refusalOf(bytes))
      else done(null, bytes, mode, micros)
    }
  }
  for (const round of [...rounds]) round()
  if (waiting.size === 0) events.reference(waiting, false)
}

/** The number to submit a frame under; `done` is called when it is done. What waits keeps the process alive. */
const awaitResult = (done) => {
  if (!room) {
    room = { bytes: Buffer.allocUnsafeSlow(ROOM_BYTES), table: new Float64Array(ROOM_RESULTS * FIELDS) }
    native.processorListen(fetchAll)
  }
  if (waiting.size === 0) events.reference(waiting, true)
  nextId = (nextId + 1) >>> 0
  waiting.set(nextId, done)
  return nextId
}

/** For a frame that was not submitted after all. */
const forget = (id) => {
  waiting.delete(id)
  if (waiting.size === 0) events.reference(waiting, false)
}

module.exports = { awaitResult, forget, rounds }
