'use strict'

const assert = require('node:assert/strict')
const { once } = require('node:events')
const { Worker } = require('node:worker_threads')
const { JitterBuffer, OpusDecoder, OpusEncoder, PlayoutBuffer, PlayoutClock } = require('../..')
const { refusals, snr, voice } = require('./sounds.cjs')

const MS = 1000
const FRAME_MS = 20

/** Packets of 20 ms at 16 kHz: Opus of a voice, with redundancy for the packet before. */
const opusPackets = (count) => {
  const encoder = new OpusEncoder({ frequency: 16000, bitrate: 32000, fec: true, packetLossPercent: 20, signal: 'voice' })
  const input = voice(count * 320, 16000)
  return Array.from({ length: count }, (_, n) => encoder.encode(input.subarray(n * 320, n * 320 + 320)))
}

/** Plays packets that arrive at `arrival(n)` ms (undefined: never) in blocks of 10 ms; calls `each` after each block. */
const play = (jitter, payloads, arrival, { first = 1, each = () => {} } = {}) => {
  const coming = payloads.map((payload, n) => ({ payload, n, at: arrival(n) })).filter(({ at }) => at !== undefined)
  coming.sort((a, b) => a.at - b.at)
  const block = new Float32Array(160 * jitter.channels)
  const sound = []
  for (let now = 0; now < payloads.length * FRAME_MS; now += 10) {
    for (; coming[0]?.at <= now; coming.shift()) {
      const { n, at, payload } = coming[0]
      jitter.push({ sequence: (first + n) >>> 0, timestamp: (n * 320) >>> 0, payload }, at * MS)
    }
    const { kind } = jitter.pull(block, now * MS)
    sound.push(...block)
    each({ now, kind, stats: jitter.stats() })
  }
  return { sound: Float32Array.from(sound), stats: jitter.stats() }
}

const steady = (n) => n * FRAME_MS

describe('JitterBuffer', () => {
  const packets = opusPackets(250)

  it('plays what was sent, bit for bit, where the network is even', () => {
    const decoder = new OpusDecoder({ frequency: 16000 })
    const wanted = packets.flatMap((packet) => [...decoder.decode(packet)])
    const { sound, stats } = play(new JitterBuffer({ frequency: 16000, mode: { fixedMs: 40 } }), packets, steady)
    assert.deepEqual(sound.subarray(640), Float32Array.from(wanted.slice(0, sound.length - 640)))
    assert.equal(stats.concealed + stats.accelerated + stats.expanded + stats.lost, 0)
    assert.equal(stats.delayMs, 40)
  })

  it('recovers a lost packet from the one behind it, and conceals what nobody knows', () => {
    const whole = play(new JitterBuffer({ frequency: 16000, mode: { fixedMs: 60 } }), packets, steady).sound
    const lose = (lost) => play(new JitterBuffer({ frequency: 16000, mode: { fixedMs: 60 } }), packets, (n) => (lost(n) ? undefined : steady(n)))
    const one = lose((n) => n % 10 === 5)
    assert.equal(one.stats.lost, 25)
    // There is redundancy for active speech only.
    assert.ok(one.stats.recovered >= 15 * 320, JSON.stringify(one.stats))
    assert.equal(one.stats.recovered + one.stats.concealed, 25 * 320)
    const two = lose((n) => n % 10 === 5 || n % 10 === 6)
    assert.ok(two.stats.recovered > 0 && two.stats.concealed > 0, JSON.stringify(two.stats))
    assert.ok(snr(whole, one.sound) > snr(whole, two.sound))
  })

  it('crosses zero, and counts what came twice and too late', () => {
    const jitter = new JitterBuffer({ frequency: 16000 })
    const { stats } = play(jitter, packets, (n) => steady(n) + (n === 200 ? 300 : 0), { first: 0xfffffff0 })
    assert.deepEqual([stats.late, stats.lost, stats.restarts], [1, 1, 0])
    jitter.push({ sequence: (0xfffffff0 + 240) >>> 0, timestamp: 240 * 320, payload: packets[240] }, 5e6)
    assert.equal(jitter.stats().duplicate, 1)
  })

  it('fades to silence where nothing comes, calls it silence in the end, and is back at once', () => {
    const jitter = new JitterBuffer({ frequency: 16000 })
    const long = [...packets, ...packets, ...packets]
    const kinds = new Map()
    play(jitter, long, (n) => (n >= 100 && n < 400 ? undefined : steady(n)), { each: ({ now, kind }) => kinds.set(now, kind) })
    assert.equal(kinds.get(2100), 'conceal')
    assert.equal(kinds.get(6000), 'fill')
    assert.equal(kinds.get(8200), 'play')
    assert.ok(jitter.stats().delayMs < 60)
  })

  it('takes PCM of many channels, in blocks of any whole milliseconds', () => {
    const jitter = new JitterBuffer({ frequency: 48000, channels: 4, codec: 'pcm', mode: { fixedMs: 0 } })
    const pcm = new Float32Array(4 * 960).fill(0.25)
    const out = new Float32Array(4 * 48 * 7)
    jitter.push({ sequence: 5, timestamp: 0, payload: new Uint8Array(pcm.buffer) }, 0)
    assert.deepEqual(jitter.pull(out, 0), { kind: 'play', frames: 336 })
    assert.ok(out.every((sample) => sample === 0.25))
  })

  it('changes its mode without a gap', () => {
    const jitter = new JitterBuffer({ frequency: 16000, mode: { fixedMs: 40 } })
    const kinds = new Set()
    play(jitter, packets, steady, {
      each ({ now, kind }) {
        if (now === 2000) jitter.setMode({ fixedMs: 100 })
        if (now > 100) kinds.add(kind)
      },
    })
    assert.deepEqual([...kinds], ['play'])
    assert.ok(Math.abs(jitter.stats().delayMs - 100) < 10, `${jitter.stats().delayMs}`)
  })

  const { INVALID, RANGE, ALIGN, CLOSED, NOT_PCM, NOT_BYTES, shared, detached } = refusals
  const jitter = new JitterBuffer({ channels: 2 })
  const closed = new JitterBuffer()
  closed.close()
  const packet = { sequence: 1, timestamp: 1, payload: packets[0] }
  const rows = [
    ...[null, 5].map((options) => [INVALID, () => new JitterBuffer(options)]),
    ...[44100, 0].map((frequency) => [RANGE, () => new JitterBuffer({ frequency })]),
    [RANGE, () => new JitterBuffer({ channels: 3 })],
    [RANGE, () => new JitterBuffer({ codec: 'pcm', channels: 9 })],
    [INVALID, () => new JitterBuffer({ codec: 'mp3' })],
    [INVALID, () => new JitterBuffer({ estimator: 'best' })],
    ...[null, 5, { auto: 5 }, { auto: {}, fixedMs: 5 }, { fixedMs: NaN }, { auto: { minMs: '1' } }].map((mode) => [INVALID, () => jitter.setMode(mode)]),
    ...[{ fixedMs: -1 }, { fixedMs: 10001 }, { auto: { minMs: 30, maxMs: 20 } }].map((mode) => [RANGE, () => jitter.setMode(mode)]),
    ...[null, undefined, 5].map((value) => [INVALID, () => jitter.push(value, 0)]),
    ...[-1, 2 ** 32].map((sequence) => [RANGE, () => jitter.push({ ...packet, sequence }, 0)]),
    ...[-1, 2 ** 32].map((timestamp) => [RANGE, () => jitter.push({ ...packet, timestamp }, 0)]),
    ...NOT_BYTES.map((payload) => [INVALID, () => jitter.push({ ...packet, payload }, 0)]),
    [INVALID, () => jitter.push({ ...packet, payload: shared(Uint8Array, 10) }, 0)],
    ...[undefined, NaN, Infinity, '0', 0n].map((at) => [INVALID, () => jitter.push(packet, at)]),
    ...NOT_PCM.map((out) => [INVALID, () => jitter.pull(out, 0)]),
    ...[shared(Float32Array, 960), detached(new Float32Array(960)), new Int16Array(960)].map((out) => [INVALID, () => jitter.pull(out, 0)]),
    [ALIGN, () => jitter.pull(new Float32Array(961), 0)],
    ...[0, 2, 950].map((samples) => [RANGE, () => jitter.pull(new Float32Array(samples), 0)]),
    [RANGE, () => jitter.pull(new Float32Array(960), 2 ** 54)],
    ...['push', 'pull', 'stats', 'setMode', 'close'].map((name) => [CLOSED, () => closed[name](packet, 0)]),
  ]
  rows.forEach(([code, call], index) => {
    it(`refuses ${index}: ${String(call).replace('() => ', '')} → ${code}`, () => assert.throws(call, { code }))
  })
})

describe('PlayoutClock', () => {
  const fed = (mode, { frames = 500, delay = () => 0, track = 'audio', clock = new PlayoutClock({ mode }) } = {}) => {
    for (let n = 0; n < frames; n++) clock.observeArrival(track, n * 20 * MS, (n * 20 + delay(n)) * MS)
    return clock
  }

  it('knows no time before the first arrival', () => {
    assert.equal(new PlayoutClock().playoutTimeUs(0), null)
  })

  it('moves every playout time by the difference when the mode changes, at once and without a freeze', () => {
    const clock = fed({ fixedMs: 60 })
    const before = clock.playoutTimeUs(1e6)
    clock.setMode({ fixedMs: 160 })
    assert.equal(clock.playoutTimeUs(1e6) - before, 100 * MS)
    clock.setMode({ auto: { minMs: 30, maxMs: 300 } })
    assert.equal(clock.playoutTimeUs(1e6) - before, -30 * MS)
    assert.deepEqual(clock.mode, { auto: { minMs: 30, maxMs: 300 } })
    assert.equal(clock.maxLatencyMs, 1.5 * clock.targetLatencyMs)
  })

  it('tells jitter as RFC 3550 defines it', () => {
    let [wanted, last] = [0, 0]
    const delay = (n) => (n * 7919) % 13
    const clock = fed({ fixedMs: 60 }, { delay })
    for (let n = 1; n < 500; n++) {
      wanted += (Math.abs(delay(n) - last) - wanted) / 16
      last = delay(n)
    }
    assert.ok(Math.abs(clock.jitterMs - wanted) < 1e-9)
  })

  it('follows the network, and a sender whose clock is off, in either direction', () => {
    const late = fed(undefined, { delay: (n) => (n % 25 === 0 ? 80 : 0) })
    assert.ok(late.targetLatencyMs >= 75, `${late.targetLatencyMs}`)
    for (const ppm of [200, -200]) {
      const clock = fed({ fixedMs: 60 }, { frames: 50_000, delay: (n) => n * 20 * ppm * 1e-6 })
      const behind = clock.playoutTimeUs(1e9) / MS - 1e6 - 1e6 * ppm * 1e-6
      assert.ok(Math.abs(behind - 60) < 2, `${ppm}: ${behind}`)
    }
  })

  it('follows a sender that begins anew, and no single stray', () => {
    const clock = fed({ fixedMs: 60 })
    const before = clock.playoutTimeUs(1e7)
    clock.observeArrival('audio', 5e9, 10_000 * MS)
    assert.equal(clock.playoutTimeUs(1e7), before)
    for (let n = 0; n < 4; n++) clock.observeArrival('audio', 5e9 + n * 20 * MS, (10_000 + n * 20) * MS)
    assert.equal(clock.playoutTimeUs(5e9 + 60 * MS), 10_120 * MS)
  })

  it('skips pictures far behind the sound, lets those far ahead wait for a bounded time, and plays the rest', () => {
    const clock = fed({ fixedMs: 400 })
    clock.reportPlayout('audio', 1e6, 2e6)
    const check = (aheadMs, now = 2e6) => clock.syncCheck('video', 1e6 + aheadMs * MS + (now - 2e6), now)
    assert.deepEqual(check(0), { action: 'play', waitUs: 0 })
    assert.equal(check(-199).action, 'play')
    assert.equal(check(-201).action, 'skip')
    assert.equal(check(99).action, 'play')
    assert.deepEqual(check(101), { action: 'wait', waitUs: 100 * MS })
    assert.equal(clock.syncCheck('audio', 9e6, 2e6).action, 'play')
  })

  it('judges no finer than 50 ms, nor than a frame', () => {
    const clock = fed({ fixedMs: 20 })
    for (let n = 0; n < 50; n++) clock.observeArrival('video', n * 100 * MS, n * 100 * MS)
    clock.reportPlayout('audio', 1e6, 2e6)
    assert.equal(clock.syncCheck('other', 1e6 - 49 * MS, 2e6).action, 'play')
    assert.equal(clock.syncCheck('other', 1e6 - 51 * MS, 2e6).action, 'skip')
    assert.equal(clock.syncCheck('video', 1e6 - 95 * MS, 2e6).action, 'play')
  })

  it('lets no picture wait for sound that stands still or is gone', () => {
    const clock = fed({ fixedMs: 400 })
    clock.reportPlayout('audio', 1e6, 2e6)
    let [now, waited] = [2e6, 0]
    // The sound stands still: it tells the same again and again.
    for (let answer; (answer = clock.syncCheck('video', 3e6, now)).action === 'wait'; now += 10 * MS) {
      waited += 10
      clock.reportPlayout('audio', 1e6, now)
      assert.ok(answer.waitUs <= 100 * MS && waited <= 100)
    }
    assert.equal(clock.syncCheck('video', 9e6, now + 600 * MS).action, 'play')
  })

  it('is one for all threads, and survives the end of one of them', async () => {
    const clock = fed({ fixedMs: 60 })
    const program = `
      const { workerData, parentPort } = require('node:worker_threads')
      const { PlayoutClock } = require(workerData.entry)
      const clock = PlayoutClock.attach(workerData.handle)
      clock.setMode({ fixedMs: 80 })
      parentPort.postMessage(clock.playoutTimeUs(0))
      clock.close()`
    const worker = new Worker(program, { eval: true, workerData: { entry: require.resolve('../..'), handle: clock.handle } })
    const [time] = await once(worker, 'message')
    await once(worker, 'exit')
    assert.equal(time, 80 * MS)
    assert.equal(clock.playoutTimeUs(0), 80 * MS)
    const { handle } = clock
    clock.close()
    assert.throws(() => PlayoutClock.attach(handle), { code: 'ERR_AUDIO_CLOSED' })
  })
})

describe('PlayoutBuffer', () => {
  it('leaves nothing of its track behind when its thread ends without closing it', async () => {
    const clock = new PlayoutClock({ mode: { fixedMs: 60 } })
    const program = `
      const { workerData, parentPort } = require('node:worker_threads')
      const { PlayoutBuffer, PlayoutClock } = require(workerData.entry)
      const clock = PlayoutClock.attach(workerData.handle)
      const buffer = new PlayoutBuffer({ clock, track: 'voice', kind: 'audio' })
      clock.reportPlayout('voice', 1e6, 2e6)
      parentPort.postMessage('speaking')
      setInterval(() => buffer.stats(), 1000)`
    const worker = new Worker(program, { eval: true, workerData: { entry: require.resolve('../..'), handle: clock.handle } })
    await once(worker, 'message')
    assert.equal(clock.syncCheck('picture', 3e6, 2e6).action, 'wait')
    await worker.terminate()
    while (clock.syncCheck('picture', 3e6, 2e6).action !== 'play') await new Promise(setImmediate)
  })

  const filled = (kind, { frames = 5, mode = { fixedMs: 100 }, maxFrames } = {}) => {
    const clock = new PlayoutClock({ mode })
    const buffer = new PlayoutBuffer({ clock, track: kind, kind, maxFrames })
    for (let n = 0; n < frames; n++) buffer.push(n * 40 * MS, { n }, n * 40 * MS)
    return { clock, buffer }
  }

  it('hands out any values when their time has come, in order, and says how long to wait', () => {
    const { buffer } = filled('video')
    assert.deepEqual(buffer.pop(70 * MS), { kind: 'wait', waitUs: 30 * MS })
    for (let n = 0; n < 5; n++) assert.deepEqual(buffer.pop((100 + n * 40) * MS), { kind: 'frame', ptsUs: n * 40 * MS, frame: { n } })
    assert.deepEqual(buffer.pop(1e6), { kind: 'empty' })
  })

  it('skips pictures whose successor is due as well, and no sound', () => {
    const { buffer } = filled('video')
    assert.deepEqual([buffer.pop(150 * MS).kind, buffer.pop(150 * MS).kind, buffer.pop(150 * MS).kind], ['skip', 'frame', 'wait'])
    const sound = filled('audio').buffer
    assert.deepEqual([sound.pop(150 * MS).frame.n, sound.pop(150 * MS).frame.n], [0, 1])
  })

  it('keeps the newest picture when it is full, and shows it at once', () => {
    const { buffer } = filled('video', { frames: 61, mode: { fixedMs: 9000 } })
    assert.deepEqual(buffer.pop(60 * 40 * MS), { kind: 'frame', ptsUs: 60 * 40 * MS, frame: { n: 60 } })
    assert.equal(buffer.stats().overflowed, 60)
  })

  it('fast-forwards sound by half of what it holds when it is full', () => {
    const { buffer } = filled('audio', { frames: 61, mode: { fixedMs: 9000 } })
    assert.equal(buffer.pop(60 * 40 * MS).frame.n, 30)
    assert.equal(buffer.stats().frames, 30)
  })

  it('holds no frame longer than 1.5 times the target, whatever its time says', () => {
    const { buffer } = filled('video')
    buffer.push(1.5e6, 'from the future', 200 * MS)
    for (let n = 0; n < 5; n++) buffer.pop((100 + n * 40) * MS)
    assert.equal(buffer.pop(349 * MS).kind, 'wait')
    assert.equal(buffer.pop(350 * MS).frame, 'from the future')
  })

  it('leaves the clock to the other tracks when it closes', () => {
    const { clock, buffer } = filled('audio')
    const video = new PlayoutBuffer({ clock, track: 'video', kind: 'video' })
    video.push(0, 'a', 30 * MS)
    clock.reportPlayout('audio', 1e6, 2e6)
    assert.equal(clock.syncCheck('video', 2e6, 2e6).action, 'wait')
    const before = clock.playoutTimeUs(0)
    buffer.close()
    assert.equal(clock.playoutTimeUs(0), before)
    assert.equal(clock.syncCheck('video', 2e6, 2e6).action, 'play')
    assert.equal(video.pop(1e6).frame, 'a')
  })

  it('refuses what is none of its own', () => {
    const { INVALID, RANGE, CLOSED } = refusals
    const { clock, buffer } = filled('video')
    const make = (options) => () => new PlayoutBuffer({ clock, track: 'x', kind: 'video', ...options })
    for (const options of [{ clock: {} }, { track: '' }, { track: 5 }, { kind: 'smell' }, { maxFrames: 1.5 }]) assert.throws(make(options), { code: INVALID })
    assert.throws(make({ maxFrames: 0 }), { code: RANGE })
    for (const pts of [NaN, '1', undefined, 1n]) assert.throws(() => buffer.push(pts, 1), { code: INVALID })
    assert.throws(() => buffer.push(2 ** 60, 1), { code: RANGE })
    buffer.close()
    for (const name of ['push', 'pop', 'stats', 'close']) assert.throws(() => buffer[name](0), { code: CLOSED })
    assert.throws(() => PlayoutClock.attach('1'), { code: INVALID })
    assert.throws(() => PlayoutClock.attach(4e9), { code: CLOSED })
    assert.throws(() => clock.observeArrival('', 0), { code: INVALID })
  })
})
