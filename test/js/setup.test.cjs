'use strict'
// What `npm run build` does on a machine that lacks something and offers no way to install it.

const assert = require('node:assert/strict')
const { spawnSync } = require('node:child_process')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')

const SETUP = path.join(__dirname, '..', '..', '.ci', 'setup.mjs')
const COMPILERS = ['cc', 'c++', 'make', 'cmake']
/** Stands for what must not run here. */
const REFUSES = '#!/bin/sh\nexit 3\n'
const ANSWERS_VERSION = '#!/bin/sh\n[ "$1" = --version ]\n'

const whereIs = (name) => process.env.PATH.split(path.delimiter).map((dir) => path.join(dir, name)).find(fs.existsSync)

describe('setting up to build', function () {
  this.timeout(30_000)
  let bin

  beforeEach(() => {
    bin = fs.mkdtempSync(path.join(os.tmpdir(), 'setup-'))
    for (const name of ['cargo', 'rustc']) fs.symlinkSync(whereIs(name), path.join(bin, name))
    write('npm', REFUSES)
  })
  afterEach(() => fs.rmSync(bin, { recursive: true }))

  const write = (name, program) => fs.writeFileSync(path.join(bin, name), program, { mode: 0o755 })
  const have = (names) => names.forEach((name) => write(name, REFUSES))
  const setUp = (...args) => spawnSync(process.execPath, [SETUP, ...args], { env: { ...process.env, PATH: bin }, encoding: 'utf8' })

  it('ends, and names the packages, where there is no cmake', () => {
    have(COMPILERS.slice(0, 3))
    const { status, stdout, stderr } = setUp('--for=build')
    assert.equal(status, 1)
    assert.match(stdout, /missing: cmake \(builds SDL2 and libopus\)/)
    assert.match(stderr, /apt-get install .*cmake/)
    assert.doesNotMatch(stdout, /npm run/)
  })

  it('goes on, and names the backends that will be left out, where only headers are missing', () => {
    have(COMPILERS)
    const { stdout } = setUp('--for=build')
    assert.match(stdout, /by hand: .*apt-get install .*libpulse-dev libpipewire-0\.3-dev libasound2-dev\n/)
    assert.match(stdout, /going on without; SDL2 will lack pulseaudio, pipewire, alsa\n.*npm /)
  })

  it('does not take that for enough to test with', () => {
    have([...COMPILERS, 'pulseaudio', 'parec'])
    const { status, stdout } = setUp('--for=test')
    assert.equal(status, 1)
    assert.doesNotMatch(stdout, /going on|npm /)
  })

  describe('to test, where cargo has no fmt and no clippy', () => {
    beforeEach(() => {
      fs.rmSync(path.join(bin, 'cargo'))
      have([...COMPILERS, 'pkg-config', 'pulseaudio', 'parec'])
      write('cargo', ANSWERS_VERSION)
    })

    it('lets rustup add them where there is one', () => {
      write('rustup', ANSWERS_VERSION)
      assert.match(setUp('--for=test').stdout, /^setup: rustup component add rustfmt clippy$/m)
    })

    it("names Debian's packages where cargo is Debian's", () => {
      write('dpkg', '#!/bin/sh\n')
      assert.match(setUp('--for=test').stderr, /apt-get install .* rustfmt rust-clippy$/m)
    })

    it('says what to add where cargo is from elsewhere', () => {
      assert.match(setUp('--for=test').stderr, /the tests need rustfmt and clippy/)
    })
  })

  it('says how it is used', () => {
    for (const option of ['--for=fun', '--fun']) {
      const { status, stderr } = setUp(option)
      assert.deepEqual([status, /usage: .*--for=build\|test\|demo/.test(stderr)], [1, true])
    }
  })
})
