'use strict'

const { perform, PATIENCE_MS } = require('./studio.cjs')

const PACED = { delayMs: 1 }

// Threads, files and devices of a process, counted before and after.
describe('Nothing is left behind', function () {
  this.timeout(PATIENCE_MS)

  it('when four workers, each with its device, are terminated mid-stream 200 times over', function () {
    // Eight hundred threads: a busy machine needs its time for them.
    const patienceMs = 400_000
    this.timeout(patienceMs + 10_000)
    return perform({ ...PACED, patienceMs }, async ({ assert, audio, startPlayer, until, delay, codeOf, tape, tasks, openFiles, signals }) => {
      const random = signals.randomOf(1)
      const handles = []
      const round = async () => {
        const players = [1, 2, 3, 4].map((n) => startPlayer(tape(`tape-${n}`), n))
        handles.push(...await Promise.all(players.map(({ handle }) => handle)))
        await delay(random.integer(0, 4))
        assert.deepEqual(await Promise.all(players.map(({ worker }) => worker.terminate())), [1, 1, 1, 1])
      }
      const noTapes = () => !openFiles().some((file) => file.includes('tape-'))
      await round()
      await until(noTapes)
      const [threads, files] = [tasks().length, openFiles().length]
      for (let times = 1; times < 200; times++) await round()
      await until(noTapes)
      await until(() => tasks().length <= threads)
      assert.ok(openFiles().length <= files)
      assert.equal(handles.length, 800)
      for (const handle of handles) assert.equal(codeOf(() => audio.attach(handle)), 'ERR_AUDIO_DEVICE_NOT_FOUND')
    })
  })

  it('when workers are terminated while they start and open', () =>
    perform(PACED, async ({ startPlayer, until, delay, tape, tasks, openFiles, signals }) => {
      const random = signals.randomOf(2)
      const round = async () => {
        const players = [1, 2, 3, 4].map((n) => startPlayer(tape(`tape-${n}`), n))
        await Promise.race([...players.map(({ handle }) => handle), delay(random.integer(0, 200))])
        await Promise.all(players.map(({ worker }) => worker.terminate()))
      }
      const noTapes = () => !openFiles().some((file) => file.includes('tape-'))
      await round()
      await until(noTapes)
      const threads = tasks().length
      for (let times = 1; times < 25; times++) await round()
      await until(() => noTapes() && tasks().length <= threads + 2)
    }))

  it('when devices are opened and closed over and over', () =>
    perform({ delayMs: 0 }, async ({ assert, speaker, microphone, until, tasks, openFiles }) => {
      const cycle = async () => {
        const devices = [speaker({ periodFrames: 64 }), microphone({ periodFrames: 64 }, '/dev/zero')]
        for (const device of devices) device.play()
        devices[0].enqueue(Buffer.alloc(4000))
        await until(() => devices.every((device) => device.stats().callbacks > 0))
        for (const device of devices) device.close()
      }
      const quiet = () => !openFiles().some((file) => file.endsWith('/tape') || file === '/dev/zero')
      await cycle()
      await until(quiet)
      const [threads, files] = [tasks().length, openFiles().length]
      for (let times = 0; times < 100; times++) await cycle()
      await until(quiet)
      await until(() => tasks().length <= threads)
      assert.ok(openFiles().length <= files)
    }))
})
