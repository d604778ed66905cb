'use strict'

const native = require('./binding.cjs')
const { KnownEventsEmitter } = require('./emitter.cjs')
const { checkBytes, checkOptions, received } = require('./check.cjs')
const { invalid, outOfRange } = require('./errors.cjs')
const { slotOf: heldSlotOf } = require('./held.cjs')
const { Owned, slotOf } = require('./owned.cjs')
const { PacketSealer, handOver } = require('./packets.cjs')
const { AudioProcessor } = require('./processor.cjs')
const { AudioTap } = require('./tap.cjs')

const EVENTS = ['packet', 'close', 'error']

/** Those that send, whether or not anybody else holds them. */
const senders = new Set()

/** From a tap to sealed packets, on a native thread; JavaScript only takes them to its socket. */
class Sender extends KnownEventsEmitter {
  #owned
  #forget
  #closing = false
  #processor
  #mode

  constructor (options) {
    checkOptions(options, ['tap', 'processor', 'sealer'])
    const { tap, processor, sealer } = options
    for (const [name, value, kind] of [['tap', tap, AudioTap], ['processor', processor, AudioProcessor], ['sealer', sealer, PacketSealer]]) {
      if (!(value instanceof kind)) {
        const hint = typeof value?.createTap === 'function' ? '; use createTap()' : ''
        throw invalid(`Expected ${kind.name} for ${name} but received ${received(value)}${hint}`, { [name]: value })
      }
    }
    if (tap.frequency !== processor.frequency || tap.channels !== processor.channels) {
      throw invalid('Expected tap and processor of the same frequency and channels', { tap, processor })
    }
    super(EVENTS, (type) => {
      // What came before is told too.
      if (type === 'packet' || type === '*') setImmediate(() => this.#tell())
    })
    this.#processor = processor
    this.#mode = processor.mode
    const slot = handOver(sealer, (sealerSlot) => native.newSender(heldSlotOf(tap), processor.handle, sealerSlot, () => this.#tell()))
    this.#owned = new Owned(slot, native.closeSender, 'Sender')
    senders.add(this)
    const end = () => this[Symbol.dispose ?? Symbol.for('nodejs.dispose')]()
    tap.once('close', end)
    this.#forget = () => { if (!tap.closed) tap.off('close', end) }
  }

  /** The processor's event: it does not hear of the packets that are made here. */
  #tellMode () {
    if (this.closed) return
    const [from, mode] = [this.#mode, native.senderMode(slotOf(this.#owned))]
    if (mode === from) return
    this.#mode = mode
    this.#processor.emit('mode', { type: 'mode', mode, from })
  }

  #tell () {
    this.#tellMode()
    while (!this.closed && this.listenerCount('packet') + this.listenerCount('*') > 0) {
      const packet = this.readPacket()
      if (packet === null) return
      this.emit('packet', packet)
    }
  }

  readPacket () {
    return native.readPacket(slotOf(this.#owned)) ?? null
  }

  readPacketInto (out) {
    const slot = slotOf(this.#owned)
    checkBytes('out', out)
    const bytes = native.readPacketInto(slot, out)
    if (bytes < 0) throw outOfRange(`Expected room for ${-bytes} bytes but received ${out.length}`, { out, neededBytes: -bytes })
    return bytes
  }

  stats () {
    return native.senderStats(slotOf(this.#owned))
  }

  get closed () { return this.#owned.closed }

  close () {
    slotOf(this.#owned)
    // A listener of 'close' may call this again.
    if (this.#closing) return
    this.#closing = true
    try {
      this.emit('close')
    } finally {
      this.removeAllListeners()
      senders.delete(this)
      this.#forget()
      this.#owned.close()
    }
  }

  [Symbol.dispose ?? Symbol.for('nodejs.dispose')] () {
    if (!this.closed) this.close()
  }
}

module.exports = { Sender }
