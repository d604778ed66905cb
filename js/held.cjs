'use strict'

const native = require('./binding.cjs')
const events = require('./events.cjs')
const { KnownEventsEmitter } = require('./emitter.cjs')
const { closed } = require('./errors.cjs')
const when = require('./when.cjs')

/** The native slot of a device, source or tap; throws for one that is closed. */
let slotOf
/** What the native call answered when it was opened. */
let openedOf

/** What instances, sources and taps have in common: a native slot, events, one end. */
class Held extends KnownEventsEmitter {
  #opened
  #closed = true
  #closing = false
  #link

  static {
    slotOf = (held) => {
      if (held.#closed) throw closed(held.id)
      return held.#opened.slot
    }
    openedOf = (held) => held.#opened
  }

  /** `opened` is what the native call answered; `tell` is called with what the pump tells of it, `leave` before it closes. */
  constructor (validEvents, opened, { tell, leave = () => {} }) {
    super(validEvents)
    this.#opened = opened
    this.#link = {
      onNative: (kind, detail) => {
        if (kind !== 'ended') tell(kind, detail)
        else if (!this.#closed) this.close()
      },
      leave,
    }
    events.add(opened.id, this.#link)
    this.#closed = false
  }

  get handle () { return this.#opened.id }
  get closed () { return this.#closed }

  close () {
    const slot = slotOf(this)
    // A listener of 'close' may call this again.
    if (this.#closing) return
    this.#closing = true
    try {
      this.emit('close')
    } finally {
      this.removeAllListeners()
      this.#link.leave(slot)
      this.#closed = true
      events.remove(this.#opened.id, this.#link)
      events.reference(this, false)
      native.close(slot)
      when.closed(this)
    }
  }

  [Symbol.dispose ?? Symbol.for('nodejs.dispose')] () {
    if (!this.#closed) this.close()
  }

  ref () {
    slotOf(this)
    events.reference(this, true)
    return this
  }

  unref () {
    slotOf(this)
    events.reference(this, false)
    return this
  }
}

module.exports = { Held, slotOf: (held) => slotOf(held), openedOf: (held) => openedOf(held) }
