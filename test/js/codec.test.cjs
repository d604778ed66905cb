'use strict'

const assert = require('node:assert/strict')
const {
  AesCtr, AudioProcessor, JitterBuffer, OpusDecoder, OpusEncoder, Resampler, floatToInt16, int16ToFloat, opusVersion,
} = require('../..')
const { toldMemoryBytes } = require('../../js/binding.cjs')
const { noise, refusals, snr, voice } = require('./sounds.cjs')
const { perform, PATIENCE_MS } = require('./studio.cjs')

describe('Conversion', () => {
  it('saturates, rounds to the nearest and makes silence of NaN', () => {
    const odd = new Float32Array([1, -1, 2, -2, Infinity, -Infinity, NaN, 0.5, -0.5, 1 / 65536, 0.7 / 32768])
    assert.deepEqual([...floatToInt16(odd)], [32767, -32768, 32767, -32768, 32767, -32768, 0, 16384, -16384, 0, 1])
  })

  it('brings every integer back, into memory of the caller too', () => {
    const all = Int16Array.from({ length: 65536 }, (_, index) => index - 32768)
    const [floats, integers] = [new Float32Array(65536), new Int16Array(65540)]
    assert.equal(int16ToFloat(all, floats), floats)
    assert.equal(floatToInt16(floats, integers), integers)
    assert.deepEqual(integers.subarray(0, 65536), all)
    assert.deepEqual(int16ToFloat(all), floats)
  })
})

describe('Resampler', () => {
  it('takes blocks of any size; how they are split changes nothing', () => {
    const input = noise(4410)
    for (const quality of ['voice', 'fast', 'best']) {
      const whole = new Resampler({ from: 44100, to: 48000, quality })
      const together = Float32Array.from([...whole.process(input), ...whole.flush()])
      for (const size of [1, 100, 441, 1000]) {
        const parts = new Resampler({ from: 44100, to: 48000, quality })
        const out = []
        for (let at = 0; at < input.length; at += size) out.push(...parts.process(input.subarray(at, at + size)))
        out.push(...parts.flush())
        assert.deepEqual(Float32Array.from(out), together)
      }
      assert.equal(together.length, 4800 + whole.delayFrames)
    }
  })

  it('gives whole blocks for whole milliseconds, into memory of the caller', () => {
    const resampler = new Resampler({ from: 48000, to: 24000, channels: 2 })
    const out = new Float32Array(480)
    for (let block = 0; block < 100; block++) assert.equal(resampler.processInto(new Float32Array(960), out), 240)
  })

  it('delays by delayFrames, and voice by no more than 1.5 ms', () => {
    for (const [from, to] of [[48000, 24000], [48000, 16000], [44100, 48000], [16000, 48000], [24000, 48000]]) {
      const resampler = new Resampler({ from, to })
      const impulse = new Float32Array(from / 10)
      impulse[from / 20] = 1
      const out = resampler.process(impulse)
      const top = out.reduce((best, value, index) => (value > out[best] ? index : best), 0)
      assert.ok(Math.abs(top - to / 20 - resampler.delayFrames) <= 1, `${from} → ${to}: ${top - to / 20}, told ${resampler.delayFrames}`)
      assert.ok(resampler.delayFrames / to <= 0.0015)
    }
  })

  it('takes the slowest rates as any others', () => {
    for (const quality of ['voice', 'fast', 'best']) {
      for (const from of [1000, 1001, 1333, 1400]) {
        const resampler = new Resampler({ from, to: 48000, quality })
        const out = [...resampler.process(new Float32Array(from).fill(0.5)), ...resampler.flush()]
        assert.equal(out.length, 48000 + resampler.delayFrames)
        assert.ok(Math.abs(out[24000] - 0.5) < 1e-3)
      }
    }
  })
})

describe('Opus', () => {
  it('is linked to a libopus of 1.5.2 or newer', () => {
    const [major, minor, patch] = opusVersion.match(/\d+/g).map(Number)
    assert.ok(major * 1e4 + minor * 100 + patch >= 10502, opusVersion)
  })

  for (const frequency of [8000, 12000, 16000, 24000, 48000]) {
    it(`comes back at ${frequency} Hz, in frames of every length, mono and stereo`, () => {
      for (const channels of [1, 2]) {
        for (const ms of [2.5, 5, 10, 20, 40, 60]) {
          const encoder = new OpusEncoder({ frequency, channels, bitrate: 64000 * channels, application: 'audio' })
          const decoder = new OpusDecoder({ frequency, channels })
          const size = ((frequency * ms) / 1000) * channels
          const input = voice(frequency * 0.6, frequency, channels)
          const out = new Float32Array(input.length)
          for (let at = 0; at < input.length; at += size) {
            const frame = decoder.decode(encoder.encode(input.subarray(at, at + size)))
            assert.equal(frame.length, size)
            out.set(frame, at)
          }
          const lag = encoder.lookaheadFrames * channels
          assert.ok(snr(input.subarray(0, input.length - lag), out.subarray(lag)) > 6, `${ms} ms, ${channels} channels`)
        }
      }
    })
  }

  it('is the same from integers as from floats, and into memory of the caller', () => {
    const integers = floatToInt16(voice(960, 48000))
    const of = (pcm) => new OpusEncoder({ bitrate: 32000 }).encode(pcm)
    const packet = of(integers)
    assert.deepEqual(of(int16ToFloat(integers)), packet)
    const out = Buffer.alloc(4000)
    assert.equal(new OpusEncoder({ bitrate: 32000 }).encodeInto(integers, out), packet.length)
    assert.deepEqual(out.subarray(0, packet.length), packet)
    const floats = new OpusDecoder().decode(packet)
    const [intoFloats, intoIntegers] = [new Float32Array(960), new Int16Array(960)]
    assert.equal(new OpusDecoder().decodeInto(packet, intoFloats), 960)
    assert.equal(new OpusDecoder().decodeInto(packet, intoIntegers), 960)
    assert.deepEqual(intoFloats, floats)
    assert.deepEqual(intoIntegers, floatToInt16(floats))
  })

  it('takes its settings, and new ones while it runs', () => {
    const [few, many] = [8000, 64000].map((bitrate) => {
      const encoder = new OpusEncoder({ bitrate: 24000, complexity: 5, fec: true, dtx: true, packetLossPercent: 10, signal: 'voice' })
      encoder.configure({ bitrate })
      return encoder.encode(voice(960, 48000)).length
    })
    assert.ok(many > 2 * few)
    const silent = new OpusEncoder({ dtx: true, frequency: 16000 })
    const sizes = Array.from({ length: 60 }, () => silent.encode(new Float32Array(320)).length)
    assert.ok(Math.min(...sizes) <= 2)
  })

  it('conceals a lost packet and recovers it from the next', () => {
    const encoder = new OpusEncoder({ frequency: 16000, bitrate: 24000, fec: true, packetLossPercent: 20, signal: 'voice' })
    const input = voice(16000, 16000)
    const packets = Array.from({ length: 50 }, (_, index) => encoder.encode(input.subarray(index * 320, index * 320 + 320)))
    const play = (onLoss) => {
      const decoder = new OpusDecoder({ frequency: 16000 })
      return packets.flatMap((packet, index) => [...(index % 10 === 5 ? onLoss(decoder, index) : decoder.decode(packet))])
    }
    const whole = play((decoder, index) => decoder.decode(packets[index]))
    const [silent, concealed, recovered] = [
      () => new Float32Array(320),
      (decoder) => decoder.decode(null, { frames: 320 }),
      (decoder, index) => decoder.decode(packets[index + 1], { fec: true, frames: 320 }),
    ].map((onLoss) => snr(whole, play(onLoss)))
    assert.ok(concealed > silent + 1 && recovered > concealed + 1, [silent, concealed, recovered].join())
  })

  it('needs room for what a bitrate takes on average, in frames of 60 ms too', () => {
    const encoder = new OpusEncoder({ bitrate: 512000 })
    const pcm = noise(2880)
    assert.throws(() => encoder.encodeInto(pcm, Buffer.alloc(3824)), { code: 'ERR_AUDIO_OUT_OF_RANGE', message: /takes 3825 bytes/ })
    assert.ok(encoder.encodeInto(pcm, Buffer.alloc(3825)) > 3000)
    assert.ok(encoder.encodeInto(pcm.subarray(0, 960), Buffer.alloc(1275)) > 1000)
    assert.ok(new OpusEncoder({ bitrate: 24000 }).encodeInto(pcm, Buffer.alloc(180)) <= 180)
  })

  it('answers any bytes with samples in range or ERR_AUDIO_CODEC', () => {
    const decoder = new OpusDecoder({ channels: 2 })
    let refused = 0
    for (let round = 0; round < 5000; round++) {
      const packet = require('node:crypto').randomBytes(1 + (round % 120))
      try {
        assert.ok(decoder.decode(packet).every((sample) => sample >= -1 && sample <= 1))
      } catch (error) {
        if (error.code !== 'ERR_AUDIO_CODEC') throw error
        refused++
      }
    }
    assert.ok(refused > 100 && decoder.stats().clampedSamples > 0)
  })

  it('starts afresh after a reset', () => {
    const [encoder, decoder] = [new OpusEncoder(), new OpusDecoder()]
    const input = voice(4800, 48000)
    const run = () => Array.from({ length: 5 }, (_, index) => decoder.decode(encoder.encode(input.subarray(index * 960, index * 960 + 960))))
    const first = run()
    encoder.reset()
    decoder.reset()
    assert.deepEqual(run(), first)
  })
})

describe('Codecs refuse, and stay as they were:', () => {
  const { INVALID, RANGE, ALIGN, CODEC, CLOSED, detached, shared, NOT_PCM, NOT_BYTES } = refusals
  const input = voice(960, 48000)
  const encoder = new OpusEncoder({ bitrate: 32000 })
  const stereo = new OpusEncoder({ channels: 2 })
  const decoder = new OpusDecoder()
  const resampler = new Resampler({ from: 48000, to: 24000, channels: 2 })
  const packet = new OpusEncoder({ bitrate: 32000 }).encode(input)
  const closed = [new OpusEncoder(), new OpusDecoder(), new Resampler({ from: 8000, to: 16000 })]
  for (const object of closed) object.close()
  const overlap = new ArrayBuffer(3840)

  const rows = [
    ...[null, 5, 'x'].map((options) => [INVALID, () => new OpusEncoder(options)]),
    ...[44100, 0, -1, 2 ** 32 + 48000].map((frequency) => [RANGE, () => new OpusEncoder({ frequency })]),
    ...[NaN, '48000', null, 1.5].map((frequency) => [INVALID, () => new OpusDecoder({ frequency })]),
    ...[0, 3, -1].map((channels) => [RANGE, () => new OpusDecoder({ channels })]),
    ...[499, 512001, 0, -1].map((bitrate) => [RANGE, () => new OpusEncoder({ bitrate })]),
    ...[NaN, 1.5, 'max', null].map((bitrate) => [INVALID, () => new OpusEncoder({ bitrate })]),
    ...[-1, 11].map((complexity) => [RANGE, () => encoder.configure({ complexity })]),
    ...[-1, 101].map((packetLossPercent) => [RANGE, () => encoder.configure({ packetLossPercent })]),
    ...[1, 'yes', null].map((fec) => [INVALID, () => encoder.configure({ fec })]),
    ...['loud', 5, null].map((signal) => [INVALID, () => encoder.configure({ signal })]),
    ...['VOIP', 5, null].map((application) => [INVALID, () => new OpusEncoder({ application })]),
    ...NOT_PCM.map((pcm) => [INVALID, () => encoder.encode(pcm)]),
    ...[detached(new Float32Array(960)), shared(Float32Array, 960)].map((pcm) => [INVALID, () => encoder.encode(pcm)]),
    ...[0, 1, 100, 959, 961, 3840].map((size) => [RANGE, () => encoder.encode(new Float32Array(size))]),
    [ALIGN, () => stereo.encode(new Float32Array(961))],
    ...NOT_BYTES.map((out) => [INVALID, () => encoder.encodeInto(input, out)]),
    ...[detached(Buffer.from(new ArrayBuffer(100))), shared(Uint8Array, 100)].map((out) => [INVALID, () => encoder.encodeInto(input, out)]),
    ...[0, 1, 79].map((size) => [RANGE, () => encoder.encodeInto(input, Buffer.alloc(size))]),
    [INVALID, () => encoder.encodeInto(new Float32Array(overlap, 0, 960), new Uint8Array(overlap))],
    ...[...NOT_BYTES.filter((value) => value !== null), shared(Uint8Array, 100)].map((bytes) => [INVALID, () => decoder.decode(bytes)]),
    ...[Buffer.alloc(0), Buffer.alloc(65536, 0xff), Buffer.from([3])].map((bytes) => [CODEC, () => decoder.decode(bytes)]),
    ...[0, -1, 5761].map((frames) => [RANGE, () => decoder.decode(null, { frames })]),
    ...[NaN, 'x', null].map((frames) => [INVALID, () => decoder.decode(null, { frames })]),
    [RANGE, () => decoder.decode(null, { frames: 100 })],
    [RANGE, () => decoder.decodeInto(packet, new Float32Array(959))],
    [RANGE, () => decoder.decodeInto(packet, new Int16Array(959))],
    ...NOT_PCM.map((out) => [INVALID, () => decoder.decodeInto(packet, out)]),
    ...[0, 999, 384001].map((from) => [RANGE, () => new Resampler({ from, to: 48000 })]),
    ...[undefined, null, '48000', 1.5].map((to) => [INVALID, () => new Resampler({ from: 48000, to })]),
    ...[0, 9].map((channels) => [RANGE, () => new Resampler({ from: 48000, to: 24000, channels })]),
    ...['good', 5, null].map((quality) => [INVALID, () => new Resampler({ from: 48000, to: 24000, quality })]),
    [ALIGN, () => resampler.process(new Float32Array(3))],
    [RANGE, () => resampler.processInto(new Float32Array(960), new Float32Array(479))],
    ...[...NOT_PCM, new Int16Array(2), shared(Float32Array, 2)].map((pcm) => [INVALID, () => resampler.processInto(pcm, new Float32Array(960))]),
    [RANGE, () => floatToInt16(input, new Int16Array(959))],
    ...[...NOT_PCM, new Int16Array(2), shared(Float32Array, 2)].map((pcm) => [INVALID, () => floatToInt16(pcm)]),
    ...[...NOT_PCM, new Float32Array(2), shared(Int16Array, 2)].map((pcm) => [INVALID, () => int16ToFloat(pcm)]),
    ...['encode', 'encodeInto', 'configure', 'reset', 'close', 'lookaheadFrames'].map((name) => [CLOSED, () => closed[0][name](input, packet)]),
    ...['decode', 'decodeInto', 'stats', 'reset', 'close'].map((name) => [CLOSED, () => closed[1][name](packet, input)]),
    ...['process', 'processInto', 'flush', 'reset', 'close', 'delayFrames'].map((name) => [CLOSED, () => closed[2][name](input, input)]),
  ]

  rows.forEach(([code, call], index) => {
    it(`${index}: ${String(call).replace('() => ', '')} → ${code}`, () => assert.throws(call, { code }))
  })

  it('after all that, the next good frame is right', () => {
    assert.deepEqual(encoder.encode(input), packet)
    assert.deepEqual(decoder.decode(packet), new OpusDecoder().decode(packet))
    const fresh = new Resampler({ from: 48000, to: 24000, channels: 2 })
    assert.deepEqual(resampler.process(input), fresh.process(input))
    for (const object of closed) assert.ok(object.closed)
  })
})

describe('Refusals say what they were given:', () => {
  class Key {}
  Object.defineProperty(Key, 'name', { value: Symbol('name') })
  const odd = new Proxy({}, { get () { throw new Error('not this one') } })
  for (const [message, call] of [
    [/channels but received 1.5$/, () => new OpusEncoder({ channels: 1.5 })],
    [/channels but received NaN$/, () => new OpusDecoder({ channels: NaN })],
    [/frequency but received string$/, () => new OpusDecoder({ frequency: '48000' })],
    [/frequency but received null$/, () => new OpusDecoder({ frequency: null })],
    [/options but received null$/, () => new OpusEncoder(null)],
    [/options but received 5$/, () => new OpusEncoder(5)],
    [/to but received undefined$/, () => new Resampler({ from: 48000 })],
    [/quality but received 5$/, () => new Resampler({ from: 48000, to: 24000, quality: 5 })],
    [/samples but received Float64Array$/, () => floatToInt16(new Float64Array(1))],
    [/frameMs but received NaN$/, () => new AudioProcessor({ frameMs: NaN })],
    [/key but received object$/, () => new AesCtr(new Key())],
    [/key but received object$/, () => new AesCtr(odd)],
    [/key but received Object$/, () => new AesCtr({})],
  ]) {
    it(String(message), () => assert.throws(call, { code: 'ERR_AUDIO_INVALID_ARG', message }))
  }

  it('and what to do', () => {
    const encoder = new OpusEncoder({ bitrate: 64000 })
    for (const [message, call] of [
      [/gather them/, () => encoder.encode(new Float32Array(100))],
      [/pass 4000 bytes/, () => encoder.encodeInto(new Float32Array(960), Buffer.alloc(10))],
      [/pass one as it was encoded, or null/, () => new OpusDecoder().decode(Buffer.from([3]))],
      [/multiple of 2.5 ms/, () => new OpusDecoder().decode(null, { frames: 100 })],
      [/pass a longer output/, () => new OpusDecoder().decodeInto(encoder.encode(new Float32Array(960)), new Int16Array(5))],
      [/pass a longer output/, () => new Resampler({ from: 8000, to: 16000 }).processInto(new Float32Array(80), new Float32Array(5))],
    ]) assert.throws(call, { message })
  })
})

describe('Native memory', function () {
  this.timeout(PATIENCE_MS)

  // Least bytes of each, as measured in the resident set.
  for (const [name, least, make] of [
    ['OpusEncoder', 25_000, () => new OpusEncoder()],
    ['OpusDecoder', 15_000, () => new OpusDecoder()],
    ['Resampler', 80_000, () => new Resampler({ from: 44100, to: 48000 })],
    ['AudioProcessor', 30_000, () => new AudioProcessor({ key: Buffer.alloc(16) })],
    ['JitterBuffer', 30_000, () => new JitterBuffer()],
  ]) {
    it(`of ${name} is told to V8, and given back by close`, () => {
      const [count, slack] = [100, 100_000]
      const before = toldMemoryBytes()
      const objects = Array.from({ length: count }, make)
      const told = toldMemoryBytes() - before
      assert.ok(told > count * least && told < count * least * 3, `${told / count} bytes each`)
      for (const object of objects) object.close()
      assert.ok(Math.abs(toldMemoryBytes() - before) < slack)
    })
  }

  it('is freed before it becomes much where objects are left to the garbage collector', () =>
    perform({}, async ({ assert, sdl }) => {
      let most = 0
      for (let made = 0; made < 20_000; made++) {
        new sdl.OpusEncoder()
        if (made % 20 === 0) await new Promise((resolve) => setImmediate(resolve))
        if (made % 100 === 0) most = Math.max(most, process.memoryUsage().rss)
      }
      // All of them take 600 MB.
      assert.ok(most < 300e6, `${most} bytes`)
    }))

  it('of the caller takes what is decoded, and no garbage is made', () =>
    perform({}, async ({ assert, sdl }) => {
      const v8 = require('node:v8')
      const used = () => v8.getHeapStatistics().used_heap_size
      const packet = new sdl.OpusEncoder({ frequency: 8000 }).encode(new Float32Array(160))
      const decoder = new sdl.OpusDecoder({ frequency: 8000 })
      const out = new Float32Array(160)
      const run = (times) => {
        const start = used()
        for (let time = 0; time < times; time++) decoder.decodeInto(packet, out)
        return (used() - start) / times
      }
      run(20_000)
      // A collection in between makes it less: the most of a few runs counts.
      const bytes = Math.max(...Array.from({ length: 5 }, () => run(2000)))
      assert.ok(bytes < 8, `${bytes} bytes of garbage a call`)
    }))
})

describe('The gateway example', () => {
  it('takes frames of 10 ms to packets of 60 ms and back, over losses', async () => {
    const { FromDevice, ToDevice } = await import('../../examples/gateway.mjs')
    const key = Buffer.alloc(16, 1)
    const [there, back] = [new ToDevice({ key, ssrc: 1 }), new FromDevice({ key, ssrc: 1, direction: 'server' })]
    const sound = floatToInt16(voice(48000 * 3, 48000))
    const packets = []
    for (let at = 0; at < sound.length; at += 480) packets.push(there.push(sound.subarray(at, at + 480)))
    const sent = packets.filter((packet) => packet !== null)
    assert.equal(sent.length, 50)
    const frames = sent.filter((_, index) => index % 10 !== 5).flatMap((packet) => back.push(packet))
    assert.ok(frames.every((frame) => frame.length === 480))
    assert.ok(frames.length >= 298 && frames.length <= 300, `${frames.length} frames`)
  })
})
