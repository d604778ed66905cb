'use strict'

const { perform, PATIENCE_MS } = require('./studio.cjs')

// In real time, over SDL's disk driver: what the device was given is on its tape.
const REAL_TIME = { delayMs: null }

describe('Receiver', function () {
  this.timeout(PATIENCE_MS)

  for (const format of ['xiaozhi', 'seq-pts', 'clear']) {
    it(`plays speech of sealed or clear packets (${format}) as it was said`, () =>
      perform(REAL_TIME, async ({ assert, sdl, signals, speaker, recorded, until, remotes }, format) => {
        const { default: raw } = await import('audio-lena/raw')
        const resampler = new sdl.Resampler({ from: 44_100, to: 48_000 })
        const speech = resampler.process(new Float32Array(raw.buffer ?? raw, raw.byteOffset ?? 0)).slice(48_000, 48_000 * 4)
        const remote = new remotes.Remote({ format, sound: speech })
        const device = speaker({ periodFrames: 480, format: 'f32' })
        const source = device.createSource({ channels: 1 })
        const key = format === 'xiaozhi' ? remotes.KEY.subarray(0, 16) : remotes.KEY
        const opener = format === 'clear' ? undefined : new sdl.PacketOpener({ format, key })
        // What a busy machine does to the sender must not be heard.
        const receiver = new sdl.Receiver({ source, opener, codec: format === 'clear' ? 'pcm' : 'opus', mode: { fixedMs: 600 } })
        if (opener) assert.equal(opener.closed, true)
        device.play()
        const stop = remote.speak(receiver)
        await until(() => receiver.stats().packets > 130 && source.stats().playedFrames > 48_000 * 3)
        stop()
        const stats = receiver.stats()
        receiver.close()
        device.close()
        assert.deepEqual(
          { refused: stats.refused, overflowed: stats.overflowed, lost: stats.lost, duplicate: stats.duplicate, cut: stats.cutFrames, frequency: stats.frequency },
          { refused: 0, overflowed: 0, lost: 0, duplicate: 0, cut: 0, frequency: 48_000 },
        )
        const heard = remotes.loudness(signals.floatsOf(await recorded()))
        const said = remotes.loudness(speech.subarray(0, 48_000 * 2))
        const [alike, otherwise] = [remotes.likeness(said, heard), remotes.likeness(said.toReversed(), heard)]
        assert.ok(alike > 0.95 && otherwise < 0.9, `${alike} ${otherwise}`)
      }, format))
  }

  it('counts what the network does, and hears nothing of what is not for it', () =>
    perform(REAL_TIME, async ({ assert, sdl, speaker, until, remotes }) => {
      const device = speaker({ periodFrames: 480 })
      const opener = new sdl.PacketOpener({ format: 'seq-pts', key: remotes.KEY })
      const receiver = new sdl.Receiver({ source: device.createSource(), opener })
      assert.deepEqual(Object.values(receiver.stats()).filter((value) => value !== 0), [])
      device.play()
      const remote = new remotes.Remote()
      const stranger = new remotes.Remote({ key: Buffer.alloc(32, 1) })
      const first = remote.packet()
      receiver.push(first)
      receiver.push(first)
      receiver.push(stranger.packet())
      receiver.push(Buffer.alloc(0))
      receiver.push(first.subarray(0, 30))
      receiver.push(Buffer.alloc(3000, 1))
      receiver.push(new Uint8Array(40_000))
      await until(() => receiver.stats().packets === 7)
      const { refused, malformed, unauthentic, replayed, overflowed } = receiver.stats()
      // The stranger's first packet has the number of ours: it came before, whoever sealed it.
      assert.deepEqual({ refused, malformed, replayed, unauthentic, overflowed }, { refused: 5, malformed: 3, replayed: 2, unauthentic: 0, overflowed: 1 })
      receiver.push(stranger.packet())
      await until(() => receiver.stats().unauthentic === 1)
      remote.packet()
      const stop = remote.speak(receiver)
      await until(() => receiver.stats().lost === 1)
      stop()
      receiver.close()
      device.close()
    }))

  it('is the one writer of its source while it lives', () =>
    perform(REAL_TIME, ({ assert, sdl, speaker, codeOf, remotes }) => {
      const device = speaker({ periodFrames: 480 })
      const source = device.createSource()
      const receiver = new sdl.Receiver({ source, codec: 'pcm' })
      assert.equal(codeOf(() => source.write(new Float32Array(480))), 'ERR_AUDIO_WRITER_TAKEN')
      const opener = new sdl.PacketOpener({ format: 'seq-pts', key: remotes.KEY })
      assert.equal(codeOf(() => new sdl.Receiver({ source, opener })), 'ERR_AUDIO_WRITER_TAKEN')
      assert.equal(opener.closed, false)
      receiver.close()
      assert.equal(receiver.closed, true)
      for (const call of [() => receiver.push(Buffer.alloc(1)), () => receiver.stats(), () => receiver.setMode({ fixedMs: 40 }), () => receiver.close()]) {
        assert.equal(codeOf(call), 'ERR_AUDIO_CLOSED')
      }
      new sdl.Receiver({ source, opener })[Symbol.dispose ?? Symbol.for('nodejs.dispose')]()
      assert.equal(opener.closed, true)
      assert.equal(source.write(new Float32Array(480)), 480)
      assert.equal(codeOf(() => new sdl.Receiver({ source })), 'ERR_AUDIO_WRITER_TAKEN')
      device.close()
    }))

  it('refuses what does not fit together, and the opener stays as it was', () =>
    perform(REAL_TIME, ({ assert, sdl, speaker, codeOf, remotes }) => {
      const device = speaker({ periodFrames: 480 })
      const source = device.createSource()
      const opener = new sdl.PacketOpener({ format: 'seq-pts', key: remotes.KEY })
      const xiaozhi = new sdl.PacketOpener({ format: 'xiaozhi', key: remotes.KEY.subarray(0, 16) })
      const clock = new sdl.PlayoutClock()
      const ring = sdl.SharedRing.allocate({ frames: 4800, channels: 1 })
      for (const wrong of [
        undefined, null, {}, { source: device }, { source, codec: 'mp3' }, { source, opener: {} }, { source, opener: null }, { source, mode: 7 },
        { source, clock: {} }, { source, track: 'voice' }, { source, clock, track: '' }, { source, opener: xiaozhi, codec: 'pcm' },
        { source: device.createSource({ ring }) }, { source, opener, mode: { auto: 1 } },
      ]) assert.equal(codeOf(() => new sdl.Receiver(wrong)), 'ERR_AUDIO_INVALID_ARG')
      for (const wrong of [{ source, opener, mode: { fixedMs: -1 } }, { source: device.createSource({ targetMs: 39 }), opener }]) {
        assert.equal(codeOf(() => new sdl.Receiver(wrong)), 'ERR_AUDIO_OUT_OF_RANGE')
      }
      const closed = device.createSource()
      closed.close()
      assert.equal(codeOf(() => new sdl.Receiver({ source: closed })), 'ERR_AUDIO_CLOSED')
      assert.equal(opener.closed || xiaozhi.closed || clock.closed, false)
      const receiver = new sdl.Receiver({ source, opener })
      const gone = new Uint8Array(8)
      structuredClone(gone.buffer, { transfer: [gone.buffer] })
      for (const wrong of [undefined, null, 8, 'bytes', {}, [1, 2], new ArrayBuffer(8), new Float32Array(8), Buffer.from(new SharedArrayBuffer(8)), gone]) {
        assert.equal(codeOf(() => receiver.push(wrong)), 'ERR_AUDIO_INVALID_ARG')
      }
      for (const wrong of [NaN, Infinity, '1', null, {}]) assert.equal(codeOf(() => receiver.push(Buffer.alloc(1), wrong)), 'ERR_AUDIO_INVALID_ARG')
      assert.equal(codeOf(() => receiver.push(Buffer.alloc(1), 1e300)), 'ERR_AUDIO_OUT_OF_RANGE')
      device.close()
    }))

  it('goes on after a pause at the time that it is', () =>
    perform(REAL_TIME, async ({ assert, sdl, speaker, until, delay, remotes }) => {
      const device = speaker({ periodFrames: 480 })
      const receiver = new sdl.Receiver({ source: device.createSource(), codec: 'pcm', mode: { fixedMs: 100 } })
      device.play()
      const stop = new remotes.Remote({ format: 'clear' }).speak(receiver)
      await until(() => receiver.stats().packets > 50)
      device.pause()
      await until(() => receiver.stats().discarded > 50)
      device.play()
      const { discarded, packets } = receiver.stats()
      await until(() => receiver.stats().packets > packets + 50)
      const stats = receiver.stats()
      // A hundred packets in the background would be two seconds of delay.
      assert.ok(stats.delayMs < 400 && stats.discarded < discarded + 40, JSON.stringify(stats))
      stop()
      await delay(1)
      device.close()
    }))

  it('is silent after its source, its device or its thread has ended, and nothing of that is an error', () =>
    perform(REAL_TIME, async ({ assert, sdl, audio, speaker, until, delay, codeOf, startWorker, remotes }) => {
      const device = speaker({ periodFrames: 480 })
      device.play()
      const sources = [device.createSource(), device.createSource()]
      const receivers = sources.map((source) => new sdl.Receiver({ source, codec: 'pcm' }))
      const stops = receivers.map((receiver) => new remotes.Remote({ format: 'clear' }).speak(receiver))
      await until(() => receivers.every((receiver) => receiver.stats().packets > 10))
      sources[0].close()
      await delay(60)
      receivers[0].setMode({ fixedMs: 60 })
      assert.equal(receivers[0].closed, false)
      assert.ok(receivers[0].stats().packets > 10)

      const shared = device.createSource()
      const other = startWorker(async ({ audio, sdl, tell, until, remotes }, handle) => {
        const receiver = new sdl.Receiver({ source: audio.attach(handle), codec: 'pcm' })
        new remotes.Remote({ format: 'clear' }).speak(receiver)
        await until(() => receiver.stats().packets > 10)
        tell('speaking')
        await until(() => false)
      }, shared.handle)
      await other.told
      assert.equal(codeOf(() => shared.write(new Float32Array(4))), 'ERR_AUDIO_WRITER_TAKEN')
      await other.worker.terminate()
      await until(() => codeOf(() => shared.write(new Float32Array(4))) === 'none')

      device.close()
      await delay(60)
      const { packets } = receivers[1].stats()
      assert.ok(packets > 10)
      for (const stop of stops) stop()
      for (const receiver of receivers) receiver.close()
    }))

  it('keeps no process alive, and lets it end though somebody still speaks', () =>
    perform(REAL_TIME, async ({ sdl, speaker, until, remotes }) => {
      const device = speaker({ periodFrames: 480 })
      device.play()
      const receiver = new sdl.Receiver({ source: device.createSource(), codec: 'pcm' })
      const remote = new remotes.Remote({ format: 'clear' })
      const stop = remote.speak(receiver)
      await until(() => receiver.stats().packets > 20)
      stop()
      const timer = setInterval(() => receiver.push(remote.packet()), 20)
      timer.unref()
    }))

  it('ends at once when the process is told to exit, however many of them play', () =>
    perform(REAL_TIME, async ({ sdl, speaker, until, remotes }) => {
      const device = speaker({ periodFrames: 480 })
      device.play()
      const clock = new sdl.PlayoutClock()
      const receivers = Array.from({ length: 50 }, (_, index) =>
        new sdl.Receiver({ source: device.createSource(), codec: 'pcm', clock, track: `audio ${index}` }))
      const remote = new remotes.Remote({ format: 'clear' })
      setInterval(() => {
        const packet = remote.packet()
        for (const receiver of receivers) receiver.push(packet)
      }, 20)
      await until(() => receivers.every((receiver) => receiver.stats().packets > 10))
      setTimeout(() => process.exit(0), 50)
    }))

  it('gives its source back and closes its track when nobody holds it any more', () =>
    perform(REAL_TIME, async ({ assert, sdl, speaker, until, codeOf }) => {
      require('node:v8').setFlagsFromString('--expose-gc')
      const collect = require('node:vm').runInNewContext('gc')
      const device = speaker({ periodFrames: 480 })
      const source = device.createSource()
      const receive = () => new sdl.Receiver({ source, codec: 'pcm', clock: new sdl.PlayoutClock() }).stats().packets
      assert.equal(receive(), 0)
      await until(() => {
        collect()
        return codeOf(() => source.write(new Float32Array(4))) === 'none'
      })
      device.close()
    }))

  it('lets go of what comes while its device is lost', () =>
    perform({ driver: 'disk', delayMs: 1 }, async ({ assert, sdl, audio, until, heard, remotes }) => {
      // The disk driver loses a device whose file takes no more.
      const device = audio.openDevice({ type: 'playback', name: '/dev/full' }, { periodFrames: 480, onLost: 'fail' })
      const receiver = new sdl.Receiver({ source: device.createSource(), codec: 'pcm' })
      const stop = new remotes.Remote({ format: 'clear' }).speak(receiver)
      device.play()
      await heard(device, 'lost')
      const { packets } = receiver.stats()
      // Lost for good: what comes is let go.
      await until(() => receiver.stats().packets > packets + 120 && receiver.stats().discarded > 50)
      assert.ok(receiver.stats().cutFrames === 0)
      stop()
      device.close()
    }))

  it('sounds again, at the time that it is, when its audio server was killed and restarted', () =>
    perform({ driver: 'pulseaudio', patienceMs: PATIENCE_MS }, async ({ assert, audio, sdl, until, remotes }) => {
      const server = await require('../audio-server.cjs').startAudioServer()
      try {
        Object.assign(process.env, server.env)
        const output = audio.openDevice({ type: 'playback' }, { periodFrames: 480 })
        const told = []
        for (const type of ['lost', 'restored']) output.on(type, () => told.push(type))
        const source = output.createSource()
        const receiver = new sdl.Receiver({ source, codec: 'pcm', mode: { fixedMs: 150 } })
        output.play()
        const stop = new remotes.Remote({ format: 'clear' }).speak(receiver)
        /** What a person would hear: much of the tone has been taken by the device and little of it was made up. */
        const sounds = async () => {
          const [{ concealed }, { playedFrames }] = [receiver.stats(), source.stats()]
          await until(() => source.stats().playedFrames > playedFrames + 48_000)
          return receiver.stats().concealed - concealed < 24_000
        }
        await until(sounds)
        for (let round = 0; round < 3; round++) {
          await server.kill('SIGKILL')
          await until(() => told.at(-1) === 'lost')
          const { packets } = receiver.stats()
          await until(() => receiver.stats().packets > packets + 50)
          await server.restart()
          await until(() => told.at(-1) === 'restored')
          await until(sounds)
          const { delayMs, discarded } = receiver.stats()
          assert.ok(delayMs < 400 && discarded > 20 * (round + 1), `${delayMs} ${discarded}`)
        }
        stop()
        output.close()
      } finally {
        await server.stop()
      }
    }))

  it('does not let one remote who floods it disturb another, nor take memory without end', () =>
    perform(REAL_TIME, async ({ assert, sdl, speaker, until, remotes }) => {
      const device = speaker({ periodFrames: 480 })
      device.play()
      const sources = Array.from({ length: 4 }, () => device.createSource())
      const [calm, ...flooded] = sources.map((source) => new sdl.Receiver({ source, codec: 'pcm', mode: { fixedMs: 400 } }))
      const stop = new remotes.Remote({ format: 'clear' }).speak(calm)
      await until(() => calm.stats().packets > 50)
      const rubbish = [Buffer.alloc(60, 1), Buffer.alloc(1400, 1), new remotes.Remote({ format: 'clear' }).packet(), Buffer.alloc(1)]
      const before = process.memoryUsage().rss
      for (let round = 0; round < 100; round++) {
        for (let index = 0; index < 10_000; index++) flooded[index % 3].push(rubbish[index & 3])
        await new Promise(setImmediate)
      }
      await until(() => calm.stats().packets > 150)
      const grown = process.memoryUsage().rss - before
      stop()
      const { concealed, lost, late, overflowed } = calm.stats()
      assert.deepEqual({ lost, late, overflowed }, { lost: 0, late: 0, overflowed: 0 })
      assert.equal(concealed, 0)
      assert.equal(sources[0].stats().underruns, 0)
      for (const receiver of flooded) {
        const { packets, overflowed } = receiver.stats()
        assert.ok(overflowed > 100_000 && packets > overflowed, `${packets} ${overflowed}`)
      }
      assert.ok(grown < 64 << 20, `${grown}`)
      device.close()
    }))

  it('tells a clock what is heard, so that a picture can follow, on another thread too', () =>
    perform(REAL_TIME, async ({ assert, sdl, speaker, until, startWorker, remotes }) => {
      const device = speaker({ periodFrames: 480 })
      device.play()
      const clock = new sdl.PlayoutClock()
      const receiver = new sdl.Receiver({ source: device.createSource(), codec: 'pcm', clock, track: 'voice' })
      const begunUs = Number(process.hrtime.bigint() / 1000n)
      const stop = new remotes.Remote({ format: 'clear' }).speak(receiver)
      await until(() => receiver.stats().packets > 60)
      const look = ({ sdl }, handle, begunUs) => {
        const clock = sdl.PlayoutClock.attach(handle)
        const mediaUs = Number(process.hrtime.bigint() / 1000n) - begunUs
        // Long gone, and in a while.
        return [clock.syncCheck('picture', mediaUs - 2e6).action, clock.syncCheck('picture', mediaUs + 2e6).action, clock.jitterMs >= 0]
      }
      assert.deepEqual(look({ sdl }, clock.handle, begunUs), ['skip', 'wait', true])
      assert.deepEqual(await startWorker(look, clock.handle, begunUs).done, ['skip', 'wait', true])
      // It outlives the clock that it was given.
      clock.close()
      const { packets } = receiver.stats()
      await until(() => receiver.stats().packets > packets + 10)
      stop()
      device.close()
    }))
})
