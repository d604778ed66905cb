'use strict'

const native = require('./binding.cjs')
const { checkBoolean, checkBytes, checkInteger, checkOneOf, checkOptions, checkPcm, checkWord } = require('./check.cjs')
const { Owned, slotOf } = require('./owned.cjs')

const { opusEncodeFloat, opusEncodeInt16, opusDecodeFloat, opusDecodeInt16, opusFrames } = native

const RATES = [8000, 12000, 16000, 24000, 48000]
/** libopus's longest packet of up to 60 ms, with some to spare. */
const MAX_PACKET_BYTES = 4000

/** What a decoder is told of the next slot, in native numbers. */
const [PACKET, LOST_BEFORE, LOST] = [0, 1, 2]
/** As many frames as there were last. */
const AS_BEFORE = -1
const NO_OPTIONS = Object.freeze({})

const STREAM_OPTIONS = ['frequency', 'channels']
const SETTINGS = ['bitrate', 'complexity', 'fec', 'dtx', 'packetLossPercent', 'signal']
const DECODE_OPTIONS = ['fec', 'frames']
/** What an encoder is made with, whatever its stream. */
const ENCODING_OPTIONS = ['application', ...SETTINGS]

/** A packet is made here and copied to its own, exact size: cheaper than asking the native side for memory. */
let scratch

const checkSettings = ({ bitrate, complexity, fec, dtx, packetLossPercent, signal }) => {
  if (bitrate !== undefined) checkInteger('bitrate', bitrate, 500, 512_000)
  if (complexity !== undefined) checkInteger('complexity', complexity, 0, 10)
  if (fec !== undefined) checkBoolean('fec', fec)
  if (dtx !== undefined) checkBoolean('dtx', dtx)
  if (packetLossPercent !== undefined) checkInteger('packetLossPercent', packetLossPercent, 0, 100)
  if (signal !== undefined) checkWord('signal', signal, ['auto', 'voice', 'music'])
  return { bitrate, complexity, fec, dtx, packetLossPercent, signal }
}

const checkApplication = ({ application = 'voip' }) => {
  checkWord('application', application, ['voip', 'audio', 'lowdelay'])
  return application
}

const checkStream = (options, names = []) => {
  checkOptions(options, [...STREAM_OPTIONS, ...names])
  const { frequency = 48_000, channels = 1 } = options
  checkOneOf('frequency', frequency, RATES)
  checkOneOf('channels', channels, [1, 2])
  return { frequency, channels }
}

class OpusEncoder extends Owned {
  #frequency
  #channels

  constructor (options = {}) {
    const { frequency, channels } = checkStream(options, ENCODING_OPTIONS)
    const slot = native.newOpusEncoder(frequency, channels, checkApplication(options), checkSettings(options))
    super(slot, native.closeOpusEncoder)
    this.#frequency = frequency
    this.#channels = channels
  }

  get frequency () { return this.#frequency }
  get channels () { return this.#channels }
  get lookaheadFrames () { return native.opusLookaheadFrames(slotOf(this)) }

  encode (pcm) {
    scratch ??= Buffer.allocUnsafeSlow(MAX_PACKET_BYTES)
    const bytes = this.encodeInto(pcm, scratch)
    return Buffer.from(scratch.subarray(0, bytes))
  }

  encodeInto (pcm, out) {
    const slot = slotOf(this)
    const floats = checkPcm('pcm', pcm)
    checkBytes('out', out)
    return floats ? opusEncodeFloat(slot, pcm, out) : opusEncodeInt16(slot, pcm, out)
  }

  configure (options) {
    const slot = slotOf(this)
    checkOptions(options, SETTINGS)
    native.configureOpusEncoder(slot, checkSettings(options))
  }

  reset () {
    native.resetOpusEncoder(slotOf(this))
  }
}

class OpusDecoder extends Owned {
  #frequency
  #channels

  constructor (options = {}) {
    const { frequency, channels } = checkStream(options)
    super(native.newOpusDecoder(frequency, channels), native.closeOpusDecoder)
    this.#frequency = frequency
    this.#channels = channels
  }

  get frequency () { return this.#frequency }
  get channels () { return this.#channels }

  /** Checks a slot; returns its kind. Together with the frames it would be an object for every call. */
  #kindOf (packet, fec) {
    checkBoolean('fec', fec)
    if (packet === null) return LOST
    checkBytes('packet', packet)
    return fec ? LOST_BEFORE : PACKET
  }

  #framesOf (frames) {
    if (frames === undefined) return AS_BEFORE
    checkInteger('frames', frames, 1, (this.#frequency * 120) / 1000)
    return frames
  }

  decode (packet, options = NO_OPTIONS) {
    const slot = slotOf(this)
    checkOptions(options, DECODE_OPTIONS)
    const { fec = false, frames } = options
    const kind = this.#kindOf(packet, fec)
    const wanted = this.#framesOf(frames)
    const out = new Float32Array(opusFrames(slot, kind, packet, wanted) * this.#channels)
    opusDecodeFloat(slot, kind, packet, wanted, out)
    return out
  }

  decodeInto (packet, out, options = NO_OPTIONS) {
    const slot = slotOf(this)
    checkOptions(options, DECODE_OPTIONS)
    const { fec = false, frames } = options
    const kind = this.#kindOf(packet, fec)
    const wanted = this.#framesOf(frames)
    const floats = checkPcm('out', out)
    return floats ? opusDecodeFloat(slot, kind, packet, wanted, out) : opusDecodeInt16(slot, kind, packet, wanted, out)
  }

  stats () {
    return { clampedSamples: native.opusClampedSamples(slotOf(this)) }
  }

  reset () {
    native.resetOpusDecoder(slotOf(this))
  }
}

module.exports = { ENCODING_OPTIONS, OpusEncoder, OpusDecoder, checkApplication, checkSettings, RATES, opusVersion: native.opusVersion() }
