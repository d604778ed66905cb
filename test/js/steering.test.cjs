'use strict'

const { perform, PATIENCE_MS } = require('./studio.cjs')

const PACED = { delayMs: 1 }

describe('A device', function () {
  this.timeout(PATIENCE_MS)

  describe('waits', () => {
    it('for room and for data as promises, on any thread', () =>
      perform(PACED, async ({ assert, speaker, microphone, startWorker }) => {
        const [output, input] = [speaker({ capacityMs: 100 }), microphone({}, '/dev/zero')]
        output.enqueue(Buffer.alloc(4 * 48000))
        await output.whenSpace(0 + 1, { signal: AbortSignal.timeout(50) }).then(
          () => assert.fail('it is paused and full'),
          ({ code, name, cause }) => assert.deepEqual([code, name, cause.name], ['ERR_AUDIO_ABORTED', 'AbortError', 'TimeoutError']),
        )
        output.play()
        input.play()
        await output.whenSpace(4800)
        assert.ok(output.spaceFrames === 4800)
        await input.whenFrames(9600)
        assert.ok(input.queuedFrames >= 9600)
        const inWorker = await startWorker(async ({ audio }, handles) => {
          const [output, input] = handles.map((handle) => audio.attach(handle))
          await output.whenSpace(1)
          await input.whenFrames(20000)
          return input.queuedFrames >= 20000
        }, [output.handle, input.handle]).done
        assert.equal(inWorker, true)
        output.close()
        input.close()
      }))

    it('no longer when it is closed, or was, or the wait is aborted', () =>
      perform(PACED, async ({ assert, speaker, microphone }) => {
        const codes = async (...waits) => (await Promise.allSettled(waits)).map(({ reason }) => reason?.code ?? 'none')
        const device = speaker({ capacityMs: 10 })
        const source = device.createSource({ targetMs: 10 })
        device.enqueue(Buffer.alloc(40000))
        source.write(new Float32Array(480))
        const abort = new AbortController()
        const aborted = codes(device.whenSpace(1, abort), device.drain(abort), source.whenSpace(1, abort))
        abort.abort()
        assert.deepEqual(await aborted, Array(3).fill('ERR_AUDIO_ABORTED'))
        assert.deepEqual(await codes(device.drain(abort)), ['ERR_AUDIO_ABORTED'])
        const pending = codes(device.whenSpace(1), device.drain(), source.whenSpace(1))
        source.close()
        device.close()
        assert.deepEqual(await pending, Array(3).fill('ERR_AUDIO_CLOSED'))
        assert.deepEqual(await codes(device.whenSpace(1), device.drain(), source.whenSpace(1)), Array(3).fill('ERR_AUDIO_CLOSED'))
        const input = microphone({}, '/dev/zero')
        assert.deepEqual(await codes(
          input.whenFrames(0), input.whenFrames(1.5), input.whenFrames(1, { signal: 5 }), input.whenFrames(1e9),
        ), ['ERR_AUDIO_OUT_OF_RANGE', 'ERR_AUDIO_INVALID_ARG', 'ERR_AUDIO_INVALID_ARG', 'ERR_AUDIO_OUT_OF_RANGE'])
        input.close()
      }))

    it('for thousands at a time', () =>
      perform(PACED, async ({ assert, speaker }) => {
        const device = speaker({ capacityMs: 1000 })
        device.enqueue(Buffer.alloc(4 * 96000))
        device.play()
        const order = []
        await Promise.all(Array.from({ length: 3000 }, (_, at) => device.whenSpace(16 * (at + 1)).then(() => order.push(at))))
        assert.equal(order.length, 3000)
        device.close()
      }))
  })

  describe('drains', () => {
    it('when the last frame is out, whatever is written afterwards', () =>
      perform(PACED, async ({ assert, speaker }) => {
        const device = speaker()
        await device.drain()
        device.enqueue(Buffer.alloc(4 * 30000))
        const drained = device.drain()
        device.enqueue(Buffer.alloc(4 * 480000))
        device.play()
        await drained
        const { playedFrames } = device.stats()
        assert.ok(playedFrames >= 30000, `${playedFrames}`)
        assert.ok(device.queuedFrames > 0)
        device.clearQueue()
        await device.drain()
        device.close()
      }))
  })

  describe('drains a source', () => {
    const sources = [
      ['of the device', (device) => device.createSource({ targetMs: 1000 })],
      ['of another frequency', (device) => device.createSource({ frequency: 16000, targetMs: 1000 })],
      ['with a ring', (device, { SharedRing }) => {
        const ring = SharedRing.allocate({ frames: 48000 })
        return Object.assign(device.createSource({ ring }), { write: (samples) => ring.write(samples) })
      }],
    ]
    for (const [name, make] of sources) {
      it(`${name} when its last frame is out, whatever else is written, and waits while nothing plays`, () =>
        perform(PACED, async ({ assert, sdl, speaker, sceneOf }, make) => {
          const device = speaker()
          const [source, other] = [sceneOf(make)(device, sdl), device.createSource({ targetMs: 60_000 })]
          await source.drain()
          device.enqueue(Buffer.alloc(4 * 480000))
          other.write(new Float32Array(480000))
          const frames = 10000
          assert.equal(source.write(new Float32Array(frames)), frames)
          await source.drain({ signal: AbortSignal.timeout(50) }).then(() => assert.fail('it is paused'), ({ code }) => assert.equal(code, 'ERR_AUDIO_ABORTED'))
          const drained = source.drain()
          source.write(new Float32Array(1000))
          device.play()
          await drained
          const { playedFrames } = source.stats()
          assert.ok(playedFrames >= frames * (48000 / source.frequency), `${playedFrames}`)
          assert.ok(device.queuedFrames > 0 && other.queuedFrames > 0)
          device.pause()
          source.write(new Float32Array(1000))
          const cleared = source.drain()
          source.clear()
          await cleared
          device.close()
        }, String(make)))
    }

    it('no longer when it is closed, or its device is closed or lost', () =>
      perform(PACED, async ({ assert, speaker }) => {
        const codeOf = (wait) => wait.then(() => 'none', ({ code }) => code)
        const [device, failing] = [speaker(), speaker({ onLost: 'fail' }, '/dev/full')]
        const sources = [device.createSource(), device.createSource(), failing.createSource({ targetMs: 60_000 })]
        for (const source of sources) source.write(new Float32Array(9600))
        const waits = sources.map((source) => codeOf(source.drain()))
        sources[0].close()
        device.close()
        sources[2].write(new Float32Array(480000))
        failing.play()
        assert.deepEqual(await Promise.all(waits), ['ERR_AUDIO_CLOSED', 'ERR_AUDIO_CLOSED', 'ERR_AUDIO_DEVICE_LOST'])
        failing.close()
      }))
  })

  describe('stops', () => {
    it('at once, says how many frames were never heard, and plays what comes after', () =>
      perform(PACED, async ({ assert, speaker, recorded, playedOut, signals, until }) => {
        const device = speaker({ periodFrames: 480 })
        device.enqueue(signals.bytesOf(signals.constant(96000, 0.5)))
        device.play()
        await until(() => device.stats().playedFrames > 9600)
        const unheard = device.stop({ fadeMs: 20 })
        assert.equal(device.queuedFrames, 0)
        await until(() => device.stats().discardedFrames === unheard)
        const { writtenFrames, playedFrames } = device.stats()
        assert.equal(writtenFrames, playedFrames + unheard)
        assert.equal(device.stats().underruns, 0)
        device.enqueue(signals.bytesOf(signals.constant(960, -0.25)))
        await playedOut(device)
        device.close()
        const out = signals.floatsOf(await recorded())
        const start = out.indexOf(0.5)
        const fade = out.findIndex((sample, at) => at > start && sample < 0.5)
        assert.equal(out.lastIndexOf(0.5) + 1, fade)
        // The fade, sample by sample, a raised cosine of 960 frames; then silence; then the rest.
        assert.equal(fade + 960 - start, playedFrames)
        for (let at = 1; at <= 960; at++) {
          assert.ok(Math.abs(out[fade + at - 1] - 0.5 * (0.5 + 0.5 * Math.cos((Math.PI * at) / 961))) < 1e-4, `${at}`)
        }
        assert.ok(out.includes(-0.25))
        assert.ok(signals.largestStep(out.subarray(start, out.indexOf(-0.25))) < 0.5 * Math.PI / 2 / 240 + 1e-4)
      }))

    it('whether it plays or not, as often as it is told', () =>
      perform(PACED, async ({ assert, speaker }) => {
        const device = speaker({ format: 's16', channels: 2 })
        assert.equal(device.stop(), 0)
        device.enqueue(Buffer.alloc(4000))
        assert.equal(device.stop(), 1000)
        assert.equal(device.stop(), 0)
        device.enqueue(Buffer.alloc(400))
        assert.deepEqual([device.queuedFrames, device.stop({ fadeMs: 0 }), device.stats().discardedFrames], [100, 100, 1100])
        device.close()
      }))
  })

  it('has a gain that is ramped, and at 1 does not touch a bit', () =>
    perform(PACED, async ({ assert, speaker, recorded, playedOut, signals, until }) => {
      const device = speaker({ format: 's32' })
      assert.equal(device.gain, 1)
      const noise = signals.noise(5, 40000)
      device.enqueue(noise)
      device.enqueue(Buffer.alloc(4 * 480))
      const level = Buffer.alloc(4 * 96000)
      for (let at = 0; at < level.length; at += 4) level.writeInt32LE(2 ** 30, at)
      device.enqueue(level)
      device.play()
      await until(() => device.stats().playedFrames > 40000)
      device.setGain(0.25, { rampMs: 50 })
      assert.equal(device.gain, 0.25)
      await playedOut(device)
      device.close()
      const bytes = await recorded()
      assert.ok(bytes.includes(noise))
      const out = Float32Array.from(new Int32Array(Uint8Array.from(bytes.subarray(bytes.indexOf(level.subarray(0, 400)))).buffer), (value) => value / 2 ** 31)
      const steady = out.subarray(0, 90000)
      assert.ok(Math.abs(steady.at(-1) - 0.125) < 1e-6)
      assert.ok(signals.largestStep(steady) <= 0.375 / 2400 + 1e-6)
    }))

  it('measures its level, both ways', () =>
    perform(PACED, async ({ assert, speaker, microphone, signals, until, fs, tape }) => {
      fs.writeFileSync(tape('sine'), signals.bytesOf(signals.sine(480_000, { hertz: 400, amplitude: 0.5 })))
      const [output, input] = [speaker({ format: 's16' }), microphone({}, tape('sine'))]
      assert.deepEqual(output.level, { rms: 0, peak: 0 })
      const tone = Int16Array.from(signals.sine(480_000, { hertz: 400, amplitude: 0.8 }), (value) => value * 32767)
      output.enqueue(Buffer.from(tone.buffer))
      for (const [device, amplitude] of [[output, 0.8], [input, 0.5]]) {
        device.play()
        const near = (value, wanted) => Math.abs(value - wanted) < 0.01
        await until(() => near(device.level.peak, amplitude) && near(device.level.rms, amplitude / Math.SQRT2))
      }
      input.setGain(0.5)
      await until(() => Math.abs(input.level.peak - 0.25) < 0.005)
      output.close()
      input.close()
    }))

  it('knows where it is, on the clock of process.hrtime', () =>
    perform({ delayMs: null }, async ({ assert, speaker, delay }) => {
      const device = speaker({ periodFrames: 480 })
      await delay(300)
      const looks = []
      for (let look = 0; look < 30; look++) {
        const [before, position, after] = [process.hrtime.bigint(), device.position, process.hrtime.bigint()]
        assert.ok(position.timeUs >= Number(before / 1000n) - 1 && position.timeUs <= Number(after / 1000n) + 1)
        looks.push(position)
        await delay(10)
      }
      for (let at = 1; at < looks.length; at++) assert.ok(looks[at].frames >= looks[at - 1].frames)
      const [first, last] = [looks[0], looks.at(-1)]
      const rate = ((last.frames - first.frames) * 1e6) / (last.timeUs - first.timeUs)
      assert.ok(Math.abs(rate / 48000 - 1) < 0.1, `${rate}`)
      assert.equal(last.latencyUs, 10000)
      assert.ok(Number.isFinite(last.driftPpm))
      device.close()
    }))
})
