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

/** The sources and taps of this thread that are open, as far as it was told. */
const parts = new Set()

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
      if (!parts.delete(this)) closeEnded()
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

/** What sources and taps have in common: they end with their device. */
class Part extends Held {
  constructor (...args) {
    super(...args)
    parts.add(this)
  }

  get closed () { return super.closed || native.isClosed(openedOf(this).slot) }
}

/** A device was closed here: its sources and taps need not wait until the pump tells them. */
const closeEnded = () => {
  for (const part of [...parts]) {
    // A listener of one may close another.
    if (parts.has(part) && native.isClosed(openedOf(part).slot)) events.tell(() => part.close())
  }
}

/** As `slotOf`; throws as well when another thread has closed the device and nobody was told yet. */
const openSlotOf = (part) => {
  const slot = slotOf(part)
  if (native.isClosed(slot)) throw closed(part.id)
  return slot
}

module.exports = { Held, Part, openSlotOf, slotOf: (held) => slotOf(held), openedOf: (held) => openedOf(held) }
