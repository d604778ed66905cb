'use strict'

const { perform, PATIENCE_MS } = require('./studio.cjs')

const PACED = { delayMs: 1 }

describe('Sources', function () {
  this.timeout(PATIENCE_MS)

  it('are added to the queue and to each other, sample for sample', () =>
    perform(PACED, async ({ assert, speaker, recorded, playedOut, signals, until }) => {
      const device = speaker({ channels: 2 })
      const sounds = [0.2, 0.15, 0.1].map((amplitude, at) => signals.sine(9600, { hertz: 40 + 11 * at, amplitude }))
      const [own, one, two] = sounds
      const sources = [device.createSource(), device.createSource({ gain: 0.5 })]
      device.enqueue(signals.bytesOf(own))
      assert.deepEqual(sources.map((source, at) => source.write([one, two][at])), [4800, 4800])
      device.play()
      await playedOut(device)
      await until(() => sources.every(({ queuedFrames }) => queuedFrames === 0))
      device.close()
      const heard = signals.floatsOf(await recorded())
      // They begin with silence, and therefore as they are.
      const start = heard.findIndex((sample) => sample !== 0) - 1
      for (let at = 0; at < 9600; at++) {
        assert.ok(Math.abs(heard[start + at] - (own[at] + one[at] + two[at] / 2)) < 1e-6, `${at}`)
      }
    }))

  it('have frequencies and channels of their own', () =>
    perform(PACED, async ({ assert, speaker, recorded, signals, until }) => {
      const device = speaker({ channels: 2 })
      const source = device.createSource({ frequency: 16000, channels: 1, targetMs: 1000 })
      assert.deepEqual([source.frequency, source.channels, source.spaceFrames], [16000, 1, 16000])
      const sound = signals.sine(16000, { hertz: 440, frequency: 16000, amplitude: 0.5 })
      for (let at = 0; at < 16000; at += 777) source.write(sound.subarray(at, at + 777))
      assert.equal(source.spaceFrames < 200, true)
      device.play()
      await until(() => source.queuedFrames === 0)
      device.close()
      const heard = signals.floatsOf(await recorded())
      const left = heard.filter((_, at) => at % 2 === 0)
      assert.deepEqual(left, heard.filter((_, at) => at % 2 === 1))
      const start = left.findIndex((sample) => Math.abs(sample) > 1e-3)
      // A second of 440 Hz has 880 zero crossings.
      const middle = left.subarray(start + 4800, start + 4800 + 38400)
      let crossings = 0
      for (let at = 1; at < middle.length; at++) if (middle[at - 1] < 0 !== middle[at] < 0) crossings++
      assert.ok(Math.abs(crossings - 704) <= 2, `${crossings}`)
      assert.ok(Math.abs(Math.max(...middle) - 0.5) < 0.01)
      assert.ok(signals.largestStep(middle) < 0.5 * 2 * Math.PI * 440 / 48000 * 1.05)
    }))

  for (const frequency of [8000, 16000, 44100, 96000]) {
    it(`are heard to their last frame at a frequency of their own, and count it until then (${frequency})`, () =>
      perform(PACED, async ({ assert, speaker, recorded, signals, until }, frequency) => {
        const device = speaker()
        const source = device.createSource({ frequency, targetMs: 1000 })
        // Silence, and sound in its last 2 ms alone.
        const sound = new Float32Array(frequency / 20).fill(0.5, frequency / 20 - Math.ceil(frequency / 500))
        assert.equal(source.write(sound), sound.length)
        assert.ok(source.queuedFrames >= sound.length)
        assert.equal(source.spaceFrames, frequency - sound.length)
        const { writtenFrames, queuedFrames } = source.stats()
        assert.equal(writtenFrames, queuedFrames)
        assert.ok(writtenFrames >= 2400 && writtenFrames < 2900, `${writtenFrames}`)
        device.play()
        await until(() => source.queuedFrames === 0)
        assert.deepEqual([source.stats().playedFrames, source.stats().writtenFrames], [writtenFrames, writtenFrames])
        device.close()
        const loud = signals.floatsOf(await recorded()).filter((sample) => sample > 0.4)
        assert.ok(loud.length > 70, `${loud.length}`)
      }, frequency))

    it(`are cleared of all that was written, whatever their frequency (${frequency})`, () =>
      perform(PACED, async ({ assert, speaker, recorded, signals, until }, frequency) => {
        const device = speaker()
        const source = device.createSource({ frequency, targetMs: 1000 })
        source.write(new Float32Array(frequency / 10).fill(0.5))
        source.clear()
        assert.equal(source.queuedFrames, 0)
        const { writtenFrames, discardedFrames } = source.stats()
        assert.equal(writtenFrames, discardedFrames)
        device.play()
        source.write(new Float32Array(frequency / 10))
        await until(() => source.queuedFrames === 0)
        device.close()
        assert.ok(signals.floatsOf(await recorded()).every((sample) => sample === 0))
      }, frequency))
  }

  it('take no more than targetMs at any frequency', () =>
    perform(PACED, async ({ assert, speaker }) => {
      const device = speaker()
      for (const frequency of [1000, 22050, 384000]) {
        const source = device.createSource({ frequency, targetMs: 10 })
        let taken = 0
        for (let round = 0; round < 50; round++) taken += source.write(new Float32Array(frequency / 50))
        assert.ok(taken <= Math.ceil(frequency / 100) && taken > frequency / 105, `${taken} at ${frequency}`)
        assert.equal(source.spaceFrames, 0)
      }
      device.close()
    }))

  it('are refused, by name of the option, where there is no memory for what they may queue', () =>
    perform(PACED, async ({ assert, speaker }) => {
      const device = speaker({ channels: 8, frequency: 384000 })
      const held = []
      // However much memory there is, some hundred times 44 GB are too much.
      const fill = () => { for (let count = 0; count < 4000; count++) held.push(device.createSource({ targetMs: 3_600_000 })) }
      assert.throws(fill, { code: 'ERR_AUDIO_OUT_OF_RANGE', message: /no memory .* smaller targetMs/ })
      for (const source of held) source.close()
      assert.equal(device.createSource().write(new Float32Array(8)), 1)
      device.close()
    }))

  it('go on without a seam at a frequency of their own, however late more comes', () =>
    perform(PACED, async ({ assert, speaker, recorded, signals, until }) => {
      const device = speaker({ periodFrames: 480 })
      const source = device.createSource({ frequency: 44100, targetMs: 1000 })
      const sound = signals.sine(44100, { hertz: 300, frequency: 44100, amplitude: 0.5 })
      device.play()
      for (let at = 0; at < sound.length; at += 997) {
        source.write(sound.subarray(at, at + 997))
        await until(() => source.queuedFrames < 400)
      }
      await until(() => source.queuedFrames === 0)
      const { writtenFrames, playedFrames } = source.stats()
      assert.equal(writtenFrames, playedFrames)
      assert.ok(Math.abs(writtenFrames - 48000) < 120, `${writtenFrames}`)
      device.close()
      // An edge at the most, where more came too late: it is ramped.
      assert.ok(signals.largestStep(signals.floatsOf(await recorded())) < 0.04)
    }))

  it('never disturb each other when one runs dry, and count and tell it', () =>
    perform(PACED, async ({ assert, speaker, recorded, heard, signals, until }) => {
      const device = speaker({ capacityMs: 2000 })
      const [steady, brief] = [device.createSource({ targetMs: 2000 }), device.createSource()]
      const told = [heard(brief, 'underrun'), heard(device, 'underrun')]
      const sound = signals.sine(48000, { hertz: 100, amplitude: 0.3 })
      steady.write(sound)
      brief.write(new Float32Array(480).fill(0.2))
      device.play()
      const [event, ofDevice] = await Promise.all([told[0], Promise.race([told[1], until(() => steady.queuedFrames === 0)])])
      assert.equal(event.source, brief.handle)
      assert.equal(event.ended, false)
      await until(() => steady.queuedFrames === 0)
      const { underruns, underrunFrames, playedFrames, writtenFrames } = brief.stats()
      assert.deepEqual([underruns, playedFrames, writtenFrames], [1, 480, 480])
      assert.ok(underrunFrames > 9600)
      assert.equal(steady.stats().playedFrames, 48000)
      assert.equal(device.stats().underruns, 0)
      assert.equal(ofDevice?.type, undefined)
      device.close()
      const out = signals.floatsOf(await recorded())
      const start = out.findIndex((sample) => sample !== 0)
      // After the decay of the other the steady one is alone, to the bit.
      const rest = out.subarray(start + 480 + 240, start + 48000)
      assert.deepEqual(rest, sound.subarray(480 + 240))
    }))

  it('make silence of what is no number, and count it', () =>
    perform(PACED, async ({ assert, speaker, recorded, signals, until }) => {
      const device = speaker()
      const source = device.createSource()
      const sound = new Float32Array(960).fill(0.25)
      for (const [at, value] of [[500, NaN], [501, Infinity], [502, -Infinity]]) sound[at] = value
      source.write(sound)
      device.play()
      await until(() => source.queuedFrames === 0)
      assert.equal(source.stats().invalidSamples, 3)
      device.close()
      const out = signals.floatsOf(await recorded())
      const start = out.lastIndexOf(0.25) + 1 - 960
      assert.deepEqual([...out.subarray(start + 499, start + 504)], [0.25, 0, 0, 0, 0.25])
    }))

  it('bend towards full scale where they are too loud together, and never pass it', () =>
    perform(PACED, async ({ assert, speaker, recorded, signals, until }) => {
      const device = speaker({ format: 's16' })
      const sources = Array.from({ length: 20 }, () => device.createSource())
      for (const source of sources) source.write(signals.sine(4800, { hertz: 200, amplitude: 0.4 }))
      device.play()
      await until(() => sources.every(({ queuedFrames }) => queuedFrames === 0))
      device.close()
      const bytes = await recorded()
      const out = new Int16Array(Uint8Array.from(bytes).buffer)
      let largest = 0
      for (let at = 1; at < out.length; at++) largest = Math.max(largest, Math.abs(out[at] - out[at - 1]))
      assert.ok(out.some((sample) => sample > 32000))
      assert.ok(largest < 8 * 2 * Math.PI * 200 / 48000 * 32768 * 1.1, 'no wrap-around')
    }))

  it('take up to targetMs, whole frames, and say what is left', () =>
    perform(PACED, async ({ assert, speaker, codeOf }) => {
      const device = speaker({ channels: 2 })
      const source = device.createSource({ targetMs: 10 })
      assert.equal(source.spaceFrames, 480)
      assert.equal(source.write(new Float32Array(1000)), 480)
      assert.deepEqual([source.spaceFrames, source.queuedFrames, source.write(new Float32Array(2))], [0, 480, 0])
      assert.equal(codeOf(() => source.write(new Float32Array(3))), 'ERR_AUDIO_FRAME_ALIGNMENT')
      source.clear()
      assert.equal(source.queuedFrames, 0)
      const { writtenFrames, discardedFrames, playedFrames } = source.stats()
      assert.deepEqual([writtenFrames, discardedFrames, playedFrames], [480, 480, 0])
      device.close()
    }))

  it('have a gain that is ramped', () =>
    perform(PACED, async ({ assert, speaker, recorded, signals, until }) => {
      const device = speaker()
      const source = device.createSource({ targetMs: 10_000, gain: 0.2 })
      source.write(signals.constant(480_000, 0.5))
      device.play()
      await until(() => source.queuedFrames < 470_000)
      source.setGain(1, { rampMs: 100 })
      assert.equal(source.gain, 1)
      await until(() => source.queuedFrames < 100_000)
      source.setGain(0, { rampMs: 0 })
      await until(() => source.queuedFrames === 0)
      device.close()
      const out = signals.floatsOf(await recorded())
      const start = out.findIndex((sample) => sample !== 0)
      const sound = out.subarray(start, start + 480_000)
      assert.ok(Math.abs(sound[480] - 0.1) < 1e-6)
      assert.ok(sound.includes(0.5))
      // 0.4 in 4800 frames, and 0.5 in no less than 240.
      assert.ok(signals.largestStep(sound) <= (0.5 / 240) * (Math.PI / 2) + 1e-6)
      const rise = sound.findIndex((sample) => sample > 0.1001)
      assert.ok(Math.abs(sound.indexOf(0.5) - rise - 4800) < 4)
    }))

  it('are had in other threads by their handle, one writer at a time, and outlive the thread that ends', () =>
    perform(PACED, async ({ assert, speaker, startWorker, codeOf }) => {
      const device = speaker()
      const source = device.createSource()
      const other = startWorker(({ audio, tell, word }, handle) => {
        const source = audio.attach(handle)
        tell([source.constructor.name, source.write(new Float32Array(480)), source.frequency])
        return word()
      }, source.handle)
      assert.deepEqual(await other.told, ['AudioSource', 480, 48000])
      assert.equal(codeOf(() => source.write(new Float32Array(1))), 'ERR_AUDIO_WRITER_TAKEN')
      assert.equal(source.queuedFrames, 480)
      await other.worker.terminate()
      assert.equal(source.write(new Float32Array(480)), 480)
      assert.deepEqual([source.closed, source.queuedFrames], [false, 960])
      device.close()
    }))

  it('end with their device, and say so', () =>
    perform(PACED, async ({ assert, speaker, codeOf, audio, heard }) => {
      const device = speaker()
      const [source, closed] = [device.createSource(), device.createSource()]
      let told = 0
      closed.on('close', () => { told++ })
      closed.close()
      assert.deepEqual([closed.closed, told], [true, 1])
      assert.equal(codeOf(() => audio.attach(closed.handle)), 'ERR_AUDIO_DEVICE_NOT_FOUND')
      const last = device.createSource()
      const ended = heard(last, 'close')
      device.close()
      await ended
      assert.equal(source.closed, true)
      for (const held of [source, closed]) assert.equal(codeOf(() => held.write(new Float32Array(1))), 'ERR_AUDIO_CLOSED')
      assert.equal(codeOf(() => last.close()), 'ERR_AUDIO_CLOSED')
    }))

  it('are closed for this thread as soon as their device is, whoever holds them', () =>
    perform(PACED, async ({ assert, audio, speaker, microphone, codeOf, delay }) => {
      const [device, input] = [speaker(), microphone({}, '/dev/zero')]
      const [own, tap] = [device.createSource(), input.createTap()]
      const [again, other] = [audio.attach(own.handle), speaker({}, '/dev/null')]
      const elsewhere = other.createSource()
      const second = audio.attach(device.handle)
      const held = [own, again, tap]
      const told = []
      for (const [index, { handle }] of held.entries()) held[index].on('close', () => told.push(handle))
      device.close()
      assert.deepEqual([own.closed, own.spaceFrames], [false, 9600])
      second.close()
      input.close()
      assert.deepEqual(told, held.map(({ handle }) => handle))
      for (const part of held) {
        assert.equal(part.closed, true)
        for (const call of [
          () => part.queuedFrames, () => part.stats(), () => part.clear(), () => part.ref(), () => part.close(),
          ...(part === tap ? [] : [() => part.spaceFrames, () => part.gain, () => part.setGain(1)]),
        ]) assert.equal(codeOf(call), 'ERR_AUDIO_CLOSED', `${call}`)
      }
      await delay(100)
      assert.equal(told.length, 3)
      assert.deepEqual([elsewhere.closed, elsewhere.spaceFrames], [false, 9600])
      other.close()
    }))

  it('are closed though a listener of one throws', () =>
    perform(PACED, async ({ assert, speaker, heard }) => {
      const device = speaker()
      const sources = [device.createSource(), device.createSource()]
      const uncaught = heard(process, 'uncaughtException')
      sources[0].on('close', () => { throw new Error('thrown by the listener') })
      device.close()
      assert.deepEqual(sources.map(({ closed }) => closed), [true, true])
      assert.equal((await uncaught).message, 'thrown by the listener')
    }))

  it('refuse to be looked at and steered when another thread has closed their device, before anybody was told', () =>
    perform(PACED, async ({ assert, audio, codeOf, startWorker }) => {
      const shut = new Int32Array(new SharedArrayBuffer(4))
      const { told, say, done } = startWorker(async ({ speaker, microphone, tell, word }, shut) => {
        const devices = [speaker(), microphone({}, '/dev/zero')]
        tell([devices[0].createSource().handle, devices[1].createTap().handle])
        await word()
        for (const device of devices) device.close()
        Atomics.store(shut, 0, 1)
        Atomics.notify(shut, 0)
      }, shut)
      const [source, tap] = (await told).map((handle) => audio.attach(handle))
      say('close')
      Atomics.wait(shut, 0, 0)
      for (const call of [
        () => source.stats(), () => source.clear(), () => source.gain, () => source.setGain(1), () => source.write(new Float32Array(1)),
        () => tap.stats(), () => tap.clear(), () => tap.read(new Float32Array(1)),
      ]) assert.equal(codeOf(call), 'ERR_AUDIO_CLOSED', `${call}`)
      await done
    }))

  it('with a ring keep it when another holder of them in the thread is closed', () =>
    perform(PACED, async ({ assert, audio, sdl, speaker, until }) => {
      const device = speaker()
      const ring = sdl.SharedRing.allocate({ frames: 480 })
      const source = device.createSource({ ring })
      audio.attach(source.handle).close()
      ring.write(new Float32Array(480))
      assert.deepEqual([source.queuedFrames, source.stats().queuedFrames, source.stats().writtenFrames], [480, 480, 480])
      device.play()
      await until(() => ring.queuedFrames === 0)
      device.close()
    }))

  it('with a ring are heard to their end when a process ends by itself', () =>
    perform(PACED, async ({ assert, sdl, speaker }) => {
      const device = speaker()
      const ring = sdl.SharedRing.allocate({ frames: 14400 })
      device.createSource({ ring })
      ring.write(new Float32Array(14400).fill(0.5))
      device.play()
      process.on('exit', () => assert.equal(ring.queuedFrames, 0))
    }))

  it('number 4096 at most, and places are used again', () =>
    perform(PACED, async ({ assert, speaker, codeOf, until }) => {
      const device = speaker()
      const sources = Array.from({ length: 4096 }, () => device.createSource({ targetMs: 1 }))
      assert.equal(codeOf(() => device.createSource()), 'ERR_AUDIO_OUT_OF_RANGE')
      sources.pop().close()
      const again = await until(() => codeOf(() => device.createSource({ targetMs: 1 })) === 'none')
      assert.equal(again, true)
      device.close()
    }))

  it('give back their place at once, however many come and go within a block', () =>
    perform({ driver: 'dummy' }, async ({ assert, speaker, until }) => {
      const device = speaker({ periodFrames: 4800 })
      for (let count = 0; count < 10_000; count++) device.createSource({ targetMs: 1 }).close()
      const source = device.createSource()
      source.write(new Float32Array(4800))
      device.play()
      assert.equal(await until(() => source.stats().playedFrames === 4800), true)
      device.close()
    }))

  it('are heard to their end when a process ends by itself', () =>
    perform(PACED, async ({ speaker }) => {
      const device = speaker()
      device.createSource({ targetMs: 300 }).write(new Float32Array(14400).fill(0.5))
      device.play()
    }))
})
