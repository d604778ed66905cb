'use strict'

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const ts = require('typescript')
const { perform, run, PATIENCE_MS } = require('./studio.cjs')
const { KINDS } = require('../../js/diagnostics.cjs')

const FAST = { delayMs: 0 }
const PACED = { delayMs: 1 }
const DECLARED = path.join(__dirname, '..', '..', 'js', 'diagnostics.d.ts')

describe('The diagnostics channels', function () {
  this.timeout(PATIENCE_MS)

  it('tell of a device from its opening to its end', () =>
    perform(PACED, async ({ assert, audio, speaker, until, tape }) => {
      const { subscribe } = require('node:diagnostics_channel')
      const told = []
      for (const kind of ['open', 'underrun', 'close', 'lost', 'error']) subscribe(`sdl-callback-audio:${kind}`, (message) => told.push({ kind, message }))
      const device = speaker({ periodFrames: 480 })
      const twin = audio.attach(device.handle)
      device.enqueue(Buffer.alloc(4 * 480, 1))
      device.play()
      await until(() => told.some(({ kind }) => kind === 'underrun'))
      twin.close()
      device.close()
      const subject = { type: 'playback', name: tape(), handle: device.handle }
      const [opened, attached, underrun] = told.map(({ message }) => message)
      const { obtained } = opened
      assert.equal(obtained.periodFrames, 480)
      assert.deepEqual(opened, { ...subject, attached: false, obtained })
      assert.deepEqual(attached, { ...subject, attached: true, obtained: attached.obtained })
      assert.deepEqual(underrun, { ...subject, frames: underrun.frames, from: underrun.from, to: underrun.to, ended: false })
      const closed = told.filter(({ kind }) => kind === 'close').map(({ message }) => message)
      assert.equal(closed.length, 2)
      assert.deepEqual(closed[1], { ...subject, stats: closed[1].stats })
      assert.equal(closed[1].stats.playedFrames, 480)
    }))

  it('tell of a device that is lost, and of one that does not open', () =>
    perform(FAST, async ({ assert, audio, speaker, until, codeOf }) => {
      const { subscribe } = require('node:diagnostics_channel')
      const told = {}
      for (const kind of ['lost', 'error']) subscribe(`sdl-callback-audio:${kind}`, (message) => { told[kind] = message })
      const device = speaker({ onLost: 'fail' }, '/dev/full')
      device.play()
      await until(() => told.lost)
      assert.deepEqual(told.lost, { type: 'playback', name: '/dev/full', handle: device.handle })
      device.close()
      const code = codeOf(() => audio.openDevice({ type: 'recording', name: '/nowhere' }))
      assert.equal(told.error.error.code, code)
      assert.deepEqual(told.error, { type: 'recording', name: '/nowhere', handle: null, error: told.error.error })
    }))

  it('tell of a source that runs dry, by its own handle', () =>
    perform(PACED, async ({ assert, speaker, until }) => {
      const { subscribe } = require('node:diagnostics_channel')
      const told = []
      subscribe('sdl-callback-audio:underrun', (message) => told.push(message))
      const device = speaker()
      const source = device.createSource()
      source.write(new Float32Array(480).fill(0.1))
      device.play()
      const dry = await until(() => told.find(({ type }) => type === 'source'))
      assert.deepEqual([dry.handle, dry.name], [source.handle, null])
      device.close()
    }))

  it('are told in the thread that holds the device', () =>
    perform(PACED, async ({ assert, startWorker }) => {
      const { subscribe } = require('node:diagnostics_channel')
      let here = 0
      subscribe('sdl-callback-audio:open', () => here++)
      const there = await startWorker(({ speaker }) => {
        let count = 0
        require('node:diagnostics_channel').subscribe('sdl-callback-audio:open', () => count++)
        speaker().close()
        return count
      }).done
      assert.deepEqual([here, there], [0, 1])
    }))

  it('make nothing that nobody hears', () =>
    perform(PACED, ({ assert, speaker }) => {
      const { AudioPlaybackInstance } = require('../../js/playback.cjs')
      let asked = 0
      const { stats } = AudioPlaybackInstance.prototype
      AudioPlaybackInstance.prototype.stats = function () {
        asked++
        return stats.call(this)
      }
      speaker().close()
      assert.equal(asked, 0)
      require('node:diagnostics_channel').subscribe('sdl-callback-audio:close', () => {})
      speaker().close()
      assert.equal(asked, 1)
    }))

  it('are declared as they are', () => {
    const source = ts.createSourceFile(DECLARED, fs.readFileSync(DECLARED, 'utf8'), ts.ScriptTarget.Latest, true)
    const messages = source.statements.find((node) => ts.isInterfaceDeclaration(node) && node.name.text === 'DiagnosticsMessages')
    assert.deepEqual(messages.members.map(({ name }) => name.text).sort(), KINDS.map((kind) => `sdl-callback-audio:${kind}`).sort())
  })

  describe('with SDL_CALLBACK_AUDIO_DEBUG', () => {
    const debug = (value) => run('debugged.cjs', { ...PACED, env: { ...process.env, SDL_CALLBACK_AUDIO_DEBUG: value } })

    it('are lines on stderr, from workers too', async () => {
      const { code, stdout, stderr } = await debug('1')
      assert.deepEqual([code, stdout], [0, ''])
      for (const line of [
        /^sdl-callback-audio [\d:.]+ thread 0 loaded [\d.]+ on Node/m,
        /thread 0 open playback "tape" #\d+: disk 48000 Hz, channels 1, period 512 frames$/m,
        /thread 0 close playback "tape" #\d+: after \d+ callbacks, \d+ frames, underruns \d+$/m,
        /thread 0 error recording "\/nowhere": ERR_AUDIO_\w+: /m,
        /thread 1 open playback "tape" #\d+: attached, disk/m,
      ]) assert.match(stderr, line)
    })

    for (const value of ['', '0']) {
      it(`set to "${value}" are not`, async () => {
        assert.equal((await debug(value)).stderr, '')
      })
    }
  })
})
