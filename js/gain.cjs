'use strict'

const native = require('./binding.cjs')
const { slotOf } = require('./held.cjs')
const { invalid, outOfRange } = require('./errors.cjs')
const { checkOptions } = require('./options.cjs')

/** 24 dB: more is a mistake. */
const MAX_GAIN = 16
const MAX_RAMP_MS = 60_000

const checkGain = (gain) => {
  if (typeof gain !== 'number' || Number.isNaN(gain)) throw invalid('gain must be a number', { gain })
  if (gain < 0 || gain > MAX_GAIN) throw outOfRange(`Expected gain from 0 to ${MAX_GAIN} but received ${gain}`, { gain })
}

/** Checks a number of milliseconds from 0 on; returns it in frames. */
const rampFrames = (name, ms, frequency) => {
  if (typeof ms !== 'number' || Number.isNaN(ms)) throw invalid(`${name} must be a number`, { [name]: ms })
  if (ms < 0 || ms > MAX_RAMP_MS) throw outOfRange(`Expected ${name} from 0 to ${MAX_RAMP_MS} but received ${ms}`, { [name]: ms })
  return Math.round((ms * frequency) / 1000)
}

/** Lets a device or source go to `gain`; shorter ramps than 5 ms are made that long, as a step would click. */
const setGain = (held, gain, options = {}, frequency) => {
  const slot = slotOf(held)
  checkGain(gain)
  checkOptions(options, ['rampMs'])
  const { rampMs = 10 } = options
  native.setGain(slot, gain, rampFrames('rampMs', rampMs, frequency))
}

module.exports = { checkGain, rampFrames, setGain }
