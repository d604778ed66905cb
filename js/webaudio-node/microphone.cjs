'use strict'

const { AutoDepth } = require('./depth.cjs')

// Worker. A microphone of webaudio-node, fed with a quantum whenever one is rendered, in place of its timer of 10 ms.

/** Where a microphone that keeps running dry stops going up. */
const MOST_MS = 60
/** How long more must have been there than is wanted until it is let go: what a hiccup has left behind. */
const SETTLE_SECONDS = 1
const BYTES_PER_SAMPLE = 4

/** Takes quanta out of a microphone at the pace of the rendering, a little behind it. */
class MicrophoneFeed {
  #device
  #block
  #quantumFrames
  #depth
  #settleFrames
  #filling = true
  /** The least that was there after a quantum was taken, and for how many frames we have looked. */
  #leftAtLeast = Infinity
  #lookedFor = 0

  constructor (device, quantumFrames) {
    const { frequency, channels, obtained: { periodFrames } } = device
    this.#device = device
    this.#quantumFrames = quantumFrames
    this.#block = new Float32Array(quantumFrames * channels)
    this.#settleFrames = SETTLE_SECONDS * frequency
    this.#depth = new AutoDepth({
      leastFrames: Math.max(periodFrames, quantumFrames),
      mostFrames: Math.max(periodFrames, Math.round((MOST_MS * frequency) / 1000)),
      stepFrames: Math.ceil(quantumFrames / 2),
      frequency,
    })
  }

  /** The next quantum, or null while there is too little. */
  take () {
    const queued = this.#device.queuedFrames
    if (this.#filling && queued < this.#depth.frames) return null
    this.#filling = queued < this.#quantumFrames
    if (this.#filling) {
      this.#depth.short()
      return null
    }
    this.#depth.passed(this.#quantumFrames)
    this.#device.read(this.#block)
    this.#settle(queued - this.#quantumFrames)
    return this.#block
  }

  /** Lets go of what has been too much for long: it would be heard as delay for ever. */
  #settle (left) {
    this.#leftAtLeast = Math.min(this.#leftAtLeast, left)
    this.#lookedFor += this.#quantumFrames
    if (this.#lookedFor < this.#settleFrames) return
    for (let more = this.#leftAtLeast - this.#depth.frames; more >= this.#quantumFrames; more -= this.#quantumFrames) {
      this.#device.read(this.#block)
    }
    this.#leftAtLeast = Infinity
    this.#lookedFor = 0
  }
}

/** Gives `node`, of webaudio-node's `createMediaStreamSource`, a `start` that opens a device with short periods and feeds from it. */
const feedFromDevice = (node, { openDevice, periodFrames, quantumFrames, feeds }) => {
  const { wasmModule } = node.context._engine
  node.start = async (device) => {
    if (node._isCapturing) return
    if (node.context.state === 'suspended') await node.context.resume()
    const microphone = openDevice(device ?? node._findInputDevice(), {
      channels: node._channels,
      frequency: node._sampleRate,
      format: 'f32',
      periodFrames,
    })
    node._inputDevice = microphone
    node._isCapturing = true
    wasmModule._startMediaStreamSource(node._wasmState)
    microphone.play()

    const feed = new MicrophoneFeed(microphone, quantumFrames)
    const samples = quantumFrames * node._channels
    const pointer = wasmModule._malloc(samples * BYTES_PER_SAMPLE)
    const end = () => {
      feeds.splice(feeds.indexOf(give), 1)
      wasmModule._free(pointer)
    }
    const give = () => {
      const block = feed.take()
      if (block === null) return
      wasmModule.HEAPF32.set(block, pointer / BYTES_PER_SAMPLE)
      wasmModule._writeInputData(node._wasmState, pointer, samples)
    }
    // webaudio-node's own `stop` closes it.
    microphone.once('close', end)
    feeds.push(give)
  }
  return node
}

module.exports = { MicrophoneFeed, feedFromDevice }
