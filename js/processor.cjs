'use strict'

const native = require('./binding.cjs')
const { checkBytes, checkInteger, checkOptions, checkPcm, notWhole } = require('./check.cjs')
const { KnownEventsEmitter } = require('./emitter.cjs')
const { codedError, invalid, outOfRange } = require('./errors.cjs')
const { tell } = require('./events.cjs')
const { Owned, slotOf } = require('./owned.cjs')
const { MODES, interpret } = require('./processor-options.cjs')
const { awaitResult, forget, rounds } = require('./results.cjs')

const { processorProcess, processorSubmit } = native

const [FLOAT, INT16] = [0, 1]
const NO_IV = new Uint8Array(0)
/** Frames that may wait for the native threads, of one stream: a second of 20 ms. */
const MOST_WAITING = 50

/** Mode and µs of the call before. */
const facts = new Float64Array(2)
/** Packets are made here and copied to their own, exact size. */
let scratch = Buffer.alloc(0)

class AudioProcessor extends KnownEventsEmitter {
  #owned
  #options
  #mode
  #mostBytes
  #ivBytes
  #waiting = 0
  #pool

  /** `pool` is the native slot of one, and whom to tell of submitted frames. */
  constructor (options = {}, pool = undefined) {
    super(['mode', 'error'])
    const raw = interpret(options)
    const slot = native.newProcessor(raw, raw.suite && options.key, pool?.slot)
    this.#owned = new Owned(slot, native.closeProcessor, 'AudioProcessor')
    this.#options = raw
    this.#mode = MODES.indexOf(raw.mode)
    this.#mostBytes = native.processorMostBytes(slot)
    this.#ivBytes = raw.suite ? (raw.suite.endsWith('gcm') ? 12 : 16) : 0
    this.#pool = pool
  }

  get frequency () { return this.#options.frequency }
  get outputFrequency () { return this.#options.outputFrequency }
  get channels () { return this.#options.channels }
  get frameFrames () { return this.#options.frameFrames }
  /** What a `Sender` takes its processor by. */
  get handle () { return slotOf(this.#owned) }
  get mode () { return native.processorMode(slotOf(this.#owned)) }
  get closed () { return this.#owned.closed }

  #checkFrame (frame) {
    const floats = checkPcm('frame', frame)
    const { channels, frameFrames } = this.#options
    if (frame.length % channels !== 0) throw notWhole(frame.length, channels)
    if (frame.length === 0 || frame.length > frameFrames * channels) {
      throw outOfRange(`Expected 1 to ${frameFrames} frames but received ${frame.length / channels}`, { frame })
    }
    return floats ? FLOAT : INT16
  }

  #checkIv (iv) {
    if (this.#ivBytes === 0) {
      if (!this.#options.allowPlaintext) {
        throw invalid('Expected a key: without one (or allowPlaintext: true) nothing is handed out, only to a Sender, which seals it')
      }
      return NO_IV
    }
    checkBytes('iv', iv)
    if (iv.length !== this.#ivBytes) {
      throw codedError('IV_LENGTH', `Expected an iv of ${this.#ivBytes} bytes but received ${iv.length}`, { length: iv.length })
    }
    return iv
  }

  #noteMode (mode) {
    if (mode === this.#mode) return
    const from = MODES[this.#mode]
    this.#mode = mode
    tell(() => this.emit('mode', { type: 'mode', mode: MODES[mode], from }))
  }

  process (frame, iv) {
    if (scratch.length < this.#mostBytes) scratch = Buffer.allocUnsafeSlow(this.#mostBytes)
    const bytes = this.#run(frame, iv, scratch)
    const [mode, micros] = facts
    const data = bytes > 0 ? Buffer.from(scratch.subarray(0, bytes)) : null
    // Last: a listener may call us, or another processor.
    this.#noteMode(mode)
    return { data, mode: MODES[mode], micros }
  }

  processInto (frame, iv, out) {
    checkBytes('out', out)
    const bytes = this.#run(frame, iv, out)
    this.#noteMode(facts[0])
    return bytes
  }

  /** Returns the packet's bytes in `out`, and leaves mode and µs in `facts`. */
  #run (frame, iv, out) {
    const slot = slotOf(this.#owned)
    const kind = this.#checkFrame(frame)
    return processorProcess(slot, kind, frame, this.#checkIv(iv), out, facts)
  }

  /** Hands a frame to the native threads; `done` gets an error, or the packet's bytes for as long as it runs, mode and µs. */
  #submit (frame, iv, room, done) {
    const slot = slotOf(this.#owned)
    const kind = this.#checkFrame(frame)
    const checkedIv = this.#checkIv(iv)
    if (this.#waiting >= MOST_WAITING) {
      throw codedError('QUEUE_FULL', `${MOST_WAITING} frames of this stream wait already; nothing was taken`)
    }
    const id = awaitResult((error, bytes, mode, micros) => {
      this.#waiting--
      done(error, bytes, mode, micros)
      if (!error && !this.closed) this.#noteMode(mode)
    })
    this.#waiting++
    try {
      processorSubmit(slot, kind, frame, checkedIv, id, room)
    } catch (error) {
      this.#waiting--
      forget(id)
      throw error
    }
  }

  processAsync (frame, iv, out) {
    return new Promise((resolve, reject) => {
      if (out !== undefined) checkBytes('out', out)
      this.#submit(frame, iv, out?.length ?? this.#mostBytes, (error, bytes, mode, micros) => {
        if (error) return reject(error)
        if (out !== undefined && out.length < bytes.length) {
          return reject(invalid('out was detached meanwhile', { out }))
        }
        let data = null
        if (bytes.length > 0) {
          if (out === undefined) data = Buffer.from(bytes)
          else {
            out.set(bytes)
            data = out.subarray(0, bytes.length)
          }
        }
        resolve({ data, mode: MODES[mode], micros })
      })
    })
  }

  submit (frame, iv) {
    slotOf(this.#owned)
    const pool = this.#pool
    if (!pool) throw codedError('NOT_SUPPORTED', 'only streams of an AudioProcessorPool submit; use processAsync')
    this.#submit(frame, iv, this.#mostBytes, (error, bytes, mode, micros) => {
      pool.add({ stream: this, data: bytes?.length > 0 ? Buffer.from(bytes) : null, mode: MODES[mode], micros, error })
    })
  }

  metrics () {
    return native.processorMetrics(slotOf(this.#owned))
  }

  close () {
    this.#owned.close()
    this.#pool?.forget(this)
  }

  [Symbol.dispose ?? Symbol.for('nodejs.dispose')] () {
    if (!this.closed) this.close()
  }
}

class AudioProcessorPool extends KnownEventsEmitter {
  #owned
  #streams = new Set()
  #batch = []
  #round

  constructor (options = {}) {
    super(['packets', 'error'])
    checkOptions(options, ['threads'])
    const { threads } = options
    if (threads !== undefined) checkInteger('threads', threads, 1, 256)
    this.#owned = new Owned(native.newProcessorPool(threads), native.closeProcessorPool, 'AudioProcessorPool')
    this.#round = () => this.#deliver()
  }

  get threads () { return native.processorPoolThreads(slotOf(this.#owned)) }
  get streams () { return this.#streams.size }
  get closed () { return this.#owned.closed }

  open (options = {}) {
    const slot = slotOf(this.#owned)
    const stream = new AudioProcessor(options, {
      slot,
      add: (packet) => {
        rounds.add(this.#round)
        this.#batch.push(packet)
      },
      forget: (closed) => this.#streams.delete(closed),
    })
    this.#streams.add(stream)
    return stream
  }

  #deliver () {
    const batch = this.#batch
    rounds.delete(this.#round)
    this.#batch = []
    tell(() => this.emit('packets', batch))
  }

  close () {
    slotOf(this.#owned)
    for (const stream of [...this.#streams]) stream.close()
    this.#owned.close()
  }

  [Symbol.dispose ?? Symbol.for('nodejs.dispose')] () {
    if (!this.closed) this.close()
  }
}

module.exports = { AudioProcessor, AudioProcessorPool }
