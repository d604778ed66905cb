'use strict'

const { EventEmitter } = require('node:events')
const { invalid } = require('./errors.cjs')

const commonEvents = ['newListener', 'removeListener', '*']

/** An emitter that knows its events; `'*'` hears them all, with the type first. */
class KnownEventsEmitter extends EventEmitter {
  #events

  /** `onListener` is called with the type before a listener is added. */
  constructor (events, onListener = () => {}) {
    super()
    this.#events = events
    // In this order, so that neither hears of the other.
    this.on('removeListener', (type) => this.#check(type))
    this.on('newListener', (type) => {
      this.#check(type)
      onListener(type)
    })
  }

  #check (type) {
    if (!commonEvents.includes(type) && !this.#events.includes(type)) throw invalid('invalid event', { type })
  }

  /** True if anybody listened. */
  emit (type, ...args) {
    this.#check(type)
    const heard = super.emit(type, ...args)
    return (!commonEvents.includes(type) && super.emit('*', type, ...args)) || heard
  }
}

module.exports = { KnownEventsEmitter }
