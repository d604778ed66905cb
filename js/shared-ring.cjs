'use strict'

const { invalid, outOfRange } = require('./errors.cjs')
const { notWhole } = require('./memory.cjs')
const { checkOptions } = require('./options.cjs')

// A ring of Float32 frames in a SharedArrayBuffer. How it lies in memory is said in src/link/shared.rs.

const MAGIC = 0x52414353
const VERSION = 1
const MAGIC_WORD = 0
const VERSION_WORD = 1
const CHANNELS_WORD = 2
const FRAMES_WORD = 3
const WRITE_WORD = 16
const READ_WORD = 32
const DATA_WORD = 48
const MAX_CHANNELS = 8
const MAX_SAMPLES = 2 ** 28

/** The words of a ring, whatever a script makes of its properties; undefined if it is none. */
let wordsOf

class SharedRing {
  #words
  #samples
  #frames
  #channels

  static {
    wordsOf = (ring) => (typeof ring === 'object' && ring !== null && #words in ring ? ring.#words : undefined)
  }

  constructor (buffer) {
    if (!(buffer instanceof SharedArrayBuffer)) throw invalid('buffer must be a SharedArrayBuffer', { buffer })
    if (buffer.byteLength % 4 !== 0 || buffer.byteLength < DATA_WORD * 4) throw invalid('buffer holds no ring', { buffer })
    const words = new Int32Array(buffer)
    const [frames, channels] = [words[FRAMES_WORD], words[CHANNELS_WORD]]
    const known = words[MAGIC_WORD] === MAGIC && words[VERSION_WORD] === VERSION
    if (!known || frames < 1 || channels < 1 || channels > MAX_CHANNELS || words.length - DATA_WORD < frames * channels) {
      throw invalid('buffer holds no ring; make one with SharedRing.allocate', { buffer })
    }
    this.#words = words
    this.#samples = new Float32Array(buffer, DATA_WORD * 4, frames * channels)
    this.#frames = frames
    this.#channels = channels
  }

  static allocate (options = {}) {
    checkOptions(options, ['frames', 'channels'])
    const { frames, channels = 1 } = options
    for (const [name, value] of Object.entries({ frames, channels })) {
      if (!Number.isInteger(value)) throw invalid(`${name} must be an integer`, { [name]: value })
    }
    if (channels < 1 || channels > MAX_CHANNELS) throw outOfRange(`Expected channels from 1 to ${MAX_CHANNELS} but received ${channels}`, { channels })
    const most = MAX_SAMPLES / channels
    if (frames < 1 || frames > most) throw outOfRange(`Expected frames from 1 to ${most} but received ${frames}`, { frames })
    const buffer = new SharedArrayBuffer((DATA_WORD + frames * channels) * 4)
    new Int32Array(buffer).set([MAGIC, VERSION, channels, frames])
    return new SharedRing(buffer)
  }

  get buffer () { return this.#words.buffer }
  get frames () { return this.#frames }
  get channels () { return this.#channels }

  get queuedFrames () {
    return this.#between(this.#index(READ_WORD), this.#index(WRITE_WORD))
  }

  get spaceFrames () {
    return this.#frames - this.queuedFrames
  }

  write (samples) {
    if (!(samples instanceof Float32Array)) throw invalid('samples must be a Float32Array', { samples })
    const channels = this.#channels
    const capacity = this.#frames
    const { length } = samples
    if (length % channels !== 0) throw notWhole(samples.byteLength, channels * 4)
    const at = this.#ownIndex(WRITE_WORD)
    const space = capacity - this.#between(this.#index(READ_WORD), at)
    const frames = Math.min(length / channels, space)
    const place = at < capacity ? at : at - capacity
    const first = Math.min(frames, capacity - place)
    if (first * channels === length) this.#samples.set(samples, place * channels)
    else {
      this.#samples.set(samples.subarray(0, first * channels), place * channels)
      this.#samples.set(samples.subarray(first * channels, frames * channels), 0)
    }
    // Sequentially consistent: who sees the index sees the samples.
    Atomics.store(this.#words, WRITE_WORD, moved(at, frames, capacity))
    return frames
  }

  read (into) {
    if (!(into instanceof Float32Array)) throw invalid('into must be a Float32Array', { into })
    const channels = this.#channels
    const capacity = this.#frames
    if (into.length % channels !== 0) throw notWhole(into.byteLength, channels * 4)
    const at = this.#ownIndex(READ_WORD)
    const frames = Math.min(into.length / channels, this.#between(at, this.#index(WRITE_WORD)))
    const place = at < capacity ? at : at - capacity
    const first = Math.min(frames, capacity - place)
    into.set(this.#samples.subarray(place * channels, (place + first) * channels))
    if (frames > first) into.set(this.#samples.subarray(0, (frames - first) * channels), first * channels)
    Atomics.store(this.#words, READ_WORD, moved(at, frames, capacity))
    return frames
  }

  /** An index, inside the ring whatever somebody wrote there. */
  #index (word) {
    return this.#inside(Atomics.load(this.#words, word))
  }

  /** The index that only this side moves: whoever moved it in another thread has handed that side over since. */
  #ownIndex (word) {
    return this.#inside(this.#words[word])
  }

  #inside (index) {
    return index >= 0 && index < 2 * this.#frames ? index : 0
  }

  /** Frames between two indices, from 0 to the capacity. */
  #between (read, write) {
    const queued = write >= read ? write - read : write - read + 2 * this.#frames
    return queued > this.#frames ? this.#frames : queued
  }
}

/** Indices count modulo twice the capacity, so that full and empty differ. */
const moved = (index, frames, capacity) => {
  const next = index + frames
  return next < 2 * capacity ? next : next - 2 * capacity
}

/** What the native side is given of a ring; undefined for none. */
const ringWords = (ring) => {
  if (ring === undefined) return undefined
  const words = wordsOf(ring)
  if (!words) throw invalid('ring must be a SharedRing', { ring })
  return words
}

module.exports = { SharedRing, ringWords }
