'use strict'

const assert = require('node:assert/strict')
const path = require('node:path')
const { startAudioServer } = require('../audio-server.cjs')
const { perform, PATIENCE_MS, PROGRAMS } = require('./studio.cjs')

const DUMMY = { driver: 'dummy' }
const MODULE = path.join(PROGRAMS, 'render-module.mjs')

describe('A render worker', function () {
  this.timeout(PATIENCE_MS)

  it('has webaudio-node set up on our devices, and the module\'s functions at hand, at once', () =>
    perform(DUMMY, async ({ assert }, module) => {
      const { startRenderWorker } = require('sdl-callback-audio/webaudio-node')
      const { pathToFileURL } = require('node:url')
      for (const url of [module, pathToFileURL(module), pathToFileURL(module).href]) {
        const { rpc, stats, stop } = startRenderWorker(url, { workerData: { mine: 1 } })
        assert.deepEqual(await rpc.methods.look(), { isMainThread: false, workerData: { mine: 1 }, ours: true, state: 'suspended' })
        assert.equal(await rpc.methods.add(2, 3), 5)
        assert.deepEqual(stats(), { pulls: 0, quanta: 0, underruns: 0, underrunFrames: 0, targetMs: 0 })
        assert.equal(await stop(), 0)
        assert.equal(await stop(), 0)
      }
    }, MODULE))

  it('carries calls both ways, with their errors, and answers for what is not there', () =>
    perform(DUMMY, async ({ assert }, module) => {
      const { startRenderWorker, rpc: none } = require('sdl-callback-audio/webaudio-node')
      assert.equal(none, null)
      const worker = startRenderWorker(module, { methods: { double: (number) => 2 * number } })
      const { methods, notifications } = worker.rpc
      await assert.rejects(methods.fail(), (error) => error instanceof Error && error.message === 'it failed' && error.code === 'ERR_TEST')
      for (const [thrown, message] of [[null, 'null was thrown'], [undefined, 'undefined was thrown'], [7, '7 was thrown'], ['a word', 'a word']]) {
        await assert.rejects(methods.throwThis(thrown), { name: 'Error', message })
      }
      for (const name of ['nothing', 'toString', 'constructor', '__proto__', 'notAFunction']) {
        await assert.rejects(methods[name](), { code: -32601 }, name)
      }
      await assert.rejects(methods.unsendable(), /could not be cloned/)
      await assert.rejects(methods.add(() => {}), /could not be cloned/)
      assert.equal(await methods.askBack(21), 42)
      const told = new Promise((resolve) => { notifications.ontold(resolve) })
      await methods.tell('news')
      assert.equal(await told, 'news')
      await worker.stop()
    }, MODULE))

  it('tells of its end: to the calls that wait, to those that come later, and to listeners', () =>
    perform(DUMMY, async ({ assert, heard }, module) => {
      const { startRenderWorker } = require('sdl-callback-audio/webaudio-node')
      const worker = startRenderWorker(module)
      await worker.ready
      const [waiting, ended] = [worker.rpc.methods.never(), heard(worker, 'exit')]
      worker.rpc.methods.exit(3).catch(() => {})
      await assert.rejects(waiting, { code: 'ERR_AUDIO_CLOSED' })
      assert.equal(await ended, 3)
      await assert.rejects(worker.rpc.methods.add(1, 1), { code: 'ERR_AUDIO_CLOSED' })
      assert.equal(await worker.stop(), 3)
    }, MODULE))

  it('tells of its errors in the same way, and throws those that nobody hears of', () =>
    perform(DUMMY, async ({ assert, heard }, module) => {
      const { startRenderWorker } = require('sdl-callback-audio/webaudio-node')
      const missing = startRenderWorker(`${module}.missing`)
      await assert.rejects(missing.ready, { code: 'ERR_MODULE_NOT_FOUND' })
      const throwing = startRenderWorker(module, { workerData: { throws: true } })
      await assert.rejects(throwing.rpc.methods.look(), { message: 'the module threw', code: 'ERR_TEST' })

      const crashing = startRenderWorker(module)
      const failed = heard(crashing, 'error')
      await crashing.rpc.methods.crash()
      const waiting = crashing.rpc.methods.never()
      await assert.rejects(waiting, { message: 'nobody caught this' })
      assert.equal((await failed).message, 'nobody caught this')

      const alone = startRenderWorker(module)
      const thrown = new Promise((resolve) => { process.once('uncaughtException', resolve) })
      await alone.rpc.methods.crash()
      assert.equal((await thrown).message, 'nobody caught this')
    }, MODULE))

  it('is ended though it does nothing but compute', () =>
    perform(DUMMY, async ({ assert }, module) => {
      const { startRenderWorker } = require('sdl-callback-audio/webaudio-node')
      const worker = startRenderWorker(module)
      await worker.ready
      const busy = worker.rpc.methods.block(1e9)
      busy.catch(() => {})
      await worker.stop()
      await assert.rejects(busy, { code: 'ERR_AUDIO_CLOSED' })
    }, MODULE))

  it('renders no more once it is ended, though it could not say so itself', () =>
    perform(DUMMY, async ({ assert }, module) => {
      const { startRenderWorker } = require('sdl-callback-audio/webaudio-node')
      const worker = startRenderWorker(module)
      await worker.rpc.methods.resume()
      assert.equal(worker.stats().pulls, 1)
      worker.rpc.methods.block(1e9).catch(() => {})
      await worker.stop()
      assert.equal(worker.stats().pulls, 0)
    }, MODULE))

  it('lets the process end when it is told to', () =>
    perform(DUMMY, async (stage, module) => {
      const { startRenderWorker } = require('sdl-callback-audio/webaudio-node')
      const worker = startRenderWorker(module)
      await worker.ready
      worker.unref()
    }, MODULE))

  it('refuses bad arguments', () =>
    perform(DUMMY, ({ assert, codeOf }, module) => {
      const { startRenderWorker, useCallbackAudio } = require('sdl-callback-audio/webaudio-node')
      const bad = [
        null, 7, { targetMs: 'low' }, { realtime: 5 }, { realtime: null }, { methods: 5 }, { methods: null }, { methods: { one: 1 } },
        { periodFrames: '128' }, { periodFrames: 12.5 }, { periodFrames: () => 1 },
        { perodFrames: 128 },
      ]
      for (const args of [[], [7], ...bad.map((options) => [module, options])]) {
        assert.equal(codeOf(() => startRenderWorker(...args)), 'ERR_AUDIO_INVALID_ARG', require('node:util').inspect(args))
      }
      for (const options of [{ targetMs: 0 }, { periodFrames: 0 }, { periodFrames: 32769 }]) {
        assert.equal(codeOf(() => startRenderWorker(module, options)), 'ERR_AUDIO_OUT_OF_RANGE')
      }
      for (const module of [undefined, null, {}]) assert.equal(codeOf(() => useCallbackAudio(module)), 'ERR_AUDIO_INVALID_ARG')
      let given
      useCallbackAudio({ setSdl: (sdl) => { given = sdl } })
      assert.equal(given, require('sdl-callback-audio'))
    }, MODULE))

  it('leaves nothing behind when Node does not make the worker', () =>
    perform(DUMMY, ({ assert, codeOf }, module) => {
      const { startRenderWorker } = require('sdl-callback-audio/webaudio-node')
      assert.equal(codeOf(() => startRenderWorker(module, { execArgv: ['--no-such-flag'] })), 'ERR_WORKER_INVALID_EXEC_ARGV')
      assert.equal(codeOf(() => startRenderWorker(module, { name: 5 })), 'ERR_INVALID_ARG_TYPE')
      assert.throws(() => startRenderWorker(module, { workerData: () => {} }), { name: 'DataCloneError' })
    }, MODULE))

  it('has its heap made without the reducer of V8, which is there again for all others, however many start and fail', () =>
    perform(DUMMY, async ({ assert, codeOf }, module) => {
      const v8 = require('node:v8')
      const { setFlagsFromString } = v8
      const set = []
      v8.setFlagsFromString = (flag) => {
        set.push(flag)
        setFlagsFromString(flag)
      }
      const { startRenderWorker } = require('sdl-callback-audio/webaudio-node')
      const [off, on] = ['--no-memory-reducer', '--memory-reducer']
      assert.notEqual(codeOf(() => startRenderWorker(module, { execArgv: ['--no-such-flag'] })), 'none')
      assert.deepEqual(set.splice(0), [off, on])
      const workers = [startRenderWorker(module), startRenderWorker(module)]
      assert.notEqual(codeOf(() => startRenderWorker(module, { execArgv: ['--no-such-flag'] })), 'none')
      assert.deepEqual(set, [off])
      await Promise.all(workers.map(({ ready }) => ready))
      await Promise.all(workers.map(({ stop }) => stop()))
      assert.deepEqual(set, [off, on])
    }, MODULE))

  it('gives a context a device that takes what it is to keep queued, and a period of it', () =>
    perform(DUMMY, async ({ assert }, module) => {
      const { startRenderWorker } = require('sdl-callback-audio/webaudio-node')
      for (const [options, frames] of [[{ targetMs: 300 }, 112 * 128], [{ periodFrames: 16384 }, 16384], [{ targetMs: 5, periodFrames: 32768 }, 32768]]) {
        const worker = startRenderWorker(module, options)
        const { state, time } = await worker.rpc.methods.resume()
        assert.deepEqual([state, time], ['running', frames / 48000])
        await worker.stop()
      }
    }, MODULE))

  it('renders a context quantum by quantum: resumed, suspended, on another sink, closed', () =>
    perform(DUMMY, async ({ assert, until }, module) => {
      const { startRenderWorker } = require('sdl-callback-audio/webaudio-node')
      const worker = startRenderWorker(module, { periodFrames: 480 })
      const { resume, suspend, setSink, close, time } = worker.rpc.methods
      assert.deepEqual(await resume(), { state: 'running', time: 640 / 48000, periodFrames: 480 })
      assert.deepEqual(await resume().then(({ state }) => state), 'running')
      await until(() => worker.stats().quanta > 100)
      assert.equal(worker.stats().pulls, 1)
      const { state, playing } = await suspend()
      assert.deepEqual([state, playing, worker.stats().pulls], ['suspended', false, 0])
      const stood = await time()
      assert.equal(await time(), stood)
      await resume()
      await until(async () => await time() > stood + 0.1)
      assert.equal((await setSink('')).state, 'running')
      await until(async () => await time() > stood + 0.2)
      assert.deepEqual(await close(), { state: 'closed' })
      assert.equal(worker.stats().pulls, 0)
      await worker.stop()
    }, MODULE))

  it('plays webaudio-node and its microphone over an audio server, a few ms deep, while this thread is blocked', async () => {
    const server = await startAudioServer({ separateMicrophone: true })
    try {
      const found = await perform({ env: server.env, driver: 'pulseaudio' }, async ({ until, delay }, module) => {
        const { startRenderWorker } = require('sdl-callback-audio/webaudio-node')
        const worker = startRenderWorker(module, { workerData: { hertz: 440 }, targetMs: 20 })
        await worker.rpc.methods.startMicrophone()
        await until(() => worker.stats().quanta > 1000)
        const before = await worker.rpc.methods.deviceStats()
        for (let times = 0; times < 3; times++) {
          for (const end = performance.now() + 500; performance.now() < end;);
          await delay(100)
        }
        const after = await worker.rpc.methods.deviceStats()
        const microphone = await worker.rpc.methods.microphoneStats()
        await worker.rpc.methods.stopMicrophone()
        await worker.stop()
        return { before, after, microphone }
      }, MODULE)
      const { before, after, microphone } = found
      assert.ok(after.playedFrames - before.playedFrames > 1.5 * 48000)
      assert.equal(after.underruns - before.underruns, 0)
      assert.ok(after.queueFrames.max <= 960)
      assert.equal(microphone.polls, false)
      assert.ok(microphone.readFrames > 48000 && microphone.queuedFrames < 48 * 60, JSON.stringify(microphone))
      assert.equal(microphone.overruns, 0)
    } finally {
      await server.stop()
    }
  })
})
