'use strict'
// The commands that look at a machine's sound: with an audio server, without one, on a terminal and in a pipe.

const assert = require('node:assert/strict')
const { spawn } = require('node:child_process')
const { once } = require('node:events')
const fs = require('node:fs')
const path = require('node:path')
const { startAudioServer } = require('../audio-server.cjs')
const { COLUMNS, MAIN, cli, interruptedAt } = require('./cli.cjs')
const { PATIENCE_MS } = require('./studio.cjs')

const NOWHERE = { driver: '', env: { ...process.env, PULSE_SERVER: 'unix:/nowhere', XDG_RUNTIME_DIR: '/nowhere', ALSA_CONFIG_PATH: '/nowhere' } }

/** Runs a command on a terminal (util-linux's `script` makes one); resolves to what the terminal was sent. */
const onTerminal = async (args, env = {}) => {
  const command = [process.execPath, MAIN, ...args].join(' ')
  const child = spawn('script', ['--quiet', '--return', '--command', command, '/dev/null'], {
    env: { ...process.env, SDL_AUDIODRIVER: 'dummy', TERM: 'xterm', ...env }, stdio: ['ignore', 'pipe', 'inherit'],
  })
  let shown = ''
  child.stdout.on('data', (chunk) => { shown += chunk })
  const [status] = await once(child, 'close')
  return { status, shown }
}
const CODES = /\x1b\[[0-9;]*[A-Za-z]/g

describe('The command line looks at sound:', function () {
  this.timeout(PATIENCE_MS)

  describe('monitor', () => {
    it('gives scripts what the devices count', async () => {
      const { code, stdout } = await cli(['monitor', '--json', '--seconds', '0.8', '--interval', '200', '--sound', 'tone'])
      assert.equal(code, 0)
      const looks = stdout.trim().split('\n').map((line) => JSON.parse(line))
      assert.ok(looks.length >= 2 && looks.length <= 4, `${looks.length} looks at 200, 400, 600 and 800 ms`)
      const { seconds, playback, recording } = looks.at(-1)
      assert.ok(seconds > 0.7)
      assert.ok(playback.stats.playedFrames > looks[0].playback.stats.playedFrames)
      assert.ok(recording.stats.readFrames > 0)
      assert.equal(playback.obtained.driver, 'dummy')
    })

    for (const only of ['playback', 'recording']) {
      it(`shows ${only} alone`, async () => {
        const { code, stdout } = await cli(['monitor', '--only', only, '--seconds', '0.2', '--interval', '100'])
        assert.equal(code, 0)
        assert.match(stdout, only === 'playback' ? /^0:00\.\d {2}out .* dry \d+$/m : /^0:00\.\d {2}in .* full \d+$/m)
      })
    }

    it('says how to do without a microphone that is not there', async () => {
      const { code, stderr } = await cli(['monitor', '--seconds', '0.2'], { driver: 'disk', env: { ...process.env, SDL_DISKAUDIOFILEIN: '/nowhere/tape' } })
      assert.equal(code, 1)
      assert.match(stderr, /no microphone: .*; --only playback does without/)
    })

    it('passes the microphone on to the speaker', async () => {
      const { code, stdout } = await cli(['monitor', '--sound', 'microphone', '--seconds', '0.4', '--json'])
      assert.equal(code, 0)
      assert.ok(JSON.parse(stdout.trim().split('\n').at(-1)).playback.stats.playedFrames > 0)
    })

    it('has a legend in its help, for all that it shows', async () => {
      const [{ stdout: help }, { shown }] = await Promise.all([cli(['monitor', '--help']), onTerminal(['monitor', '--seconds', '0.3'], { NO_COLOR: '1' })])
      const words = new Set(shown.replace(CODES, '').split(/\r?\n/).map((line) => line.match(/^ {2}(\w+)/)?.[1]).filter(Boolean))
      assert.ok(words.size >= 6, [...words].join())
      for (const word of words) assert.match(help, new RegExp(`^  ${word}\\b`, 'm'))
    })

    it('ends at Ctrl-C', async () => {
      const { code, signal, stderr } = await cli(['monitor', '--interval', '100'], { begun: interruptedAt(/out/) })
      assert.deepEqual([code, signal, stderr], [130, null, ''])
    })

    it('draws anew in place on a terminal, within 80 columns, in colour unless NO_COLOR', async () => {
      const { status, shown } = await onTerminal(['monitor', '--sound', 'tone', '--seconds', '0.6'])
      assert.equal(status, 0)
      assert.match(shown, /\x1b\[\d+A/)
      assert.match(shown, /\x1b\[32m0 \(0 frames\)/)
      const lines = shown.replace(CODES, '').split(/\r?\n/)
      assert.ok(lines.every((line) => line.length < COLUMNS))
      for (const what of ['SPEAKER', 'MICROPHONE', 'ring', 'level', 'callbacks', 'underruns', 'overruns']) {
        assert.ok(lines.some((line) => line.includes(what)), what)
      }
      const plain = await onTerminal(['monitor', '--seconds', '0.3'], { NO_COLOR: '1' })
      assert.doesNotMatch(plain.shown, /\x1b\[\d+m/)
    })
  })

  it('shows progress on a terminal, and takes it away again', async () => {
    const { shown } = await onTerminal(['tone', '--seconds', '0.5'])
    assert.match(shown, /0:00\.\d {2}█/)
    assert.match(shown, /\x1b\[0Jplayed 0:00\.5/)
  })

  describe('without an audio server or a sound card', () => {
    it('doctor says what is wrong and what to do about each problem, and 1', async () => {
      const { code, stdout } = await cli(['doctor', '--json'], NOWHERE)
      const { ok, checks } = JSON.parse(stdout)
      assert.deepEqual([code, ok], [1, false])
      const problems = checks.filter(({ status }) => status === 'problem')
      assert.ok(problems.some(({ finding }) => finding === 'no audio system opens a speaker'))
      for (const { about, finding, remedy } of problems) assert.ok(about && finding && remedy, about)
      for (const about of ['Node', 'Native part', 'Versions', 'PulseAudio', 'PipeWire', 'ALSA']) {
        assert.ok(checks.some((check) => check.about === about), about)
      }
    })

    it('doctor knows a driver that needs no sound card', async () => {
      const { code, stdout } = await cli(['doctor', '--json', '--silent'])
      const { checks } = JSON.parse(stdout)
      assert.equal(code, 0, stdout)
      assert.match(checks.find(({ about }) => about === 'SDL_AUDIODRIVER').finding, /^dummy/)
      assert.ok(!checks.some(({ about }) => about === 'Loopback'))
    })

    for (const [driver, why] of [['dummy', /drops it/], ['disk', /to a file/]]) {
      it(`doctor says that nothing will be heard with ${driver}, and why`, async () => {
        const [text, json] = await Promise.all([[], ['--json']].map((more) => cli(['doctor', '--silent', ...more], { driver })))
        assert.equal(text.code, 0, text.stdout)
        assert.match(text.stdout, /^Nothing will be heard: /m)
        assert.match(text.stdout, why)
        assert.doesNotMatch(text.stdout, /Sound works/)
        const { ok, heard } = JSON.parse(json.stdout)
        assert.deepEqual([ok, heard], [true, false])
      })
    }

    it('doctor names a file that the disk driver cannot write', async () => {
      const { code, stdout } = await cli(['doctor', '--silent'], { driver: 'disk', env: { ...NOWHERE.env, SDL_DISKAUDIOFILE: '/nowhere/tape' } })
      assert.equal(code, 1)
      assert.match(stdout, /✘ SDL_AUDIODRIVER: disk does not open: .*\/nowhere\/tape\n {2}→ .*SDL_DISKAUDIOFILE/)
    })

    it('doctor names a driver that is not in this build', async () => {
      const { code, stdout } = await cli(['doctor'], { driver: 'gramophone' })
      assert.equal(code, 1)
      assert.match(stdout, /✘ SDL_AUDIODRIVER: there is no "gramophone" in this build\n {2}→ .*pulseaudio/)
    })

    it('doctor ends at Ctrl-C', async () => {
      const { code, signal, stderr } = await cli(['doctor'], { begun: interruptedAt(/Versions/) })
      assert.deepEqual([code, signal, stderr], [130, null, ''])
    })

    it('loopback says that nothing came back, and 1', async () => {
      const { code, stdout, stderr } = await cli(['loopback', '--periods', '480', '--warm', '0'])
      assert.deepEqual([code, /nothing of what was played came back/.test(stderr)], [1, true])
      assert.match(stdout, /^ +480 +not heard +[\d.]+/m)
    })

    it('loopback tells what it measured though its picture cannot be written', async () => {
      const { code, stdout, stderr } = await cli(['loopback', '--periods', '480', '--warm', '0', '--svg', '/dev/full'])
      assert.equal(code, 1)
      assert.match(stdout, /^ +480 +not heard/m)
      assert.match(stderr, /\/dev\/full cannot be written: no space is left \(ENOSPC\)/)
    })

    it('loopback looks whether its picture can be written before it measures', async () => {
      const { code, stdout, complaints } = await cli(['loopback', '--svg', '/nowhere/picture.svg'])
      assert.deepEqual([code, stdout], [1, ''])
      assert.deepEqual(complaints, ['sdl-callback-audio: loopback: /nowhere/picture.svg cannot be written: there is no folder /nowhere (ENOENT)'])
    })

    it('devices leads to doctor where nothing is listed and nothing opens', async () => {
      const { code, stdout } = await cli(['devices'], { ...NOWHERE, driver: 'alsa' })
      assert.equal(code, 0)
      assert.match(stdout, /No device is listed, and the default speaker does not open: npx sdl-callback-audio doctor\n/)
      assert.doesNotMatch(stdout, /may work/)
    })

    it('loopback ends at Ctrl-C', async () => {
      const { code, signal, stderr } = await cli(['loopback'], { begun: interruptedAt(/clicks/) })
      assert.deepEqual([code, signal, stderr], [130, null, ''])
    })
  })

  describe('with an audio server', () => {
    let server
    before(async () => { server = await startAudioServer() })
    after(() => server.stop())
    const there = () => ({ driver: 'pulseaudio', env: server.env })

    it('doctor finds everything in order, and hears itself', async () => {
      const { code, stdout } = await cli(['doctor', '--json'], there())
      const { ok, checks } = JSON.parse(stdout)
      assert.deepEqual([code, ok], [0, true], stdout)
      assert.equal(JSON.parse(stdout).heard, true)
      assert.match(checks.find(({ about }) => about === 'Loopback').finding, /hears the speaker: [\d.]+ ms/)
      assert.equal(checks.find(({ about }) => about === 'PulseAudio').status, 'ok')
    })

    it('loopback measures, and draws the round trips and the callbacks', async () => {
      const { code, stdout, dir } = await cli(['loopback', '--periods', '128,256', '--probes', '8', '--svg', 'picture.svg', '--json'], there())
      assert.equal(code, 0)
      const results = JSON.parse(stdout)
      assert.deepEqual(results.map(({ periodFrames }) => periodFrames), [128, 256])
      for (const { roundTripMs, intervals, intervalUs, obtained } of results) {
        assert.ok(roundTripMs.length >= 7 && roundTripMs.every((ms) => ms > 0 && ms < 1000))
        const counted = intervals.reduce((sum, [,, count]) => sum + count, 0)
        assert.ok(counted > 100)
        assert.ok(intervals.every(([from, to]) => from < to) && intervals.at(-1)[0] <= intervalUs.max)
        assert.equal(obtained.driver, 'pulseaudio')
      }
      const svg = fs.readFileSync(path.join(dir, 'picture.svg'), 'utf8')
      assert.match(svg, /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg"[^]*<\/svg>\n$/)
      assert.equal(svg.match(/<circle /g).length, results.flatMap(({ roundTripMs }) => roundTripMs).length)
      assert.equal(svg.match(/<rect /g).length, 1 + results.flatMap(({ intervals }) => intervals).length)
      assert.doesNotMatch(svg, /NaN|undefined/)
    })

    it('devices says that the default microphone may work though none is listed', async () => {
      const { code, stdout } = await cli(['devices'], there())
      assert.equal(code, 0)
      assert.match(stdout, /^Recording\n {2}none listed; the default microphone may work all the same: npx sdl-callback-audio record test\.wav$/m)
      assert.doesNotMatch(stdout.split('Recording')[0], /none listed/)
    })

    it('what record records is what tone plays', async () => {
      const tone = cli(['tone', '--seconds', '2', '--gain', '0.5'], there())
      const { code, dir } = await cli(['record', 'heard.wav', '--seconds', '0.8'], there())
      assert.equal(code, 0)
      assert.equal((await tone).code, 0)
      const { default: decodeWav } = await import('@audio/decode-wav')
      const { channelData: [samples] } = decodeWav(fs.readFileSync(path.join(dir, 'heard.wav')))
      assert.equal(samples.length, 38400)
      assert.ok(Math.abs(samples.reduce((peak, sample) => Math.max(peak, sample), 0) - 0.5) < 0.01)
    })
  })
})
