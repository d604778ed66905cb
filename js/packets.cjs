'use strict'

const native = require('./binding.cjs')
const { checkBoolean, checkBytes, checkInteger, checkKeyBytes, checkOptions, checkWord, expected } = require('./check.cjs')
const { Owned, slotOf } = require('./owned.cjs')

const { seal, openPacket, openerLast } = native

const FORMATS = ['xiaozhi', 'seq-pts']
const SUITES = ['aes-128-ctr', 'aes-256-ctr', 'aes-128-gcm', 'aes-256-gcm']
const PACKET_OPTIONS = ['format', 'key', 'suite', 'ssrc', 'direction']
const SEALER_OPTIONS = ['frequency', 'channels', 'codec', 'sequence']
const SEAL_OPTIONS = ['timestamp', 'frames', 'marker']
const U32 = 2 ** 32 - 1
/** What the timestamp of a format goes up to. */
const LAST_TIMESTAMP = { xiaozhi: U32, 'seq-pts': Number.MAX_SAFE_INTEGER }
/** Frames are counted natively. */
const UNCOUNTED = -1

/** The two directions of a connection, by whatever pair of words. */
const DIRECTIONS = new Map([
  [0, false], [1, true], ['client', false], ['server', true], ['up', false], ['down', true], ['send', false], ['receive', true],
])

const directionOf = (direction) => {
  if (direction === undefined) return undefined
  if (!DIRECTIONS.has(direction)) throw expected(`0, 1, 'client' or 'server'`, 'direction', direction)
  return DIRECTIONS.get(direction)
}

const defaultSuite = (format, key) => `aes-${key.length === 32 ? 256 : 128}-${format === 'xiaozhi' ? 'ctr' : 'gcm'}`

/** Checks what sealers and openers have in common; returns it as the native side takes it. */
const interpret = (options, names = []) => {
  checkOptions(options, [...PACKET_OPTIONS, ...names])
  const { format, key, ssrc, direction } = options
  checkWord('format', format, FORMATS)
  checkKeyBytes('key', key)
  const { suite = defaultSuite(format, key) } = options
  checkWord('suite', suite, SUITES)
  if (ssrc !== undefined) checkInteger('ssrc', ssrc, 0, U32)
  return { format, suite, ssrc, direction: directionOf(direction), frequency: 48_000, channels: 1, pcm: false, sequence: 1 }
}

class PacketSealer extends Owned {
  #lastTimestamp
  #overhead

  constructor (options) {
    const raw = interpret(options, SEALER_OPTIONS)
    const { frequency = 48_000, channels = 1, codec = 'opus', sequence = 1 } = options
    checkInteger('frequency', frequency, 1, U32)
    checkInteger('channels', channels, 1, 255)
    checkWord('codec', codec, ['opus', 'pcm'])
    checkInteger('sequence', sequence, 1, U32)
    super(native.newSealer({ ...raw, frequency, channels, pcm: codec === 'pcm', sequence }, options.key), native.closeSealer)
    this.#lastTimestamp = LAST_TIMESTAMP[raw.format]
    this.#overhead = native.sealerOverhead(slotOf(this))
  }

  get overheadBytes () { return this.#overhead }
  get nextSequence () { return native.sealerSequence(slotOf(this)) }

  seal (payload, options = {}) {
    slotOf(this)
    checkBytes('payload', payload)
    const packet = Buffer.allocUnsafe(payload.length + this.#overhead)
    this.sealInto(payload, packet, options)
    return packet
  }

  sealInto (payload, out, options = {}) {
    const slot = slotOf(this)
    checkBytes('payload', payload)
    checkBytes('out', out)
    checkOptions(options, SEAL_OPTIONS)
    const { timestamp = 0, frames = UNCOUNTED, marker = false } = options
    checkInteger('timestamp', timestamp, 0, this.#lastTimestamp)
    if (frames !== UNCOUNTED) checkInteger('frames', frames, 0, U32)
    checkBoolean('marker', marker)
    return seal(slot, payload, out, timestamp, frames, marker ? 1 : 0)
  }
}

/** What an opener takes. */
let formatOf

class PacketOpener extends Owned {
  #format

  static {
    formatOf = (opener) => opener.#format
  }

  constructor (options) {
    const raw = interpret(options)
    super(native.newOpener(raw, options.key), native.closeOpener)
    this.#format = raw.format
  }

  /** What the header of the packet opened last said; null before the first. */
  get last () {
    const last = openerLast(slotOf(this))
    if (!last) return null
    const { sequence, timestamp, ssrc, pcm, ...rest } = last
    return this.#format === 'xiaozhi' ? { sequence, timestamp, ssrc } : { sequence, timestamp, ssrc, codec: pcm ? 'pcm' : 'opus', ...rest }
  }

  open (packet) {
    slotOf(this)
    checkBytes('packet', packet)
    const payload = Buffer.allocUnsafe(packet.length)
    const bytes = this.openInto(packet, payload)
    return { payload: payload.subarray(0, bytes), ...this.last }
  }

  openInto (packet, out) {
    const slot = slotOf(this)
    checkBytes('packet', packet)
    checkBytes('out', out)
    return openPacket(slot, packet, out)
  }
}

/** Gives a sealer or opener to somebody else: `take` is called with its native slot and empties it. It is closed here then. */
const handOver = (owned, take) => {
  const taken = take(slotOf(owned))
  owned.close()
  return taken
}

module.exports = { PacketOpener, PacketSealer, formatOf: (opener) => formatOf(opener), handOver }
