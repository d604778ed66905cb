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
  'OpusDecoder', 'OpusEncoder', 'opusVersion', 'PacketOpener', 'PacketSealer', 'PlayoutBuffer', 'PlayoutClock', 'Receiver', 'Resampler', 'Sender',
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

  describe('where its binary is missing', () => {
    const { PLATFORMS } = require('../../js/load-failure.cjs')
    let copy
    beforeEach(() => {
      copy = fs.mkdtempSync(path.join(os.tmpdir(), 'package-'))
      fs.mkdirSync(path.join(copy, 'js'))
      for (const file of fs.readdirSync(path.join(ROOT, 'js')).filter((name) => name.endsWith('.cjs'))) {
        fs.copyFileSync(path.join(ROOT, 'js', file), path.join(copy, 'js', file))
      }
      fs.copyFileSync(path.join(ROOT, 'package.json'), path.join(copy, 'package.json'))
    })
    afterEach(() => fs.rmSync(copy, { recursive: true }))

    const failure = () => {
      try {
        require(path.join(copy, 'js', 'index.cjs'))
      } catch (error) {
        assert.equal(error.code, 'ERR_AUDIO_LOAD_FAILED')
        assert.ok(error.cause instanceof Error)
        return error.message
      }
      return assert.fail('it was loaded')
    }

    it('names the package that is missing and how to get it', () => {
      const [, name] = failure().match(/the package sdl-callback-audio-(\S+) is not installed/)
      assert.ok(PLATFORMS.includes(name))
      assert.ok(name.startsWith(`${process.platform}-${process.arch}`))
      assert.ok(failure().includes(`\nInstall it: npm install sdl-callback-audio-${name}@${require('../../package.json').version}\n`))
      assert.match(failure(), /--omit=optional.*from source.*cmake.*npm run compile/s)
    })

    it('tells a checkout to build it', () => {
      fs.mkdirSync(path.join(copy, '.ci'))
      fs.writeFileSync(path.join(copy, '.ci', 'setup.mjs'), '')
      assert.match(failure(), /has not been built\n.*npm install && npm run build/)
    })

    it('says so where it is there and cannot be loaded', () => {
      for (const name of PLATFORMS) fs.writeFileSync(path.join(copy, 'js', `sdl-callback-audio.${name}.node`), 'no binary')
      assert.match(failure(), /its binary is there, and this system refuses it: .*\n.*another system/)
    })

    it('says so on a system that has no package', () => {
      const { arch } = process
      try {
        Object.defineProperty(process, 'arch', { value: 's390x' })
        assert.match(failure(), /s390x.*there is no package for this system\n.*from source/)
      } finally {
        Object.defineProperty(process, 'arch', { value: arch })
      }
    })

    it('knows the systems that packages are made for', () => {
      const { targets } = require('../../package.json').napi
      const words = { x86_64: 'x64', aarch64: 'arm64', linux: 'linux', darwin: 'darwin', windows: 'win32' }
      const named = targets.map((target) => {
        const [arch, , system, libc] = target.split('-')
        return [words[system], words[arch], libc].filter(Boolean).join('-')
      })
      assert.deepEqual(named, PLATFORMS)
    })
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
