'use strict'

const native = require('./binding.cjs')
const { KnownEventsEmitter } = require('./emitter.cjs')
const { checkBytes, checkOptions } = require('./check.cjs')
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

  constructor (options) {
    checkOptions(options)
    const { tap, processor, sealer } = options
    for (const [name, value, kind] of [['tap', tap, AudioTap], ['processor', processor, AudioProcessor], ['sealer', sealer, PacketSealer]]) {
      if (!(value instanceof kind)) throw invalid(`Expected ${kind.name} for ${name}`, { [name]: value })
    }
    if (tap.frequency !== processor.frequency || tap.channels !== processor.channels) {
      throw invalid('Expected tap and processor of the same frequency and channels', { tap, processor })
    }
    super(EVENTS)
    const slot = handOver(sealer, (sealerSlot) => native.newSender(heldSlotOf(tap), processor.handle, sealerSlot, () => this.#tell()))
    this.#owned = new Owned(slot, native.closeSender, 'Sender')
    senders.add(this)
  }

  #tell () {
    if (this.closed || this.listenerCount('packet') + this.listenerCount('*') === 0) return
    for (let packet = this.readPacket(); packet !== null; packet = this.readPacket()) {
      this.emit('packet', packet)
      if (this.closed) return
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
    try {
      this.emit('close')
    } finally {
      this.removeAllListeners()
      senders.delete(this)
      if (!this.closed) this.#owned.close()
    }
  }

  [Symbol.dispose ?? Symbol.for('nodejs.dispose')] () {
    if (!this.closed) this.close()
  }
}

module.exports = { Sender }
