'use strict'

const native = require('../binding.cjs')
const board = require('./board.cjs')
const { AutoDepth, FixedDepth, leastFrames } = require('./depth.cjs')
const { codedError, invalid, outOfRange } = require('../errors.cjs')
const { openedOf, slotOf } = require('../held.cjs')
const here = require('./here.cjs')
const { LOST, refusal } = require('../refusal.cjs')
const { checkOptions, integer, milliseconds, range } = require('../options.cjs')
const { AudioPlaybackInstance } = require('../playback.cjs')
const { AudioSource } = require('../source.cjs')

// Worker. Renders when the device has room, and lets the event loop turn in between. What runs for every quantum takes nothing
// from the heap: a collection waits for helper threads, and those wait for a processor, while this thread is to be in time.

const QUANTUM_FRAMES = 128
const MOST_QUANTUM_FRAMES = 32768
/** Where `'auto'` stops going up. */
const MOST_AUTO_MS = 100
/** Messages wait no longer than this, however long the period is. */
const MOST_SLICE_MS = 10
/** The shortest that a timer of Node can wait, and how long a period must be to have it to spare. */
const NAP_MS = 1
const LEAST_PERIOD_TO_NAP_MS = 2.5

/** Those that render in this thread. Where there are several none blocks, and each looks every millisecond. */
const running = new Set()
/** Those that want this thread to be a real-time one. */
const realtime = new Set()
const wantRealtime = (pull, wanted) => {
  const before = realtime.size > 0
  if (wanted) realtime.add(pull)
  else realtime.delete(pull)
  const now = realtime.size > 0
  if (now !== before) native.setRealtime(now)
}

class Pull {
  #device
  #slot
  #render
  #block
  #quantumFrames
  #capacityFrames
  #sliceMs
  #depth
  #before
  #last = null
  #quanta = 0
  #shownFrames = 0
  #timer = null
  #stopped = false

  constructor (device, render, { quantumFrames, targetMs, wantsRealtime }) {
    const slot = slotOf(device)
    const { frequency, channels } = device
    const opened = openedOf(device)
    this.#device = device
    this.#slot = slot
    this.#render = render
    this.#block = new Float32Array(quantumFrames * channels)
    this.#quantumFrames = quantumFrames
    this.#capacityFrames = device instanceof AudioSource ? opened.targetFrames : opened.capacityFrames

    const obtained = native.obtained(slot)
    const periodFrames = Math.ceil((obtained.periodFrames * frequency) / obtained.frequency)
    const frames = (ms) => Math.round((ms * frequency) / 1000)
    const least = leastFrames(periodFrames, quantumFrames)
    const wanted = targetMs === 'auto' ? least : Math.max(least, frames(targetMs))
    if (wanted > this.#capacityFrames) {
      const message = `Expected a device that takes ${wanted} frames at least, but it takes ${this.#capacityFrames} (capacityMs)`
      throw outOfRange(message, { targetMs, quantumFrames })
    }
    const mostFrames = Math.min(this.#capacityFrames, Math.max(least, frames(MOST_AUTO_MS)))
    this.#depth = targetMs === 'auto'
      ? new AutoDepth({ leastFrames: least, mostFrames, stepFrames: periodFrames, frequency })
      : new FixedDepth(wanted)
    this.#sliceMs = Math.min(MOST_SLICE_MS, (periodFrames * 1000) / frequency)

    this.#before = device.stats()
    device.on('underrun', this.#onUnderrun)
    device.on('close', this.#onClose)
    board.started()
    running.add(this)
    if (wantsRealtime) wantRealtime(this, true)
    this.#fill()
    if (this.#stopped) return
    if ((periodFrames * 1000) / frequency >= LEAST_PERIOD_TO_NAP_MS) this.#timer = setTimeout(this.#turn, NAP_MS)
    else setImmediate(this.#turn)
    if (device instanceof AudioPlaybackInstance) device.play()
  }

  stop () {
    if (this.#stopped) return
    this.#last = this.#stats()
    this.#stopped = true
    clearTimeout(this.#timer)
    if (!this.#device.closed) {
      this.#device.off('underrun', this.#onUnderrun)
      this.#device.off('close', this.#onClose)
    }
    board.stopped()
    running.delete(this)
    wantRealtime(this, false)
  }

  stats () {
    return this.#last ?? this.#stats()
  }

  #onClose = () => this.stop()

  #onUnderrun = ({ frames }) => {
    this.#depth.short()
    board.underrun(frames)
  }

  /**
   * Sleeps until there is room; then calls from outside come first, so that they are in what is rendered. The event loop turns
   * while the timer waits: an Immediate would be an object for every turn.
   */
  #turn = () => {
    if (this.#stopped) return
    const room = native.waitForRoom(this.#slot, this.#roomWanted, running.size > 1 ? 0 : this.#sliceMs)
    if (room < 0) this.#refused(room)
    else if (here.takeCalls()) setImmediate(this.#renderThenTurn) // they run before it
    else this.#renderThenTurn()
  }

  #renderThenTurn = () => {
    this.#fill()
    if (this.#stopped) return
    if (this.#timer) this.#timer.refresh()
    else setImmediate(this.#turn)
  }

  /** The device is gone: closed, which whoever closed it knows, or lost. */
  #refused (answer) {
    this.stop()
    if (answer === LOST) throw refusal(this.#device, LOST)
  }

  /** Renders whole quanta until the target is reached. */
  #fill () {
    const quantum = this.#quantumFrames
    const before = this.#quanta
    try {
      while (!this.#stopped && this.#device.queuedFrames + quantum <= this.#depth.frames) {
        this.#render(this.#block, quantum)
        // What renders may have closed the device.
        if (this.#stopped) return
        this.#device.write(this.#block)
        this.#quanta += 1
        this.#depth.passed(quantum)
      }
    } catch (error) {
      this.stop()
      throw error
    }
    board.rendered(this.#quanta - before)
    if (this.#depth.frames !== this.#shownFrames) this.#showTarget()
  }

  /** Frames that must be free for one more quantum to be due. */
  get #roomWanted () {
    return this.#capacityFrames - this.#depth.frames + this.#quantumFrames
  }

  #showTarget () {
    this.#shownFrames = this.#depth.frames
    board.target(this.#targetMs)
  }

  get #targetMs () {
    return (this.#depth.frames * 1000) / this.#device.frequency
  }

  #stats () {
    const { underruns, underrunFrames } = this.#device.closed ? this.#before : this.#device.stats()
    return {
      targetMs: this.#targetMs,
      targetFrames: this.#depth.frames,
      quanta: this.#quanta,
      underruns: underruns - this.#before.underruns,
      underrunFrames: underrunFrames - this.#before.underrunFrames,
    }
  }
}

const checkRenderTarget = (device) => {
  if (!(device instanceof AudioPlaybackInstance || device instanceof AudioSource)) {
    throw invalid('device must be a playback device or a source', { device })
  }
  const { format = 'f32sys' } = openedOf(device)
  if (!['f32', 'f32lsb', 'f32sys'].includes(format)) throw invalid(`Expected a device of format f32 but received ${format}`, { device })
}

const pullRender = (device, render, options = {}) => {
  if (require('node:worker_threads').isMainThread) {
    throw codedError('WOULD_BLOCK', 'pullRender waits for the device, which would block the main thread; call it in a worker')
  }
  checkRenderTarget(device)
  if (typeof render !== 'function') throw invalid('render must be a function', { render })
  checkOptions(options, ['quantumFrames', 'targetMs', 'realtime'])
  const { quantumFrames = QUANTUM_FRAMES, targetMs = 'auto', realtime: wantsRealtime = true } = options
  integer('quantumFrames', quantumFrames)
  range('quantumFrames', quantumFrames, 1, MOST_QUANTUM_FRAMES)
  if (targetMs !== 'auto') milliseconds('targetMs', targetMs)
  if (typeof wantsRealtime !== 'boolean') throw invalid('realtime must be a boolean', { realtime: wantsRealtime })
  const pull = new Pull(device, render, { quantumFrames, targetMs, wantsRealtime })
  return { stop: () => pull.stop(), stats: () => pull.stats() }
}

module.exports = { pullRender }
