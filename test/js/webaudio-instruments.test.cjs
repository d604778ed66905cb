'use strict'
// What the webaudio-node tests measure with: an alarm that is silent proves nothing unless it can ring.

const assert = require('node:assert/strict')
const { execFileSync, spawn } = require('node:child_process')
const { once } = require('node:events')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const { setTimeout: sleep } = require('node:timers/promises')
const { startAudioServer } = require('../audio-server.cjs')
const { sine, channelOf, judgeSine } = require('../webaudio/sine.cjs')

const FREQUENCY = 48000
const SHAPE = { hertz: 480, amplitude: 0.25, frequency: FREQUENCY }
const judge = (samples) => judgeSine(samples, SHAPE)
const oneSecond = () => sine({ ...SHAPE, seconds: 1, channels: 1 })
const without = (samples, from, to) => Float32Array.from([...samples.subarray(0, from), ...samples.subarray(to)])

describe('judging a sine', function () {
  it('finds nothing in an unbroken one', function () {
    const { level, ...judged } = judge(oneSecond())
    assert.ok(Math.abs(level - 0.25) < 1e-6)
    assert.deepEqual(judged, { gapMs: 0, splices: [] })
  })

  it('measures silence of 8 samples and of half a second', function () {
    for (const samples of [8, 24000]) {
      assert.equal(judge(oneSecond().fill(0, 10_010, 10_010 + samples)).gapMs, samples / 48)
    }
  })

  it('finds one missing sample, one sample twice, and a missing block', function () {
    const whole = oneSecond()
    assert.deepEqual(judge(without(whole, 10_010, 10_011)).splices, [10_010])
    assert.deepEqual(judge(Float32Array.from([...whole.subarray(0, 10_010), ...whole.subarray(10_009)])).splices, [10_010])
    assert.deepEqual(judge(without(whole, 10_010, 10_522)).splices, [10_010])
  })
})

describe('the private audio server', function () {
  this.timeout(60_000)

  const pactl = (server, ...args) => execFileSync('pactl', args, { env: server.env, encoding: 'utf8' })

  it('has a null sink whose monitor is the microphone', async function () {
    const server = await startAudioServer()
    try {
      assert.match(pactl(server, 'info'), /Default Sink: speaker\nDefault Source: speaker\.monitor/)
      const silence = await server.record(0.1)
      assert.equal(silence.length, 0.1 * FREQUENCY * server.channels)
      assert.ok(silence.every((sample) => sample === 0))
    } finally {
      await server.stop()
    }
  })

  it('records what another program plays, sample for sample', async function () {
    const server = await startAudioServer()
    const tone = sine({ ...SHAPE, seconds: 3, channels: 2 })
    const player = spawn('pacat', ['--raw', '--format=float32le', '--rate=48000', '--channels=2'], { env: server.env })
    try {
      player.stdin.end(Buffer.from(tone.buffer))
      const heard = channelOf(await server.record(3), 0, server.channels)
      const begin = heard.findIndex((sample) => sample !== 0)
      const unbroken = heard.subarray(begin, begin + FREQUENCY)
      const { level, ...judged } = judge(unbroken)
      assert.deepEqual(judged, { gapMs: 0, splices: [] })
      // The first sample of a sine is 0, so that what is heard first is its second.
      assert.deepEqual(unbroken, channelOf(tone, 0, 2).subarray(1, FREQUENCY + 1))
    } finally {
      player.kill()
      await server.stop()
    }
  })

  it('comes back at the same address after a kill', async function () {
    const server = await startAudioServer()
    try {
      const { pid } = server
      await server.kill()
      assert.equal(server.pid, undefined)
      assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' })
      await server.restart()
      assert.notEqual(server.pid, pid)
      assert.match(pactl(server, 'info'), /Default Sink: speaker/)
    } finally {
      await server.stop()
    }
  })

  it('runs a command with its environment and ends as the command does', async function () {
    const child = spawn(process.execPath, [path.join(__dirname, '../audio-server.cjs'), 'sh', '-c', 'pactl info >/dev/null && exit 7'])
    assert.deepEqual(await once(child, 'exit'), [7, null])
  })

  for (const signal of ['SIGINT', 'SIGKILL']) {
    it(`leaves no process behind when its owner gets ${signal}, nor, once another one starts, a file`, async function () {
      const child = spawn(
        process.execPath,
        [path.join(__dirname, '../audio-server.cjs'), 'sh', '-c', 'echo $AUDIO_SERVER_PID $$; exec sleep 60'],
        { stdio: ['ignore', 'pipe', 'inherit'] },
      )
      const [line] = await once(child.stdout, 'data')
      const pids = String(line).trim().split(' ')
      child.kill(signal)
      await once(child, 'exit')
      // A killed process is there until its parent, or init, has looked.
      const alive = () => pids.filter((pid) => fs.existsSync(`/proc/${pid}`) && !fs.readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z '))
      while (alive().length > 0) await sleep(10)
      await (await startAudioServer()).stop()
      assert.deepEqual(fs.readdirSync(os.tmpdir()).filter((name) => name.startsWith(`audio-server-${child.pid}-`)), [])
    })
  }

  it('says what to install where PulseAudio is missing', async function () {
    const search = process.env.PATH
    process.env.PATH = '/nowhere'
    try {
      await assert.rejects(startAudioServer(), /"pulseaudio" is missing: apt-get install pulseaudio/)
      assert.deepEqual(fs.readdirSync(os.tmpdir()).filter((name) => name.startsWith(`audio-server-${process.pid}-`)), [])
    } finally {
      process.env.PATH = search
    }
  })
})
