'use strict'

const assert = require('node:assert/strict')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const { COLUMNS, COMMANDS, cli, interruptedAt } = require('./cli.cjs')
const { PATIENCE_MS } = require('./studio.cjs')
const { bytesOf, floatsOf, randomOf } = require('./signals.cjs')

const FREQUENCY = 48000
const WAV_HEADER_BYTES = 44

/** Samples of any value that a file of floats may hold, and first none that is silence. */
const loud = (seed, samples) => {
  const { next } = randomOf(seed)
  return Float32Array.from({ length: samples }, () => 0.1 + 0.8 * next())
}

const wavOf = async (channelData, { bitDepth = 32, frequency = FREQUENCY } = {}) => {
  const { default: encodeWav } = await import('@audio/encode-wav')
  const encoding = await encodeWav({ sampleRate: frequency, bitDepth })
  encoding.encode(channelData)
  return Buffer.from(encoding.flush())
}

const readWav = async (file) => {
  const { default: decodeWav } = await import('@audio/decode-wav')
  return decodeWav(fs.readFileSync(file))
}

const interleaved = ([left, right]) => Float32Array.from({ length: 2 * left.length }, (_, at) => (at % 2 ? right : left)[at >> 1])
/** Where the first sound begins, in samples. */
const soundStart = (samples) => samples.findIndex((sample) => sample !== 0)

describe('The command line', function () {
  this.timeout(PATIENCE_MS)

  let dir
  const file = (name) => path.join(dir, name)
  beforeEach(() => { dir = fs.mkdtempSync(path.join(os.tmpdir(), 'cli-')) })
  afterEach(() => fs.rmSync(dir, { recursive: true, force: true }))

  describe('explains itself, without any sound:', () => {
    const withoutSound = { driver: 'there-is-none' }

    it('all commands', async () => {
      const { code, stdout } = await cli(['--help'], withoutSound)
      assert.equal(code, 0)
      for (const name of COMMANDS) assert.match(stdout, new RegExp(`^  ${name} .*\\w`, 'm'))
    })

    for (const name of COMMANDS) {
      it(`${name}, by examples`, async () => {
        const { code, stdout, stderr } = await cli([name, '--help'], withoutSound)
        assert.deepEqual([code, stderr], [0, ''])
        assert.match(stdout, new RegExp(`Examples:\\n.*npx sdl-callback-audio ${name}`))
        assert.match(stdout, /--help/)
        for (const line of stdout.split('\n')) assert.ok(line.length <= COLUMNS || /^ *(npx|ffmpeg|SDL_)/.test(line), line)
      })
    }

    it('a command after "help", too', async () => {
      const [asked, helped] = await Promise.all([cli(['help', 'tone']), cli(['tone', '--help'])])
      assert.equal(asked.stdout, helped.stdout)
    })

    it('its version', async () => {
      assert.equal((await cli(['--version'], withoutSound)).stdout, `${require('../../package.json').version}\n`)
    })
  })

  for (const [args, expected] of [
    [[], /^$/],
    [['sing'], /no command "sing".*doctor, devices/],
    [['tone', '--loud'], /'--loud'/],
    [['tone', '--hertz', '7'], /--hertz from 20 to 20000 but received 7/],
    [['tone', '--hertz', 'high'], /a number for --hertz but received "high"/],
    [['tone', '--channels', '1.5'], /a whole number for --channels/],
    [['tone', 'twice'], /"twice" is one argument too many/],
    [['tone', '--device', ''], /the name of a device, or a part of it, but received ""/],
    [['play'], /FILE is missing/],
    [['record', '-'], /cannot be finished in a pipe/],
    [['record', 'a.mp3'], /a name that ends in \.wav but received "a\.mp3": only WAV is written/],
    [['record', 'a.wav', '--format', 'mp3'], /s16 or s24 or f32 for --format but received "mp3"/],
    [['loopback', '--periods', '128,all'], /--periods but received "all"/],
    [['monitor', '--sound', 'microphone', '--only', 'playback'], /needs both sides/],
  ]) {
    it(`answers "${args.join(' ')}" with what was expected, and 2`, async () => {
      const { code, stderr } = await cli(args)
      assert.equal(code, 2)
      assert.match(stderr, expected)
      if (args.length > 0) assert.match(stderr, /Try: npx sdl-callback-audio .*--help/)
    })
  }

  it('says what to do, and 1, where the device cannot be opened', async () => {
    const { code, stderr } = await cli(['tone'], { driver: 'there-is-none' })
    assert.equal(code, 1)
    assert.match(stderr, /ERR_AUDIO_OPEN_FAILED.*Try: npx sdl-callback-audio doctor/)
  })

  it('tells scripts why it failed, in the JSON that they asked for', async () => {
    const { code, stdout } = await cli(['tone', '--json'], { driver: 'there-is-none' })
    const { error } = JSON.parse(stdout)
    assert.deepEqual([code, error.code], [1, 'ERR_AUDIO_OPEN_FAILED'])
    const wrong = await cli(['tone', '--hertz', 'high', '--json'])
    assert.deepEqual([wrong.code, JSON.parse(wrong.stdout).error.code], [2, null])
  })

  it('breaks no line where no terminal shows it', async () => {
    const { complaints } = await cli(['play', `${'long-'.repeat(40)}.wav`])
    assert.deepEqual([complaints.length, complaints[0].length > 2 * COLUMNS], [1, true])
  })

  it('does not mind a reader that has gone', async () => {
    const { code, stderr } = await cli(['monitor', '--interval', '100'], { begun: (child) => child.stdout.once('data', () => child.stdout.destroy()) })
    assert.deepEqual([code, stderr], [0, ''])
  })

  describe('devices', () => {
    it('lists what there is, for people and for scripts', async () => {
      const { code, stdout } = await cli(['devices'])
      assert.equal(code, 0)
      const { driver, devices } = JSON.parse((await cli(['devices', '--json'])).stdout)
      assert.equal(driver, 'dummy')
      assert.deepEqual(devices.map(({ type }) => type), ['playback', 'recording'])
      for (const { name } of devices) assert.ok(stdout.includes(name))
    })
  })

  describe('play', () => {
    for (const [name, bitDepth] of [['floats', 32], ['16-bit integers', 16], ['24-bit integers', 24]]) {
      it(`gives a device the samples of a file of ${name}, every one of them`, async () => {
        const channels = [loud(1, 14400), loud(2, 14400)]
        fs.writeFileSync(file('song.wav'), await wavOf(channels, { bitDepth }))
        const { channelData } = await readWav(file('song.wav'))
        const { code, stdout, stderr, dir: tape } = await cli(['play', file('song.wav')], { driver: 'disk', env: { ...process.env, SDL_DISKAUDIOFILE: 'tape' } })
        assert.deepEqual([code, stderr], [0, ''])
        assert.match(stdout, /song\.wav: disk, 48000 Hz, stereo/)
        const [heard, wanted] = [floatsOf(fs.readFileSync(path.join(tape, 'tape'))), interleaved(channelData)]
        const start = soundStart(heard)
        assert.deepEqual(heard.subarray(start, start + wanted.length), wanted)
      })
    }

    it('plays what stdin brings, and tells a script what it did', async () => {
      const wav = await wavOf([loud(3, 9600)])
      const { code, stdout } = await cli(['play', '-', '--json'], { input: wav })
      assert.equal(code, 0)
      const told = JSON.parse(stdout)
      assert.deepEqual([told.complete, told.channels, told.frequency, told.playedFrames, told.seconds], [true, 1, FREQUENCY, 9600, 0.2])
    })

    for (const [what, content, expected] of [
      ['text', 'no sound at all', /cannot be played: Not a WAV file; if it is sound, convert it first: ffmpeg .*\(ERR_AUDIO_NOT_SUPPORTED\)/],
      ['nothing', '', /there is no sound in it/],
      ['half a header', null, /there is no sound in it/],
    ]) {
      it(`refuses a file that holds ${what}`, async () => {
        fs.writeFileSync(file('odd.wav'), content ?? (await wavOf([loud(1, 10)])).subarray(0, 20))
        const { code, stderr } = await cli(['play', file('odd.wav')])
        assert.equal(code, 1)
        assert.match(stderr, expected)
      })
    }

    it('refuses files that no device could play', async () => {
      fs.writeFileSync(file('many.wav'), await wavOf(Array.from({ length: 9 }, () => loud(1, 100))))
      assert.match((await cli(['play', file('many.wav')])).stderr, /has 9 channels; a device has at most 8/)
      fs.writeFileSync(file('slow.wav'), await wavOf([loud(1, 100)], { frequency: 12 }))
      assert.match((await cli(['play', file('slow.wav')])).stderr, /12 frames per second; expected 1000 to 384000/)
    })

    it('plays or refuses whatever a file says of itself', async () => {
      const { decodeWav } = await import('../../js/cli/wav.mjs')
      const wav = await wavOf([loud(1, 500), loud(2, 500)], { bitDepth: 16 })
      const { integer, pick } = randomOf(7)
      const answers = { played: 0, refused: 0 }
      for (let round = 0; round < 500; round++) {
        const odd = Buffer.from(wav)
        for (let change = integer(1, 3); change > 0; change--) odd[integer(0, WAV_HEADER_BYTES - 1)] = pick([0, 1, 128, 255, integer(0, 255)])
        const pieces = async function * () {
          for (let at = 0; at < odd.length; at += 333) yield odd.subarray(at, at + 333)
        }
        try {
          const { sound, channels } = await decodeWav(pieces(), 'odd.wav')
          for await (const block of sound) assert.equal(block.length % (4 * channels), 0)
          answers.played++
        } catch (error) {
          assert.equal(error.code, 'ERR_AUDIO_NOT_SUPPORTED', error.stack)
          answers.refused++
        }
      }
      assert.ok(answers.played > 50 && answers.refused > 50, JSON.stringify(answers))
    })

    it('refuses a folder', async () => {
      const { code, stderr } = await cli(['play', dir])
      assert.equal(code, 1)
      assert.match(stderr, /is a folder: expected a WAV file/)
    })

    it('says that there is no such file', async () => {
      const { code, stderr } = await cli(['play', 'nowhere.wav'])
      assert.deepEqual([code, stderr], [1, 'sdl-callback-audio: play: no such file: nowhere.wav (ENOENT)'])
    })

    it('says that the device is gone, and ends at Ctrl-C all the same', async () => {
      fs.writeFileSync(file('long.wav'), await wavOf([new Float32Array(5 * FREQUENCY)], { bitDepth: 16 }))
      const { code, stderr } = await cli(['play', file('long.wav'), '--device', '/dev/full'], { driver: 'disk', begun: interruptedAt(/is gone/) })
      assert.deepEqual([code, /^the device is gone; it goes on when/.test(stderr)], [130, true])
    })

    it('ends at Ctrl-C', async () => {
      fs.writeFileSync(file('long.wav'), await wavOf([new Float32Array(60 * FREQUENCY)], { bitDepth: 16 }))
      const { code, signal, stdout, stderr } = await cli(['play', file('long.wav')], { begun: interruptedAt(/long\.wav/) })
      assert.deepEqual([code, signal, stderr], [130, null, ''])
      assert.match(stdout, /stopped after 0:0/)
    })
  })

  describe('tone', () => {
    it('sounds on one channel after the other, as loud and as long as asked', async () => {
      const { code, dir: tape } = await cli(['tone', '--channels', '2', '--seconds', '0.1', '--gain', '0.5'], { driver: 'disk', env: { ...process.env, SDL_DISKAUDIOFILE: 'tape' } })
      assert.equal(code, 0)
      const heard = floatsOf(fs.readFileSync(path.join(tape, 'tape')))
      const sounding = [0, 1].map((channel) => heard.filter((_, at) => at % 2 === channel).map(Math.abs))
      for (const samples of sounding) {
        assert.ok(Math.abs(Math.max(...samples) - 0.5) < 0.001)
        const frames = samples.findLastIndex((sample) => sample > 0.1) - samples.findIndex((sample) => sample > 0.1)
        assert.ok(Math.abs(frames - 4800) < 100, `${frames} frames`)
      }
      const [left, right] = sounding.map((samples) => samples.findIndex((sample) => sample > 0.1))
      assert.ok(Math.abs(right - left - 4800) < 100)
    })

    for (const [signal, status] of [['SIGINT', 130], ['SIGTERM', 143]]) {
      it(`ends at ${signal}, with ${status}`, async () => {
        const { code, stdout, stderr } = await cli(['tone', '--seconds', '60'], { begun: interruptedAt(/Hz/, signal) })
        assert.deepEqual([code, stderr], [status, ''])
        assert.match(stdout, /stopped after/)
      })
    }
  })

  describe('record', () => {
    const onTape = (samples) => {
      fs.writeFileSync(file('microphone'), bytesOf(samples))
      return { driver: 'disk', env: { ...process.env, SDL_DISKAUDIOFILEIN: file('microphone') } }
    }

    it('writes what the microphone gave, every sample of it', async () => {
      const spoken = interleaved([loud(4, 48000), loud(5, 48000)])
      const { code, stderr } = await cli(['record', file('voice.wav'), '--seconds', '0.3', '--format', 'f32', '--channels', '2'], onTape(spoken))
      assert.deepEqual([code, stderr], [0, ''])
      const { sampleRate, channelData } = await readWav(file('voice.wav'))
      assert.equal(sampleRate, FREQUENCY)
      assert.deepEqual(channelData.map(({ length }) => length), [14400, 14400])
      assert.deepEqual(interleaved(channelData), spoken.subarray(0, 28800))
    })

    it('writes integers of 16 bits where nothing else is asked for, and tells a script', async () => {
      const spoken = loud(6, 48000)
      const { stdout } = await cli(['record', file('voice.wav'), '--seconds', '0.1', '--json'], onTape(spoken))
      const told = JSON.parse(stdout)
      assert.deepEqual([told.frames, told.format, told.overruns, told.driver], [4800, 's16', 0, 'disk'])
      const { channelData: [samples] } = await readWav(file('voice.wav'))
      assert.equal(samples.length, 4800)
      for (const [at, sample] of samples.entries()) assert.ok(Math.abs(sample - spoken[at]) <= 1 / 32767, `sample ${at}`)
    })

    it('finishes the file at Ctrl-C', async () => {
      const { code, stdout, stderr } = await cli(['record', file('voice.wav')], { begun: interruptedAt(/voice\.wav/) })
      assert.deepEqual([code, stderr], [130, ''])
      assert.match(stdout, /recorded 0:0/)
      const bytes = fs.readFileSync(file('voice.wav'))
      assert.equal(bytes.readUInt32LE(4), bytes.length - 8)
      assert.equal(bytes.readUInt32LE(40), bytes.length - WAV_HEADER_BYTES)
    })

    it('says in a sentence why it cannot write there', async () => {
      const said = async (...args) => {
        const { code, stderr } = await cli(['record', ...args, '--seconds', '0.1'], { cwd: dir })
        assert.equal(code, 1)
        return stderr
      }
      fs.writeFileSync(file('voice.wav'), 'dear')
      const folder = (name) => `sdl-callback-audio: record: ${name} is a folder: expected the name of a WAV file (EISDIR)`
      assert.equal(await said('.'), folder('.'))
      assert.equal(await said(dir, '--force'), folder(dir))
      assert.equal(await said('/nowhere/x.wav'), 'sdl-callback-audio: record: /nowhere/x.wav cannot be written: there is no folder /nowhere (ENOENT)')
      assert.equal(await said('voice.wav/x.wav'), 'sdl-callback-audio: record: voice.wav/x.wav cannot be written: voice.wav is no folder (ENOTDIR)')
    })

    it('leads to the list of devices from one that is not there', async () => {
      const { code, stderr } = await cli(['record', file('voice.wav'), '--device', 'gramophone'])
      assert.equal(code, 1)
      assert.match(stderr, /ERR_AUDIO_DEVICE_NOT_FOUND.* Try: npx sdl-callback-audio devices, or leave out --device$/)
    })

    it('leaves alone what is there, unless it is told otherwise', async () => {
      fs.writeFileSync(file('voice.wav'), 'dear')
      const { code, stderr } = await cli(['record', file('voice.wav'), '--seconds', '0.1'])
      assert.deepEqual([code, /--force/.test(stderr), fs.readFileSync(file('voice.wav'), 'utf8')], [1, true, 'dear'])
      assert.equal((await cli(['record', file('voice.wav'), '--seconds', '0.1', '--force'])).code, 0)
      assert.equal(fs.statSync(file('voice.wav')).size, WAV_HEADER_BYTES + 2 * 4800)
    })
  })
})
