'use strict'

const assert = require('node:assert/strict')
const crypto = require('node:crypto')
const { once } = require('node:events')
const { AesCtr, AudioProcessor, AudioProcessorPool, OpusDecoder, floatToInt16 } = require('../..')
const { refusals, voice } = require('./sounds.cjs')
const { perform, PATIENCE_MS } = require('./studio.cjs')

const key = Buffer.alloc(16, 7)
const ivOf = (index) => Buffer.alloc(16, index)
const options = { frequency: 48000, outputFrequency: 24000, key, opus: { bitrate: 24000, complexity: 0 } }
const frames = (count, size = 960) => {
  const sound = voice(count * size, 48000)
  return Array.from({ length: count }, (_, index) => sound.subarray(index * size, (index + 1) * size))
}
const open = (data, iv) => new AesCtr(key).decrypt(data, iv)

describe('AudioProcessor', function () {
  this.timeout(PATIENCE_MS)

  it('gives an encrypted Opus packet for every frame, at the rate wanted', () => {
    for (const [mode, frequency] of [['full', 24000], ['medium', 48000]]) {
      const processor = new AudioProcessor({ ...options, mode })
      const decoder = new OpusDecoder({ frequency })
      frames(20).forEach((frame, index) => {
        const { data, mode: used, micros } = processor.process(frame, ivOf(index))
        assert.equal(used, mode)
        assert.ok(micros > 0)
        assert.equal(decoder.decode(open(data, ivOf(index))).length, frequency / 50)
      })
    }
  })

  it('gives samples in minimal mode, encrypted, and in the clear only with permission', () => {
    const [frame] = frames(1)
    const integers = Buffer.from(floatToInt16(frame).buffer)
    const minimal = new AudioProcessor({ ...options, mode: 'minimal' }).process(frame, ivOf(1))
    assert.ok(open(minimal.data, ivOf(1)).equals(integers))
    const emergency = new AudioProcessor({ ...options, mode: 'emergency', allowPlaintext: true }).process(frame, ivOf(1))
    assert.ok(emergency.data.equals(integers))
    assert.throws(() => new AudioProcessor({ ...options, mode: 'emergency' }), { code: 'ERR_AUDIO_INVALID_ARG' })
    for (const allowPlaintext of [1, 'true', null]) {
      assert.throws(() => new AudioProcessor({ ...options, mode: 'emergency', allowPlaintext }), { code: 'ERR_AUDIO_INVALID_ARG' })
    }
  })

  it('authenticates with GCM', () => {
    const processor = new AudioProcessor({ ...options, suite: 'aes-128-gcm', mode: 'minimal' })
    const [frame] = frames(1)
    const iv = Buffer.alloc(12, 3)
    const { data } = processor.process(frame, iv)
    const gcm = crypto.createDecipheriv('aes-128-gcm', key, iv).setAuthTag(data.subarray(-16))
    const opened = Buffer.concat([gcm.update(data.subarray(0, -16)), gcm.final()])
    assert.ok(opened.equals(Buffer.from(floatToInt16(frame).buffer)))
  })

  it('gathers parts of frames, and loses none', () => {
    const sound = voice(9600, 48000)
    const run = (size) => {
      const processor = new AudioProcessor(options)
      const packets = []
      for (let at = 0; at < sound.length; at += size) {
        const { data } = processor.process(sound.subarray(at, Math.min(sound.length, at + size)), ivOf(packets.length))
        if (data) packets.push(data)
      }
      return packets
    }
    const whole = run(960)
    assert.equal(whole.length, 10)
    for (const size of [100, 480, 700]) assert.deepEqual(run(size), whole)
  })

  it('keeps speech where the packets have 8 kHz', () => {
    const powerOf = (samples) => samples.reduce((sum, sample) => sum + sample ** 2, 0) / samples.length
    const opus = { bitrate: 64000, application: 'audio' }
    for (const hz of [1000, 2000, 2900]) {
      const processor = new AudioProcessor({ frequency: 48000, outputFrequency: 8000, opus, allowPlaintext: true })
      const decoder = new OpusDecoder({ frequency: 8000 })
      const tone = Float32Array.from({ length: 48000 }, (_, index) => 0.5 * Math.sin((2 * Math.PI * hz * index) / 48000))
      const out = []
      for (let at = 0; at < tone.length; at += 960) {
        const { data } = processor.process(tone.subarray(at, at + 960))
        if (data) out.push(...decoder.decode(data))
      }
      const decibels = 10 * Math.log10(powerOf(out.slice(4000)) / 0.125)
      assert.ok(Math.abs(decibels) < 1, `${hz} Hz comes back at ${decibels.toFixed(1)} dB`)
    }
  })

  it('takes the slowest rate there is', () => {
    const processor = new AudioProcessor({ ...options, frequency: 1000 })
    for (let frame = 0; frame < 10; frame++) processor.process(new Float32Array(20), ivOf(frame))
    assert.equal(processor.metrics().frames, 10)
  })

  it('tells who emits whether anybody listened', () => {
    const processor = new AudioProcessor(options)
    const event = { type: 'mode', mode: 'full', from: 'medium' }
    assert.equal(processor.emit('mode', event), false)
    processor.on('*', () => {})
    assert.equal(processor.emit('mode', event), true)
  })

  it('is the same synchronously, into memory of the caller, on native threads and in a pool', async () => {
    const sound = frames(30)
    const sync = sound.map((processor => (frame, index) => processor.process(frame, ivOf(index)).data)(new AudioProcessor(options)))
    const into = new AudioProcessor(options)
    const out = Buffer.alloc(4096)
    sound.forEach((frame, index) => {
      const size = into.processInto(frame, ivOf(index), out)
      assert.ok(out.subarray(0, size).equals(sync[index]))
    })
    const pool = new AudioProcessorPool({ threads: 2 })
    for (const processor of [new AudioProcessor(options), pool.open(options)]) {
      const results = await Promise.all(sound.map((frame, index) => processor.processAsync(frame, ivOf(index))))
      assert.deepEqual(results.map(({ data }) => data), sync)
      assert.ok(results.every(({ mode, micros }) => mode === 'full' && micros > 0))
      processor.close()
      const memory = Buffer.alloc(4096)
      const again = new AudioProcessor(options)
      const { data } = await again.processAsync(sound[0], ivOf(0), memory)
      assert.equal(data.buffer, memory.buffer)
      assert.ok(data.equals(sync[0]))
    }
    pool.close()
  })

  it('copies what it was handed before the native threads see it', async () => {
    const [frame] = frames(1)
    const wanted = new AudioProcessor(options).process(frame, ivOf(1)).data
    const [mine, iv] = [frame.slice(), ivOf(1)]
    const promise = new AudioProcessor(options).processAsync(mine, iv)
    mine.fill(0)
    iv.fill(0)
    assert.deepEqual((await promise).data, wanted)
  })

  it('steps down when frames take too long, tells of it, and never goes into the clear by itself', () => {
    const processor = new AudioProcessor({ ...options, adaptive: { stepDownMs: 0, holdMs: 1000 } })
    const events = []
    processor.on('mode', ({ type, mode, from }) => events.push([type, from, mode]))
    for (const frame of frames(100)) processor.process(frame, ivOf(1))
    assert.deepEqual(events, [['mode', 'full', 'medium'], ['mode', 'medium', 'minimal']])
    assert.equal(processor.mode, 'minimal')
    const allowed = new AudioProcessor({ ...options, adaptive: true, stepDownMs: 0, allowPlaintext: true })
    for (const frame of frames(100)) allowed.process(frame, ivOf(1))
    assert.equal(allowed.mode, 'emergency')
    const fixed = new AudioProcessor({ ...options, stepDownMs: 0 })
    for (const frame of frames(100)) fixed.process(frame, ivOf(1))
    assert.equal(fixed.mode, 'full')
  })

  it('gives its own packet although a listener calls another processor, or throws', async () => {
    const [adaptive, other] = [{ ...options, adaptive: { stepDownMs: 0, holdMs: 1000 } }, new AudioProcessor({ ...options, mode: 'minimal' })]
    const [processor, twin] = [new AudioProcessor(adaptive), new AudioProcessor(adaptive)]
    const uncaught = []
    const [before] = [process.listeners('uncaughtException')]
    process.removeAllListeners('uncaughtException').on('uncaughtException', (error) => uncaught.push(error.message))
    processor.on('mode', ({ mode }) => {
      other.process(frames(1)[0], ivOf(9))
      throw new Error(mode)
    })
    for (const [index, frame] of frames(40).entries()) {
      assert.deepEqual(processor.process(frame, ivOf(index)).data, twin.process(frame, ivOf(index)).data)
    }
    await new Promise(setImmediate)
    process.removeAllListeners('uncaughtException')
    before.forEach((listener) => process.on('uncaughtException', listener))
    assert.deepEqual(uncaught, ['medium', 'minimal'])
  })

  it('hands every stream its packets although the listener of another throws, and lets the process end', () =>
    perform({}, async ({ assert, sdl }) => {
      const uncaught = []
      process.on('uncaughtException', (error) => uncaught.push(error.message))
      const options = { key: Buffer.alloc(16), opus: { complexity: 0 } }
      const [loud, quiet] = [new sdl.AudioProcessor({ ...options, adaptive: { stepDownMs: 0 } }), new sdl.AudioProcessor(options)]
      loud.on('mode', ({ mode }) => { throw new Error(mode) })
      const pools = [new sdl.AudioProcessorPool(), new sdl.AudioProcessorPool()]
      let batches = 0
      pools[0].on('packets', () => { throw new Error('packets') })
      const told = new Promise((resolve) => pools[1].on('packets', ({ length }) => { if ((batches += length) === 2) resolve() }))
      for (const pool of pools) {
        const stream = pool.open(options)
        for (let index = 0; index < 2; index++) stream.submit(new Float32Array(960), Buffer.alloc(16, index))
      }
      const promises = []
      for (let index = 0; index < 30; index++) {
        for (const processor of [loud, quiet]) promises.push(processor.processAsync(new Float32Array(960), Buffer.alloc(16, index)))
      }
      assert.equal((await Promise.all(promises)).length, 60)
      await told
      assert.ok(uncaught.includes('medium') && uncaught.includes('packets'))
    }))

  it('refuses a packet that finds no room, on native threads too, and stays as it was', async () => {
    const [processor, twin] = [new AudioProcessor(options), new AudioProcessor(options)]
    for (const [index, frame] of frames(5).entries()) {
      const refused = await processor.processAsync(frame, ivOf(index), Buffer.alloc(index)).catch((error) => error)
      assert.equal(refused.code, 'ERR_AUDIO_OUT_OF_RANGE')
      assert.match(refused.message, /takes \d+ bytes/)
      assert.deepEqual((await processor.processAsync(frame, ivOf(index))).data, twin.process(frame, ivOf(index)).data)
    }
    assert.equal(processor.metrics().frames, 5)
  })

  it('measures itself', () => {
    const processor = new AudioProcessor(options)
    const before = processor.metrics()
    assert.ok(Object.values(before).every((value) => value === 0))
    for (const frame of frames(50)) processor.process(frame, ivOf(1))
    const { frames: count, framesPerSecond, averageUs, minUs, maxUs, p99Us, jitterUs } = processor.metrics()
    assert.equal(count, 50)
    assert.ok(minUs > 0 && minUs <= averageUs && averageUs <= maxUs && p99Us <= maxUs + 1 && jitterUs >= 0 && framesPerSecond > 0)
  })

  it('lets a process end when its frames are done, and holds it until then', () =>
    perform({}, async ({ assert, sdl, startWorker }) => {
      const processor = new sdl.AudioProcessor({ key: Buffer.alloc(16) })
      let done = 0
      for (let frame = 0; frame < 20; frame++) processor.processAsync(new Float32Array(960), Buffer.alloc(16, frame)).then(() => { done++ })
      process.on('exit', () => { if (done !== 20) process.exitCode = 1 })
      const worker = startWorker(async ({ sdl }) => {
        const processor = new sdl.AudioProcessor({ key: Buffer.alloc(16) })
        const { data } = await processor.processAsync(new Float32Array(960), Buffer.alloc(16))
        for (let frame = 0; frame < 40; frame++) processor.processAsync(new Float32Array(960), Buffer.alloc(16)).catch(() => {})
        return data.length
      })
      assert.ok(await worker.done > 0)
    }))
})

describe('AudioProcessorPool', function () {
  this.timeout(PATIENCE_MS)

  it('runs a hundred streams on two threads and tells of their packets in batches', async () => {
    const pool = new AudioProcessorPool({ threads: 2 })
    assert.equal(pool.threads, 2)
    const streams = Array.from({ length: 100 }, () => pool.open(options))
    assert.equal(pool.streams, 100)
    const got = new Map(streams.map((stream) => [stream, []]))
    let batches = 0
    pool.on('packets', (packets) => {
      batches++
      for (const { stream, data, mode, micros, error } of packets) {
        assert.ok(mode === 'full' && micros > 0 && error === null)
        got.get(stream).push(data)
      }
    })
    const sound = frames(5)
    for (const [index, frame] of sound.entries()) {
      for (const stream of streams) stream.submit(frame, ivOf(index))
    }
    while ([...got.values()].some((packets) => packets.length < 5)) await once(pool, 'packets')
    const alone = new AudioProcessor(options)
    const wanted = sound.map((frame, index) => alone.process(frame, ivOf(index)).data)
    for (const packets of got.values()) assert.deepEqual(packets, wanted)
    assert.ok(batches < 200, `${batches} batches`)
    streams[0].close()
    assert.equal(pool.streams, 99)
    pool.close()
    assert.ok(streams.every((stream) => stream.closed))
    assert.throws(() => pool.open(options), { code: 'ERR_AUDIO_CLOSED' })
  })

  it('lets workers be ended, and the process, with frames on their way', () =>
    perform({}, async ({ assert, sdl, startWorker }) => {
      for (let round = 0; round < 10; round++) {
        const worker = startWorker(async ({ sdl, tell }) => {
          const pool = new sdl.AudioProcessorPool({ threads: 2 })
          const streams = Array.from({ length: 10 }, () => pool.open({ key: Buffer.alloc(16) }))
          setInterval(() => {
            for (const stream of streams) stream.processAsync(new Float32Array(960).fill(0.1), Buffer.alloc(16)).catch(() => {})
          }, 1)
          tell('busy')
          await new Promise(() => {})
        })
        assert.equal(await worker.told, 'busy')
        await new Promise((resolve) => setTimeout(resolve, round))
        await worker.worker.terminate()
      }
      const stream = new sdl.AudioProcessor({ key: Buffer.alloc(16) })
      for (let frame = 0; frame < 40; frame++) stream.processAsync(new Float32Array(960), Buffer.alloc(16))
    }))

  it('finishes what was handed in when it is closed', async () => {
    const pool = new AudioProcessorPool({ threads: 1 })
    const stream = pool.open(options)
    const promises = frames(10).map((frame) => stream.processAsync(frame, ivOf(0)))
    pool.close()
    assert.equal((await Promise.all(promises)).length, 10)
  })

  it('bounds what waits', async () => {
    const stream = new AudioProcessorPool({ threads: 1 }).open({ ...options, opus: { complexity: 10 } })
    const results = await Promise.allSettled(frames(200).map((frame) => stream.processAsync(frame, ivOf(0))))
    const refused = results.filter(({ status }) => status === 'rejected')
    assert.equal(refused.length, 150)
    assert.ok(refused.every(({ reason }) => reason.code === 'ERR_AUDIO_QUEUE_FULL'))
  })
})

describe('Processors refuse, and stay as they were:', () => {
  const { INVALID, RANGE, ALIGN, CLOSED, detached, shared, NOT_PCM, NOT_BYTES } = refusals
  const [KEY, IV] = ['ERR_AUDIO_KEY_LENGTH', 'ERR_AUDIO_IV_LENGTH']
  const [frame] = frames(1)
  const processor = new AudioProcessor(options)
  const stereo = new AudioProcessor({ ...options, channels: 2 })
  const keyless = new AudioProcessor({ frequency: 48000 })
  const [shut, deadPool] = [new AudioProcessor(options), new AudioProcessorPool({ threads: 1 })]
  shut.close()
  deadPool.close()
  const iv = ivOf(1)

  const rows = [
    ...[null, 5, 'x'].map((options) => [INVALID, () => new AudioProcessor(options)]),
    ...[0, 999, 384001].map((frequency) => [RANGE, () => new AudioProcessor({ key, frequency })]),
    ...[44100, 0, 96000].map((outputFrequency) => [RANGE, () => new AudioProcessor({ key, outputFrequency })]),
    ...[NaN, '1', null].map((channels) => [INVALID, () => new AudioProcessor({ key, channels })]),
    ...[0, 3].map((channels) => [RANGE, () => new AudioProcessor({ key, channels })]),
    ...[0, 15, 120, -20].map((frameMs) => [RANGE, () => new AudioProcessor({ key, frameMs })]),
    ...[NaN, '20', null].map((frameMs) => [INVALID, () => new AudioProcessor({ key, frameMs })]),
    [RANGE, () => new AudioProcessor({ key, frequency: 44100, frameMs: 2.5 })],
    ...['turbo', 5, null].map((mode) => [INVALID, () => new AudioProcessor({ key, mode })]),
    ...[5, 'yes', null].map((adaptive) => [INVALID, () => new AudioProcessor({ key, adaptive })]),
    ...[-1, Infinity].map((stepDownMs) => [RANGE, () => new AudioProcessor({ key, adaptive: { stepDownMs } })]),
    ...[-1, Infinity].map((holdMs) => [RANGE, () => new AudioProcessor({ key, adaptive: true, holdMs })]),
    ...[499, 600000].map((bitrate) => [RANGE, () => new AudioProcessor({ key, opus: { bitrate } })]),
    ...[null, 5].map((opus) => [INVALID, () => new AudioProcessor({ key, opus })]),
    ...[0, 15, 17, 33].map((length) => [KEY, () => new AudioProcessor({ key: Buffer.alloc(length) })]),
    ...[15, 24, 32].map((length) => [KEY, () => new AudioProcessor({ suite: 'aes-128-gcm', key: Buffer.alloc(length) })]),
    ...NOT_BYTES.filter((value) => value ?? false).map((key) => [INVALID, () => new AudioProcessor({ key })]),
    ...['aes', 5].map((suite) => [INVALID, () => new AudioProcessor({ key, suite })]),
    [INVALID, () => new AudioProcessor({ suite: 'aes-128-ctr' })],
    ...[...NOT_PCM, detached(new Float32Array(960)), shared(Float32Array, 960)].map((frame) => [INVALID, () => processor.process(frame, iv)]),
    ...[0, 961, 1920].map((size) => [RANGE, () => processor.process(new Float32Array(size), iv)]),
    [ALIGN, () => stereo.process(new Float32Array(961), iv)],
    ...NOT_BYTES.map((iv) => [INVALID, () => processor.process(frame, iv)]),
    ...[detached(Buffer.from(new ArrayBuffer(16))), shared(Uint8Array, 16)].map((iv) => [INVALID, () => processor.process(frame, iv)]),
    ...[0, 12, 15, 17, 32].map((length) => [IV, () => processor.process(frame, Buffer.alloc(length))]),
    ...NOT_BYTES.map((out) => [INVALID, () => processor.processInto(frame, iv, out)]),
    ...[0, 10, 59].map((size) => [RANGE, () => processor.processInto(frame, iv, Buffer.alloc(size))]),
    [INVALID, () => keyless.process(frame, iv)],
    [INVALID, () => processor.on('packet', () => {})],
    ...['process', 'processInto', 'submit', 'metrics', 'close', 'mode', 'handle'].map((name) => [CLOSED, () => shut[name](frame, iv, Buffer.alloc(4000))]),
    ['ERR_AUDIO_NOT_SUPPORTED', () => processor.submit(frame, iv)],
    ...[0, 257].map((threads) => [RANGE, () => new AudioProcessorPool({ threads })]),
    ...[NaN, '2', null].map((threads) => [INVALID, () => new AudioProcessorPool({ threads })]),
    ...['open', 'close', 'threads'].map((name) => [CLOSED, () => deadPool[name]()]),
  ]
  rows.forEach(([code, call], index) => {
    it(`${index}: ${String(call).replace('() => ', '')} → ${code}`, () => assert.throws(call, { code }))
  })

  it('asynchronous ones reject', async () => {
    const refused = [
      [INVALID, () => processor.processAsync(null, iv)],
      [RANGE, () => processor.processAsync(new Float32Array(961), iv)],
      [IV, () => processor.processAsync(frame, Buffer.alloc(3))],
      [INVALID, () => processor.processAsync(frame, iv, 5)],
      [INVALID, () => keyless.processAsync(frame, iv)],
      [CLOSED, () => shut.processAsync(frame, iv)],
    ]
    for (const [code, call] of refused) await assert.rejects(call, { code })
  })

  it('after all that, the next good frame is right', () => {
    assert.deepEqual(processor.process(frame, iv).data, new AudioProcessor(options).process(frame, iv).data)
  })
})
