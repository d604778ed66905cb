'use strict'
// sdl-callback-audio/register: `@kmamal/sdl` means our package in the thread that loads it, however it is loaded.

const assert = require('node:assert/strict')
const { spawnSync } = require('node:child_process')
const fs = require('node:fs')
const path = require('node:path')
const { NEWEST_NODE, projectFor, nodeOf } = require('../webaudio/projects.cjs')

const TELL = `
import { createRequire } from 'node:module'
const require = createRequire(import.meta.url)
console.log(getSdl() === require('sdl-callback-audio') && require('@kmamal/sdl') === require('sdl-callback-audio'))
`
const IN_WORKER = `
import { Worker } from 'node:worker_threads'
new Worker(new URL(process.argv[2], import.meta.url))
`

const forms = {
  'a static import before webaudio-node': {
    file: 'static.mjs',
    text: `import 'sdl-callback-audio/register'\nimport { getSdl } from 'webaudio-node'\n${TELL}`,
  },
  'a static import before a dynamic one': {
    file: 'dynamic.mjs',
    text: `import 'sdl-callback-audio/register'\nconst { getSdl } = await import('webaudio-node')\n${TELL}`,
  },
  'a require before a dynamic import': {
    file: 'require.cjs',
    text: `
      require('sdl-callback-audio/register')
      import('webaudio-node').then(({ getSdl }) => console.log(getSdl() === require('sdl-callback-audio')))
    `,
  },
  'a named import of @kmamal/sdl': {
    file: 'named.mjs',
    text: `
      import 'sdl-callback-audio/register'
      import { audio } from '@kmamal/sdl'
      import ours from 'sdl-callback-audio'
      console.log(audio === ours.audio)
    `,
  },
  'node --import': {
    file: 'flag.mjs',
    flags: ['--import', 'sdl-callback-audio/register'],
    text: `import { getSdl } from 'webaudio-node'\n${TELL}`,
  },
  'node --require': {
    file: 'flag.mjs',
    flags: ['--require', 'sdl-callback-audio/register'],
    text: `import { getSdl } from 'webaudio-node'\n${TELL}`,
  },
}

describe('sdl-callback-audio/register', function () {
  this.timeout(120_000)
  let cwd

  before(function () {
    cwd = projectFor('via-register')
    fs.writeFileSync(path.join(cwd, 'in-worker.mjs'), IN_WORKER)
    for (const { file, text } of Object.values(forms)) fs.writeFileSync(path.join(cwd, file), text)
  })

  const run = (node, args) => {
    const { stdout, stderr } = spawnSync(nodeOf(node), args, {
      cwd,
      encoding: 'utf8',
      env: { ...process.env, SDL_AUDIODRIVER: 'dummy' },
    })
    return { stdout, stderr }
  }

  for (const node of [20, NEWEST_NODE]) {
    for (const [title, { file, flags = [] }] of Object.entries(forms)) {
      it(`works through ${title}, on both kinds of thread, on Node ${node}`, function () {
        assert.deepEqual(run(node, [...flags, file]), { stdout: 'true\n', stderr: '' })
        assert.deepEqual(run(node, [...flags, 'in-worker.mjs', `./${file}`]), { stdout: 'true\n', stderr: '' })
      })
    }
  }

  it('comes too late after a static import of webaudio-node, whose error says why', function () {
    fs.writeFileSync(
      path.join(cwd, 'late.mjs'),
      "import { getSdl } from 'webaudio-node'\nimport 'sdl-callback-audio/register'\nconsole.log(getSdl())",
    )
    const { stdout, stderr } = run(20, ['in-worker.mjs', './late.mjs'])
    assert.equal(stdout, '')
    assert.match(stderr, /@kmamal\/sdl can only be used in the main thread/)
  })
})
