'use strict'

const { perform, PATIENCE_MS } = require('./studio.cjs')

describe('Taps', function () {
  this.timeout(PATIENCE_MS)

  it('give the same to each of their readers, bit for bit, at any pace', () =>
    perform({ delayMs: 0 }, async ({ assert, microphone, signals, until, PipeMicrophone, startWorker }) => {
      const pipe = new PipeMicrophone()
      const device = microphone({ format: 's16', channels: 2, periodFrames: 64 }, pipe.file)
      const taps = [device.createTap(), device.createTap({ maxQueuedMs: 60000 })]
      assert.deepEqual(taps.map(({ format, channels, frequency }) => [format, channels, frequency]), Array(2).fill(['s16', 2, 48000]))
      device.play()
      const sound = signals.noise(1, 4 * 64 * 200)
      const heard = [[], [], []]
      const elsewhere = startWorker(async ({ audio, delay }, handle, bytes) => {
        const tap = audio.attach(handle)
        const heard = Buffer.alloc(bytes)
        for (let got = 0; got < bytes;) {
          tap.waitForFrames(1)
          got += 4 * tap.read(heard.subarray(got))
        }
        return heard
      }, taps[1].handle, sound.length)
      for (let at = 0; at < sound.length; at += 4 * 64) {
        await pipe.feed(sound.subarray(at, at + 4 * 64))
        await until(() => device.queuedFrames >= 64)
        const into = new Int16Array(2 * 64)
        for (const [index, reader] of [device, taps[0]].entries()) {
          const frames = reader.read(into)
          heard[index].push(Buffer.from(new Uint8Array(into.buffer, 0, 4 * frames)))
        }
      }
      await until(() => taps[0].queuedFrames === 0 || taps[0].read(new Int16Array(2)) === 0)
      assert.ok(Buffer.concat(heard[0]).equals(sound))
      assert.ok(Buffer.from(await elsewhere.done).equals(sound))
      const { recordedFrames, readFrames, queuedFrames, overruns } = taps[1].stats()
      assert.deepEqual([recordedFrames, readFrames, queuedFrames, overruns], [12800, 12800, 0, 0])
      pipe.end()
      device.close()
      assert.ok(taps.every(({ closed }) => closed))
    }))

  for (const onOverflow of ['drop-oldest', 'drop-newest']) {
    it(`lose by their own policy alone what finds no room, and tell it (${onOverflow})`, () =>
      perform({ delayMs: 0 }, async ({ assert, microphone, heard, until, PipeMicrophone }, onOverflow) => {
        const pipe = new PipeMicrophone()
        const device = microphone({ format: 's16', periodFrames: 48 }, pipe.file)
        const tap = device.createTap({ maxQueuedMs: 10, onOverflow })
        const told = heard(tap, 'overrun')
        device.play()
        const numbers = Int16Array.from({ length: 960 }, (_, at) => at + 1)
        await pipe.feed(Buffer.from(numbers.buffer))
        await until(() => device.queuedFrames === 960)
        const event = await told
        assert.equal(event.source, tap.handle)
        const into = new Int16Array(960)
        assert.equal(tap.read(into), 480)
        assert.equal(into[0], onOverflow === 'drop-oldest' ? 481 : 1)
        assert.deepEqual([tap.stats().overruns, tap.stats().overrunFrames, device.stats().overruns], [1, 480, 0])
        assert.equal(device.read(into), 960)
        pipe.end()
        device.close()
      }, onOverflow))
  }

  it('give back their place at once, though the microphone has not begun', () =>
    perform({ delayMs: 0 }, async ({ assert, microphone, until, delay, PipeMicrophone }) => {
      const pipe = new PipeMicrophone()
      const device = microphone({ periodFrames: 64 }, pipe.file)
      for (let count = 0; count < 200; count++) device.createTap().close()
      const tap = device.createTap()
      device.play()
      await pipe.feed(Buffer.alloc(4 * 64 * 3, 1))
      await until(() => device.queuedFrames === 192)
      // It comes in with one of the next blocks, when the others have been taken home.
      for (let block = 0; block < 1000 && tap.queuedFrames === 0; block++) {
        await pipe.feed(Buffer.alloc(4 * 64, 1))
        await delay(5)
      }
      assert.ok(tap.queuedFrames > 0)
      pipe.end()
      device.close()
    }))

  it('with a ring are cleared of what is in it, and count the same as the ring', () =>
    perform({ delayMs: 0 }, async ({ assert, sdl, microphone, until, PipeMicrophone }) => {
      const pipe = new PipeMicrophone()
      const device = microphone({ periodFrames: 64 }, pipe.file)
      const ring = sdl.SharedRing.allocate({ frames: 500 })
      const tap = device.createTap({ ring })
      device.play()
      const count = () => {
        const { recordedFrames, readFrames, discardedFrames, queuedFrames } = tap.stats()
        assert.deepEqual([tap.queuedFrames, ring.queuedFrames], [queuedFrames, queuedFrames])
        return [recordedFrames, readFrames, discardedFrames, queuedFrames]
      }
      await pipe.feed(Buffer.alloc(4 * 64 * 3, 1))
      await until(() => ring.queuedFrames === 192)
      assert.deepEqual(count(), [192, 0, 0, 192])
      assert.equal(ring.read(new Float32Array(50)), 50)
      assert.deepEqual(count(), [192, 50, 0, 142])
      tap.clear()
      assert.deepEqual(count(), [192, 50, 142, 0])
      await pipe.feed(Buffer.alloc(4 * 64, 2))
      await until(() => ring.queuedFrames === 64)
      assert.deepEqual(count(), [256, 50, 142, 64])
      const into = new Float32Array(64)
      ring.read(into)
      assert.equal(Buffer.from(into.buffer).every((byte) => byte === 2), true)
      pipe.end()
      device.close()
    }))

  it('fill a shared ring that JavaScript reads', () =>
    perform({ delayMs: 0 }, async ({ assert, sdl, microphone, until, PipeMicrophone }) => {
      const pipe = new PipeMicrophone()
      const device = microphone({ periodFrames: 64 }, pipe.file)
      const ring = sdl.SharedRing.allocate({ frames: 500 })
      const tap = device.createTap({ ring })
      device.play()
      const sound = Float32Array.from({ length: 64 * 40 }, (_, at) => Math.sin(at))
      const got = []
      for (let at = 0; at < sound.length; at += 64) {
        await pipe.feed(Buffer.from(sound.buffer, 4 * at, 256))
        const into = new Float32Array(64)
        await until(() => ring.queuedFrames >= 64)
        assert.equal(ring.read(into), 64)
        got.push(...into)
      }
      assert.deepEqual(Float32Array.from(got), sound)
      assert.equal(tap.stats().recordedFrames, sound.length)
      await pipe.feed(Buffer.alloc(4 * 640))
      await until(() => tap.stats().overruns === 1)
      assert.equal(tap.stats().overrunFrames, 140)
      pipe.end()
      device.close()
    }))
})
