'use strict'

const { perform, PATIENCE_MS } = require('./studio.cjs')

/** OPERATIONS=1000000 npx mocha test/js/operations.test.cjs walks on for longer; SEED begins another walk. */
const OPERATIONS = Number(process.env.OPERATIONS ?? 30_000)
const SEED = Number(process.env.SEED ?? 1)
const PER_OPERATION_MS = 2

describe('A random walk over devices, sources, taps, rings and workers', function () {
  this.timeout(PATIENCE_MS + OPERATIONS * PER_OPERATION_MS)

  it(`loses no frame and crashes nothing in ${OPERATIONS} operations (seed ${SEED})`, () =>
    perform({ delayMs: 0, patienceMs: PATIENCE_MS + OPERATIONS * PER_OPERATION_MS }, async ({ assert, audio, sdl, signals, startWorker, delay }, operations, seed) => {
      const { integer, pick, next } = signals.randomOf(seed)
      const things = { playback: [], recording: [], source: [], tap: [], ring: [] }
      const workers = []
      const samples = new Float32Array(8192).fill(0.01)
      const room = Buffer.alloc(65536)
      const MOST_PERIOD = 480
      const count = { refused: 0, written: 0, read: 0 }

      /** Never more than `most` of a kind; the one that has to go for it is closed. */
      const keep = (kind, thing, most) => {
        things[kind].push(thing)
        if (things[kind].length > most) retire(kind, integer(0, most - 1))
      }
      const check = (kind, { stats }) => {
        const all = stats()
        if (kind === 'playback' || kind === 'source') {
          assert.equal(all.writtenFrames, all.playedFrames + all.discardedFrames + all.queuedFrames, `${kind} ${JSON.stringify(all)}`)
        } else {
          const dropped = all.recordedFrames - all.readFrames - all.discardedFrames - all.queuedFrames
          // The block that comes this very moment may have made room and not be counted yet.
          assert.ok(dropped >= 0 && dropped <= all.overrunFrames + MOST_PERIOD, `${kind} ${JSON.stringify(all)}`)
        }
      }
      const retire = (kind, index) => {
        const [thing] = things[kind].splice(index, 1)
        if (kind === 'ring' || thing.closed) return
        check(kind, { stats: () => thing.stats() })
        thing.close()
        things.source = things.source.filter((source) => !source.closed)
        things.tap = things.tap.filter((tap) => !tap.closed)
      }
      const options = () => ({
        channels: integer(1, 2), periodFrames: pick([16, 64, 480]), format: pick(['f32', 's16']), capacityMs: pick([5, 200]),
        frequency: pick([48000, 44100]), maxQueuedMs: pick([20, 2000]), onOverflow: pick(['drop-oldest', 'drop-newest']),
      })
      const anywhere = async ({ audio, signals, word }, handles, seed) => {
        const { pick, integer } = signals.randomOf(seed)
        const held = handles.flatMap((handle) => {
          try {
            return [audio.attach(handle)]
          } catch {
            return []
          }
        })
        for (let at = 0; at < 200 && held.length > 0; at++) {
          const thing = pick(held)
          try {
            if (thing.write) thing.write(new Float32Array(integer(0, 64) * 2))
            else thing.read(Buffer.alloc(integer(1, 64) * 8))
            if (integer(0, 20) === 0) thing.whenSpace?.(1)?.catch(() => {})
            if (integer(0, 50) === 0) thing.waitForSpace?.(1, 1)
          } catch (error) {
            if (!error.code?.startsWith('ERR_AUDIO_')) throw error
          }
          if (integer(0, 10) === 0) await new Promise((resolve) => setImmediate(resolve))
        }
        return word()
      }
      const NOTHING_AT_HAND = new Error('there is nothing of that kind')
      const from = (some) => {
        if (some.length === 0) throw NOTHING_AT_HAND
        return pick(some)
      }
      const of = (kind) => from(things[kind])
      const float = (device) => samples.subarray(0, integer(0, 300) * device.channels)
      const acts = {
        openPlayback: () => keep('playback', audio.openDevice({ type: 'playback', name: '/dev/null' }, options()), 4),
        openRecording: () => keep('recording', audio.openDevice({ type: 'recording', name: '/dev/zero' }, options()), 3),
        attach: () => {
          const kind = pick(['playback', 'recording', 'source', 'tap'])
          keep(kind, audio.attach(of(kind).handle), 12)
        },
        source: () => keep('source', of('playback').createSource(pick([{}, { frequency: 16000, channels: 1 }, { targetMs: 1 }])), 12),
        ring: () => {
          const device = of('playback')
          const ring = sdl.SharedRing.allocate({ frames: integer(1, 2000), channels: device.channels })
          keep('ring', ring, 12)
          keep('source', device.createSource({ ring }), 12)
        },
        tapRing: () => {
          const device = of('recording')
          const ring = sdl.SharedRing.allocate({ frames: integer(1, 2000), channels: device.channels })
          keep('ring', ring, 12)
          keep('tap', device.createTap({ ring }), 8)
        },
        tap: () => keep('tap', of('recording').createTap({ maxQueuedMs: pick([1, 100]), onOverflow: pick(['drop-oldest', 'drop-newest']) }), 8),
        enqueue: () => {
          const device = of('playback')
          device.enqueue(room.subarray(0, integer(1, 2000) * device.channels * device.bytesPerSample))
        },
        write: () => {
          const device = of('playback')
          count.written += device.write(room.subarray(0, integer(0, 300) * device.channels * device.bytesPerSample))
        },
        writeSource: () => {
          const source = of('source')
          count.written += source.write(float(source))
        },
        writeRing: () => {
          const ring = of('ring')
          ring.write(samples.subarray(0, integer(0, 300) * ring.channels))
        },
        readRing: () => {
          const ring = of('ring')
          ring.read(new Float32Array(integer(0, 300) * ring.channels))
        },
        nonsense: () => { new Int32Array(of('ring').buffer)[integer(0, 60)] = integer(-(2 ** 31), 2 ** 31 - 1) },
        dequeue: () => { count.read += of('recording').dequeue(room) },
        read: () => {
          const tap = from([...things.tap, ...things.recording])
          count.read += tap.read(room.subarray(0, integer(0, 200) * tap.channels * (tap.format === 's16' ? 2 : 4)))
        },
        play: () => of(pick(['playback', 'recording'])).play(next() < 0.7),
        clear: () => of(pick(['playback', 'recording'])).clearQueue(),
        clearPart: () => of(pick(['source', 'tap'])).clear(),
        stop: () => of('playback').stop({ fadeMs: pick([0, 2, 50]) }),
        gain: () => of(pick(['playback', 'recording', 'source'])).setGain(next() * 2, { rampMs: integer(0, 50) }),
        when: () => {
          const thing = of(pick(['playback', 'source']))
          for (const wait of [thing.whenSpace(integer(1, 40)), thing.drain?.()]) wait?.catch(({ code }) => assert.match(code, /^ERR_AUDIO_(CLOSED|OUT_OF_RANGE)$/))
        },
        look: () => {
          const device = of(pick(['playback', 'recording']))
          for (const value of [device.level.rms, device.position.frames, device.queued, device.obtained.periodFrames]) assert.ok(Number.isFinite(value))
        },
        check: () => {
          const kind = pick(['playback', 'recording', 'source', 'tap'])
          const thing = of(kind)
          check(kind, { stats: () => thing.stats() })
        },
        retire: () => {
          const kind = pick(['playback', 'recording', 'source', 'tap', 'ring'])
          if (things[kind].length > 1) retire(kind, integer(0, things[kind].length - 1))
        },
        worker: () => {
          const handles = Object.values(things).flat().flatMap(({ handle }) => handle ?? []).slice(0, 6)
          workers.push(startWorker(anywhere, handles, integer(0, 1e6)))
        },
        endWorker: () => from(workers).worker.terminate(),
      }
      const RARE = { worker: 0.01, endWorker: 0.02, openPlayback: 0.05, openRecording: 0.05, attach: 0.1, retire: 0.2, nonsense: 0.1, ring: 0.2, tapRing: 0.2 }
      acts.openPlayback()
      acts.openRecording()
      const names = Object.keys(acts)
      for (let operation = 0; operation < operations; operation++) {
        const name = pick(names)
        if (next() > (RARE[name] ?? 1)) continue
        try {
          acts[name]()
        } catch (error) {
          // A refusal has a code; all else is ours.
          if (error !== NOTHING_AT_HAND && !error.code?.startsWith('ERR_AUDIO_')) throw Object.assign(error, { message: `${name}, operation ${operation}: ${error.message}` })
          count.refused++
        }
        if (things.playback.length === 0) acts.openPlayback()
        if (things.recording.length === 0) acts.openRecording()
        if (operation % 50 === 0) await delay(0)
      }
      assert.ok(count.written > 0 && count.read > 0)
      for (const kind of ['source', 'tap', 'playback', 'recording']) while (things[kind].length > 0) retire(kind, 0)
      await Promise.all(workers.map(({ worker }) => worker.terminate()))
    }, OPERATIONS, SEED))
})
