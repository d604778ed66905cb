'use strict'
// The package as it is published, a part for all systems and one for this system, in an empty project: nothing is compiled there.

const assert = require('node:assert/strict')
const { execFileSync, spawnSync } = require('node:child_process')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const { PATIENCE_MS } = require('./studio.cjs')
const { NEWEST_NODE, nodeOf } = require('../webaudio/projects.cjs')

const ROOT = path.join(__dirname, '..', '..')
const MOST_BYTES = 4e6
const manifest = require('../../package.json')
const binary = fs.readdirSync(path.join(ROOT, 'js')).find((name) => name.endsWith('.node'))
const [, platform] = binary.match(/^sdl-callback-audio\.(.*)\.node$/)

const tool = (name) => path.join(ROOT, 'node_modules', '.bin', name)
const npm = (args, cwd) => execFileSync('npm', [...args, '--no-audit', '--no-fund', '--loglevel=error'], { cwd, encoding: 'utf8' })
/** Packs a folder into another; returns the tarball. */
const pack = (folder, into) => path.join(into, JSON.parse(npm(['pack', folder, '--json', '--pack-destination', into], into))[0].filename)

const PROGRAM = {
  'holds.cjs': `
    const { Worker, isMainThread, parentPort } = require('node:worker_threads')
    const sdl = require('sdl-callback-audio')
    const speaker = sdl.audio.openDevice({ type: 'playback' })
    speaker.enqueue(Buffer.alloc(4 * 480))
    speaker.close()
    if (isMainThread) new Worker(__filename).once('message', (text) => console.log('cjs', text))
    else parentPort.postMessage('worker')`,
  'holds.mjs': `
    import sdl, { audio } from 'sdl-callback-audio'
    import { audio as helpers } from 'sdl-callback-audio/helpers'
    import { pullRender } from 'sdl-callback-audio/webaudio-node'
    console.log('esm', sdl.audio === audio, helpers.bytesPerSample('f32'), typeof pullRender)`,
  'typed.ts': `
    import sdl, { audio, type AudioPlaybackInstance } from 'sdl-callback-audio'
    import { audio as helpers } from 'sdl-callback-audio/helpers'
    import { startRenderWorker } from 'sdl-callback-audio/webaudio-node'
    import 'sdl-callback-audio/register'
    const speaker: AudioPlaybackInstance = audio.openDevice({ type: 'playback' })
    const bytes: number = helpers.bytesPerSample('f32')
    startRenderWorker('synth.mjs', { targetMs: 8 })
    // @ts-expect-error it is no number
    speaker.setGain('loud')
    console.log(sdl.info.version, bytes)`,
}

describe('The package, installed', function () {
  this.timeout(PATIENCE_MS)

  let dir, project, tarball, ofPlatform
  before('packing and installing', () => {
    dir = fs.mkdtempSync(path.join(os.tmpdir(), 'install-'))
    const [whole, forAll] = [path.join(dir, 'whole'), path.join(dir, 'for-all')]
    fs.mkdirSync(whole)
    for (const name of [...manifest.files, 'package.json', 'README.md', 'LICENSE']) {
      fs.cpSync(path.join(ROOT, name), path.join(forAll, name), { recursive: true, filter: (file) => !file.endsWith('.node') })
    }
    execFileSync(tool('napi'), ['create-npm-dirs'], { cwd: forAll, stdio: 'ignore' })
    const forPlatform = path.join(forAll, 'npm', platform)
    fs.copyFileSync(path.join(ROOT, 'js', binary), path.join(forPlatform, binary))
    execFileSync(process.execPath, [path.join(ROOT, '.ci', 'licences.mjs'), path.join(forPlatform, 'LICENSE.txt')], { stdio: 'ignore' })
    ofPlatform = pack(forPlatform, dir)
    fs.rmSync(path.join(forAll, 'npm'), { recursive: true })
    tarball = pack(forAll, dir)

    project = path.join(dir, 'project')
    fs.mkdirSync(project)
    fs.writeFileSync(path.join(project, 'package.json'), JSON.stringify({
      private: true, dependencies: { 'sdl-callback-audio': `file:${tarball}`, [`sdl-callback-audio-${platform}`]: `file:${ofPlatform}` },
    }))
    npm(['install', '--ignore-scripts', '--prefer-offline'], project)
    for (const [name, text] of Object.entries(PROGRAM)) fs.writeFileSync(path.join(project, name), text)
  })
  after(() => fs.rmSync(dir, { recursive: true, force: true }))

  // No compiler, no cargo, no npm on PATH: nothing but Node.
  const bare = () => ({ cwd: project, encoding: 'utf8', env: { PATH: '/nowhere', SDL_AUDIODRIVER: 'dummy', HOME: dir } })
  const node = (...args) => spawnSync(process.execPath, args, bare())

  it('is small', () => {
    const [main, native] = [tarball, ofPlatform].map((file) => fs.statSync(file).size)
    assert.ok(main + native < MOST_BYTES, `${main} and ${native} bytes`)
  })

  it('brings the licences of what is linked into it', () => {
    const text = fs.readFileSync(path.join(project, 'node_modules', `sdl-callback-audio-${platform}`, 'LICENSE.txt'), 'utf8')
    for (const whose of ['sdl-callback-audio', 'Xiph.Org', 'Sam Lantinga', 'ringbuf', 'ring 0']) assert.ok(text.includes(whose), whose)
  })

  for (const [name, expected] of [['holds.cjs', 'cjs worker\n'], ['holds.mjs', 'esm true 4 function\n']]) {
    it(`is had by ${name}, where there is no compiler`, () => {
      const { status, stdout, stderr } = node(name)
      assert.deepEqual({ status, stdout, stderr }, { status: 0, stdout: expected, stderr: '' })
    })

    it(`is had by ${name} on Node ${NEWEST_NODE}`, () => {
      const { status, stdout, stderr } = spawnSync(nodeOf(NEWEST_NODE), [name], bare())
      assert.deepEqual({ status, stdout, stderr }, { status: 0, stdout: expected, stderr: '' })
    })
  }

  it('brings its command line', () => {
    const { status, stdout } = node(path.join('node_modules', '.bin', 'sdl-callback-audio'), 'tone', '--seconds', '0.1', '--json')
    assert.equal(status, 0)
    assert.equal(JSON.parse(stdout).complete, true)
  })

  it('needs at run time what its README lists, and nothing else', () => {
    const readme = fs.readFileSync(path.join(ROOT, 'README.md'), 'utf8')
    for (const name of Object.keys(manifest.dependencies)) assert.ok(readme.includes(`\`${name}\``), name)
    const installed = fs.readdirSync(path.join(project, 'node_modules')).filter((name) => !name.startsWith('.'))
    assert.deepEqual(installed.sort(), ['@audio', 'eventemitter3', 'rawr', 'sdl-callback-audio', `sdl-callback-audio-${platform}`])
  })

  for (const [moduleResolution, module] of [['node16', 'node16'], ['bundler', 'esnext']]) {
    it(`is typed for moduleResolution ${moduleResolution}, in CommonJS and in ES modules`, () => {
      const files = ['typed.mts', 'typed.cts']
      for (const file of files) fs.copyFileSync(path.join(project, 'typed.ts'), path.join(project, file))
      const options = [
        '--noEmit', '--strict', '--skipLibCheck', '--esModuleInterop', '--target', 'es2022', '--lib', 'es2022,esnext.disposable',
        '--typeRoots', path.join(ROOT, 'node_modules', '@types'), '--types', 'node', '--module', module, '--moduleResolution', moduleResolution,
      ]
      const { status, stdout } = spawnSync(process.execPath, [tool('tsc'), ...options, ...files], { cwd: project, encoding: 'utf8' })
      assert.deepEqual({ status, stdout }, { status: 0, stdout: '' })
    })
  }

  it('is in order for publint', () => {
    const { status, stdout } = spawnSync(process.execPath, [tool('publint'), tarball, '--strict'], { encoding: 'utf8' })
    assert.equal(status, 0, stdout)
    assert.match(stdout, /All good!/)
  })

  it('is in order for arethetypeswrong, whatever resolves its types', () => {
    const { status, stdout } = spawnSync(process.execPath, [tool('attw'), tarball], { encoding: 'utf8' })
    assert.equal(status, 0, stdout)
    assert.match(stdout, /No problems found/)
  })

  it('says which package is missing where the one for this system was left out', () => {
    const folder = path.join(project, 'node_modules', `sdl-callback-audio-${platform}`)
    fs.renameSync(folder, `${folder}.away`)
    try {
      const { status, stderr } = node('holds.cjs')
      assert.equal(status, 1)
      assert.ok(stderr.includes(`the package sdl-callback-audio-${platform} is not installed`), stderr)
      assert.ok(stderr.includes(`npm install sdl-callback-audio-${platform}@${manifest.version}`))
      const doctor = node(path.join('node_modules', '.bin', 'sdl-callback-audio'), 'doctor', '--json')
      assert.equal(doctor.status, 1)
      assert.match(JSON.parse(doctor.stdout).checks.at(-1).remedy, /npm install sdl-callback-audio-/)
    } finally {
      fs.renameSync(`${folder}.away`, folder)
    }
  })
})
