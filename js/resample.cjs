'use strict'

const native = require('./binding.cjs')
const { checkFloats, checkInt16s, checkInteger, checkOptions, checkWord, notWhole } = require('./check.cjs')
const { outOfRange } = require('./errors.cjs')
const { Owned, slotOf } = require('./owned.cjs')

const { resample, resampleFlush, resamplerFrames } = native

const checkRoom = (samples, out) => {
  if (out.length < samples.length) {
    throw outOfRange(`Expected room for ${samples.length} samples but received ${out.length}`, { out })
  }
}

const floatToInt16 = (samples, out) => {
  checkFloats('samples', samples)
  if (out === undefined) out = new Int16Array(samples.length)
  else checkInt16s('out', out)
  checkRoom(samples, out)
  native.floatToInt16(samples, out)
  return out
}

const int16ToFloat = (samples, out) => {
  checkInt16s('samples', samples)
  if (out === undefined) out = new Float32Array(samples.length)
  else checkFloats('out', out)
  checkRoom(samples, out)
  native.int16ToFloat(samples, out)
  return out
}

const checkRates = (options) => {
  checkOptions(options, ['from', 'to', 'channels', 'quality'])
  const { from, to, channels = 1, quality = 'voice' } = options
  checkInteger('from', from, 1000, 384_000)
  checkInteger('to', to, 1000, 384_000)
  checkInteger('channels', channels, 1, 8)
  checkWord('quality', quality, ['voice', 'fast', 'best'])
  return { from, to, channels, quality }
}

class Resampler extends Owned {
  #options

  constructor (options) {
    const checked = checkRates(options)
    super(native.newResampler(checked.from, checked.to, checked.channels, checked.quality), native.closeResampler)
    this.#options = checked
  }

  get from () { return this.#options.from }
  get to () { return this.#options.to }
  get channels () { return this.#options.channels }
  get quality () { return this.#options.quality }
  get delayFrames () { return native.resamplerDelayFrames(slotOf(this)) }

  #framesOf (samples) {
    checkFloats('samples', samples)
    const { channels } = this.#options
    if (samples.length % channels !== 0) throw notWhole(samples.length, channels)
    return samples.length / channels
  }

  process (samples) {
    const slot = slotOf(this)
    const frames = resamplerFrames(slot, this.#framesOf(samples))
    const out = new Float32Array(frames * this.#options.channels)
    resample(slot, samples, out)
    return out
  }

  processInto (samples, out) {
    const slot = slotOf(this)
    this.#framesOf(samples)
    checkFloats('out', out)
    return resample(slot, samples, out)
  }

  flush () {
    const slot = slotOf(this)
    const out = new Float32Array(resamplerFrames(slot) * this.#options.channels)
    resampleFlush(slot, out)
    return out
  }

  reset () {
    native.resetResampler(slotOf(this))
  }
}

module.exports = { Resampler, floatToInt16, int16ToFloat }
