'use strict'

// How many frames to keep queued. Pure: time comes in as frames.

const CALM_SECONDS = 30
/** After a step down that went wrong, twice the calm is wanted; at most so often doubled. */
const MOST_DOUBLINGS = 5

/** The least that never runs dry if every quantum comes in time: one period, or what covers it in whole quanta. */
const leastFrames = (periodFrames, quantumFrames) => {
  const [more, less] = [Math.max(periodFrames, quantumFrames), Math.min(periodFrames, quantumFrames)]
  if (more % less === 0) return more
  return Math.ceil((periodFrames + quantumFrames - 1) / quantumFrames) * quantumFrames
}

/** A depth that stays as it is. */
class FixedDepth {
  constructor (frames) {
    this.frames = frames
  }

  short () {}
  passed () {}
}

/** A depth that goes up by a step when it was not enough, and comes down after a long calm. */
class AutoDepth {
  #least
  #most
  #step
  #calmFrames
  #doublings = 0
  #calmFor = 0
  #wentDown = false

  constructor ({ leastFrames, mostFrames, stepFrames, frequency }) {
    this.#least = leastFrames
    this.#most = mostFrames
    this.#step = stepFrames
    this.#calmFrames = CALM_SECONDS * frequency
    this.frames = leastFrames
  }

  /** It has run dry. */
  short () {
    // What was right before it went down was right.
    if (this.#wentDown) this.#doublings = Math.min(this.#doublings + 1, MOST_DOUBLINGS)
    this.#wentDown = false
    this.#calmFor = 0
    this.frames = Math.min(this.frames + this.#step, this.#most)
  }

  /** So many frames have passed. */
  passed (frames) {
    this.#calmFor += frames
    if (this.#calmFor < this.#calmFrames * 2 ** this.#doublings) return
    this.#calmFor = 0
    this.#wentDown = this.frames > this.#least
    this.frames = Math.max(this.frames - this.#step, this.#least)
  }
}

module.exports = { AutoDepth, FixedDepth, leastFrames }
