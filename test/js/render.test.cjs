'use strict'

const assert = require('node:assert/strict')
const { perform, PATIENCE_MS } = require('./studio.cjs')
const { AutoDepth, FixedDepth, leastFrames } = require('../../js/webaudio-node/depth.cjs')

const PACED = { delayMs: 1 }

describe('The depth of a rendering', () => {
  it('begins at the least that a period allows', () => {
    assert.equal(leastFrames(128, 128), 128)
    assert.equal(leastFrames(512, 128), 512)
    assert.equal(leastFrames(64, 128), 128)
    // 480 do not divide into quanta of 128: up to 127 frames of the last one do not count.
    assert.equal(leastFrames(480, 128), 640)
    for (const [period, quantum] of [[480, 128], [100, 128], [441, 100], [1, 1], [129, 128]]) {
      const least = leastFrames(period, quantum)
      let queued = 0
      for (let callback = 0; callback < 1000; callback++) {
        while (queued + quantum <= least) queued += quantum
        assert.ok(queued >= period, `${period} ${quantum}`)
        queued -= period
      }
    }
  })

  it('goes up by a period after an underrun, no further than its most, and comes down after a long calm', () => {
    const depth = new AutoDepth({ leastFrames: 128, mostFrames: 400, stepFrames: 128, frequency: 48000 })
    const calm = (seconds) => { for (let at = 0; at < seconds * 375; at++) depth.passed(128) }
    const steps = []
    for (let times = 0; times < 4; times++) {
      depth.short()
      steps.push(depth.frames)
    }
    assert.deepEqual(steps, [256, 384, 400, 400])
    calm(29)
    assert.equal(depth.frames, 400)
    calm(2)
    assert.equal(depth.frames, 272)
    calm(60)
    assert.equal(depth.frames, 128)
    calm(600)
    assert.equal(depth.frames, 128)
  })

  it('waits twice as long after a step down that went wrong', () => {
    const depth = new AutoDepth({ leastFrames: 128, mostFrames: 4800, stepFrames: 128, frequency: 48000 })
    const calm = (seconds) => { for (let at = 0; at < seconds * 375; at++) depth.passed(128) }
    depth.short()
    calm(31)
    assert.equal(depth.frames, 128)
    depth.short()
    calm(31)
    assert.equal(depth.frames, 256)
    calm(30)
    assert.equal(depth.frames, 128)
  })

  it('stays where it is told to', () => {
    const depth = new FixedDepth(300)
    depth.short()
    depth.passed(1e9)
    assert.equal(depth.frames, 300)
  })
})

describe('pullRender', function () {
  this.timeout(PATIENCE_MS)

  it('renders what is played, every quantum once and in order, in a device and in a source', () =>
    perform(PACED, async ({ assert, recorded, startWorker, tape }) => {
      const pulls = (what) => startWorker(({ audio, until, tape }, what) => {
        const { pullRender } = require('sdl-callback-audio/webaudio-node')
        const device = audio.openDevice({ type: 'playback', name: tape(what) }, { channels: 2, periodFrames: 48, capacityMs: 100 })
        const target = what === 'source' ? device.createSource({ targetMs: 100 }) : device
        if (what === 'source') device.play()
        let frame = 0
        const blocks = new Set()
        const pull = pullRender(target, (block, frames) => {
          blocks.add(block)
          for (let at = 0; at < frames; at++) block.fill(++frame / 2 ** 20, 2 * at, 2 * at + 2)
        }, { targetMs: 20 })
        return until(() => frame > 48_000).then(() => {
          pull.stop()
          const { quanta, underruns, targetMs, targetFrames } = pull.stats()
          device.close()
          return { same: quanta === frame / 128, underruns, targetMs, targetFrames, blocks: blocks.size }
        })
      }, what).done
      for (const what of ['device', 'source']) {
        const { underruns, ...found } = await pulls(what)
        assert.deepEqual(found, { same: true, targetMs: 20, targetFrames: 960, blocks: 1 })
        const heard = new Float32Array(new Uint8Array(await recorded(tape(what))).buffer)
        const start = heard.findIndex((sample) => sample !== 0)
        assert.equal(heard[start], 1 / 2 ** 20)
        // A gap is silence between, never a frame that is lost or comes twice; the ends of a gap are ramped.
        const whole = underruns === 0 ? 40_000 : 100
        for (let frame = 0; frame < whole; frame++) assert.equal(heard[start + 2 * frame], (frame + 1) / 2 ** 20)
      }
    }))

  it('handles messages and timers in between, and ends when its device is closed', () =>
    perform(PACED, async ({ assert, startWorker }) => {
      const { told, say, done } = startWorker(async ({ audio, tell, word, tape, delay }) => {
        const { pullRender } = require('sdl-callback-audio/webaudio-node')
        const device = audio.openDevice({ type: 'playback', name: tape() }, { periodFrames: 480 })
        let quanta = 0
        const pull = pullRender(device, (block) => { block.fill(++quanta / 1e6) })
        const first = word()
        tell('renders')
        const heard = await first
        await delay(5)
        const before = quanta
        await delay(50)
        const went = quanta > before
        device.close()
        const at = quanta
        await delay(50)
        return { heard, went, ended: quanta === at, stats: pull.stats().quanta === at }
      })
      await told
      say('hello')
      assert.deepEqual(await done, { heard: 'hello', went: true, ended: true, stats: true })
    }))

  it('takes nothing from the heap for a quantum', () =>
    perform(PACED, async ({ assert, startWorker }) => {
      // Node's own timers take some 200 bytes for each turn of the event loop, which has thirty of these quanta; and the least
      // object has 16.
      const LIMIT = 16
      const bytes = await startWorker(async ({ audio, until }, LIMIT) => {
        const { pullRender } = require('sdl-callback-audio/webaudio-node')
        const v8 = require('node:v8')
        const { PerformanceObserver } = require('node:perf_hooks')
        const { setTimeout: sleep } = require('node:timers/promises')
        const device = audio.openDevice({ type: 'playback', name: '/dev/null' }, { periodFrames: 480, capacityMs: 100 })
        let quanta = 0
        const pull = pullRender(device, (block) => {
          block[0] = 0
          quanta++
        }, { targetMs: 50, quantumFrames: 16 })
        // Long enough for the compiler to be done with it.
        await until(() => quanta > 80_000)
        const used = () => v8.getHeapStatistics().used_heap_size
        const collections = []
        new PerformanceObserver((list) => collections.push(...list.getEntries())).observe({ entryTypes: ['gc'] })
        /** Bytes for each quantum; a look with a collection in it says nothing. */
        const counted = async () => {
          const [from, at, since] = [quanta, used(), performance.now()]
          while (quanta - from < 40_000) await sleep(200)
          const [bytes, until] = [(used() - at) / (quanta - from), performance.now()]
          await sleep(100)
          return collections.some(({ startTime }) => startTime >= since && startTime <= until) ? Infinity : bytes
        }
        // What else goes on in the thread (the compiler, events of underruns on a busy machine) comes and goes; an object for every
        // quantum would be there each time.
        let each = Infinity
        for (let look = 0; look < 15 && each >= LIMIT; look++) each = Math.min(each, await counted())
        pull.stop()
        device.close()
        return each
      }, LIMIT).done
      assert.ok(bytes < LIMIT, `${bytes} bytes for each`)
    }))

  it('tells of underruns, and is deeper afterwards', () =>
    perform({ }, async ({ assert, startWorker }) => {
      // What a period of 480 allows at the least; a slow start may have made it more by itself.
      const LEAST = 640
      const { targetFrames, underruns } = await startWorker(async ({ audio, until, tape }, least) => {
        const { pullRender } = require('sdl-callback-audio/webaudio-node')
        const device = audio.openDevice({ type: 'playback', name: tape() }, { periodFrames: 480 })
        let stalls = true
        const pull = pullRender(device, () => {
          if (!stalls || device.stats().playedFrames < 4800) return
          stalls = false
          for (const end = performance.now() + 100; performance.now() < end;);
        })
        await until(() => pull.stats().targetFrames > least)
        const stats = pull.stats()
        device.close()
        return stats
      }, LEAST).done
      assert.equal((targetFrames - LEAST) % 480, 0)
      assert.ok(underruns >= 1)
    }))

  it('throws what the rendering throws, and renders no more', () =>
    perform(PACED, async ({ assert, startWorker }) => {
      const found = await startWorker(async ({ audio, until, codeOf }) => {
        const { pullRender } = require('sdl-callback-audio/webaudio-node')
        const device = audio.openDevice({ type: 'playback', name: '/dev/null' }, {})
        const atOnce = codeOf(() => pullRender(device, () => { throw Object.assign(new Error('no'), { code: 'ERR_TEST' }) }))
        let quanta = 0
        let caught
        process.once('uncaughtException', (error) => { caught = error.message })
        pullRender(device, () => { if (++quanta === 20) throw new Error('twenty') })
        await until(() => caught)
        device.close()
        return { atOnce, caught, quanta }
      }).done
      assert.deepEqual(found, { atOnce: 'ERR_TEST', caught: 'twenty', quanta: 20 })
    }))

  it('serves several devices in one thread', () =>
    perform({}, async ({ assert, startWorker }) => {
      const found = await startWorker(async ({ audio, until, tape }) => {
        const { pullRender } = require('sdl-callback-audio/webaudio-node')
        const devices = ['one', 'two', 'three'].map((name) => audio.openDevice({ type: 'playback', name: tape(name) }, { periodFrames: 480 }))
        const pulls = devices.map((device) => pullRender(device, () => {}, { targetMs: 60 }))
        await until(() => pulls.every((pull) => pull.stats().quanta > 200))
        const underruns = pulls.map((pull) => pull.stats().underruns)
        for (const device of devices) device.close()
        return underruns
      }).done
      assert.deepEqual(found, [0, 0, 0])
    }))

  it('makes its thread a real-time one where that is allowed, for as long as it renders', () =>
    perform(PACED, async ({ assert, startWorker }) => {
      const found = await startWorker(async ({ audio, fs }) => {
        const { pullRender } = require('sdl-callback-audio/webaudio-node')
        const policy = () => Number(fs.readFileSync('/proc/thread-self/stat', 'utf8').split(') ')[1].split(' ')[38])
        const device = audio.openDevice({ type: 'playback', name: '/dev/null' }, {})
        const policies = [policy()]
        const [one, other] = [{}, { realtime: false }].map((options) => pullRender(device, () => {}, options))
        policies.push(policy())
        other.stop()
        policies.push(policy())
        one.stop()
        policies.push(policy())
        device.close()
        return policies
      }).done
      const FIFO = 1
      const allowed = require('node:child_process').spawnSync('chrt', ['--fifo', '1', 'true']).status === 0
      assert.deepEqual(found, allowed ? [0, FIFO, FIFO, 0] : [0, 0, 0, 0])
    }))

  it('refuses the main thread, and bad arguments', () =>
    perform(PACED, async ({ assert, audio, codeOf, startWorker, tape }) => {
      const { pullRender } = require('sdl-callback-audio/webaudio-node')
      const device = audio.openDevice({ type: 'playback', name: tape() })
      assert.equal(codeOf(() => pullRender(device, () => {})), 'ERR_AUDIO_WOULD_BLOCK')
      device.close()
      assert.deepEqual(await startWorker(({ audio, codeOf, tape, fs }) => {
        const { pullRender } = require('sdl-callback-audio/webaudio-node')
        const open = (options) => audio.openDevice({ type: 'playback', name: tape() }, options)
        const closed = open()
        closed.close()
        fs.writeFileSync(tape('voice'), '')
        return [
          [null, () => {}], [{}, () => {}], [audio.openDevice({ type: 'recording', name: tape('voice') }), () => {}], [open({ format: 's16' }), () => {}],
          [open(), null], [open(), () => {}, null], [open(), () => {}, { quantumFrames: 1.5 }], [open(), () => {}, { targetMs: 'low' }],
          [open(), () => {}, { realtime: 1 }], [open(), () => {}, { targetMS: 20 }],
          [open(), () => {}, { quantumFrames: 0 }], [open(), () => {}, { targetMs: -1 }], [open(), () => {}, { targetMs: 300 }],
          [open({ capacityMs: 1 }), () => {}],
          [closed, () => {}],
        ].map((args) => codeOf(() => pullRender(...args)))
      }).done, [
        ...Array(10).fill('ERR_AUDIO_INVALID_ARG'), ...Array(4).fill('ERR_AUDIO_OUT_OF_RANGE'), 'ERR_AUDIO_CLOSED',
      ])
    }))
})
