'use strict'

const { codedError } = require('./errors.cjs')

// Objects whose state lives natively, in a slot of this thread. It is freed by `close`, or when nobody holds the object any more.

const forgotten = new FinalizationRegistry(({ slot, free }) => free(slot))

/** The native slot of an object; throws for one that is closed. */
let slotOf

class Owned {
  #slot
  #free
  #name
  #closed = false

  static {
    slotOf = (object) => {
      if (object.#closed) throw codedError('CLOSED', `this ${object.#name} is closed`)
      return object.#slot
    }
  }

  constructor (slot, free, name = new.target.name) {
    this.#slot = slot
    this.#free = free
    this.#name = name
    forgotten.register(this, { slot, free }, this)
  }

  get closed () { return this.#closed }

  close () {
    const slot = slotOf(this)
    this.#closed = true
    forgotten.unregister(this)
    this.#free(slot)
  }

  [Symbol.dispose ?? Symbol.for('nodejs.dispose')] () {
    if (!this.#closed) this.close()
  }
}

module.exports = { Owned, slotOf }
