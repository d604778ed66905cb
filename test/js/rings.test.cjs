'use strict'

const assert = require('node:assert/strict')
const { perform, PATIENCE_MS } = require('./studio.cjs')
const { randomOf } = require('./signals.cjs')
const { SharedRing } = require('../..')

describe('Shared rings', function () {
  this.timeout(PATIENCE_MS)

  it('give back what was put in, in order, whatever the pieces', () => {
    for (const [frames, channels] of [[1, 1], [7, 2], [64, 1], [100, 8]]) {
      const ring = SharedRing.allocate({ frames, channels })
      assert.deepEqual([ring.frames, ring.channels, ring.queuedFrames, ring.spaceFrames], [frames, channels, 0, frames])
      const other = new SharedRing(ring.buffer)
      const { integer } = randomOf(frames)
      let [written, read] = [0, 0]
      for (let step = 0; step < 2000; step++) {
        const samples = Float32Array.from({ length: channels * integer(0, frames + 2) }, (_, at) => written + at)
        const taken = ring.write(samples)
        assert.equal(taken, Math.min(samples.length / channels, frames - (written - read) / channels))
        written += taken * channels
        const into = new Float32Array(channels * integer(0, frames + 2))
        const got = other.read(into)
        for (let at = 0; at < got * channels; at++) assert.equal(into[at], read + at)
        read += got * channels
        assert.equal(ring.queuedFrames, (written - read) / channels)
        assert.equal(ring.spaceFrames, frames - ring.queuedFrames)
      }
      assert.ok(read > 1000)
    }
  })

  it('carry samples between threads', () =>
    perform({ driver: 'dummy' }, async ({ assert, sdl, startWorker }) => {
      const ring = sdl.SharedRing.allocate({ frames: 256, channels: 2 })
      const count = 200_000
      const writer = startWorker(({ sdl }, buffer, count) => {
        const ring = new sdl.SharedRing(buffer)
        for (let at = 0; at < count;) {
          const block = new Float32Array(2 * Math.min(100, count - at))
          for (let frame = 0; frame < block.length / 2; frame++) block[2 * frame] = block[2 * frame + 1] = (at + frame) % 65521
          at += ring.write(block)
        }
      }, ring.buffer, count)
      const into = new Float32Array(2 * 77)
      for (let at = 0; at < count;) {
        const frames = ring.read(into)
        for (let frame = 0; frame < frames; frame++, at++) {
          if (into[2 * frame] !== at % 65521 || into[2 * frame + 1] !== at % 65521) assert.fail(`frame ${at} is ${into[2 * frame]}`)
        }
      }
      await writer.done
    }))

  it('feed a source without a native call, and say how far it has come', () =>
    perform({ delayMs: 1 }, async ({ assert, sdl, speaker, recorded, signals, until }) => {
      const device = speaker({ channels: 2 })
      const ring = sdl.SharedRing.allocate({ frames: 1000, channels: 2 })
      const source = device.createSource({ ring })
      const sound = signals.sine(2 * 24000, { hertz: 500, amplitude: 0.5 })
      device.play()
      for (let at = 0; at < sound.length;) {
        at += 2 * ring.write(sound.subarray(at, at + 300))
        if (ring.spaceFrames === 0) await until(() => ring.spaceFrames > 0)
      }
      await until(() => ring.queuedFrames === 0)
      const { writtenFrames, playedFrames, invalidSamples } = source.stats()
      assert.deepEqual([writtenFrames, playedFrames, invalidSamples], [24000, 24000, 0])
      device.close()
      const heard = signals.floatsOf(await recorded())
      assert.ok(heard.some((sample) => Math.abs(sample) > 0.49))
    }))

  it('leave no frame uncounted and no wait behind when the thread that brought them ends', () =>
    perform({ driver: 'dummy' }, async ({ assert, audio, sdl, startWorker, codeOf, until }) => {
      const device = audio.openDevice({ type: 'playback' }, { channels: 1 })
      const microphone = audio.openDevice({ type: 'recording' }, { channels: 1 })
      const rings = [sdl.SharedRing.allocate({ frames: 4800 }), sdl.SharedRing.allocate({ frames: 480 })]
      const other = startWorker(({ audio, sdl, tell, word }, devices, buffers) => {
        const [device, microphone] = devices.map((handle) => audio.attach(handle))
        const [given, taken] = buffers.map((buffer) => new sdl.SharedRing(buffer))
        tell([device.createSource({ ring: given }).handle, microphone.createTap({ ring: taken }).handle])
        return word()
      }, [device.handle, microphone.handle], rings.map(({ buffer }) => buffer))
      const held = (await other.told).map((handle) => audio.attach(handle))
      const [source, tap] = held
      device.play()
      microphone.play()
      rings[0].write(new Float32Array(480))
      await until(() => rings[0].queuedFrames === 0 && rings[1].queuedFrames === 480)
      device.pause()
      await until(() => device.level.peak === 0)
      rings[0].write(new Float32Array(4800))
      const wait = source.whenSpace(4800).then(() => 'none', ({ code }) => code)
      await other.worker.terminate()
      assert.equal(await wait, 'ERR_AUDIO_CLOSED')
      const { writtenFrames, playedFrames, discardedFrames, queuedFrames } = source.stats()
      assert.deepEqual([writtenFrames, queuedFrames, source.spaceFrames], [5280, 0, 0])
      assert.equal(writtenFrames, playedFrames + discardedFrames)
      assert.ok(playedFrames >= 480 && discardedFrames > 0)
      const ofTap = tap.stats()
      assert.deepEqual([ofTap.readFrames, ofTap.discardedFrames, ofTap.queuedFrames], [0, ofTap.recordedFrames, 0])
      assert.equal(await tap.whenFrames(1).then(() => 'none', ({ code }) => code), 'ERR_AUDIO_CLOSED')
      assert.equal(codeOf(() => source.write(new Float32Array(1))), 'ERR_AUDIO_WRITER_TAKEN')
      device.close()
      microphone.close()
    }))

  it('are named where somebody goes past them', () =>
    perform({ driver: 'dummy' }, async ({ assert, audio, sdl }) => {
      const device = audio.openDevice({ type: 'playback' }, { channels: 1 })
      const microphone = audio.openDevice({ type: 'recording' }, { channels: 1 })
      const source = device.createSource({ ring: sdl.SharedRing.allocate({ frames: 480 }) })
      const tap = microphone.createTap({ ring: sdl.SharedRing.allocate({ frames: 480 }) })
      const taken = (message) => ({ code: 'ERR_AUDIO_WRITER_TAKEN', message })
      assert.throws(() => source.write(new Float32Array(1)), taken(/a ring feeds this source/))
      assert.throws(() => tap.read(new Float32Array(1)), taken(/a ring takes what this tap hears/))
      assert.throws(() => audio.attach(source.handle).write(new Float32Array(1)), taken(/writes this source.* or a ring/))
      assert.throws(() => audio.attach(tap.handle).read(new Float32Array(1)), taken(/reads this tap.* or a ring/))
      device.close()
      microphone.close()
    }))

  it('are what the waits of their source and tap go by', () =>
    perform({ driver: 'dummy' }, async ({ assert, sdl, codeOf, until }) => {
      const device = sdl.audio.openDevice({ type: 'playback' }, { channels: 2 })
      const ring = sdl.SharedRing.allocate({ frames: 480, channels: 2 })
      const source = device.createSource({ ring })
      ring.write(new Float32Array(960))
      assert.deepEqual([source.spaceFrames, source.queuedFrames], [0, 480])
      let resolved = false
      const waiting = source.whenSpace(256).then(() => { resolved = true })
      await until(() => device.stats().callbacks > 5)
      assert.equal(resolved, false)
      device.play()
      await waiting
      assert.ok(ring.spaceFrames >= 256)
      await source.whenSpace(480)
      const refused = (wait) => wait.then(() => 'none', ({ code }) => code)
      assert.equal(await refused(source.whenSpace(481)), 'ERR_AUDIO_OUT_OF_RANGE')
      const microphone = sdl.audio.openDevice({ type: 'recording' }, { channels: 1 })
      const tap = microphone.createTap({ ring: sdl.SharedRing.allocate({ frames: 480 }) })
      microphone.play()
      await tap.whenFrames(480)
      assert.equal(await refused(tap.whenFrames(481)), 'ERR_AUDIO_OUT_OF_RANGE')
      device.close()
      microphone.close()
    }))

  it('are cleared of what is in them, and of nothing that is written from then on', () =>
    perform({ driver: 'dummy' }, async ({ assert, sdl, until }) => {
      const device = sdl.audio.openDevice({ type: 'playback' }, { channels: 1 })
      const ring = sdl.SharedRing.allocate({ frames: 1000 })
      const source = device.createSource({ ring })
      let [cleared, kept] = [0, 0]
      for (let round = 0; round < 50; round++) {
        cleared += ring.write(new Float32Array(7 * round))
        source.clear()
        kept += ring.write(new Float32Array(round))
        assert.equal(source.queuedFrames, round)
        device.play()
        await until(() => ring.queuedFrames === 0)
        device.pause()
        const { writtenFrames, playedFrames, discardedFrames, queuedFrames } = source.stats()
        assert.deepEqual([writtenFrames, queuedFrames], [playedFrames + discardedFrames, 0])
        assert.ok(playedFrames >= kept && playedFrames <= kept + cleared && playedFrames + discardedFrames === kept + cleared)
        // Played before the clear came: nothing that was written after it is ever missing.
        cleared = discardedFrames
        kept = playedFrames
      }
      assert.ok(cleared > 0)
    }))

  it('may hold any nonsense: the callback stays inside, what is no number is silence, and it is counted', () =>
    perform({ delayMs: 0 }, async ({ assert, sdl, speaker, microphone, recorded, signals, until }) => {
      const device = speaker()
      const input = microphone({}, '/dev/zero')
      const [ring, taken] = [sdl.SharedRing.allocate({ frames: 64 }), sdl.SharedRing.allocate({ frames: 64 })]
      const source = device.createSource({ ring })
      const tap = input.createTap({ ring: taken })
      const { integer, pick } = signals.randomOf(1)
      device.play()
      input.play()
      const words = [ring, taken].map(({ buffer }) => new Int32Array(buffer))
      const begun = device.stats().callbacks
      for (let round = 0; round < 300; round++) {
        for (let write = 0; write < 1000; write++) pick(words)[pick([0, 1, 2, 3, 16, 32, integer(0, 47), integer(48, 111)])] = integer(-(2 ** 31), 2 ** 31 - 1)
        await until(() => true)
      }
      await until(() => device.stats().callbacks > begun + 20)
      assert.ok(source.stats().invalidSamples > 0 && tap.stats().invalidIndices > 0)
      device.close()
      input.close()
      assert.ok(signals.floatsOf(await recorded()).every(Number.isFinite))
    }))

  it('are let go of when the thread that brought them ends, whoever still has the source', () =>
    perform({ delayMs: 0 }, async ({ assert, audio, speaker, startWorker }) => {
      const device = speaker({}, '/dev/null')
      device.play()
      for (let round = 0; round < 20; round++) {
        const worker = startWorker(({ audio, sdl, tell, word }, handle) => {
          const ring = sdl.SharedRing.allocate({ frames: 4800 })
          const source = audio.attach(handle).createSource({ ring })
          ring.write(new Float32Array(4800).fill(0.1))
          tell(source.handle)
          return word()
        }, device.handle)
        const source = audio.attach(await worker.told)
        await worker.worker.terminate()
        globalThis.gc?.()
        assert.equal(source.closed, false)
        source.close()
      }
      device.close()
    }))

  it('are taken by what they are, not by what a script says of them', () =>
    perform({ driver: 'dummy' }, async ({ assert, sdl, codeOf, until }) => {
      const native = require('../../js/binding.cjs')
      const device = sdl.audio.openDevice({ type: 'playback' }, { channels: 1 })
      device.play()
      const ring = sdl.SharedRing.allocate({ frames: 1000 })
      const copy = new ArrayBuffer(ring.buffer.byteLength)
      new Int32Array(copy).set(new Int32Array(ring.buffer))
      Object.defineProperty(ring, 'buffer', { get: () => copy })
      device.createSource({ ring })
      ring.write(new Float32Array(500))
      await until(() => ring.queuedFrames === 0)
      assert.equal(codeOf(() => device.createSource({ ring: Object.create(sdl.SharedRing.prototype) })), 'ERR_AUDIO_INVALID_ARG')
      const options = { frequency: 48000, channels: 1, targetFrames: 1000, gain: 1 }
      const slots = Array.from({ length: 10 }, (_, slot) => slot)
      // Memory that could be transferred away is refused natively too.
      for (const slot of slots) assert.throws(() => native.createSource(slot, options, new Int32Array(copy)))
    }))

  it('refuse what is no ring', () => {
    const other = new SharedArrayBuffer(4096)
    for (const [make, code] of [
      [() => new SharedRing(), 'INVALID_ARG'], [() => new SharedRing(new ArrayBuffer(4096)), 'INVALID_ARG'],
      [() => new SharedRing(other), 'INVALID_ARG'], [() => new SharedRing(new SharedArrayBuffer(10)), 'INVALID_ARG'],
      [() => SharedRing.allocate(), 'INVALID_ARG'], [() => SharedRing.allocate({ frames: 1.5 }), 'INVALID_ARG'],
      [() => SharedRing.allocate({ frames: 0 }), 'OUT_OF_RANGE'], [() => SharedRing.allocate({ frames: 2 ** 32 }), 'OUT_OF_RANGE'],
      [() => SharedRing.allocate({ frames: 1, channels: 9 }), 'OUT_OF_RANGE'],
      [() => SharedRing.allocate({ frames: 1 }).write([1]), 'INVALID_ARG'],
      [() => SharedRing.allocate({ frames: 1 }).read(new Int16Array(1)), 'INVALID_ARG'],
      [() => SharedRing.allocate({ frames: 1, channels: 2 }).write(new Float32Array(3)), 'FRAME_ALIGNMENT'],
      [() => SharedRing.allocate({ frames: 1, channels: 2 }).read(new Float32Array(1)), 'FRAME_ALIGNMENT'],
    ]) assert.throws(make, { code: `ERR_AUDIO_${code}` }, String(make))
  })
})
