'use strict'

const assert = require('node:assert/strict')
const { perform, run, PATIENCE_MS } = require('./studio.cjs')
const { startAudioServer } = require('../audio-server.cjs')

const PACED = { delayMs: 1 }

describe('Events', function () {
  this.timeout(PATIENCE_MS)

  describe('underrun', () => {
    it('comes once for each time that the data ran out, and says where, to the frame', () =>
      perform(PACED, async ({ assert, speaker, recorded, playedOut, signals, until }) => {
        const device = speaker({ format: 's16', periodFrames: 48 })
        const told = []
        device.on('underrun', (event) => told.push(event))
        device.play()
        const sounds = []
        for (let episode = 0; episode < 6; episode++) {
          // What begins with silence comes back as it is, so that its place can be found.
          const sound = Buffer.concat([Buffer.alloc(2), signals.noise(episode, 2 * (100 + 77 * episode))])
          device.enqueue(sound)
          sounds.push(sound)
          await playedOut(device)
          const { frames } = device.stats()
          await until(() => device.stats().underruns === episode + 1 && device.stats().frames > frames + 500)
        }
        await until(() => told.length === 6)
        const { underruns } = device.stats()
        device.close()
        const heard = await recorded()
        const places = sounds.map((sound) => heard.indexOf(sound.subarray(2, 66)) / 2 - 1)
        // SDL writes silence to the tape by itself until the device runs: that is not counted.
        const lead = places[0] + sounds[0].length / 2 - told[0].from
        assert.ok(lead >= 0 && lead % 48 === 0)
        told.forEach(({ type, from, to, frames, ended, source }, episode) => {
          assert.deepEqual([type, source], ['underrun', null])
          assert.equal(from + lead, places[episode] + sounds[episode].length / 2)
          assert.equal(frames, to - from)
          if (ended) assert.equal(to + lead, places[episode + 1])
        })
        assert.equal(underruns, 6)
        assert.ok(told.some(({ ended }) => ended))
      }))

    it('is told while it lasts, and then not once more when it ends', () =>
      perform(PACED, async ({ assert, speaker, heard, playedOut, until }) => {
        const device = speaker({ periodFrames: 48 })
        let told = 0
        device.on('underrun', () => told++)
        device.play()
        for (let episode = 1; episode <= 2; episode++) {
          device.enqueue(Buffer.alloc(4800))
          const { ended, frames } = await heard(device, 'underrun')
          assert.equal(ended, false)
          assert.ok(frames > 0)
          assert.equal(told, episode)
        }
        device.enqueue(Buffer.alloc(4800))
        await playedOut(device)
        await until(() => told === 3)
        assert.equal(device.stats().underruns, 3)
        device.close()
      }))

    it('does not come before there was data, while paused, or after a clear', () =>
      perform(PACED, async ({ assert, speaker, until, heard }) => {
        const device = speaker({ periodFrames: 48 })
        const passing = async () => {
          const from = device.stats().frames
          await until(() => device.stats().frames > from + 500)
        }
        device.play()
        await passing()
        device.enqueue(Buffer.alloc(4 * 48000))
        await passing()
        device.clearQueue()
        await passing()
        device.enqueue(Buffer.alloc(4 * 48000))
        await passing()
        device.pause()
        await passing()
        assert.deepEqual([device.stats().underruns, device.stats().underrunFrames], [0, 0])
        device.play()
        await heard(device, 'underrun')
        assert.equal(device.stats().underruns, 1)
        device.close()
      }))

    it('waits for a thread that is busy', () =>
      perform(PACED, async ({ assert, speaker, heard }) => {
        const device = speaker({ periodFrames: 48 })
        device.enqueue(Buffer.alloc(480))
        device.play()
        while (device.stats().underrunFrames < 20_000) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5)
        assert.ok((await heard(device, 'underrun')).frames > 0)
        device.close()
      }))

    it('reaches every thread that has the device, by each of its instances', () =>
      perform(PACED, async ({ assert, speaker, audio, heard, startWorker }) => {
        const device = speaker({ periodFrames: 48 })
        const twin = audio.attach(device.handle)
        const other = startWorker(async ({ audio, heard, tell }, handle) => {
          const device = audio.attach(handle)
          const event = heard(device, 'underrun')
          tell('ready')
          const { from, frames } = await event
          return { from, frames }
        }, device.handle)
        await other.told
        const all = [heard(device, 'underrun'), heard(twin, 'underrun'), other.done]
        device.enqueue(Buffer.alloc(480))
        device.play()
        const [first, ...rest] = (await Promise.all(all)).map(({ from, frames }) => ({ from, frames }))
        assert.deepEqual(rest, [first, first])
        device.close()
        twin.close()
      }))
  })

  describe('overrun', () => {
    for (const onOverflow of ['drop-oldest', 'drop-newest']) {
      it(`comes once for each time that the queue was full, and says how much was lost (${onOverflow})`, () =>
        perform(PACED, async ({ assert, microphone, until, PipeMicrophone }, onOverflow) => {
          const pipe = new PipeMicrophone()
          const options = { format: 'u8', frequency: 8000, maxQueuedMs: 125, periodFrames: 64, onOverflow }
          const device = microphone(options, pipe.file)
          const told = []
          device.on('overrun', (event) => told.push(event))
          device.play()
          let fed = 0
          const feed = async (blocks) => {
            await pipe.feed(Buffer.alloc(64 * blocks, 1))
            fed += 64 * blocks
            await until(() => device.stats().frames === fed)
          }
          let [from, lost] = [0, 0]
          for (let episode = 1; episode <= 4; episode++) {
            // 1000 frames fit: 15 blocks and 40 frames of the next.
            from = fed + 15 * 64
            await feed(15 + episode)
            lost += 64 * (15 + episode) - 1000
            if (episode % 2) await until(() => told.length === episode)
            assert.equal(device.read(new Uint8Array(1000)), 1000)
            assert.equal(device.queuedFrames, 0)
            await feed(1)
            assert.equal(device.read(new Uint8Array(64)), 64)
            await until(() => told.length === episode)
            const { overruns, overrunFrames } = device.stats()
            assert.deepEqual([overruns, overrunFrames], [episode, lost])
            const last = told.at(-1)
            assert.deepEqual([last.type, last.from, last.source], ['overrun', from, null])
            assert.equal(last.frames, 64 * (15 + episode) - 1000, last.ended ? 'at its end' : 'while it lasted')
            assert.equal(last.ended, episode % 2 === 0)
          }
          pipe.end()
          device.close()
        }, onOverflow))
    }
  })

  describe('lost', () => {
    it('comes when the device breaks; its queue waits, and everything goes on and can be closed', () =>
      perform(PACED, async ({ assert, speaker, until }) => {
        const device = speaker({ periodFrames: 480 }, '/dev/full')
        const told = []
        for (const type of ['lost', 'restored']) device.on(type, (event) => told.push(event))
        device.play()
        await until(() => told.length > 0)
        assert.deepEqual(told[0], { type: 'lost' })
        device.enqueue(Buffer.alloc(4 * 48000))
        assert.equal(device.write(new Float32Array(480)), 0)
        // It is opened again, and breaks again: each is told in its turn, and no more often than makes sense.
        await until(() => told.length >= 4)
        for (const [at, { type }] of told.entries()) assert.equal(type, ['lost', 'restored'][at % 2])
        device.pause()
        const { writtenFrames, playedFrames, discardedFrames, queuedFrames } = device.stats()
        assert.deepEqual([writtenFrames, discardedFrames, playedFrames + queuedFrames], [48000, 0, 48000])
        device.clearQueue()
        device.close()
      }))

    it("makes every call on the data say so, with onLost: 'fail'", () =>
      perform(PACED, async ({ assert, speaker, heard, codeOf, startWorker }) => {
        const device = speaker({ periodFrames: 480, onLost: 'fail' }, '/dev/full')
        await heard(device, 'lost')
        assert.equal(codeOf(() => device.enqueue(Buffer.alloc(4))), 'ERR_AUDIO_DEVICE_LOST')
        assert.equal(codeOf(() => device.write(new Float32Array(1))), 'ERR_AUDIO_DEVICE_LOST')
        const waiting = startWorker(({ audio, codeOf }, handle) => {
          const device = audio.attach(handle)
          return codeOf(() => device.waitForSpace(1, 60_000))
        }, device.handle)
        assert.equal(await waiting.done, 'ERR_AUDIO_DEVICE_LOST')
        device.close()
      }))

    for (const type of ['playback', 'recording']) {
      it(`comes when the audio server is killed; nothing hangs, and the process ends by itself (${type})`, async () => {
        const server = await startAudioServer()
        try {
          const { env, pid } = server
          await perform({ driver: 'pulseaudio', env }, async ({ assert, audio, heard, until, startWorker }, type, pid) => {
            const device = audio.openDevice({ type }, { periodFrames: 256 })
            const other = startWorker(async ({ audio, heard, tell }, handle) => {
              const device = audio.attach(handle)
              const lost = heard(device, 'lost')
              device.ref()
              tell('ready')
              await lost
              device.close()
            }, device.handle)
            device.play()
            if (type === 'playback') device.enqueue(Buffer.alloc(4 * 480_000))
            await until(() => device.stats().callbacks > 3)
            await other.told
            const lost = heard(device, 'lost')
            process.kill(pid, 'SIGKILL')
            assert.deepEqual(await lost, { type: 'lost' })
            await other.done
            device.close()
            // Whatever comes of it: an answer, or an error with a code.
            try {
              audio.openDevice({ type }).close()
            } catch ({ code }) {
              assert.match(code, /^ERR_AUDIO_/)
            }
          }, type, pid)
        } finally {
          await server.stop()
        }
      })
    }
  })

  describe('close', () => {
    it('comes once, and after it no listener is left', () =>
      perform(PACED, async ({ assert, speaker, codeOf }) => {
        const device = speaker()
        const told = []
        device.on('close', (...args) => told.push(args))
        device.on('*', (...args) => told.push(args))
        device.close()
        assert.deepEqual(told, [[], ['close']])
        assert.equal(codeOf(() => device.close()), 'ERR_AUDIO_CLOSED')
        assert.equal(told.length, 2)
        assert.equal(device.listenerCount('close') + device.listenerCount('*'), 0)
      }))

    it('may find the device closed by one of its listeners', () =>
      perform(PACED, async ({ assert, speaker }) => {
        const device = speaker()
        let told = 0
        device.on('close', () => {
          told++
          if (!device.closed) device.close()
        })
        device.close()
        assert.deepEqual([told, device.closed], [1, true])
      }))

    it('closes though a listener of it throws', () =>
      perform(PACED, async ({ assert, speaker, recorded }) => {
        const device = speaker()
        device.on('close', () => { throw new Error('the listener fails') })
        assert.throws(() => device.close(), /the listener fails/)
        assert.equal(device.closed, true)
        await recorded()
      }))

    it('comes at the end of a block that uses the device', () =>
      perform(PACED, async ({ assert, speaker }) => {
        const device = speaker()
        let told = 0
        device.on('close', () => told++)
        device[Symbol.dispose]()
        device[Symbol.dispose]()
        assert.deepEqual([told, device.closed], [1, true])
      }))

    for (const [linked, args] of [['', []], [', though each closes the other', ['linked']]]) {
      it(`comes to what is still open when the process ends${linked}`, async () => {
        const { code, stdout, stderr } = await run('ends-open.cjs', { ...PACED, args })
        assert.deepEqual([code, stderr], [0, ''])
        assert.deepEqual(stdout.split('\n').filter(Boolean).sort(), ['playback closed', 'recording closed'])
      })
    }
  })

  it("are all heard by '*', the type first", () =>
    perform(PACED, async ({ assert, speaker, until }) => {
      const device = speaker({ periodFrames: 48 })
      const told = []
      device.on('*', (...args) => told.push(args))
      device.enqueue(Buffer.alloc(480))
      device.play()
      await until(() => told.length > 0)
      device.close()
      assert.deepEqual(told.map(([type, event]) => [type, event?.type]), [['underrun', 'underrun'], ['close', undefined]])
    }))

  it('have known names, and others are refused', () =>
    perform(PACED, async ({ assert, speaker, microphone, audio, codeOf }) => {
      const device = speaker()
      const input = microphone({}, '/dev/zero')
      const refused = (emitter, type) => codeOf(() => emitter.on(type, () => {})) === 'ERR_AUDIO_INVALID_ARG'
      for (const type of ['underrun', 'lost', 'restored', 'error', 'close', '*']) assert.equal(refused(device, type), false, type)
      for (const type of ['overrun', 'lost', 'restored', 'error', 'close', '*']) assert.equal(refused(input, type), false, type)
      for (const type of ['deviceAdd', 'deviceRemove', '*']) assert.equal(refused(audio, type), false, type)
      for (const type of ['overrun', 'data', 'Close', '', 'deviceAdd']) assert.equal(refused(device, type), true, type)
      for (const type of ['underrun', 'end']) assert.equal(refused(input, type), true, type)
      for (const type of ['lost', 'deviceadd']) assert.equal(refused(audio, type), true, type)
      device.close()
      input.close()
    }))

  it('tell of devices that come and go, without a timer and without keeping the process alive', async () => {
    const server = await startAudioServer()
    try {
      const { env } = server
      await perform({ driver: 'pulseaudio', env }, async ({ assert, audio, heard, until, delay }) => {
        const { execFileSync } = require('node:child_process')
        const pactl = (...args) => execFileSync('pactl', args, { encoding: 'utf8' }).trim()
        const load = (name) => pactl('load-module', 'module-null-sink', `sink_properties=device.description=${name}`)
        const listed = () => audio.devices.filter(({ name }) => name === 'late')

        // SDL subscribes to changes in the background: what comes before it has done so goes by unseen.
        const first = heard(audio, 'deviceAdd')
        assert.ok(!process.getActiveResourcesInfo().includes('Timeout'))
        do load('early'); while (!(await Promise.race([first, delay(500)])))

        const told = []
        audio.on('*', (type, event) => { if (event.device.name === 'late') told.push([type, event]) })
        assert.deepEqual(listed(), [])
        const module = load('late')
        await until(() => told.length > 0)
        const [[, { device }]] = told
        assert.deepEqual(listed(), [device])
        pactl('unload-module', module)
        await until(() => told.length > 1)
        assert.deepEqual(listed(), [])
        assert.deepEqual(device, { name: 'late', type: 'playback' })
        assert.deepEqual(told, ['deviceAdd', 'deviceRemove'].map((type) => [type, { type, device }]))
      })
    } finally {
      await server.stop()
    }
  })

  for (const end of ['unref', 'close']) {
    it(`keep no process alive, unless the device is referenced, and then until ${end}()`, async () => {
      const { stdout } = await run('referenced.cjs', { ...PACED, args: [end] })
      assert.equal(stdout, 'heard the underrun\n')
    })
  }
})
