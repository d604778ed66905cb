'use strict'

const assert = require('node:assert/strict')
const { perform, PATIENCE_MS } = require('./studio.cjs')
const { refusedCalls } = require('../programs/refused-calls.cjs')

const FAST = { delayMs: 0 }

describe('Bad input', function () {
  this.timeout(PATIENCE_MS)

  describe('is refused, and nothing is lost by it:', () => {
    /** For each call: the code it threw, and what it changed. */
    let outcomes

    before('while one device plays and another records, both to the end, bit for bit', async () => {
      outcomes = await perform(FAST, async (stage) => {
        const { assert, audio, speaker, microphone, startWorker, signals, until, codeOf, tape, PipeSpeaker, PipeMicrophone } = stage
        const { refusedCalls } = require('./refused-calls.cjs')
        const [speakerPipe, microphonePipe] = [new PipeSpeaker(), new PipeMicrophone()]
        const period = 64
        const s = {
          audio,
          open: (device, options) => audio.openDevice({ type: 'playback', name: '/dev/null', ...device }, options),
          output: speaker({ periodFrames: period }, speakerPipe.file),
          input: microphone({ periodFrames: period }, microphonePipe.file),
          stereo: speaker({ format: 's16', channels: 2 }),
          swapped: speaker({ format: 's16msb' }, '/dev/null'),
          brief: speaker({ format: 'u8', frequency: 1000, maxQueuedMs: 20, capacityMs: 20, periodFrames: 16 }, '/dev/null'),
          theirs: speaker({}, '/dev/null'),
          hearing: microphone({}, '/dev/zero'),
          shut: speaker({}, '/dev/null'),
          deaf: microphone({}, '/dev/zero'),
        }
        const { theirs, hearing, stereo, brief, output, input, shut, deaf } = s
        Object.assign(s, { sdl: stage.sdl, source: brief.createSource({ targetMs: 10 }), tap: hearing.createTap({ maxQueuedMs: 10 }) })
        s.ended = [brief.createSource(), hearing.createTap()]
        for (const held of s.ended) held.close()
        const other = startWorker(async ({ audio, tell, word }, theirs, hearing) => {
          audio.attach(theirs).write(new Float32Array(10))
          audio.attach(hearing).read(new Float32Array(10))
          tell('mine')
          await word()
        }, theirs.handle, hearing.handle)
        await other.told
        shut.close()
        deaf.close()
        const held = signals.noise(1, 400)
        stereo.enqueue(held)
        brief.enqueue(Buffer.alloc(10))

        // Each call finds both devices at work: a block goes through them before it.
        const [played, spoken] = [2, 3].map((seed) => signals.noise(seed, (refusedCalls.length + 400) * period * 4))
        let at = 400 * period * 4
        output.enqueue(played.subarray(0, at))
        const heard = [await speakerPipe.take(period * 4)]
        output.play()
        input.play()
        await microphonePipe.feed(spoken.subarray(0, at))
        const oneBlock = async () => {
          const next = at + period * 4
          output.enqueue(played.subarray(at, next))
          await microphonePipe.feed(spoken.subarray(at, next))
          heard.push(await speakerPipe.take(period * 4))
          at = next
        }

        /** What no refused call may change. */
        const state = () => [
          ...[output, stereo, s.swapped, brief, theirs].map((device) => {
            const { writtenFrames, discardedFrames } = device.stats()
            return [writtenFrames, discardedFrames, device.playing, device.closed]
          }),
          ...[input, hearing].map((device) => {
            const { readFrames, discardedFrames, overrunFrames } = device.stats()
            return [readFrames, discardedFrames, overrunFrames, device.playing, device.closed]
          }),
          stereo.queuedFrames, brief.queuedFrames, theirs.queuedFrames,
        ]

        /** Of a call that throws, or of a promise that rejects. */
        const codeOfAny = async (call) => {
          let answer
          const code = codeOf(() => { answer = call() })
          return code === 'none' && answer instanceof Promise ? answer.then(() => 'none', (error) => error.code ?? error) : code
        }
        const outcomes = []
        for (const { call } of refusedCalls) {
          await oneBlock()
          const before = state()
          outcomes.push([await codeOfAny(() => call(s)), before, state()])
        }

        const rest = speakerPipe.takeAll()
        await until(() => output.queuedFrames === 0)
        output.close()
        const all = Buffer.concat([...heard, await rest])
        const start = signals.startOfNoise(all)
        assert.ok(all.subarray(start, start + played.length).equals(played), 'what was played')

        const recording = Buffer.alloc(spoken.length)
        await until(() => input.queued === spoken.length)
        assert.equal(input.dequeue(recording), spoken.length)
        assert.ok(recording.equals(spoken), 'what was recorded')
        microphonePipe.end()

        stereo.play()
        await until(() => stereo.queuedFrames === 0)
        other.say('end')
        for (const device of Object.values(s)) if (device.closed === false) device.close()
        const tail = await stage.recorded(tape())
        assert.ok(tail.includes(held), 'what was held')
        return outcomes
      })
    })

    refusedCalls.forEach(({ name, code }, index) => {
      it(`${name} → ${code}`, () => {
        const [thrown, before, after] = outcomes[index]
        assert.equal(thrown, code)
        assert.deepEqual(after, before)
      })
    })
  })

  describe('it is not:', () => {
    const material = [
      ['a view on a SharedArrayBuffer', () => new SharedArrayBuffer(4096)],
      ['a view on a resizable ArrayBuffer', () => new ArrayBuffer(4096, { maxByteLength: 8192 })],
      ['a view on a SharedArrayBuffer that may grow', () => new SharedArrayBuffer(4096, { maxByteLength: 8192 })],
    ]
    for (const [name, make] of material) {
      it(`${name} is played as it is`, () =>
        perform(FAST, async ({ assert, speaker, signals, playedOut, recorded, sceneOf }, make) => {
          const device = speaker({ format: 'f32' })
          const sound = signals.noise(4, 3 * 2048)
          const memory = sceneOf(make)()
          const bytes = Buffer.from(memory, 1024, 2048)
          const send = [
            () => device.enqueue(bytes),
            () => assert.equal(device.write(new Float32Array(memory, 1024, 512)), 512),
            () => assert.equal(device.write(bytes), 512),
          ]
          send.forEach((act, index) => {
            sound.copy(bytes, 0, index * 2048)
            act()
            bytes.fill(0x11)
          })
          device.play()
          await playedOut(device)
          device.close()
          const heard = await recorded()
          const start = signals.startOfNoise(heard)
          assert.ok(heard.subarray(start, start + sound.length).equals(sound))
        }, String(make)))

      it(`${name} is recorded into, as far as there is something`, () =>
        perform(FAST, async ({ assert, microphone, signals, until, sceneOf, PipeMicrophone }, make) => {
          const pipe = new PipeMicrophone()
          const device = microphone({ format: 'f32', periodFrames: 100 }, pipe.file)
          const sound = signals.noise(5, 1200)
          const memory = sceneOf(make)()
          const all = Buffer.from(memory)
          const bytes = Buffer.from(memory, 1024, 2048)
          device.play()
          const take = [
            () => device.dequeue(bytes),
            () => device.read(new Float32Array(memory, 1024, 512)) * 4,
            () => device.read(bytes) * 4,
          ]
          for (const [index, act] of take.entries()) {
            all.fill(0x11)
            const piece = sound.subarray(index * 400, index * 400 + 400)
            await pipe.feed(piece)
            await until(() => device.queued === 400)
            assert.equal(act(), 400)
            assert.ok(bytes.subarray(0, 400).equals(piece))
            for (const around of [all.subarray(0, 1024), all.subarray(1424)]) assert.ok(around.every((byte) => byte === 0x11))
          }
          pipe.end()
          device.close()
        }, String(make)))
    }

    it('a Buffer that has grown with its memory, or shrunk, since it was last used', () =>
      perform(FAST, async ({ assert, speaker, microphone, signals, playedOut, recorded, until, PipeMicrophone }) => {
        const memory = new ArrayBuffer(400, { maxByteLength: 1200 })
        // Of its own accord, `Buffer.from` does not follow the memory's length.
        const bytes = Object.setPrototypeOf(new Uint8Array(memory), Buffer.prototype)
        const sound = signals.noise(4, 1200 + 400 + 800)
        const output = speaker({})
        const pipe = new PipeMicrophone()
        const input = microphone({ periodFrames: 100 }, pipe.file)
        input.play()
        let at = 0
        for (const size of [400, 1200, 800]) {
          memory.resize(size)
          const piece = sound.subarray(at, at += size)
          await pipe.feed(piece)
          await until(() => input.queued === size)
          assert.equal(input.dequeue(bytes), size)
          assert.ok(bytes.equals(piece))
          output.enqueue(bytes)
        }
        output.play()
        await playedOut(output)
        output.close()
        pipe.end()
        input.close()
        const heard = await recorded()
        const start = signals.startOfNoise(heard)
        assert.ok(heard.subarray(start, start + sound.length).equals(sound))
      }))

    it('write and read of nothing, which move nothing', () =>
      perform(FAST, async ({ assert, speaker, microphone }) => {
        const [output, input] = [speaker({}, '/dev/null'), microphone({}, '/dev/zero')]
        for (const nothing of [new Float32Array(0), Buffer.alloc(0)]) {
          assert.equal(output.write(nothing), 0)
          assert.equal(input.read(nothing), 0)
        }
        output.close()
        input.close()
      }))

    it('asking a closed device what it was', () =>
      perform(FAST, async ({ assert, speaker }) => {
        const device = speaker({ format: 's16', channels: 2 }, '/dev/null')
        device.play()
        const look = () => [
          device.id, device.handle, device.name, device.device, device.format, device.channels, device.frequency, device.buffered,
          device.bytesPerSample, device.minSampleValue, device.maxSampleValue, device.zeroSampleValue, device.playing,
        ]
        const before = look()
        device.close()
        assert.deepEqual([device.closed, ...look()], [true, ...before])
      }))
  })
})
