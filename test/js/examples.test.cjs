'use strict'

const assert = require('node:assert/strict')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const { run, PATIENCE_MS } = require('./studio.cjs')
const { bytesOf, constant, floatsOf, sine } = require('./signals.cjs')

const EXAMPLES = path.join(__dirname, '..', '..', 'examples')
/** Programs of several files, which other tests run. */
const LARGER = /^(demo|gateway)/
const MOST_LINES = 60

const peakOf = (samples) => samples.reduce((peak, sample) => Math.max(peak, Math.abs(sample)), 0)
/** Crossings of zero upwards, a second. */
const hertzOf = (samples, frequency = 48000) => {
  const ups = samples.filter((sample, at) => at > 0 && samples[at - 1] < 0 && sample >= 0).length
  return (ups * frequency) / samples.length
}

describe('The example', function () {
  this.timeout(PATIENCE_MS)

  let dir
  beforeEach(() => { dir = fs.mkdtempSync(path.join(os.tmpdir(), 'example-')) })
  afterEach(() => fs.rmSync(dir, { recursive: true, force: true }))

  /** Runs an example with what it plays and hears in files: `microphone` are the samples that it hears. */
  const example = async (name, args = [], { microphone, driver = 'disk' } = {}) => {
    const files = { SDL_DISKAUDIOFILE: path.join(dir, 'played'), SDL_DISKAUDIOFILEIN: path.join(dir, 'microphone') }
    fs.writeFileSync(files.SDL_DISKAUDIOFILEIN, bytesOf(microphone ?? constant(1, 0)))
    const { code, stdout, stderr, dir: cwd } = await run(path.join(EXAMPLES, `${name}.mjs`), { driver, args, env: { ...process.env, ...files } })
    assert.deepEqual([code, stderr], [0, ''])
    const played = fs.existsSync(files.SDL_DISKAUDIOFILE) ? floatsOf(fs.readFileSync(files.SDL_DISKAUDIOFILE)) : null
    return { stdout, played, cwd }
  }

  it('tone-worker sounds while the main thread is blocked', async () => {
    const { stdout, played } = await example('tone-worker', ['0.5'])
    assert.match(stdout, /^0\.\d s of sound, \d+ gaps, main thread blocked/)
    assert.ok(played.filter((sample) => sample !== 0).length > 0.1 * 48000)
    assert.ok(Math.abs(peakOf(played) - 0.2) < 0.001)
  })

  it('echo gives back what was said, later and softer', async () => {
    const said = sine(4800, { hertz: 300, amplitude: 0.5 })
    const spoken = new Float32Array(48000)
    spoken.set(said)
    const { stdout, played } = await example('echo', ['0.8'], { microphone: spoken })
    assert.match(stdout, /^0\.8 s, \d+ gaps\n$/)
    assert.ok(Math.abs(peakOf(played) - 0.5) < 0.01)
    const first = played.findIndex((sample) => Math.abs(sample) > 0.01)
    const second = played.subarray(first + 9600, first + 9600 + 14400)
    assert.ok(Math.abs(peakOf(second) - 0.25) < 0.01)
  })

  it('video-clock shows pictures with their sound', async () => {
    const { stdout } = await example('video-clock', ['2'], { driver: 'dummy' })
    const [, pictures, apartMs] = stdout.match(/^(\d+) pictures, 99 % within (\d+) ms of their sound; target \d+ ms, jitter \d+ ms, \d+ gaps, \d+ skipped\n$/)
    assert.ok(pictures > 10 && Number.isFinite(Number(apartMs)))
  })

  it('mixer mixes three sources and moves their gains', async () => {
    const { stdout, played } = await example('mixer')
    for (const name of ['bass', 'chord', 'voice']) assert.match(stdout, new RegExp(`^${name} +1\\.2 s`, 'm'))
    assert.ok(peakOf(played) > 0.5)
  })

  it('stream pipes samples through a transform into a speaker', async () => {
    const { stdout, played } = await example('stream', ['0.3'])
    assert.match(stdout, /^0\.3 s played, at most \d+ bytes/)
    assert.ok(Math.abs(peakOf(played) - 0.2) < 0.001)
    assert.equal(played.filter((sample) => sample !== 0).length > 14300, true)
  })

  it('recorder writes a WAV file', async () => {
    const { stdout, cwd } = await example('recorder', ['voice.wav', '0.3'], { microphone: sine(48000, { hertz: 480 }) })
    assert.equal(stdout, 'voice.wav: 0.3 s, 0 frames lost\n')
    const { default: decodeWav } = await import('@audio/decode-wav')
    const { channelData: [samples], sampleRate } = decodeWav(fs.readFileSync(path.join(cwd, 'voice.wav')))
    assert.deepEqual([samples.length, sampleRate], [14400, 48000])
    assert.ok(Math.abs(hertzOf(samples) - 480) < 5)
  })

  it('voice-agent says all of it where nobody speaks', async () => {
    const { stdout } = await example('voice-agent', [], { microphone: new Float32Array(4 * 24000), driver: 'dummy' })
    assert.equal(stdout, 'said "Sure, I can explain that at any length you like"\n')
  })

  it('voice-agent falls silent when somebody speaks, and knows what was heard', async () => {
    const spoken = new Float32Array(4 * 24000)
    spoken.set(sine(24000, { hertz: 200, amplitude: 0.5 }), 0.4 * 24000)
    const { stdout, played } = await example('voice-agent', [], { microphone: spoken })
    assert.match(stdout, /^interrupted after "Sure, I\b[^"]*", \d+ ms were never heard\n$/)
    const [, unheardMs] = stdout.match(/(\d+) ms/)
    const heardMs = (played.findLastIndex((sample) => sample !== 0) - played.findIndex((sample) => sample !== 0)) / 24
    assert.ok(Math.abs(heardMs + Number(unheardMs) - 1500) < 60, `${heardMs} ms heard, ${unheardMs} ms not`)
  })

  it('music-player plays a file through webaudio-node', async () => {
    const { stdout } = await example('music-player', ['', '0.5'], { driver: 'dummy' })
    assert.match(stdout, /^0\.0 of 0\.5 s\n[^]*the end, \d+ gaps\n$/)
  })

  for (const [name, args, code, expected] of [
    ['voice-udp', ['--bogus'], 2, /^Unknown option '--bogus'; usage: node examples\/voice-udp\.mjs \[--seconds S\]/],
    ['voice-udp', ['--loss', '2'], 2, /^Expected --seconds above 0 and --loss from 0 to 1$/],
    ['echo', ['abc'], 2, /^Expected a number of 0 or more for SECONDS but received "abc"; usage: node examples\/echo\.mjs \[SECONDS\]$/],
    ['tone-worker', ['1', '2'], 2, /^"2" is one argument too many; usage/],
    ['music-player', ['nope.mp3'], 1, /^nope\.mp3 cannot be played: .*no such file/],
  ]) {
    // What `command-line.mjs` makes of them.
    it(`${name} answers "${args.join(' ')}" with a line, and ${code}`, async () => {
      const end = await run(path.join(EXAMPLES, `${name}.mjs`), { driver: 'dummy', args })
      assert.deepEqual([end.code, end.stdout], [code, ''])
      const [line, ...rest] = end.stderr.trim().split('\n')
      assert.match(line, expected)
      assert.deepEqual(rest, [])
    })
  }

  it('of every kind is run by a test, and short', () => {
    const tests = fs.readdirSync(__dirname).map((name) => fs.readFileSync(path.join(__dirname, name), 'utf8')).join('\n')
    for (const file of fs.readdirSync(EXAMPLES, { recursive: true }).filter((name) => name.endsWith('.mjs') && !LARGER.test(name))) {
      const name = path.basename(file, '.mjs')
      assert.ok(path.dirname(file) !== '.' || tests.includes(`'${name}'`) || tests.includes(file), `no test runs ${file}`)
      const lines = fs.readFileSync(path.join(EXAMPLES, file), 'utf8').split('\n').length - 1
      assert.ok(lines < MOST_LINES, `${file} has ${lines} lines`)
    }
  })
})
