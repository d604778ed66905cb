'use strict'
// streams.cjs CASE OURS STREAMS SECONDS: many streams of 48 kHz to Opus at 24 kHz, 24 kb/s, complexity 10, encrypted.
//   cost      µs of processor time per frame, JavaScript's included: what else runs on the machine does not count
//   paced     frames that were late when a frame of every stream comes each 20 ms, on one thread
//   memory    bytes that so many streams take, both ways (a processor, an opener, a decoder)
//   packets   bytes by which the process grows over a million packets through the …Into forms
//   timer     ms by which a timer is late at p99, without and with that load

const crypto = require('node:crypto')
const { setTimeout: sleep } = require('node:timers/promises')

const [name, ours, streams, seconds] = process.argv.slice(2).map((word, index) => (index < 2 ? word : Number(word)))
const sdl = require(ours)
const { voice } = require('../../js/sounds.cjs')

const TICK_MS = 20
/** An encoder's first frames cost three times as much as those that follow, while it gets to know the sound. */
const WARM_UP = 50
const options = () => ({
  frequency: 48_000, outputFrequency: 24_000, key: crypto.randomBytes(16), opus: { bitrate: 24_000, complexity: 10 },
})
const sound = voice(960 * 100, 48_000)
const frameAt = (tick) => sound.subarray((tick % 100) * 960, (tick % 100) * 960 + 960)
const iv = Buffer.alloc(16)
const quantile = (values, q) => values.sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * q))]

const warmUp = async (all) => {
  for (let tick = 0; tick < WARM_UP; tick++) await Promise.all(all.map((stream) => stream.processAsync(frameAt(tick), iv)))
}

/** Submits a frame of every stream each tick, paced by the clock. */
const pace = async (all, seconds, started = performance.now()) => {
  for (let tick = 0; tick < (seconds * 1000) / TICK_MS; tick++) {
    const due = started + tick * TICK_MS
    while (performance.now() < due) await sleep(Math.max(0, due - performance.now()))
    for (const stream of all) stream.submit(frameAt(WARM_UP + tick), iv)
  }
}

const timerDelays = async (seconds) => {
  const delays = []
  const until = performance.now() + seconds * 1000
  while (performance.now() < until) {
    const start = performance.now()
    await new Promise((resolve) => setTimeout(resolve, 1))
    delays.push(performance.now() - start - 1)
  }
  return delays
}

const settle = async () => {
  global.gc?.()
  await sleep(300)
  global.gc?.()
}

const cases = {
  async cost () {
    const pool = new sdl.AudioProcessorPool({ threads: 1 })
    const all = Array.from({ length: streams }, () => pool.open(options()))
    let frames = 0
    await warmUp(all)
    const [started, before] = [performance.now(), process.cpuUsage()]
    for (let tick = WARM_UP; performance.now() - started < seconds * 1000 || tick < WARM_UP + 3; tick++) {
      await Promise.all(all.map((stream) => stream.processAsync(frameAt(tick), iv)))
      frames += streams
    }
    const { user, system } = process.cpuUsage(before)
    return { usPerFrame: (user + system) / frames }
  },

  async paced () {
    const pool = new sdl.AudioProcessorPool({ threads: 1 })
    const all = Array.from({ length: streams }, () => pool.open(options()))
    await warmUp(all)
    const late = []
    const ticks = new Map(all.map((stream) => [stream, 0]))
    const started = performance.now()
    pool.on('packets', (packets) => {
      const now = performance.now() - started
      for (const { stream, error } of packets) {
        const tick = ticks.get(stream)
        ticks.set(stream, tick + 1)
        late.push(error ? Infinity : now - tick * TICK_MS)
      }
    })
    await pace(all, seconds, started)
    await sleep(500)
    // What has not come by now never will in time.
    const frames = (streams * seconds * 1000) / TICK_MS
    return { missed: frames - late.filter((ms) => ms <= TICK_MS).length, frames, p99Ms: quantile(late, 0.99) }
  },

  async memory () {
    await settle()
    const before = process.memoryUsage.rss()
    const all = Array.from({ length: streams }, () => {
      const key = crypto.randomBytes(16)
      return [
        new sdl.AudioProcessor(options()), new sdl.PacketSealer({ format: 'seq-pts', key }),
        new sdl.PacketOpener({ format: 'seq-pts', key }), new sdl.OpusDecoder({ frequency: 24_000 }),
        new sdl.Resampler({ from: 24_000, to: 48_000 }),
      ]
    })
    const [out, pcm, packet] = [Buffer.alloc(4000), new Float32Array(480), Buffer.alloc(4000)]
    const encoder = new sdl.OpusEncoder({ frequency: 24_000 })
    for (let tick = 0; tick < 50; tick++) {
      const payload = encoder.encode(frameAt(tick).subarray(0, 480))
      for (const [processor, sealer, opener, decoder] of all) {
        processor.processInto(frameAt(tick), iv, out)
        const size = sealer.sealInto(payload, packet)
        decoder.decodeInto(out.subarray(0, opener.openInto(packet.subarray(0, size), out)), pcm)
      }
    }
    await settle()
    return { bytes: process.memoryUsage.rss() - before, held: all.length }
  },

  async packets () {
    const key = crypto.randomBytes(16)
    const [sealer, opener] = [new sdl.PacketSealer({ format: 'seq-pts', key }), new sdl.PacketOpener({ format: 'seq-pts', key })]
    const aes = new sdl.AesCtr(key)
    const [payload, packet, out] = [crypto.randomBytes(160), Buffer.alloc(200), Buffer.alloc(160)]
    const round = (count) => {
      for (let index = 0; index < count; index++) {
        sealer.sealInto(payload, packet)
        opener.openInto(packet, out)
        aes.apply(out, iv)
      }
    }
    round(50_000)
    await settle()
    const before = process.memoryUsage.rss()
    round(1_000_000)
    return { bytes: process.memoryUsage.rss() - before }
  },

  async timer () {
    const alone = await timerDelays(seconds)
    const pool = new sdl.AudioProcessorPool()
    const all = Array.from({ length: streams }, () => pool.open(options()))
    await warmUp(all)
    const [loaded] = await Promise.all([timerDelays(seconds), pace(all, seconds)])
    return { aloneMs: quantile(alone, 0.99), loadedMs: quantile(loaded, 0.99) }
  },
}

cases[name]().then((result) => {
  console.log(JSON.stringify(result))
  process.exit()
})
