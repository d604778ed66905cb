'use strict'

const { perform, PATIENCE_MS } = require('./studio.cjs')

const FAST = { delayMs: 0 }
const REAL_TIME = {}

describe('A playback stream', function () {
  this.timeout(PATIENCE_MS)

  it('plays bit for bit what is written to it, wherever its frames are split, and ends when that was heard', () =>
    perform(REAL_TIME, async ({ assert, sdl, signals, recorded, tape }) => {
      const { finished } = require('node:stream/promises')
      for (const [seed, options] of [
        [1, { channels: 2 }],
        [2, { channels: 3, format: 's16' }],
        [3, { channels: 1, format: 'u8' }],
        [4, { channels: 8, highWaterMark: 1 }],
      ]) {
        const name = tape(`tape-${seed}`)
        const stream = sdl.createPlaybackStream({ name, ...options, periodFrames: 480, capacityMs: 1000 })
        const { device } = stream
        const sound = signals.noise(seed, 20_000 * device.channels * device.bytesPerSample)
        // Enough to play while the rest is written.
        const begin = Math.floor(sound.length / 3)
        let at = begin
        stream.write(sound.subarray(0, begin))
        for (const size of signals.pieces(signals.randomOf(seed), sound.length - begin, 9000)) stream.write(sound.subarray(at, at += size))
        stream.end()
        await finished(stream)
        assert.ok(device.closed)
        const heard = await recorded(name)
        const start = signals.startOfNoise(heard)
        assert.ok(heard.subarray(start, start + sound.length).equals(sound), JSON.stringify(options))
      }
    }))

  it('holds its writer back as the device does, and lets it go on when the device has played', () =>
    perform(REAL_TIME, async ({ assert, sdl, signals, until, PipeSpeaker }) => {
      const pipe = new PipeSpeaker()
      const stream = sdl.audio.createPlaybackStream({ device: { name: pipe.file }, capacityMs: 500, periodFrames: 48, highWaterMark: 4096 })
      const { device } = stream
      const sound = signals.noise(5, 48_000 * 4)
      let given = 0
      const give = () => {
        while (given < sound.length) {
          const chunk = sound.subarray(given, given += 3000)
          if (!stream.write(chunk)) return void stream.once('drain', give)
        }
        stream.end()
      }
      give()
      // The device is held: it takes what fits, the stream keeps its high-water mark, and no more is asked for.
      const capacityBytes = 24_000 * 4
      await until(() => device.queued >= capacityBytes - 48 * 4 && stream.writableNeedDrain)
      assert.ok(given <= capacityBytes + 4096 + 3000 + PipeSpeaker.SLACK_BYTES, `${given}`)
      assert.ok(device.queued <= capacityBytes)
      assert.equal(stream.writableFinished, false)
      const heard = await pipe.takeAll()
      const start = signals.startOfNoise(heard)
      assert.ok(heard.subarray(start, start + sound.length).equals(sound))
      await until(() => stream.writableFinished)
      assert.ok(device.closed)
    }))

  it('is silent at once when it is destroyed, with what was waiting to be taken', () =>
    perform(REAL_TIME, async ({ assert, sdl, heard, tape, recorded, until }) => {
      const stream = sdl.createPlaybackStream({ name: tape(), periodFrames: 480, capacityMs: 100 })
      const { device } = stream
      let answer
      stream.write(Buffer.alloc(48_000 * 4, 1), (error) => { answer = error })
      await until(() => device.stats().playedFrames > 0)
      const closed = heard(stream, 'close')
      stream.on('error', assert.fail)
      stream.destroy()
      await closed
      assert.ok(device.closed)
      assert.ok(answer instanceof Error)
      assert.ok((await recorded()).length < 24_000 * 4)
    }))

  it('plays the whole frames of a sound that ends in the middle of one, and says so', () =>
    perform(FAST, async ({ assert, sdl, signals, heard, recorded, tape }) => {
      const sound = signals.noise(6, 4800 * 4 + 3)
      const stream = sdl.createPlaybackStream({ name: tape() })
      const failed = heard(stream, 'error')
      stream.end(sound)
      assert.equal((await failed).code, 'ERR_AUDIO_FRAME_ALIGNMENT')
      const bytes = await recorded()
      const start = signals.startOfNoise(bytes)
      assert.ok(bytes.subarray(start, start + 4800 * 4).equals(sound.subarray(0, 4800 * 4)))
    }))

  it('ends at once when nothing was written', () =>
    perform(FAST, async ({ assert, sdl, heard, tape }) => {
      const stream = sdl.createPlaybackStream({ name: tape() })
      stream.end()
      await heard(stream, 'finish')
      assert.ok(stream.device.closed)
    }))

  it('hears of errors of its device: in the write that meets them, or when nobody writes', () =>
    perform(FAST, async ({ assert, sdl, heard, tape }) => {
      const { codedError } = require('../../js/errors.cjs')
      const stream = sdl.createPlaybackStream({ name: tape() })
      stream.device.close()
      stream.write(Buffer.alloc(4))
      assert.equal((await heard(stream, 'error')).code, 'ERR_AUDIO_CLOSED')

      const idle = sdl.createPlaybackStream({ name: tape('other') })
      idle.device.emit('error', codedError('DEVICE_LOST', 'the callback failed'))
      assert.equal((await heard(idle, 'error')).code, 'ERR_AUDIO_DEVICE_LOST')
      assert.ok(idle.device.closed)

      const lost = sdl.createPlaybackStream({ name: tape('third'), onLost: 'fail' })
      lost.device.emit('lost', { type: 'lost' })
      assert.equal((await heard(lost, 'error')).code, 'ERR_AUDIO_DEVICE_LOST')
    }))

  it('is ended by a signal', () =>
    perform(FAST, async ({ assert, sdl, heard, tape }) => {
      const ending = new AbortController()
      const stream = sdl.createPlaybackStream({ name: tape(), signal: ending.signal })
      const failed = heard(stream, 'error')
      ending.abort()
      assert.equal((await failed).name, 'AbortError')
      assert.ok(stream.device.closed)
    }))

  it('is ended by a signal that was aborted before it was made, and so is a capture stream', () =>
    perform(FAST, async ({ assert, sdl, heard, tape, until, openFiles, fs }) => {
      const name = tape()
      fs.writeFileSync(name, Buffer.alloc(48_000))
      for (const make of [sdl.createPlaybackStream, sdl.createCaptureStream]) {
        const reason = new Error('no more')
        const stream = make({ name, signal: AbortSignal.abort(reason) })
        const error = await heard(stream, 'error')
        assert.deepEqual([error.name, error.cause], ['AbortError', reason])
        assert.ok(stream.device.closed)
      }
      await until(() => !openFiles().includes(name))
    }))

  it('refuses what openDevice refuses, and leaves no device behind', () =>
    perform(FAST, async ({ assert, sdl, tape, codeOf, until, openFiles }) => {
      const name = tape()
      for (const options of [null, 1, { device: null }, { device: { name, type: 'recording' } }, { name: 7 }, { name, channels: '2' }, { name, signal: null }, { name, signal: {} }]) {
        assert.equal(codeOf(() => sdl.createPlaybackStream(options)), 'ERR_AUDIO_INVALID_ARG', JSON.stringify(options))
      }
      assert.equal(codeOf(() => sdl.createPlaybackStream({ name, channels: 9 })), 'ERR_AUDIO_OUT_OF_RANGE')
      assert.equal(codeOf(() => sdl.createCaptureStream({ device: { name, type: 'playback' } })), 'ERR_AUDIO_INVALID_ARG')
      assert.equal(codeOf(() => sdl.createPlaybackStream({ name: '/no/such/folder/tape' })), 'ERR_AUDIO_DEVICE_NOT_FOUND')
      assert.equal(codeOf(() => sdl.createPlaybackStream({ name, highWaterMark: -1 })), 'ERR_INVALID_ARG_VALUE')
      await until(() => !openFiles().includes(name))
    }))
})

describe('A capture stream', function () {
  this.timeout(PATIENCE_MS)

  it('gives bit for bit what the microphone hears, whole frames at a time, and after stop() the rest and an end', () =>
    perform(FAST, async ({ assert, sdl, signals, until, PipeMicrophone }) => {
      const pipe = new PipeMicrophone()
      const sound = signals.noise(7, 48 * 400 * 4)
      const stream = sdl.createCaptureStream({ name: pipe.file, format: 's16', channels: 2, periodFrames: 48, maxQueuedMs: 10_000 })
      const heard = []
      pipe.feed(sound)
      for await (const chunk of stream) {
        assert.equal(chunk.length % 4, 0)
        heard.push(chunk)
        const { recordedFrames } = stream.device.closed ? {} : stream.device.stats()
        if (recordedFrames === 48 * 400) stream.stop()
      }
      assert.ok(Buffer.concat(heard).subarray(0, sound.length).equals(sound))
      await until(() => stream.device.closed)
      pipe.end()
    }))

  it('loses, and counts, what a slow reader leaves there, and keeps no more than it was told to', () =>
    perform(FAST, async ({ assert, sdl, signals, until, PipeMicrophone }) => {
      const pipe = new PipeMicrophone()
      const sound = signals.noise(8, 48 * 300 * 4)
      const stream = sdl.createCaptureStream({ name: pipe.file, periodFrames: 48, maxQueuedMs: 20, highWaterMark: 960 * 4 })
      const { device } = stream
      await until(() => device.playing)
      pipe.feed(sound)
      await until(() => device.stats().frames >= 48 * 300)
      // Nobody has read: what is there now is the newest.
      const { recordedFrames, readFrames, overruns, overrunFrames, queuedFrames } = device.stats()
      assert.equal(recordedFrames, 48 * 300)
      assert.equal(queuedFrames, 960)
      assert.equal(overruns, 1)
      assert.equal(readFrames + overrunFrames + queuedFrames, recordedFrames)
      const chunk = await new Promise((resolve) => { stream.once('data', resolve) })
      assert.ok(sound.subarray(-960 * 4).equals(chunk))
      stream.destroy()
      await until(() => device.closed)
      pipe.end()
    }))

  it('is a web stream where one is wanted, and so is a playback stream', () =>
    perform(REAL_TIME, async ({ assert, fs, sdl, signals, tape, recorded }) => {
      const { Readable, Writable } = require('node:stream')
      const sound = signals.noise(9, 9600 * 4)
      const output = Writable.toWeb(sdl.createPlaybackStream({ name: tape(), periodFrames: 48, capacityMs: 1000 })).getWriter()
      // Enough to play while the rest is written.
      const half = sound.length / 2 + 1
      const written = [output.write(sound.subarray(0, half))]
      for (let at = half; at < sound.length; at += 1000) written.push(output.write(sound.subarray(at, at + 1000)))
      await Promise.all(written)
      await output.close()
      const heard = await recorded()
      const start = signals.startOfNoise(heard)
      assert.ok(heard.subarray(start, start + sound.length).equals(sound))

      fs.writeFileSync(tape('voice'), sound)
      const stream = sdl.createCaptureStream({ name: tape('voice'), periodFrames: 48, maxQueuedMs: 10_000 })
      const input = Readable.toWeb(stream).getReader()
      const chunks = []
      while (Buffer.concat(chunks).length < sound.length) chunks.push((await input.read()).value)
      assert.ok(Buffer.concat(chunks).subarray(0, sound.length).equals(sound))
      await input.cancel()
      assert.ok(stream.destroyed)
    }))

  it('gives what there is to who asks for it, though it is to keep nothing for them', () =>
    perform(FAST, async ({ assert, sdl, signals, PipeMicrophone }) => {
      const sound = signals.noise(10, 48 * 100 * 4)
      const readers = {
        iterated: async (stream, take) => { for await (const chunk of stream) take(chunk) },
        readable: (stream, take) => new Promise((resolve) => {
          stream.on('close', resolve)
          stream.on('readable', () => { for (let chunk = stream.read(); chunk; chunk = stream.read()) take(chunk) })
        }),
        flowing: (stream, take) => new Promise((resolve) => {
          stream.on('close', resolve)
          stream.on('data', take)
        }),
      }
      for (const [name, read] of Object.entries(readers)) {
        const pipe = new PipeMicrophone(name)
        const stream = sdl.createCaptureStream({ name: pipe.file, periodFrames: 48, maxQueuedMs: 10_000, highWaterMark: 0 })
        const heard = []
        pipe.feed(sound)
        await read(stream, (chunk) => {
          assert.equal(chunk.length % 4, 0)
          heard.push(chunk)
          if (Buffer.concat(heard).length >= sound.length) stream.destroy()
        }).catch(({ code }) => assert.equal(code, 'ERR_STREAM_PREMATURE_CLOSE'))
        assert.ok(Buffer.concat(heard).subarray(0, sound.length).equals(sound), name)
        pipe.end()
      }
    }))

  it('that is stopped before it began is empty', () =>
    perform(FAST, async ({ assert, sdl, PipeMicrophone }) => {
      const pipe = new PipeMicrophone()
      const stream = sdl.createCaptureStream({ name: pipe.file })
      stream.stop()
      for await (const chunk of stream) assert.fail(`${chunk.length} bytes`)
      assert.ok(stream.device.closed)
      pipe.end()
    }))

  it('ends its reader when its device fails', () =>
    perform(FAST, async ({ assert, sdl, PipeMicrophone }) => {
      const pipe = new PipeMicrophone()
      const stream = sdl.createCaptureStream({ name: pipe.file })
      const read = (async () => { for await (const chunk of stream) void chunk })()
      setImmediate(() => stream.device.close())
      await assert.rejects(read, { code: 'ERR_AUDIO_CLOSED' })
      pipe.end()
    }))

  // The microphone gives ten times what the speaker takes: its queue is always full.
  it('piped into a speaker makes it live: what is never needed is cut off, and counted', () =>
    perform({ delayMs: 5, patienceMs: 60_000 }, async ({ assert, sdl, until }) => {
      for (const [options, is] of [[{}, true], [{ live: true }, true], [{ live: false }, false]]) {
        const microphone = sdl.createCaptureStream({ name: '/dev/zero', periodFrames: 480 })
        const speaker = sdl.createPlaybackStream({ name: '/dev/null', periodFrames: 48, ...options })
        microphone.pipe(speaker)
        const stats = () => speaker.device.stats()
        // Twice as long as a live one is looked at.
        await until(() => is ? stats().discardedFrames > 0 : stats().callbacks > 800)
        const { discardedFrames, writtenFrames, playedFrames, queuedFrames } = stats()
        assert.equal(discardedFrames > 0, is)
        assert.equal(writtenFrames, playedFrames + discardedFrames + queuedFrames)
        microphone.destroy()
        speaker.destroy()
        await until(() => microphone.device.closed && speaker.device.closed)
      }
      assert.throws(() => sdl.createPlaybackStream({ live: 'yes' }), { code: 'ERR_AUDIO_INVALID_ARG' })
    }))

  it('piped into a speaker loses its backlog too when that is cut off, unless others read it', () =>
    perform(REAL_TIME, async ({ assert, sdl, until }) => {
      for (const shared of [false, true]) {
        const microphone = sdl.createCaptureStream({ name: '/dev/zero', periodFrames: 480 })
        const speaker = sdl.createPlaybackStream({ name: '/dev/null', periodFrames: 480 })
        if (shared) microphone.on('data', () => {})
        microphone.pipe(speaker)
        await until(() => speaker.device.stats().playedFrames > 0)
        // Nothing is taken for long: all that lies between them is full.
        speaker.device.pause()
        await until(() => microphone.device.stats().overrunFrames > 0)
        speaker.device.play()
        await until(() => speaker.device.stats().discardedFrames > 0)
        if (shared) {
          const { playedFrames } = speaker.device.stats()
          await until(() => speaker.device.stats().playedFrames > playedFrames + 4800)
          assert.equal(microphone.device.stats().discardedFrames, 0)
        } else await until(() => microphone.device.stats().discardedFrames > 0)
        microphone.destroy()
        speaker.destroy()
        await until(() => microphone.device.closed && speaker.device.closed)
      }
    }))

  // The disk driver runs ahead of JavaScript here, by as much as the machine allows: what cannot be carried is lost and counted, and
  // what is carried is never old.
  it('piped into a speaker stays within the same delay, minute after minute', () =>
    perform({ delayMs: 0, patienceMs: 60_000 }, async ({ assert, sdl, until, delay }) => {
      const MINUTES = 5
      const microphone = sdl.createCaptureStream({ name: '/dev/zero', periodFrames: 480 })
      const speaker = sdl.createPlaybackStream({ name: '/dev/null', periodFrames: 480 })
      microphone.pipe(speaker)
      const ms = (bytes) => bytes / 4 / 48
      const delayMs = () =>
        ms(microphone.device.queued) + ms(microphone.readableLength) + ms(speaker.writableLength) + ms(speaker.device.queued)
      const seen = []
      await until(() => {
        seen.push(delayMs())
        return speaker.device.stats().playedFrames >= MINUTES * 60 * 48_000
      })
      // Their queues, and in each stream what it keeps and one more chunk.
      const most = 100 + (20 + 20) + (20 + 20) + 100
      assert.ok(Math.max(...seen) <= most, `${Math.max(...seen)} ms`)
      microphone.device.pause()
      let frames = -1
      await until(() => frames === (frames = microphone.device.stats().frames))
      const { recordedFrames, readFrames, overrunFrames, queuedFrames } = microphone.device.stats()
      // What found no room in the ring was never in the queue.
      const dropped = recordedFrames - readFrames - queuedFrames
      assert.ok(dropped >= 0 && dropped <= overrunFrames)
      const { writtenFrames, playedFrames } = speaker.device.stats()
      assert.ok(playedFrames <= writtenFrames && writtenFrames <= readFrames)
      microphone.unpipe(speaker)
      microphone.destroy()
      speaker.end()
      await until(() => microphone.device.closed && speaker.device.closed)
      await delay(0)
    }))
})
