'use strict'

const { perform, PATIENCE_MS } = require('./studio.cjs')

// A device that is not told to play consumes nothing, so that what is queued can be counted to the frame.
const PACED = { delayMs: 1 }

describe('The queue of a playback device', function () {
  this.timeout(PATIENCE_MS)

  it('is counted in bytes and in frames', () =>
    perform(PACED, async ({ assert, speaker }) => {
      const device = speaker({ format: 's16', channels: 3 })
      assert.deepEqual([device.queued, device.queuedFrames], [0, 0])
      device.enqueue(Buffer.alloc(60))
      device.enqueue(Buffer.alloc(100), 6)
      device.write(Buffer.alloc(12))
      assert.deepEqual([device.queued, device.queuedFrames], [78, 13])
      device.close()
    }))

  it('falls as the device consumes, and rises no more than was put in', () =>
    perform(PACED, async ({ assert, speaker, until }) => {
      const device = speaker({ periodFrames: 480 })
      device.enqueue(Buffer.alloc(48000 * 4))
      device.play()
      let last = 48000
      await until(() => {
        const now = device.queuedFrames
        assert.ok(now <= last, `${now} after ${last}`)
        last = now
        return now === 0
      })
      device.close()
    }))

  it('takes by write what fits into capacityMs, whole frames, and no more', () =>
    perform(PACED, async ({ assert, speaker }) => {
      for (const [capacityMs, frequency, capacity] of [[200, 48000, 9600], [10, 44100, 441], [1.5, 8000, 12], [0.1, 8000, 1]]) {
        const device = speaker({ capacityMs, frequency, channels: 2 }, '/dev/null')
        assert.equal(device.spaceFrames, capacity)
        assert.equal(device.write(new Float32Array(2)), 1)
        assert.equal(device.spaceFrames, capacity - 1)
        assert.equal(device.write(new Float32Array(2 * capacity)), capacity - 1)
        assert.deepEqual([device.spaceFrames, device.queuedFrames], [0, capacity])
        assert.equal(device.write(new Float32Array(2)), 0)
        device.close()
      }
      const brief = speaker({ capacityMs: 200, maxQueuedMs: 1 }, '/dev/null')
      assert.deepEqual([brief.spaceFrames, brief.write(new Float32Array(100)), brief.spaceFrames], [48, 48, 0])
      brief.close()
    }))

  it('takes what lies in a buffer when it is handed in, again and again, and refuses one whose memory has gone', () =>
    perform(PACED, async ({ assert, speaker, playedOut, recorded, codeOf }) => {
      const device = speaker({ format: 's16', channels: 2 })
      const [one, two] = [Buffer.alloc(1024, 1), Buffer.alloc(1024, 2)]
      device.enqueue(one)
      device.enqueue(one, 512)
      device.write(two)
      device.enqueue(one, 4)
      one.fill(3)
      device.enqueue(one)
      for (const numBytes of [0, -4, 2.5, NaN, 1028, 2 ** 33, '4', 6]) assert.notEqual(codeOf(() => device.enqueue(one, numBytes)), 'none')
      const gone = Buffer.from(new ArrayBuffer(1024)).fill(4)
      device.enqueue(gone)
      device.enqueue(gone)
      structuredClone(gone.buffer, { transfer: [gone.buffer] })
      for (const property of ['length', 'byteLength']) Object.defineProperty(gone, property, { value: 1024 })
      assert.equal(codeOf(() => device.enqueue(gone)), 'ERR_AUDIO_OUT_OF_RANGE')
      device.enqueue(Buffer.alloc(8)) // the decay at the end begins from silence
      assert.equal(device.queued, 512 + 4 + 5 * 1024 + 8)
      device.play()
      await playedOut(device)
      device.close()
      const runs = (await recorded()).toString('latin1').match(/([\x01-\x04])\1{3,}/g).map((run) => [run.charCodeAt(0), run.length])
      assert.deepEqual(runs.slice(0, 5), [[1, 1536], [2, 1024], [1, 4], [3, 1024], [4, 2048]])
    }))

  it('counts 200 ms as its capacity unless told otherwise', () =>
    perform(PACED, async ({ assert, speaker }) => {
      const device = speaker({ frequency: 44100 })
      assert.equal(device.spaceFrames, 8820)
      device.close()
    }))

  it('may have a capacity of an hour, which costs nothing before it is used', () =>
    perform(PACED, async ({ assert, speaker }) => {
      const before = process.memoryUsage().rss
      const device = speaker({ capacityMs: 3_600_000, frequency: 384_000, channels: 8 }, '/dev/null')
      assert.equal(device.spaceFrames, 384_000 * 3600)
      assert.equal(device.write(new Float32Array(8 * 1000)), 1000)
      assert.ok(process.memoryUsage().rss - before < 2 ** 26)
      device.close()
    }))

  it('takes by enqueue more than its capacity; there is then no space to write until that much is played', () =>
    perform(PACED, async ({ assert, speaker, until }) => {
      const device = speaker({ capacityMs: 10, periodFrames: 48 })
      device.enqueue(Buffer.alloc(4 * 4800))
      assert.equal(device.spaceFrames, 0)
      assert.equal(device.write(new Float32Array(1)), 0)
      device.play()
      await until(() => device.spaceFrames > 0)
      assert.ok(device.write(new Float32Array(480)) > 0)
      assert.ok(device.queuedFrames <= 480)
      device.close()
    }))

  it('takes exactly maxQueuedMs, and of what would exceed that nothing', () =>
    perform(PACED, async ({ assert, speaker, codeOf }) => {
      const device = speaker({ maxQueuedMs: 100, channels: 2 })
      const frames = (count) => Buffer.alloc(count * 8)
      assert.equal(codeOf(() => device.enqueue(frames(4801))), 'ERR_AUDIO_QUEUE_FULL')
      assert.equal(device.queuedFrames, 0)
      device.enqueue(frames(4800))
      assert.equal(codeOf(() => device.enqueue(frames(1))), 'ERR_AUDIO_QUEUE_FULL')
      assert.deepEqual([device.queuedFrames, device.stats().writtenFrames], [4800, 4800])
      device.clearQueue()
      device.enqueue(frames(4800))
      assert.equal(device.queuedFrames, 4800)
      device.close()
    }))

  it('is empty as soon as it is cleared, while the device is paused', () =>
    perform(PACED, async ({ assert, speaker }) => {
      const device = speaker()
      device.enqueue(Buffer.alloc(4800))
      device.clearQueue()
      assert.deepEqual([device.queued, device.queuedFrames, device.spaceFrames], [0, 0, 9600])
      assert.equal(device.stats().discardedFrames, 1200)
      device.close()
    }))

  it('is empty as soon as it is cleared, while the device hangs', () =>
    perform(PACED, async ({ assert, speaker, signals, until, delay, PipeSpeaker }) => {
      const pipe = new PipeSpeaker()
      const device = speaker({ format: 's16', periodFrames: 480 }, pipe.file)
      device.play()
      const gone = signals.noise(1, 480_000)
      device.enqueue(gone)
      const taken = []
      while (device.stats().playedFrames === 0) taken.push(await pipe.take(960))
      // Nobody takes the sound any more: when the pipe is full the callback is never called again.
      let last
      while (last !== (last = device.stats().callbacks)) await delay(200)
      device.clearQueue()
      assert.equal(device.queuedFrames, 0)
      const { playedFrames, discardedFrames } = device.stats()
      assert.equal(playedFrames + discardedFrames, 240_000)
      const kept = Buffer.concat([Buffer.alloc(2), signals.noise(2, 9600)])
      device.enqueue(kept)
      const all = pipe.takeAll()
      await until(() => device.queuedFrames === 0)
      device.close()
      const sound = Buffer.concat([...taken, await all])
      assert.ok(sound.includes(gone.subarray(0, 64)))
      assert.ok(!sound.includes(gone.subarray(-64)))
      assert.equal(device.closed, true)
    }))

  for (let seed = 1; seed <= 6; seed++) {
    it(`adds up at any moment of any story: written is played, discarded or queued (${seed})`, () =>
      perform(PACED, async ({ assert, speaker, signals, codeOf, delay }, seed) => {
        const random = signals.randomOf(seed)
        const [capacity, most] = [random.integer(100, 2000), random.integer(3000, 20_000)]
        const options = { format: 'u8', frequency: 8000, capacityMs: capacity / 8, maxQueuedMs: most / 8, periodFrames: random.integer(8, 64) }
        const device = speaker(options)
        let sent = 0
        const steps = {
          play: () => device.play(),
          pause: () => device.pause(),
          enqueue: () => {
            const frames = random.integer(1, random.pick([50, most]))
            const before = device.queuedFrames
            const code = codeOf(() => device.enqueue(Buffer.alloc(frames)))
            if (code === 'none') sent += frames
            // The device may have consumed in between, never added.
            else assert.ok(code === 'ERR_AUDIO_QUEUE_FULL' && before + frames > most, code)
          },
          write: () => {
            const frames = random.integer(0, 2 * capacity)
            const space = device.spaceFrames
            const written = device.write(new Uint8Array(frames))
            assert.ok(written <= frames && written >= Math.min(space, frames))
            if (written > 0) assert.ok(device.queuedFrames <= capacity)
            sent += written
          },
          clearQueue: () => {
            device.clearQueue()
            assert.equal(device.queuedFrames, 0)
          },
          wait: () => delay(random.integer(0, 3)),
        }
        for (let step = 0; step < 400; step++) {
          await steps[random.pick(Object.keys(steps))]()
          const { writtenFrames, playedFrames, discardedFrames, queuedFrames } = device.stats()
          assert.equal(writtenFrames, sent)
          assert.equal(playedFrames + discardedFrames + queuedFrames, sent)
          assert.ok(device.queuedFrames <= Math.max(most, capacity))
          assert.ok(device.queuedFrames <= queuedFrames)
        }
        device.close()
      }, seed))
  }

  it('tells by its statistics how it stood', () =>
    perform(PACED, async ({ assert, speaker, playedOut }) => {
      const device = speaker({ periodFrames: 480 })
      device.enqueue(Buffer.alloc(4 * 9600))
      device.play()
      await playedOut(device)
      const { callbacks, frames, playedFrames, underruns, queueFrames, intervalUs, durationUs } = device.stats()
      assert.equal(playedFrames, 9600)
      assert.ok(frames >= 9600 && callbacks >= 20 && underruns <= 1)
      assert.ok(queueFrames.min <= queueFrames.mean && queueFrames.mean <= queueFrames.max && queueFrames.max <= 9600)
      for (const { p50, p99, max } of [intervalUs, durationUs]) assert.ok(p50 <= p99 && p99 <= max && max > 0)
      device.close()
    }))
})
