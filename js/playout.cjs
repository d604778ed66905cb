'use strict'

const native = require('./binding.cjs')
const { RATES } = require('./codec.cjs')
const { checkBytes, checkFloats, checkInteger, checkMs, checkOneOf, checkOptions, checkWord, expected, notWhole, received } = require('./check.cjs')
const { codedError, invalid, outOfRange } = require('./errors.cjs')
const { checkNames } = require('./names.cjs')
const { Owned, slotOf } = require('./owned.cjs')

const { jitterPush, jitterPull } = native

const U32 = 2 ** 32 - 1
const [MIN_MS, MAX_MS] = [20, 500]
const LONGEST_MS = 10_000
/** What native calls answer. */
const KINDS = ['play', 'conceal', 'fill']

/** µs on the clock that all threads share. */
const clockUs = () => {
  const [seconds, nanos] = process.hrtime()
  return seconds * 1e6 + nanos / 1e3
}

const checkUs = (name, value) => {
  if (typeof value !== 'number' || !Number.isFinite(value)) throw expected('a finite number of microseconds', name, value)
  if (Math.abs(value) > Number.MAX_SAFE_INTEGER) {
    throw outOfRange(`Expected ${name} up to 2^53 microseconds but received ${value}`, { [name]: value })
  }
}

const nowOr = (nowUs) => {
  if (nowUs === undefined) return clockUs()
  checkUs('nowUs', nowUs)
  return nowUs
}

/** A mode is an option of its own, wherever a mode is one. */
const checkModePlace = (options) => {
  const { auto, fixedMs } = options
  if (fixedMs !== undefined) throw invalid(`Expected mode: { fixedMs: ${received(fixedMs)} } but received fixedMs`, { fixedMs })
  if (auto !== undefined) throw invalid('Expected mode: { auto: { minMs, maxMs } } but received auto', { auto })
}

/** A mode as native code takes it. */
const interpretMode = (mode = {}) => {
  if (typeof mode !== 'object' || mode === null) throw expected('an object', 'mode', mode)
  checkNames(mode, ['auto', 'fixedMs'])
  const { auto, fixedMs } = mode
  if (fixedMs !== undefined) {
    if (auto !== undefined) throw invalid('Expected either auto or fixedMs for mode but received both', { mode })
    checkMs('fixedMs', fixedMs, 0, LONGEST_MS)
    return { kind: 'fixed', minMs: fixedMs, maxMs: fixedMs }
  }
  if (auto !== undefined && (typeof auto !== 'object' || auto === null)) throw expected('an object', 'mode.auto', auto)
  checkNames(auto ?? {}, ['minMs', 'maxMs'])
  const { minMs = MIN_MS, maxMs = Math.max(MAX_MS, minMs) } = auto ?? {}
  checkMs('minMs', minMs, 0, LONGEST_MS)
  checkMs('maxMs', maxMs, minMs, LONGEST_MS)
  return { kind: 'auto', minMs, maxMs }
}

const modeOf = ({ kind, minMs, maxMs }) => (kind === 'fixed' ? { fixedMs: minMs } : { auto: { minMs, maxMs } })

class JitterBuffer extends Owned {
  #frequency
  #channels

  constructor (options = {}) {
    checkOptions(options, ['frequency', 'channels', 'codec', 'mode', 'estimator'])
    checkModePlace(options)
    const { frequency = 48_000, channels = 1, codec = 'opus', mode, estimator = 'auto' } = options
    checkWord('codec', codec, ['opus', 'pcm'])
    checkWord('estimator', estimator, ['auto', 'rfc3550'])
    const pcm = codec === 'pcm'
    if (pcm) checkInteger('frequency', frequency, 8000, 192_000)
    else checkOneOf('frequency', frequency, RATES)
    checkInteger('channels', channels, 1, pcm ? 8 : 2)
    const slot = native.newJitterBuffer(frequency, channels, pcm, interpretMode(mode), estimator === 'rfc3550')
    super(slot, native.closeJitterBuffer)
    this.#frequency = frequency
    this.#channels = channels
  }

  get frequency () { return this.#frequency }
  get channels () { return this.#channels }

  setMode (mode) {
    native.jitterSetMode(slotOf(this), interpretMode(mode))
  }

  push (packet, arrivalUs) {
    const slot = slotOf(this)
    if (typeof packet !== 'object' || packet === null) throw expected('an object', 'packet', packet)
    const { sequence, timestamp, payload } = packet
    checkInteger('sequence', sequence, 0, U32)
    checkInteger('timestamp', timestamp, 0, U32)
    checkBytes('payload', payload)
    checkUs('arrivalUs', arrivalUs)
    jitterPush(slot, sequence, timestamp, payload, arrivalUs)
  }

  pull (out, nowUs) {
    const slot = slotOf(this)
    checkFloats('out', out)
    checkUs('nowUs', nowUs)
    if (out.length % this.#channels !== 0) throw notWhole(out.length, this.#channels)
    const frames = out.length / this.#channels
    if (frames === 0 || (frames * 1000) % this.#frequency !== 0) {
      throw outOfRange(`Expected whole milliseconds at ${this.#frequency} Hz for out but received ${frames} frames`, { frames })
    }
    return { kind: KINDS[jitterPull(slot, out, nowUs)], frames }
  }

  stats () {
    return native.jitterStats(slotOf(this))
  }
}

const checkTrack = (track) => {
  if (typeof track !== 'string' || track === '') throw expected('a name', 'track', track)
}

/** Makes a clock of one that another thread holds. */
const ATTACH = Symbol('attach')

class PlayoutClock extends Owned {
  #handle

  constructor (options = {}, how) {
    if (how === ATTACH) {
      checkInteger('handle', options, 1, U32)
      const slot = native.attachPlayoutClock(options)
      if (slot === null) throw codedError('CLOSED', `clock ${options} is closed, or of another process`, { handle: options })
      super(slot, native.closePlayoutClock)
      this.#handle = options
      return
    }
    checkOptions(options, ['mode'])
    checkModePlace(options)
    const { slot, handle } = native.newPlayoutClock(interpretMode(options.mode))
    super(slot, native.closePlayoutClock)
    this.#handle = handle
  }

  static attach (handle) {
    return new PlayoutClock(handle, ATTACH)
  }

  get handle () { return this.#handle }
  get mode () { return modeOf(native.clockState(slotOf(this)).mode) }
  get targetLatencyMs () { return native.clockState(slotOf(this)).targetMs }
  get jitterMs () { return native.clockState(slotOf(this)).jitterMs }
  get maxLatencyMs () { return native.clockState(slotOf(this)).maxLatencyMs }

  setMode (mode) {
    native.clockSetMode(slotOf(this), interpretMode(mode))
  }

  observeArrival (track, ptsUs, nowUs) {
    const slot = slotOf(this)
    checkTrack(track)
    checkUs('ptsUs', ptsUs)
    native.clockObserve(slot, track, ptsUs, nowOr(nowUs))
  }

  playoutTimeUs (ptsUs) {
    const slot = slotOf(this)
    checkUs('ptsUs', ptsUs)
    return native.clockPlayoutTime(slot, ptsUs)
  }

  reportPlayout (track, ptsUs, nowUs) {
    const slot = slotOf(this)
    checkTrack(track)
    checkUs('ptsUs', ptsUs)
    native.clockReport(slot, track, ptsUs, nowOr(nowUs))
  }

  syncCheck (track, ptsUs, nowUs) {
    const slot = slotOf(this)
    checkTrack(track)
    checkUs('ptsUs', ptsUs)
    const us = native.clockSyncCheck(slot, track, ptsUs, nowOr(nowUs))
    return us < 0 ? { action: 'skip', waitUs: 0 } : { action: us > 0 ? 'wait' : 'play', waitUs: us }
  }
}

class PlayoutBuffer extends Owned {
  #frames = new Map()
  #next = 0

  constructor (options) {
    checkOptions(options, ['clock', 'track', 'kind', 'maxFrames'])
    const { clock, track, kind, maxFrames = 60 } = options
    if (!(clock instanceof PlayoutClock)) throw expected('a PlayoutClock', 'clock', clock)
    checkTrack(track)
    checkWord('kind', kind, ['audio', 'video'])
    checkInteger('maxFrames', maxFrames, 1, 100_000)
    super(native.newPlayoutBuffer(slotOf(clock), track, kind === 'audio', maxFrames), native.closePlayoutBuffer)
  }

  push (ptsUs, frame, nowUs) {
    const slot = slotOf(this)
    checkUs('ptsUs', ptsUs)
    const number = this.#next
    const dropped = native.bufferPush(slot, ptsUs, number, nowOr(nowUs))
    this.#next++
    this.#frames.set(number, frame)
    for (const gone of dropped) this.#frames.delete(gone)
  }

  pop (nowUs) {
    const { kind, frame, ptsUs, waitUs } = native.bufferPop(slotOf(this), nowOr(nowUs))
    if (kind === 'wait') return { kind, waitUs }
    if (kind === 'empty') return { kind }
    const value = this.#frames.get(frame)
    this.#frames.delete(frame)
    return { kind, ptsUs, frame: value }
  }

  stats () {
    return native.bufferStats(slotOf(this))
  }

  close () {
    super.close()
    this.#frames.clear()
  }
}

module.exports = { JitterBuffer, PlayoutBuffer, PlayoutClock, checkModePlace, checkTrack, checkUs, interpretMode }
