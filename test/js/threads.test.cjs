'use strict'

const { perform, PATIENCE_MS } = require('./studio.cjs')

const PACED = { delayMs: 1 }

describe('Threads', function () {
  this.timeout(PATIENCE_MS)

  describe('share a device by its handle', () => {
    it('which looks the same from everywhere', () =>
      perform(PACED, async ({ assert, speaker, microphone, startWorker }) => {
        const opened = [
          speaker({ format: 's16sys', channels: 3, frequency: 22050, buffered: 128, capacityMs: 40, maxQueuedMs: 2000 }),
          microphone({ format: 'u8', frequency: 8000, periodFrames: 80 }, '/dev/zero'),
        ]
        const look = (device) => [
          device.handle, device.device, device.name, device.format, device.channels, device.frequency, device.buffered,
          device.bytesPerSample, device.minSampleValue, device.zeroSampleValue, device.maxSampleValue,
          device.playing, device.queuedFrames, device.spaceFrames, device.obtained,
        ]
        const inWorker = await startWorker(({ audio, sceneOf }, handles, look) =>
          handles.map((handle) => sceneOf(look)(audio.attach(handle))),
        opened.map(({ handle }) => handle), String(look)).done
        assert.deepEqual(inWorker, opened.map(look))
        for (const device of opened) device.close()
      }))

    it('and see, steer and clear it together', () =>
      perform(PACED, async ({ assert, speaker, startWorker }) => {
        const device = speaker()
        device.enqueue(Buffer.alloc(400))
        assert.deepEqual(await startWorker(({ audio }, handle) => {
          const device = audio.attach(handle)
          const before = [device.queuedFrames, device.playing, device.stats().writtenFrames]
          device.clearQueue()
          device.play()
          return before
        }, device.handle).done, [100, false, 100])
        assert.deepEqual([device.queuedFrames, device.playing], [0, true])
        device.close()
      }))

    it('which lives until its last instance is closed, whoever opened it', () =>
      perform(PACED, async ({ assert, audio, speaker, startWorker, codeOf, until, openFiles, tape }) => {
        const opener = startWorker(({ speaker, tell, word }) => {
          const device = speaker()
          device.enqueue(Buffer.alloc(4000))
          tell(device.handle)
          return word()
        })
        const handle = await opener.told
        const device = audio.attach(handle)
        const twin = audio.attach(handle)
        opener.say('end')
        await opener.ended
        assert.equal(device.queuedFrames, 1000)
        device.close()
        twin.play()
        await until(() => twin.queuedFrames === 0)
        twin.close()
        assert.equal(codeOf(() => audio.attach(handle)), 'ERR_AUDIO_DEVICE_NOT_FOUND')
        await until(() => !openFiles().includes(tape()))
      }))
  })

  describe('write by turns:', () => {
    it('a second writer or reader is turned away, and takes nothing', () =>
      perform(PACED, async ({ assert, speaker, microphone, startWorker, until }) => {
        const output = speaker()
        output.write(new Float32Array(10))
        const input = microphone({ periodFrames: 64 }, '/dev/zero')
        input.play()
        await until(() => input.queuedFrames >= 64)
        input.pause()
        input.read(new Float32Array(1))
        const { queuedFrames } = input
        const codes = await startWorker(({ audio, codeOf }, output, input) => {
          const [writer, reader] = [audio.attach(output), audio.attach(input)]
          return [
            codeOf(() => writer.enqueue(Buffer.alloc(4))), codeOf(() => writer.write(new Float32Array(1))),
            codeOf(() => reader.dequeue(Buffer.alloc(4))), codeOf(() => reader.read(new Float32Array(1))),
          ]
        }, output.handle, input.handle).done
        assert.deepEqual(new Set(codes), new Set(['ERR_AUDIO_WRITER_TAKEN']))
        assert.equal(output.queuedFrames, 10)
        assert.ok(input.queuedFrames >= queuedFrames)
        output.close()
        input.close()
      }))

    it('the first to use it is the writer, not who opened it', () =>
      perform(PACED, async ({ assert, speaker, startWorker, codeOf, until }) => {
        const device = speaker()
        const writer = startWorker(async ({ audio, tell, word }, handle) => {
          const device = audio.attach(handle)
          device.write(new Float32Array(10))
          tell('written')
          await word()
          device.close()
        }, device.handle)
        await writer.told
        assert.equal(codeOf(() => device.write(new Float32Array(1))), 'ERR_AUDIO_WRITER_TAKEN')
        assert.equal(codeOf(() => device.enqueue(Buffer.alloc(4))), 'ERR_AUDIO_WRITER_TAKEN')
        writer.say('close')
        await until(() => codeOf(() => device.write(new Float32Array(1))) === 'none')
        assert.equal(device.queuedFrames, 11)
        device.close()
      }))

    it('the turn is kept though another instance of the same thread is closed, and passes between them', () =>
      perform(PACED, async ({ assert, audio, speaker, startWorker }) => {
        const [frame, first] = [new Float32Array(1), speaker()]
        const twin = audio.attach(first.handle)
        const anotherThread = () =>
          startWorker(({ audio, codeOf }, handle) => codeOf(() => audio.attach(handle).write(new Float32Array(1))), first.handle).done
        first.write(frame)
        audio.attach(first.handle).close()
        assert.equal(await anotherThread(), 'ERR_AUDIO_WRITER_TAKEN')
        twin.write(frame)
        first.close()
        assert.equal(await anotherThread(), 'ERR_AUDIO_WRITER_TAKEN')
        const third = audio.attach(first.handle)
        twin.close()
        assert.equal(await anotherThread(), 'none')
        assert.equal(third.queuedFrames, 3)
        third.close()
      }))

    for (const [how, ends] of [
      ['closes its instance', ({ say }) => say('close')],
      ['ends', ({ say }) => say('end')],
      ['is terminated', ({ worker }) => worker.terminate()],
    ]) {
      it(`when a writer ${how}, the next goes on where it was, and not a frame is lost between`, () =>
        perform(PACED, async ({ assert, audio, speaker, startWorker, signals, until, codeOf, playedOut, recorded, sceneOf }, ends) => {
          const device = speaker({ format: 's16' })
          const sound = signals.noise(1, 12_000)
          for (let at = 0; at < sound.length; at += 2000) {
            const writer = startWorker(async ({ audio, tell, word }, handle, piece) => {
              const device = audio.attach(handle)
              device.enqueue(Buffer.from(piece))
              tell('written')
              if (await word() !== 'close') return
              device.close()
              await word()
            }, device.handle, sound.subarray(at, at + 1000))
            await writer.told
            const mine = sound.subarray(at + 1000, at + 2000)
            // Through an instance of its own: closing that gives the turn back.
            const turn = audio.attach(device.handle)
            assert.equal(codeOf(() => turn.enqueue(mine)), 'ERR_AUDIO_WRITER_TAKEN')
            sceneOf(ends)(writer)
            await until(() => codeOf(() => turn.enqueue(mine)) === 'none')
            turn.close()
            writer.say('end')
          }
          device.play()
          await playedOut(device)
          device.close()
          const heard = await recorded()
          const start = signals.startOfNoise(heard)
          assert.ok(heard.subarray(start, start + sound.length).equals(sound))
        }, String(ends)))
    }
  })

  describe('wait', () => {
    it('only where they may block: not on the main thread', () =>
      perform(PACED, async ({ assert, speaker, microphone, codeOf }) => {
        const output = speaker()
        const input = microphone({}, '/dev/zero')
        for (const timeout of [0, 5, Infinity, undefined]) {
          assert.equal(codeOf(() => output.waitForSpace(1, timeout)), 'ERR_AUDIO_WOULD_BLOCK')
          assert.equal(codeOf(() => input.waitForFrames(1, timeout)), 'ERR_AUDIO_WOULD_BLOCK')
        }
        output.close()
        input.close()
      }))

    it('until there is space, and no longer than asked for', () =>
      perform(PACED, async ({ assert, speaker, startWorker }) => {
        const device = speaker({ capacityMs: 20, periodFrames: 48 })
        const waiter = startWorker(({ audio, tell }, handle) => {
          const device = audio.attach(handle)
          const answers = [device.waitForSpace(960, 0), device.write(new Float32Array(900))]
          answers.push(device.waitForSpace(60, 0), device.waitForSpace(61, 0), device.waitForSpace(61, 30))
          tell('waiting')
          answers.push(device.waitForSpace(960), device.queuedFrames)
          return answers
        }, device.handle)
        await waiter.told
        device.play()
        assert.deepEqual(await waiter.done, [true, 900, true, false, false, true, 0])
        device.close()
      }))

    it('for space that another thread makes by clearing', () =>
      perform(PACED, async ({ assert, speaker, startWorker }) => {
        const device = speaker({ capacityMs: 20 })
        const waiter = startWorker(({ audio, tell }, handle) => {
          const device = audio.attach(handle)
          device.enqueue(Buffer.alloc(4000))
          tell('waiting')
          return device.waitForSpace(960)
        }, device.handle)
        await waiter.told
        device.clearQueue()
        assert.equal(await waiter.done, true)
        device.close()
      }))

    it('for frames of a microphone, until they are there', () =>
      perform(PACED, async ({ assert, microphone, startWorker, until, PipeMicrophone }) => {
        const pipe = new PipeMicrophone()
        const device = microphone({ periodFrames: 64 }, pipe.file)
        device.play()
        const waiter = startWorker(({ audio, tell }, handle) => {
          const device = audio.attach(handle)
          const answers = [device.waitForFrames(1, 0), device.waitForFrames(1, 30)]
          tell('waiting')
          answers.push(device.waitForFrames(65))
          answers.push(device.waitForFrames(128, 0), device.waitForFrames(129, 0))
          return answers
        }, device.handle)
        await waiter.told
        await pipe.feed(Buffer.alloc(64 * 4))
        await until(() => device.queuedFrames === 64)
        await pipe.feed(Buffer.alloc(64 * 4))
        assert.deepEqual(await waiter.done, [false, false, true, true, false])
        pipe.end()
        device.close()
      }))

    it('on undisturbed when another thread closes its own instance', () =>
      perform(PACED, async ({ assert, audio, speaker, startWorker }) => {
        const device = speaker({ capacityMs: 20, periodFrames: 48 })
        const other = audio.attach(device.handle)
        const waiter = startWorker(({ audio, tell }, handle) => {
          const device = audio.attach(handle)
          device.enqueue(Buffer.alloc(4 * 960))
          tell('waiting')
          return device.waitForSpace(960)
        }, device.handle)
        await waiter.told
        device.close()
        other.play()
        other.close()
        assert.equal(await waiter.done, true)
      }))

    for (const call of ['waitForSpace', 'waitForFrames']) {
      it(`and are terminated in the middle of ${call}`, () =>
        perform(PACED, async ({ assert, startWorker, until, openFiles, tape, fs }, call) => {
          fs.writeFileSync(tape(), '')
          const waiter = startWorker(({ speaker, microphone, tell }, call) => {
            const device = call === 'waitForSpace' ? speaker() : microphone()
            if (call === 'waitForSpace') device.enqueue(Buffer.alloc(4 * 9600))
            tell('waiting')
            device[call](100)
          }, call)
          await waiter.told
          assert.equal(await waiter.worker.terminate(), 1)
          await until(() => !openFiles().includes(tape()))
        }, call))
    }
  })

  it('play on while the main thread is blocked from start to end', () =>
    perform({}, async ({ assert, startWorker, recorded, signals }) => {
      const frames = 48_000
      const over = new Int32Array(new SharedArrayBuffer(4))
      const player = startWorker(({ speaker, signals, tell }, frames, over) => {
        const sound = signals.noise(1, 4 * frames)
        const device = speaker({ format: 's16', channels: 2, periodFrames: 480, capacityMs: 500 })
        device.write(sound.subarray(0, 4 * 24_000))
        tell('ready')
        device.play()
        for (let at = 24_000; at < frames;) {
          device.waitForSpace(100)
          at += device.write(sound.subarray(4 * at, 4 * Math.min(frames, at + 1000)))
        }
        device.waitForSpace(24_000)
        const { playedFrames } = device.stats()
        device.close()
        Atomics.store(over, 0, 1)
        Atomics.notify(over, 0)
        return playedFrames
      }, frames, over)
      await player.told
      Atomics.wait(over, 0, 0)
      assert.equal(await player.done, frames)
      const heard = await recorded()
      const start = signals.startOfNoise(heard)
      assert.ok(heard.subarray(start, start + 4 * frames).equals(signals.noise(1, 4 * frames)))
    }))

  it('clear and steer while another writes, and nothing is repeated, swapped or miscounted', () =>
    perform({ delayMs: 0 }, async ({ assert, speaker, startWorker, recorded, signals, until, delay }) => {
      // At this rate a ramp is five frames.
      const device = speaker({ format: 's32', frequency: 1000, capacityMs: 3000, periodFrames: 32 })
      const stop = new Int32Array(new SharedArrayBuffer(4))
      const writer = startWorker(({ audio, signals }, handle, stop) => {
        const device = audio.attach(handle)
        const random = signals.randomOf(2)
        let next = 1
        while (Atomics.load(stop, 0) === 0 && next < 2 ** 24) {
          const numbers = Int32Array.from({ length: random.integer(1, random.pick([10, 3000])) }, (_, at) => next + at)
          if (random.next() < 0.01 && device.queuedFrames < 10_000) {
            device.enqueue(signals.bytesOf(numbers))
            next += numbers.length
          } else next += device.write(numbers)
          device.waitForSpace(random.integer(1, 1000), 1)
        }
        return next - 1
      }, device.handle, stop)
      const random = signals.randomOf(3)
      let [clears, pauses] = [0, 0]
      device.play()
      for (let step = 0; step < 300; step++) {
        await delay(random.integer(0, 2))
        if (random.next() < 0.4) {
          device.clearQueue()
          clears++
        } else if (random.next() < 0.3) {
          device.pause()
          pauses++
        } else device.play()
        const { writtenFrames, playedFrames, discardedFrames, queuedFrames } = device.stats()
        assert.equal(writtenFrames, playedFrames + discardedFrames + queuedFrames)
      }
      Atomics.store(stop, 0, 1)
      const written = await writer.done
      device.play()
      await until(() => device.queuedFrames === 0)
      const { writtenFrames, playedFrames, discardedFrames, underruns } = device.stats()
      assert.equal(writtenFrames, written)
      assert.equal(written, playedFrames + discardedFrames)
      device.close()

      const bytes = await recorded()
      const heard = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4)
      // Runs of at least a dozen numbers in a row are the stream itself; between them lie ramps and silence.
      let [last, runs, from] = [0, 0, 0]
      for (let at = 1; at <= heard.length; at++) {
        if (at < heard.length && heard[at - 1] !== 0 && heard[at] === heard[at - 1] + 1) continue
        if (at - from >= 12) {
          assert.ok(heard[from] > last, `${heard[from]} after ${last}`)
          last = heard[at - 1]
          runs++
        }
        from = at
      }
      assert.ok(runs > 1 && runs <= clears + pauses + underruns + 1, `${runs} runs`)
      assert.ok(last <= written)
    }))
})
