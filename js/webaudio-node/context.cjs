'use strict'

const { pullRender } = require('./pull.cjs')
const { feedFromDevice } = require('./microphone.cjs')

// Worker. The AudioContext of webaudio-node, on a device that pulls. As npm has it, it renders 32 ms at a time from a timer and
// keeps 200 ms queued; what it plays, its graph, is rendered here a quantum at a time instead.

/** Of the Web Audio API, and of webaudio-node's engine. */
const QUANTUM_FRAMES = 128
const BYTES_PER_SAMPLE = 4
/** Far more than `'auto'` ever wants. */
const LEAST_CAPACITY_MS = 200
/** The period of the device may be longer than the one that was asked for, and quanta may cover it badly. */
const PERIODS = 2

/** Room for what is to be kept queued: a target that was asked for, or what a period needs. */
const capacityMs = ({ targetMs, periodFrames, frequency }) =>
  Math.max(LEAST_CAPACITY_MS, targetMs === 'auto' ? 0 : targetMs, (PERIODS * periodFrames * 1000) / frequency)

/** A function that renders a quantum of the context's graph into a block. */
const renderer = ({ _engine: { wasmModule, graphId, numberOfChannels } }, feeds) => {
  const samples = QUANTUM_FRAMES * numberOfChannels
  const pointer = wasmModule._malloc(samples * BYTES_PER_SAMPLE)
  const at = pointer / BYTES_PER_SAMPLE
  let heap = null
  let rendered = null
  const render = (block) => {
    for (let feed = 0; feed < feeds.length; feed++) feeds[feed]()
    wasmModule._processGraph(graphId, pointer, QUANTUM_FRAMES)
    // The memory of the module may have grown: its views are then new ones.
    if (heap !== wasmModule.HEAPF32) {
      heap = wasmModule.HEAPF32
      rendered = heap.subarray(at, at + samples)
    }
    block.set(rendered)
  }
  return { render, free: () => wasmModule._free(pointer) }
}

/** What a context has of ours: the device is in its `_audioDevice`, where webaudio-node keeps it. */
class Playing {
  #context
  #options
  #renderer
  #pull = null
  /** Called before each quantum. */
  feeds = []

  constructor (context, options) {
    this.#context = context
    this.#options = options
    this.#renderer = renderer(context, this.feeds)
  }

  start () {
    const { targetMs, realtime } = this.#options
    this.#pull = pullRender(this.#context._audioDevice, this.#renderer.render, { quantumFrames: QUANTUM_FRAMES, targetMs, realtime })
  }

  pause () {
    this.#pull?.stop()
    this.#pull = null
  }

  end () {
    this.pause()
    this.#renderer.free()
  }
}

/**
 * Lets every context of `webaudio` render when its device needs it. A module's exports cannot be replaced, and its users'
 * contexts come from there: so its class is told, in this thread only.
 */
const pullContexts = ({ AudioContext, getSdl }, { periodFrames = QUANTUM_FRAMES, targetMs, realtime }) => {
  // Whatever its users have set since.
  const openDevice = (device, options) => getSdl().audio.openDevice(device, options)
  const { close, createMediaStreamSource } = AudioContext.prototype
  const playing = new WeakMap()
  const playingOf = (context) => {
    if (!playing.has(context)) playing.set(context, new Playing(context, { targetMs, realtime }))
    return playing.get(context)
  }
  const open = (context) => {
    context._audioDevice ??= openDevice(context._findDeviceBySinkId(context._sinkId), {
      frequency: context.sampleRate,
      channels: context._channels,
      format: 'f32',
      periodFrames,
      capacityMs: capacityMs({ targetMs, periodFrames, frequency: context.sampleRate }),
    })
  }

  Object.assign(AudioContext.prototype, {
    async resume () {
      if (this.state === 'closed') throw new Error('the context is closed')
      if (this.state === 'running') return
      open(this)
      playingOf(this).start()
      this.state = 'running'
    },

    async suspend () {
      if (this.state !== 'running') return
      this.state = 'suspended'
      playingOf(this).pause()
      this._audioDevice.pause()
    },

    async setSinkId (sinkId) {
      this._findDeviceBySinkId(sinkId)
      this._sinkId = sinkId
      const wasRunning = this.state === 'running'
      await this.suspend()
      this._audioDevice?.close()
      this._audioDevice = null
      if (wasRunning) await this.resume()
    },

    async close () {
      if (this.state === 'closed') return
      playing.get(this)?.end()
      playing.delete(this)
      await close.call(this)
    },

    createMediaStreamSource (options) {
      const node = createMediaStreamSource.call(this, options)
      const { feeds } = playingOf(this)
      return feedFromDevice(node, { openDevice, periodFrames, quantumFrames: QUANTUM_FRAMES, feeds })
    },
  })
}

module.exports = { pullContexts }
