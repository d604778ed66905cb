'use strict'

const assert = require('node:assert/strict')
const { perform, PATIENCE_MS } = require('./studio.cjs')

const { startAudioServer } = require('../audio-server.cjs')

const FAST = { delayMs: 0 }

describe('A device that is closed', function () {
  this.timeout(PATIENCE_MS)

  it('keeps nothing waiting but what needs its place', () =>
    perform({ driver: 'dummy' }, async ({ assert, audio, threads }) => {
      // SDL takes three seconds to close it.
      const slow = audio.openDevice({ type: 'playback' }, { periodFrames: 8192, frequency: 8000 })
      slow.close()
      assert.ok(Array.isArray(audio.devices))
      audio.openDevice({ type: 'recording' }).close()
      assert.ok(threads().some((name) => name.startsWith('SDLAudioP')), 'it is still there')
    }))

  it('makes one that needs its place wait', () =>
    perform({ driver: 'dummy' }, async ({ assert, audio, codeOf }) => {
      for (const type of ['playback', 'recording']) {
        const first = audio.openDevice({ type }, { periodFrames: 512, frequency: 8000 })
        assert.equal(codeOf(() => audio.openDevice({ type })), 'ERR_AUDIO_DEVICE_BUSY')
        first.close()
        audio.openDevice({ type }).close()
      }
    }))

  it('has let go of its file when that is opened anew', () =>
    perform(FAST, async ({ assert, speaker, signals, playedOut, recorded }) => {
      for (let seed = 1; seed <= 20; seed++) {
        const first = speaker({ format: 's16' })
        first.enqueue(signals.noise(100, 20_000))
        first.play()
        first.close()
        const second = speaker({ format: 's16' })
        const sound = signals.noise(seed, 2000)
        second.enqueue(sound)
        second.play()
        await playedOut(second)
        second.close()
        const heard = await recorded()
        const start = signals.startOfNoise(heard)
        assert.ok(heard.subarray(start, start + sound.length).equals(sound))
        assert.ok(heard.subarray(0, start).every((byte) => byte === 0))
      }
    }))
})

describe('What an audio server keeps', function () {
  this.timeout(PATIENCE_MS)

  let server
  before(async () => { server = await startAudioServer() })
  after(() => server.stop())

  /** What it keeps of a device with a large `buffered`, where the environment holds `latencyMsec`. */
  const latencyUs = (latencyMsec) => {
    const env = { ...server.env, ...(latencyMsec !== undefined && { PULSE_LATENCY_MSEC: latencyMsec }) }
    return perform({ driver: 'pulseaudio', env }, async ({ speaker, until }) => {
      const { execFileSync } = require('node:child_process')
      const device = speaker({ buffered: 65536 })
      device.enqueue(Buffer.alloc(4 * 48_000))
      device.play()
      await until(() => device.stats().playedFrames > 4800)
      const [, latency] = execFileSync('pactl', ['list', 'sink-inputs'], { encoding: 'utf8' }).match(/Buffer Latency: (\d+)/)
      device.close()
      return [Number(latency), process.env.PULSE_LATENCY_MSEC]
    })
  }

  it('is more for a large buffered, in a process started by one of ours too, unless the user has said how much', async () => {
    const [[deep, handedDown], [users]] = [await latencyUs(), await latencyUs('2')]
    const [inChild] = await latencyUs(handedDown)
    assert.ok(deep > 4 * users, `${deep}, ${users}`)
    assert.ok(inChild > deep / 2, `${inChild}, ${deep}`)
  })
})
