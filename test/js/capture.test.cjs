'use strict'

const { perform, PATIENCE_MS } = require('./studio.cjs')
const { FORMATS } = require('./signals.cjs')

const FAST = { delayMs: 0 }

describe('Capture', function () {
  this.timeout(PATIENCE_MS)

  describe('gives bit for bit what the microphone hears, in 1 to 8 channels and in any reading rhythm,', () => {
    FORMATS.forEach((format, seed) => {
      it(format, () =>
        perform(FAST, async ({ assert, microphone, signals, delay, PipeMicrophone }, format, seed) => {
          const random = signals.randomOf(seed + 100)
          for (let channels = 1; channels <= 8; channels++) {
            const pipe = new PipeMicrophone(`${format}-${channels}`)
            const periodFrames = random.integer(16, 256)
            const device = microphone({ format, channels, periodFrames }, pipe.file)
            const frameBytes = channels * device.bytesPerSample
            const sound = signals.noise(seed * 8 + channels, periodFrames * random.integer(1, 40) * frameBytes)
            device.play()
            pipe.feed(sound)
            const heard = []
            for (let left = sound.length; left > 0; left -= heard.at(-1).length) {
              const bytes = random.integer(1, random.pick([2 * frameBytes, 20 * frameBytes, 2 * sound.length]))
              if (random.pick([true, false])) {
                const into = Buffer.alloc(bytes)
                heard.push(into.subarray(0, device.dequeue(into)))
              } else {
                const into = Buffer.alloc(Math.ceil(bytes / frameBytes) * frameBytes)
                heard.push(into.subarray(0, device.read(into) * frameBytes))
              }
              assert.equal(heard.at(-1).length % frameBytes, 0)
              if (heard.at(-1).length === 0) await delay(1)
            }
            assert.ok(Buffer.concat(heard).equals(sound), `${channels} channels`)
            pipe.end()
            device.close()
          }
        }, format, seed),
      )
    })
  })

  for (const [rhythm, pauseMs, most] of [
    ['in tiny pieces', 0, 3],
    ['in large pieces', 0, 100_000],
    ['now and then', 120, 20_000],
    ['in one piece, after the end', 1800, 100_000],
  ]) {
    it(`holds the whole of a file, first frame to last, when it is read ${rhythm}`, () =>
      // About as fast as real time.
      perform({ delayMs: 1 }, async ({ assert, fs, microphone, signals, delay, tape }, pauseMs, most) => {
        const frames = 70_000
        const sound = signals.noise(most, frames * 4)
        fs.writeFileSync(tape(), sound)
        const device = microphone({ format: 's16', channels: 2, periodFrames: 48 })
        device.play()
        const heard = []
        const into = new Int16Array(2 * most)
        for (let left = frames; left > 0;) {
          await delay(pauseMs)
          for (let got; (got = device.read(into)) > 0 && left > 0; left -= got) heard.push(signals.bytesOf(into.slice(0, 2 * got)))
        }
        assert.deepEqual([device.stats().overruns, device.stats().overrunFrames], [0, 0])
        assert.ok(Buffer.concat(heard).subarray(0, sound.length).equals(sound))
        device.close()
      }, pauseMs, most))
  }

  it('gives it to a worker that waits for frames', () =>
    perform(FAST, async ({ assert, startWorker, signals, PipeMicrophone }) => {
      const pipe = new PipeMicrophone()
      const frames = 20_000
      const reader = startWorker(({ assert, microphone, signals }, file, frames) => {
        const device = microphone({ channels: 2, periodFrames: 100 }, file)
        device.play()
        const random = signals.randomOf(5)
        const sound = new Float32Array(2 * frames)
        for (let at = 0; at < frames;) {
          const wanted = Math.min(frames - at, random.integer(1, random.pick([3, 50, 3000])))
          assert.equal(device.waitForFrames(wanted, 60_000), true)
          assert.ok(device.queuedFrames >= wanted)
          assert.equal(device.read(sound.subarray(2 * at, 2 * (at + wanted))), wanted)
          at += wanted
        }
        assert.equal(device.queuedFrames, 0)
        assert.equal(device.waitForFrames(1, 20), false)
        return sound
      }, pipe.file, frames)
      const sound = signals.noise(3, frames * 8)
      await pipe.feed(sound)
      const heard = signals.bytesOf(await reader.done)
      assert.ok(heard.equals(sound))
      pipe.end()
    }))

  it('dequeues whole frames, whatever the room for them', () =>
    perform(FAST, async ({ assert, microphone, until, PipeMicrophone }) => {
      const pipe = new PipeMicrophone()
      const device = microphone({ format: 's16', channels: 3, periodFrames: 20 }, pipe.file)
      device.play()
      await pipe.feed(Buffer.alloc(120, 1))
      await until(() => device.queuedFrames === 20)
      assert.equal(device.queued, 120)
      assert.equal(device.dequeue(Buffer.alloc(5)), 0)
      assert.equal(device.dequeue(Buffer.alloc(17)), 12)
      assert.equal(device.dequeue(Buffer.alloc(100), 6), 6)
      assert.equal(device.dequeue(Buffer.alloc(1000)), 102)
      assert.equal(device.dequeue(Buffer.alloc(1000)), 0)
      pipe.end()
      device.close()
    }))

  it('hears nothing before it plays', () =>
    perform(FAST, async ({ assert, fs, microphone, signals, until, tape, delay }) => {
      const sound = signals.noise(1, 400)
      fs.writeFileSync(tape(), sound)
      const device = microphone({ format: 'u8', periodFrames: 100 })
      const { callbacks, queuedFrames } = (await delay(20), device.stats())
      assert.deepEqual([callbacks, queuedFrames], [0, 0])
      device.play()
      await until(() => device.queuedFrames >= 400)
      const heard = Buffer.alloc(400)
      device.dequeue(heard)
      assert.ok(heard.equals(sound))
      device.close()
    }))

  for (const onOverflow of ['drop-oldest', 'drop-newest']) {
    for (const seed of [1, 2, 3]) {
      it(`counts exactly what it gives up, and keeps the rest in order (${onOverflow}, ${seed})`, () =>
        perform(FAST, async ({ assert, microphone, signals, until, PipeMicrophone }, onOverflow, seed) => {
          const random = signals.randomOf(seed)
          const period = random.integer(10, 50)
          const most = random.integer(2 * period, 1000)
          const pipe = new PipeMicrophone()
          const options = { format: 'u16', frequency: 8000, maxQueuedMs: most / 8, onOverflow, periodFrames: period }
          const device = microphone(options, pipe.file)
          device.play()

          // What has to be in the queue, kept by the rule as it is written.
          let queue = Buffer.alloc(0)
          const story = { frames: 0, readFrames: 0, overrunFrames: 0, discardedFrames: 0 }
          const hear = (block) => {
            story.frames += period
            const over = Math.max(0, (queue.length + block.length) / 2 - most)
            story.overrunFrames += over
            queue = onOverflow === 'drop-oldest'
              ? Buffer.concat([queue.subarray(2 * over), block])
              : Buffer.concat([queue, block.subarray(0, 2 * (period - over))])
          }

          for (let step = 0; step < 120; step++) {
            const sound = signals.noise(step, 2 * period * random.integer(0, random.pick([1, 5, 60])))
            for (let at = 0; at < sound.length; at += 2 * period) hear(sound.subarray(at, at + 2 * period))
            await pipe.feed(sound)
            await until(() => device.stats().frames === story.frames)
            if (random.next() < 0.1) {
              device.clearQueue()
              story.discardedFrames += queue.length / 2
              queue = Buffer.alloc(0)
            }
            const into = new Uint16Array(random.integer(1, random.pick([1, most])))
            const got = device.read(into)
            const expected = queue.subarray(0, 2 * into.length)
            assert.ok(signals.bytesOf(into.subarray(0, got)).equals(expected), `step ${step}`)
            queue = queue.subarray(expected.length)
            story.readFrames += got
            const { frames, readFrames, overrunFrames, discardedFrames, queuedFrames } = device.stats()
            assert.deepEqual({ frames, readFrames, overrunFrames, discardedFrames }, story)
            assert.equal(queuedFrames, queue.length / 2)
            assert.equal(frames, readFrames + overrunFrames + discardedFrames + queuedFrames)
          }
          assert.ok(story.overrunFrames > 0 && story.discardedFrames > 0)
          pipe.end()
          device.close()
        }, onOverflow, seed))
    }
  }

  for (const onOverflow of ['drop-oldest', 'drop-newest']) {
    it(`never tears, repeats or swaps frames while it overflows and is read and cleared (${onOverflow})`, () =>
      perform(FAST, async ({ assert, fs, microphone, signals, tape, delay }, onOverflow) => {
        const random = signals.randomOf(1)
        // Both channels count: from 1, so that the silence behind the end is no number.
        const total = 1_500_000
        const numbers = Int32Array.from({ length: 2 * total }, (_, at) => (at >> 1) + 1)
        fs.writeFileSync(tape(), signals.bytesOf(numbers))
        const options = { format: 's32', channels: 2, maxQueuedMs: 20, onOverflow, periodFrames: 64 }
        const device = microphone(options)
        device.play()
        let [last, read, breaks] = [0, 0, 0]
        const into = new Int32Array(2 * 3000)
        while (last < total && device.stats().frames < total) {
          const frames = device.read(into.subarray(0, 2 * random.integer(1, random.pick([10, 3000]))))
          read += frames
          for (let at = 0; at < 2 * frames; at += 2) {
            const number = into[at]
            assert.equal(into[at + 1], number, 'a torn frame')
            if (number === 0) break
            assert.ok(number > last, `${number} after ${last}`)
            if (number !== last + 1) breaks++
            last = number
          }
          if (random.next() < 0.01) device.clearQueue()
          if (random.next() < 0.02) await delay(random.integer(0, 3))
        }
        device.pause()
        let stats = device.stats()
        for (let before; before?.callbacks !== stats.callbacks; stats = device.stats()) before = (await delay(20), stats)
        const { recordedFrames, readFrames, discardedFrames, overrunFrames, queuedFrames } = stats
        assert.equal(readFrames, read)
        assert.equal(recordedFrames, readFrames + discardedFrames + queuedFrames + (onOverflow === 'drop-oldest' ? overrunFrames : 0))
        assert.ok(breaks > 0 && overrunFrames > 0 && discardedFrames > 0)
        device.close()
      }, onOverflow))
  }
})
