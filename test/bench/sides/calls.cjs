'use strict'
// calls.cjs MODULE CASE FRAMES: prints ns per call of one method of a device of SDL's dummy driver.

const { audio } = require(process.argv[2])
const name = process.argv[3]
const frames = Number(process.argv[4])

const FREQUENCY = 48000
const FRAME_BYTES = 8
const options = { channels: 2, frequency: FREQUENCY, format: 'f32', buffered: 512 }
const COMPILED_AFTER_CALLS = 30_000
const blockBytes = frames * FRAME_BYTES
const PAGE_BYTES = 4096
const memory = Buffer.alloc(blockBytes + PAGE_BYTES, 1)
let block = memory.subarray(0, blockBytes)

/** How a copy lies to the queue's pages decides its speed, up to twofold: every batch copies from another place. */
const moveBlock = (batch) => {
  const offset = (Math.abs(batch) * 272) % PAGE_BYTES
  block = memory.subarray(offset, offset + blockBytes)
}

const open = (type) => audio.openDevice({ type }, options)
const callsIn = (ms) => Math.floor((FREQUENCY * ms) / 1000 / frames)
const median = (values) => values.sort((a, b) => a - b)[values.length >> 1]

/** Waits without sleeping: a core that has slept is slow for longer than a batch takes. */
const spinMs = (ms) => {
  const end = performance.now() + ms
  while (performance.now() < end);
}

/** ns per call of `act`, over `calls` calls. */
const time = (calls, act) => {
  const start = process.hrtime.bigint()
  for (let call = 0; call < calls; call++) act()
  return Number(process.hrtime.bigint() - start) / calls
}

/**
 * The median of `batches` batches, each begun by `settle` and one call that does not count; others come before, until the
 * compiler has done its work.
 */
const timeBatches = (batches, calls, act, settle = () => {}, compileCalls = COMPILED_AFTER_CALLS) => {
  const times = []
  for (let batch = -Math.ceil(compileCalls / calls); batch < batches; batch++) {
    moveBlock(batch)
    settle()
    act()
    const ns = time(calls, act)
    if (batch >= 0) times.push(ns)
  }
  return { ns: median(times) }
}

const cases = {
  /** The device plays, and its queue is cleared before each batch of 200 ms: memory that was used before, caches warm. */
  enqueue () {
    const device = open('playback')
    device.play()
    return timeBatches(400, callsIn(200), () => device.enqueue(block), () => device.clearQueue())
  },

  /** The same in batches of 2 s: a queue as games and players keep it. */
  enqueueDeep () {
    const device = open('playback')
    device.play()
    return timeBatches(50, callsIn(2000), () => device.enqueue(block), () => device.clearQueue())
  },

  /** 200 ms again, paused: nobody reads the queue. */
  enqueuePaused () {
    const device = open('playback')
    return timeBatches(400, callsIn(200), () => device.enqueue(block), () => device.clearQueue())
  },

  /**
   * A fresh, paused device whose queue only grows: every call writes to memory that the queue has not used yet. The same code
   * ran before on another device, which got no more memory than a few frames.
   */
  firstTouch () {
    let device = open('playback')
    const enqueue = () => device.enqueue(block)
    for (let calls = 0; calls < COMPILED_AFTER_CALLS; calls += 20) {
      block = memory.subarray(0, FRAME_BYTES)
      time(20, enqueue)
      device.clearQueue()
    }
    device.close()
    spinMs(50)
    device = open('playback')
    block = memory.subarray(0, blockBytes)
    const [first, rest] = [20, 980]
    const firstNs = time(first, enqueue)
    const restNs = time(rest, enqueue)
    return { ns: (first * firstNs + rest * restNs) / (first + rest), firstNs }
  },

  queued () {
    const device = open('playback')
    device.enqueue(block)
    return timeBatches(50, 5000, () => device.queued)
  },

  dequeueEmpty () {
    const device = open('recording')
    forgetError(device)
    return timeBatches(50, 5000, () => device.dequeue(block))
  },

  /** A running microphone; each batch takes out 300 ms. */
  dequeueData () {
    const device = open('recording')
    forgetError(device)
    device.play()
    const whole = block
    block = memory.subarray(0, FRAME_BYTES)
    while (device.queued < COMPILED_AFTER_CALLS * FRAME_BYTES) spinMs(1)
    time(COMPILED_AFTER_CALLS, () => device.dequeue(block))
    block = whole
    const calls = callsIn(300)
    const take = () => {
      if (device.dequeue(block) !== blockBytes) throw new Error('the microphone has too little')
    }
    const gather = () => {
      while (device.queued < (calls + 1) * blockBytes) spinMs(1)
    }
    return timeBatches(10, calls, take, gather, calls)
  },
}

/** On a box with no screen the first `dequeue` of @kmamal/sdl throws what SDL's video part left behind. */
const forgetError = (device) => {
  try {
    device.dequeue(block)
  } catch {}
}

console.log(JSON.stringify(cases[name]()))
process.exit()
