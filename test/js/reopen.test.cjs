'use strict'

const { perform, PATIENCE_MS } = require('./studio.cjs')

describe('A device that comes back', function () {
  this.timeout(2 * PATIENCE_MS)

  it('sounds again each time that its audio server was killed and restarted, and so do its sources, taps and other holders', () =>
    perform({ driver: 'pulseaudio', patienceMs: PATIENCE_MS }, async ({ assert, audio, signals, until, tasks, openFiles, startWorker, sdl }) => {
      const ROUNDS = 20
      const server = await require('../audio-server.cjs').startAudioServer()
      try {
        Object.assign(process.env, server.env)
        const [output, input] = [
          audio.openDevice({ type: 'playback' }, { channels: 2, periodFrames: 256 }),
          audio.openDevice({ type: 'recording' }, { channels: 2, periodFrames: 256 }),
        ]
        const told = { output: [], input: [] }
        for (const [name, device] of Object.entries({ output, input })) {
          for (const type of ['lost', 'restored']) device.on(type, (event) => told[name].push(event))
        }
        const elsewhere = startWorker(({ audio, tell }, handle) => {
          const device = audio.attach(handle)
          tell('there')
          device.whenFrames(480_000).catch(() => {})
          return new Promise((resolve) => {
            let restored = 0
            device.on('restored', () => { if (++restored === 20) { device.close(); resolve(restored) } })
          })
        }, input.handle)
        await elsewhere.told
        const source = output.createSource({ targetMs: 500 })
        const tap = input.createTap()
        const ring = sdl.SharedRing.allocate({ frames: 24000, channels: 2 })
        output.createSource({ ring })
        output.play()
        input.play()
        const tone = signals.sine(2 * 4800, { hertz: 300, amplitude: 0.2 })
        const into = new Float32Array(2 * 48000)
        /** Keeps all of them fed until the microphone has heard what they play. */
        const sounds = () => until(() => {
          if (output.queuedFrames < 9600) output.enqueue(signals.bytesOf(tone))
          source.write(tone)
          ring.write(tone)
          input.read(into)
          const frames = tap.read(into)
          return into.subarray(0, 2 * frames).some((sample) => Math.abs(sample) > 0.25)
        })
        /** What both were told last; a busy server may lose a device once more by itself. */
        const bothWere = (type) => Object.values(told).every((events) => events.at(-1)?.type === type)
        await sounds()
        const before = { tasks: tasks().length, files: openFiles().length, rss: process.memoryUsage().rss }
        for (let round = 1; round <= ROUNDS; round++) {
          await server.kill('SIGKILL')
          await until(() => bothWere('lost'))
          const { queuedFrames } = output
          await server.restart()
          await until(() => bothWere('restored'))
          assert.ok(queuedFrames > 0, 'what is queued waits')
          await sounds()
        }
        for (const events of Object.values(told)) {
          for (const [at, { type, gapFrames }] of events.entries()) {
            assert.equal(type, ['lost', 'restored'][at % 2])
            if (at % 2) assert.ok(gapFrames > 0 && gapFrames < 60 * 48000, `${gapFrames}`)
          }
        }
        assert.equal(await elsewhere.done, ROUNDS)
        assert.ok(told.input.length >= 2 * ROUNDS)
        const { writtenFrames, playedFrames, discardedFrames, queuedFrames, gapFrames } = output.stats()
        assert.equal(writtenFrames, playedFrames + discardedFrames + queuedFrames)
        assert.equal(gapFrames, told.output.reduce((sum, event) => sum + (event.gapFrames ?? 0), 0))
        await until(() => tasks().length <= before.tasks)
        assert.ok(openFiles().length <= before.files + 2, `${openFiles().length} files of ${before.files}`)
        assert.ok(process.memoryUsage().rss < before.rss + 30e6)
        output.close()
        input.close()
      } finally {
        await server.stop()
      }
    }))

  it('is given time when it breaks again at once, and its queue waits meanwhile', () =>
    perform({ delayMs: 1 }, async ({ assert, speaker, delay }) => {
      const device = speaker({ periodFrames: 480 }, '/dev/full')
      let lost = 0
      device.on('lost', () => lost++)
      device.enqueue(Buffer.alloc(4 * 480_000))
      device.play()
      await delay(1500)
      assert.ok(lost >= 2 && lost <= 8, `${lost}`)
      assert.equal(device.stats().discardedFrames, 0)
      device.close()
    }))
})
