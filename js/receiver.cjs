'use strict'

const native = require('./binding.cjs')
const { checkBytes, checkOptions, checkWord, expected, received } = require('./check.cjs')
const { invalid } = require('./errors.cjs')
const { slotOf: heldSlotOf } = require('./held.cjs')
const { Owned, slotOf } = require('./owned.cjs')
const { PacketOpener, formatOf, handOver } = require('./packets.cjs')
const { PlayoutClock, checkModePlace, checkTrack, checkUs, interpretMode } = require('./playout.cjs')
const { AudioSource } = require('./source.cjs')

const { receiverPush } = native

/** Natively: when the call is made. */
const NOW = NaN

/** Checks the options and starts; returns the native slot. */
const start = (options) => {
  checkOptions(options, ['source', 'codec', 'opener', 'mode', 'clock', 'track'])
  checkModePlace(options)
  const { source, codec = 'opus', opener, mode, clock, track } = options
  if (!(source instanceof AudioSource)) {
    const hint = typeof source?.createSource === 'function' ? '; use createSource()' : ''
    throw invalid(`Expected an AudioSource for source but received ${received(source)}${hint}`, { source })
  }
  checkWord('codec', codec, ['opus', 'pcm'])
  if (opener !== undefined && !(opener instanceof PacketOpener)) throw expected('a PacketOpener', 'opener', opener)
  if (opener && codec === 'pcm' && formatOf(opener) !== 'seq-pts') {
    throw invalid(`Expected an opener of format 'seq-pts' for codec 'pcm' but received one of '${formatOf(opener)}'`, { opener, codec })
  }
  if (clock !== undefined && !(clock instanceof PlayoutClock)) throw expected('a PlayoutClock', 'clock', clock)
  if (track !== undefined) {
    checkTrack(track)
    if (!clock) throw invalid('Expected a clock for the track but received none', { track })
  }
  const raw = {
    source: heldSlotOf(source),
    pcm: codec === 'pcm',
    mode: interpretMode(mode),
    clock: clock && slotOf(clock),
    track: track ?? 'audio',
  }
  if (!opener) return native.newReceiver(raw)
  return handOver(opener, (openerSlot) => native.newReceiver({ ...raw, opener: openerSlot }))
}

/** From packets to a source, on native threads; JavaScript only hands in what its socket gives. */
class Receiver extends Owned {
  constructor (options) {
    super(start(options), native.closeReceiver)
  }

  push (packet, arrivalUs) {
    const slot = slotOf(this)
    checkBytes('packet', packet)
    if (arrivalUs !== undefined) checkUs('arrivalUs', arrivalUs)
    receiverPush(slot, packet, arrivalUs ?? NOW)
  }

  setMode (mode) {
    native.receiverSetMode(slotOf(this), interpretMode(mode))
  }

  stats () {
    const stats = native.receiverStats(slotOf(this))
    const { malformed, unauthentic, replayed, accelerated, expanded } = stats
    return { ...stats, refused: malformed + unauthentic + replayed, stretched: accelerated + expanded }
  }
}

module.exports = { Receiver }
