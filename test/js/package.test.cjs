'use strict'

const assert = require('node:assert/strict')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const { perform, run, PATIENCE_MS } = require('./studio.cjs')

const ROOT = path.join(__dirname, '..', '..')
const FAST = { delayMs: 0 }
const NAMES = [
  'audio', 'info', 'createPlaybackStream', 'createCaptureStream', 'AesCtr', 'AudioProcessor', 'AudioProcessorPool', 'JitterBuffer',
  'OpusDecoder', 'OpusEncoder', 'opusVersion', 'PacketOpener', 'PacketSealer', 'PlayoutBuffer', 'PlayoutClock', 'Resampler', 'Sender',
  'SharedRing', 'floatToInt16', 'int16ToFloat',
]

describe('The package', function () {
  this.timeout(PATIENCE_MS)

  for (const [name, program] of [['require', 'consumer.cjs'], ['import', 'consumer.mjs']]) {
    it(`is had by ${name}, with its helpers, in the main thread and in workers`, async () => {
      const { code, signal, stdout, stderr } = await run(program, FAST)
      assert.deepEqual({ code, signal, stdout, stderr }, { code: 0, signal: null, stdout: '', stderr: '' })
    })
  }

  it('loads in many workers at once', () =>
    perform(FAST, async ({ assert, startWorker }, names) => {
      const loads = Array.from({ length: 8 }, () => startWorker(({ sdl }) => Object.keys(sdl)).done)
      for (const keys of await Promise.all(loads)) assert.deepEqual(keys, names)
    }, NAMES))

  it('may be loaded anew in one thread, main or worker, and each load of it works', () =>
    perform(FAST, async (stage) => {
      const { assert, startWorker } = stage
      const loadThrice = ({ audio, speaker, codeOf, until }) => {
        const loads = [audio]
        for (let times = 0; times < 2; times++) {
          for (const file of Object.keys(require.cache)) delete require.cache[file]
          loads.push(require('../..').audio)
        }
        const device = speaker()
        const twins = loads.map((load) => load.attach(device.handle))
        device.close()
        for (const twin of twins) {
          twin.enqueue(Buffer.alloc(4))
          twin.close()
        }
        return until(() => loads.every((load) => codeOf(() => load.attach(device.handle)) === 'ERR_AUDIO_DEVICE_NOT_FOUND')).then(() => new Set(loads).size)
      }
      assert.equal(await startWorker(loadThrice).done, 3)
      assert.equal(await loadThrice(stage), 3)
    }))

  for (const name of ['video', 'keyboard', 'mouse', 'touch', 'joystick', 'controller', 'sensor', 'clipboard', 'power']) {
    it(`says that sdl.${name} is not in it`, () => {
      const sdl = require('../..')
      assert.throws(() => sdl[name], ({ code, message }) => code === 'ERR_AUDIO_NOT_SUPPORTED' && message.includes(`sdl.${name}`))
    })
  }

  it('lets itself be looked at, spread and printed', () => {
    const sdl = require('../..')
    assert.deepEqual(Object.keys({ ...sdl }), NAMES)
    assert.equal(JSON.stringify(Object.keys(sdl)), JSON.stringify(NAMES))
    assert.ok(require('node:util').inspect(sdl).includes('audio'))
    assert.equal(sdl.nothing, undefined)
  })

  it('names its system and the way out where its binary is missing', () => {
    const copy = fs.mkdtempSync(path.join(os.tmpdir(), 'package-'))
    try {
      for (const file of fs.readdirSync(path.join(ROOT, 'js')).filter((name) => name.endsWith('.cjs'))) {
        fs.copyFileSync(path.join(ROOT, 'js', file), path.join(copy, file))
      }
      assert.throws(() => require(path.join(copy, 'index.cjs')), ({ code, message, cause }) => {
        assert.equal(code, 'ERR_AUDIO_LOAD_FAILED')
        assert.match(message, new RegExp(`${process.platform}-${process.arch}.*npm run build`, 's'))
        return cause instanceof Error
      })
    } finally {
      fs.rmSync(copy, { recursive: true })
    }
  })

  it('tells of SDL and of the system it runs on', () =>
    perform(FAST, ({ assert, sdl: { info } }) => {
      const { version: { compile, runtime }, platform, drivers, initialized } = info
      assert.equal(compile.major, 2)
      assert.deepEqual(runtime, compile)
      assert.equal(platform, { linux: 'Linux', darwin: 'Mac OS X', win32: 'Windows' }[process.platform])
      assert.equal(drivers.audio.current, 'disk')
      assert.ok(['disk', 'dummy'].every((name) => drivers.audio.all.includes(name)))
      assert.deepEqual([initialized.audio, initialized.video], [true, false])
    }))
})
