'use strict'

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { perform, run, PATIENCE_MS } = require('./studio.cjs')
const { floatsOf, largestStep, randomOf, sine } = require('./signals.cjs')

// What the loudspeaker got, frame for frame, against the ramps written out here: 5 ms of a raised cosine.

const RAMP_MS = 5
const LEVEL = 0.8
/** Rounding of 32-bit floats. */
const NEAR = 1e-6

const rampFrames = (frequency) => Math.ceil((frequency * RAMP_MS) / 1000)
/** From just below 1 to just above 0. */
const fallOf = (frequency) => {
  const frames = rampFrames(frequency)
  return Array.from({ length: frames }, (_, at) => 0.5 + 0.5 * Math.cos((Math.PI * (at + 1)) / (frames + 1)))
}
/** The steepest step of that ramp, for a sound of level 1. */
const steepest = (frequency) => (0.5 * Math.PI) / (rampFrames(frequency) + 1)

/** Levels from 0.2 to 0.8, no two neighbours alike: it shows whether a frame is missing, and never is silence. */
const grain = (seed, frames) => {
  const { next } = randomOf(seed)
  return Float32Array.from({ length: frames }, () => 0.2 + 0.6 * next())
}

/** Reads a recording from left to right, one expectation after the other. */
class Listener {
  constructor (heard) {
    this.heard = heard
    this.at = 0
  }

  silence ({ atLeast = 0 } = {}) {
    const from = this.at
    while (this.heard[this.at] === 0) this.at++
    assert.ok(this.at - from >= atLeast, `silence at ${from}`)
  }

  /** The frames of `sound` as they are, as far as they are there; how many. */
  exactly (sound) {
    const from = this.at
    while (this.at - from < sound.length && this.heard[this.at] === sound[this.at - from]) this.at++
    return this.at - from
  }

  /** What `expected(n)` says for `frames` frames. */
  follows (frames, expected, what) {
    for (let n = 0; n < frames; n++, this.at++) {
      const [got, wanted] = [this.heard[this.at], expected(n)]
      assert.ok(Math.abs(got - wanted) <= NEAR, `${what}: ${got} for ${wanted} at ${n}`)
    }
  }

  decay (last, frequency = 48000) {
    const fall = fallOf(frequency)
    this.follows(fall.length, (n) => last * fall[n], 'decay')
  }

  fadeIn (sound, frequency = 48000) {
    const fall = fallOf(frequency)
    const frames = Math.min(fall.length, sound.length)
    this.follows(frames, (n) => sound[n] * (1 - fall[n]), 'fade-in')
    return frames
  }

  end () {
    this.silence()
    assert.equal(this.at, this.heard.length)
  }
}

/** Plays in about real time; the scene gets a device and the sounds, and what was recorded comes back as floats. */
const record = async (act, sounds, options = {}, delayMs = 1) =>
  floatsOf(await perform({ delayMs }, async (stage, act, sounds, options) => {
    const device = stage.speaker({ periodFrames: 48, ...options })
    // Everything that happens to it goes through here: `reach(n)` waits until n frames were played.
    const reach = (frames) => stage.until(() => device.stats().playedFrames >= frames)
    const blocks = async (count) => {
      const from = device.stats().callbacks
      await stage.until(() => device.stats().callbacks >= from + count)
    }
    const send = (samples) => device.enqueue(stage.signals.bytesOf(samples))
    await stage.sceneOf(act)({ ...stage, device, reach, blocks, send }, ...sounds)
    if (!device.closed) device.close()
    return stage.recorded()
  }, String(act), sounds, options))

/** Enough blocks for any ramp to be over. */
const GAP_BLOCKS = 12

describe('Ramps', function () {
  this.timeout(PATIENCE_MS)

  for (const frequency of [8000, 44100, 48000, 192000]) {
    it(`leave a whole stream untouched and append a decay of 5 ms (${frequency} Hz)`, async () => {
      const sound = grain(1, 3000)
      const heard = await record(async ({ device, send, playedOut, blocks }, sound, gap) => {
        send(sound)
        device.play()
        await playedOut(device)
        await blocks(gap)
      }, [sound, Math.ceil(frequency / 48 / 48) + GAP_BLOCKS], { frequency })
      const listener = new Listener(heard)
      listener.silence()
      assert.equal(listener.exactly(sound), sound.length)
      listener.decay(sound.at(-1), frequency)
      listener.end()
    })
  }

  it('decay where it is paused, and fade in with the very next frame where it goes on', async () => {
    const sound = grain(2, 9000)
    const heard = await record(async ({ device, send, reach, blocks, playedOut }, sound, gap) => {
      send(sound)
      device.play()
      await reach(2000)
      device.pause()
      await blocks(gap)
      device.play()
      await playedOut(device)
      await blocks(gap)
    }, [sound, GAP_BLOCKS])
    const listener = new Listener(heard)
    listener.silence()
    const played = listener.exactly(sound)
    assert.ok(played >= 2000 && played < sound.length)
    listener.decay(sound[played - 1])
    listener.silence({ atLeast: 48 })
    const rest = sound.subarray(played)
    const faded = listener.fadeIn(rest)
    assert.equal(listener.exactly(rest.subarray(faded)), rest.length - faded)
    listener.decay(sound.at(-1))
    listener.end()
  })

  it('cross-fade where it goes on before the decay is over', async () => {
    const sound = grain(3, 9000)
    const heard = await record(async ({ device, send, reach, blocks, playedOut }, sound, gap) => {
      send(sound)
      device.play()
      await reach(2000)
      device.pause()
      await blocks(2)
      device.play()
      await playedOut(device)
      await blocks(gap)
    }, [sound, GAP_BLOCKS])
    const listener = new Listener(heard)
    listener.silence()
    const played = listener.exactly(sound)
    // Where the next frame comes in is seen by what is left when the rest is exact again.
    const fall = fallOf(48000)
    const rest = sound.subarray(played)
    const from = listener.at
    const plays = (start) => fall.every((_, n) => {
      const [tail, rise] = [fall[start + n] ?? 0, 1 - fall[n]]
      return Math.abs(heard[from + start + n] - (rest[n] * rise + sound[played - 1] * tail)) <= NEAR
    })
    const start = Array.from({ length: heard.length - from - fall.length }, (_, n) => n).find(plays)
    assert.ok(start >= 48, 'nowhere is a cross-fade')
    listener.follows(Math.min(start, fall.length), (n) => sound[played - 1] * fall[n], 'decay')
    listener.at = from + start + fall.length
    assert.equal(listener.exactly(rest.subarray(fall.length)), rest.length - fall.length)
  })

  it('decay where it is cleared, and fade in what comes next', async () => {
    const [gone, next] = [grain(4, 48000), grain(5, 2000)]
    const heard = await record(async ({ device, send, reach, blocks, playedOut }, gone, next, gap) => {
      send(gone)
      device.play()
      await reach(2000)
      device.clearQueue()
      await blocks(gap)
      send(next)
      await playedOut(device)
      await blocks(gap)
    }, [gone, next, GAP_BLOCKS])
    const listener = new Listener(heard)
    listener.silence()
    const played = listener.exactly(gone)
    assert.ok(played >= 2000 && played < gone.length)
    listener.decay(gone[played - 1])
    listener.silence({ atLeast: 48 })
    const faded = listener.fadeIn(next)
    assert.equal(listener.exactly(next.subarray(faded)), next.length - faded)
    listener.decay(next.at(-1))
    listener.end()
  })

  it('cross-fade where it is cleared and goes on in the same moment', async () => {
    const [gone, next] = [grain(6, 48000), grain(7, 2000)]
    const heard = await record(async ({ device, send, reach, blocks, playedOut }, gone, next, gap) => {
      send(gone)
      device.play()
      await reach(2000)
      device.clearQueue()
      send(next)
      await playedOut(device)
      await blocks(gap)
    }, [gone, next, GAP_BLOCKS])
    const listener = new Listener(heard)
    listener.silence()
    const played = listener.exactly(gone)
    assert.ok(played >= 2000 && played < gone.length)
    const fall = fallOf(48000)
    // A callback may come between the two calls: the decay is then that much further.
    const blocksBetween = [0, 48, 96, 144, 192].find((between) => {
      const at = listener.at + between
      return Math.abs(heard[at] - (next[0] * (1 - fall[0]) + gone[played - 1] * fall[between])) <= NEAR
    })
    assert.notEqual(blocksBetween, undefined, 'no cross-fade begins where it was cleared')
    listener.follows(blocksBetween, (n) => gone[played - 1] * fall[n], 'decay')
    const tail = fall.slice(blocksBetween)
    listener.follows(fall.length, (n) => next[n] * (1 - fall[n]) + gone[played - 1] * (tail[n] ?? 0), 'cross-fade')
    assert.equal(listener.exactly(next.subarray(fall.length)), next.length - fall.length)
    listener.decay(next.at(-1))
    listener.end()
  })

  it('decay where it runs dry and fade in where it comes back', async () => {
    const [first, second] = [grain(8, 1000), grain(9, 1000)]
    const heard = await record(async ({ device, send, blocks, playedOut }, first, second, gap) => {
      device.play()
      for (const sound of [first, second]) {
        send(sound)
        await playedOut(device)
        await blocks(gap)
      }
    }, [first, second, GAP_BLOCKS])
    const listener = new Listener(heard)
    listener.silence()
    assert.equal(listener.exactly(first), first.length)
    listener.decay(first.at(-1))
    listener.silence({ atLeast: 48 })
    const faded = listener.fadeIn(second)
    assert.equal(listener.exactly(second.subarray(faded)), second.length - faded)
    listener.decay(second.at(-1))
    listener.end()
  })

  it('do not touch what comes back from silence by itself', async () => {
    const [first, second] = [grain(10, 1000), grain(11, 1000)]
    second[0] = 0
    const heard = await record(async ({ device, send, blocks, playedOut }, first, second, gap) => {
      device.play()
      for (const sound of [first, second]) {
        send(sound)
        await playedOut(device)
        await blocks(gap)
      }
    }, [first, second, GAP_BLOCKS])
    const listener = new Listener(heard)
    listener.silence()
    listener.exactly(first)
    listener.decay(first.at(-1))
    listener.silence()
    assert.equal(listener.exactly(second.subarray(1)), second.length - 1)
  })

  for (const [periodFrames, delayMs] of [[48, 1], [512, 1], [512, null], [8192, null]]) {
    it(`end a device that is closed while it plays (periods of ${periodFrames} frames${delayMs ? '' : ', in real time'})`, async () => {
      const sound = grain(12, 400_000)
      const heard = await record(async ({ device, send, reach }, sound, frames) => {
        send(sound)
        device.play()
        await reach(frames)
        device.close()
      }, [sound, 2 * periodFrames], { periodFrames }, delayMs)
      const listener = new Listener(heard)
      listener.silence()
      const played = listener.exactly(sound)
      assert.ok(played < sound.length)
      listener.decay(sound[played - 1])
      listener.end()
    })
  }

  it('keep their form in every channel and in every format', async () => {
    await perform({ delayMs: 1 }, async ({ assert, speaker, recorded, playedOut, until, tape }, fall) => {
      const levels = [0.75, -0.75, 0.25, 0]
      for (const format of ['s8', 'u8', 's16lsb', 's16msb', 'u16lsb', 'u16msb', 's32lsb', 's32msb', 'f32lsb', 'f32msb']) {
        const device = speaker({ format, channels: 4, periodFrames: 48 }, tape(format))
        const { bytesPerSample, maxSampleValue } = device
        const unsigned = format[0] === 'u'
        const scale = format[0] === 'f' ? 1 : unsigned ? (maxSampleValue + 1) / 2 : maxSampleValue + 1
        const middle = unsigned ? scale : 0
        const sound = Buffer.alloc(100 * 4 * bytesPerSample)
        for (let n = 0; n < 400; n++) device.writeSample(sound, middle + levels[n % 4] * scale, n * bytesPerSample)
        device.enqueue(sound)
        device.play()
        await playedOut(device)
        const { callbacks } = device.stats()
        await until(() => device.stats().callbacks > callbacks + 12)
        device.close()
        const heard = await recorded(tape(format))
        const start = heard.indexOf(sound.subarray(0, 4 * bytesPerSample))
        assert.ok(heard.subarray(start, start + sound.length).equals(sound), format)
        const sample = (n) => (device.readSample(heard, start + sound.length + n * bytesPerSample) - middle) / scale
        // One step of the format, or the rounding of a 32-bit float.
        const unit = Math.max(1 / scale * (scale > 1 ? 1 : 0), 1e-6)
        for (let n = 0; n < 4 * fall.length; n++) {
          const wanted = levels[n % 4] * fall[Math.floor(n / 4)]
          assert.ok(Math.abs(sample(n) - wanted) <= unit, `${format}: ${sample(n)} for ${wanted} at ${n}`)
        }
        for (let n = 4 * fall.length; n < 4 * fall.length + 40; n++) assert.equal(sample(n), 0, format)
      }
    }, fallOf(48000))
  })

  // Both begin at zero: a sound that begins with a click is its author's.
  for (const [name, sound, ownStep] of [
    ['constant level', Float32Array.from({ length: 480_000 }, (_, n) => LEVEL * Math.min(1, n / 480)), LEVEL / 480],
    ['sine', sine(480_000, { hertz: 440, amplitude: LEVEL }), (LEVEL * 2 * Math.PI * 440) / 48000],
  ]) {
    for (const seed of [1, 2, 3]) {
      it(`let no story of pauses, clears, gaps and ends make a click in a ${name} (${seed})`, async () => {
        const heard = await record(async ({ device, send, reach, blocks, signals, delay }, sound, seed) => {
          const random = signals.randomOf(seed)
          let at = 0
          const sendMore = () => {
            const frames = random.integer(1, random.pick([100, 1000, 5000]))
            send(sound.subarray(at, at + frames))
            at += frames
          }
          const steps = [
            () => device.play(), () => device.play(), () => device.pause(), () => device.clearQueue(),
            sendMore, sendMore, sendMore,
            () => blocks(random.integer(1, 4)), () => delay(random.integer(0, 2)),
          ]
          sendMore()
          device.play()
          await reach(1)
          for (let step = 0; step < 500; step++) await random.pick(steps)()
          device.play()
        }, [sound, seed])
        assert.ok(heard.some((sample) => Math.abs(sample) > 0.5))
        const allowed = ownStep + 2 * LEVEL * steepest(48000) + NEAR
        const step = largestStep(heard)
        assert.ok(step <= allowed, `a step of ${step}`)
        assert.ok(Math.abs(heard.at(-1)) <= steepest(48000))
      })
    }
  }

  for (const ending of ['process.exit()', 'an uncaught error']) {
    it(`end what still plays when the process ends by ${ending}`, async () => {
      const { dir } = await run('ends.cjs', { delayMs: 1, args: ['playback', ending] })
      const heard = floatsOf(fs.readFileSync(path.join(dir, 'tape')))
      const listener = new Listener(heard)
      listener.silence()
      while (heard[listener.at] === Math.fround(LEVEL)) listener.at++
      listener.decay(Math.fround(LEVEL))
      listener.end()
    })
  }
})
