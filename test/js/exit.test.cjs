'use strict'

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { startAudioServer } = require('../audio-server.cjs')
const { perform, run, PATIENCE_MS } = require('./studio.cjs')
const { noise, startOfNoise } = require('./signals.cjs')

const PACED = { delayMs: 1 }
/** So long an audio server may take to answer. */
const GIVES_UP_AFTER_MS = 15_000
const SITUATIONS = [
  'playback',
  'capture',
  'a worker that plays',
  'a worker that waits for space',
  'a worker that waits for frames',
]

// Whoever hangs is ended by the watchdog of `run`, which fails the test.
describe('A process', function () {
  this.timeout(PATIENCE_MS)

  for (const situation of SITUATIONS) {
    for (const [ending, status] of [['process.exit()', 0], ['process.exit(7)', 7], ['an uncaught error', 1], ['an error that a worker did not catch', 1]]) {
      it(`ends by ${ending} during ${situation}`, async () => {
        const { code, signal, stderr } = await run('ends.cjs', { ...PACED, args: [situation, ending] })
        assert.deepEqual([code, signal], [status, null], stderr)
        if (status !== 1) assert.equal(stderr, '')
      })
    }

    for (const name of ['SIGINT', 'SIGTERM']) {
      it(`is ended by ${name} during ${situation}`, async () => {
        const begun = (child) => child.stdout.once('data', () => child.kill(name))
        const { code, signal, stderr } = await run('ends.cjs', { ...PACED, args: [situation, 'a signal'], begun })
        assert.deepEqual([code, signal, stderr], [null, name, ''])
      })
    }
  }

  it('keeps its own handler of SIGINT', async () => {
    const begun = (child) => child.stdout.once('data', () => child.kill('SIGINT'))
    const end = await run('ends.cjs', { ...PACED, args: ['playback', 'a signal that it handles'], begun })
    assert.deepEqual([end.code, end.signal, end.stdout], [3, null, 'ready\nhandled\n'])
  })

  for (const story of [
    'a device that plays',
    'two devices that play',
    'a device of which another instance was closed',
    'a worker whose device plays',
  ]) {
    it(`with ${story} and nothing else to do stays until all is heard`, async () => {
      const { code, signal, stderr, dir } = await run('plays-to-the-end.cjs', { args: [story] })
      assert.deepEqual([code, signal, stderr], [0, null, ''])
      const sound = noise(1, 2 * 9600)
      const heard = fs.readFileSync(path.join(dir, 'tape'))
      const start = startOfNoise(heard)
      assert.ok(heard.subarray(start, start + sound.length).equals(sound))
    })
  }

  for (const story of [
    'a paused device',
    'a worker that exits while its device plays',
    'a worker that fails while its device plays',
    'a microphone',
    'a device that is lost meanwhile',
    'a worker that never stops rendering to a device of both',
    'a device that is paused meanwhile',
    'a device that is cleared meanwhile',
    'a device that is closed meanwhile',
  ]) {
    it(`with ${story} and nothing else to do ends`, async () => {
      const { code, signal, stderr } = await run('plays-to-the-end.cjs', { args: [story] })
      assert.deepEqual([code, signal, stderr], [0, null, ''])
    })
  }

  describe('on an audio server', () => {
    let server
    before(async () => { server = await startAudioServer() })
    after(() => server.stop())
    const onServer = (program, options) => run(program, { driver: 'pulseaudio', env: server.env, ...options })

    for (const situation of ['playback', 'capture', 'a worker that plays', 'a worker that waits for space']) {
      for (const [ending, status] of [['process.exit(7)', 7], ['an uncaught error', 1]]) {
        it(`ends by ${ending} during ${situation}`, async () => {
          const { code, signal, stderr } = await onServer('ends.cjs', { args: [situation, ending] })
          assert.deepEqual([code, signal], [status, null], stderr)
        })
      }

      it(`is ended by SIGINT during ${situation}`, async () => {
        const begun = (child) => child.stdout.once('data', () => child.kill('SIGINT'))
        const { code, signal, stderr } = await onServer('ends.cjs', { args: [situation, 'a signal'], begun })
        assert.deepEqual([code, signal, stderr], [null, 'SIGINT', ''])
      })
    }

    describe('that hangs', () => {
      beforeEach(() => { server.env.AUDIO_SERVER_PID = String(server.pid) })
      afterEach(() => process.kill(server.pid, 'SIGCONT'))
      const situation = 'playback on an audio server that hangs'

      for (const [ending, status] of [['process.exit(7)', 7], ['an uncaught error', 1]]) {
        it(`ends by ${ending} during playback`, async () => {
          const { code, signal, stderr } = await onServer('ends.cjs', { args: [situation, ending] })
          assert.deepEqual([code, signal], [status, null], stderr)
        })
      }

      it('is ended by SIGINT during playback', async () => {
        const begun = (child) => child.stdout.once('data', () => child.kill('SIGINT'))
        const { code, signal, stderr } = await onServer('ends.cjs', { args: [situation, 'a signal'], begun })
        assert.deepEqual([code, signal, stderr], [null, 'SIGINT', ''])
      })

      for (const call of ['openDevice', 'devices', 'info']) {
        it(`ends by process.exit(7) while a worker waits for ${call}, and not only when the worker gives up`, async () => {
          const began = performance.now()
          const { code, signal, stderr } = await onServer('ends.cjs', { args: [`a worker in ${call} on an audio server that hangs`, 'process.exit(7)'] })
          assert.deepEqual([code, signal, stderr], [7, null, ''])
          assert.ok(performance.now() - began < GIVES_UP_AFTER_MS)
        })
      }

      it('and a worker that is terminated while it opens a device leaves none', () =>
        perform({ driver: 'pulseaudio', env: server.env }, async ({ assert, audio, startWorker, threads, until, delay }, pid) => {
          assert.ok(audio.devices.length > 0)
          process.kill(pid, 'SIGSTOP')
          const { worker, told } = startWorker(({ audio, tell }) => {
            tell('opens')
            audio.openDevice({ type: 'playback' })
          })
          await told
          await delay(100)
          assert.equal(await worker.terminate(), 1)
          process.kill(pid, 'SIGCONT')
          // It stands behind the other with the service.
          audio.openDevice({ type: 'playback' }).close()
          await until(() => !threads().some((name) => name.startsWith('SDLAudio')))
        }, server.pid))

      it('with something to play and nothing else to do ends', async () => {
        const { code, signal, stderr } = await onServer('plays-to-the-end.cjs', { args: ['an audio server that hangs'] })
        assert.deepEqual([code, signal, stderr], [0, null, ''])
      })
    })

    it('with a device that plays and nothing else to do stays until all is heard', async () => {
      const take = await server.startRecording()
      const { code, signal, stderr } = await onServer('plays-to-the-end.cjs', { args: ['a device that plays'] })
      assert.deepEqual([code, signal, stderr], [0, null, ''])
      const left = (await take.stop()).filter((_, at) => at % server.channels === 0)
      const sound = noise(1, 2 * 9600)
      const sample = (at) => sound.readInt16LE(2 * at) / 32768
      const start = left.findIndex((_, at) => [0, 1, 2, 3].every((n) => left[at + n] === sample(n)))
      assert.notEqual(start, -1)
      for (let frame = 0, at = start; frame < 9600; frame++, at++) {
        // A busy machine may put silence in between; nothing may be missing for it.
        while (left[at] === 0 && sample(frame) !== 0) at++
        assert.equal(left[at], sample(frame), `frame ${frame}`)
      }
    })
  })
})
