'use strict'

const assert = require('node:assert/strict')
const { execFile } = require('node:child_process')
const { once } = require('node:events')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const { promisify } = require('node:util')

const PROGRAM = path.join(__dirname, '..', '..', 'examples', 'voice-udp.mjs')

describe('The example of a call', function () {
  this.timeout(60_000)

  it('goes from one process to another through a bad network, and leaves a picture of it', async () => {
    const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'call-'))
    try {
      const picture = path.join(dir, 'call.svg')
      const args = [PROGRAM, '--speech', '--seconds', '4', '--loss', '0.2', '--picture', picture]
      const { stdout } = await promisify(execFile)(process.execPath, args, { env: { ...process.env, SDL_AUDIODRIVER: 'dummy' } })
      const [, passed, lost] = stdout.match(/(\d+) packets passed, (\d+) lost/).map(Number)
      assert.ok(passed > 50 && lost > 5, stdout)
      const svg = fs.readFileSync(picture, 'utf8')
      const [delay] = [...svg.matchAll(/<polyline[^>]* points="([^"]*)"/g)].map(([, points]) => points.split(' ').map((point) => Number(point.split(',')[1])))
      // It was heard: its delay rose above nothing.
      assert.ok(Math.min(...delay) < Math.max(...delay) && delay.every(Number.isFinite), delay.join())
      assert.match(svg, /made up/)
    } finally {
      fs.rmSync(dir, { recursive: true })
    }
  })

  it('says so where nobody can listen, or one of the two ends, and leaves nothing behind', async () => {
    const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'call-'))
    try {
      for (const driver of ['none', 'dummy']) {
        const env = { ...process.env, SDL_AUDIODRIVER: driver, TMPDIR: dir }
        const child = execFile(process.execPath, [PROGRAM, '--speech', '--seconds', '30'], { cwd: dir, env })
        let said = ''
        child.stderr.on('data', (chunk) => { said += chunk })
        child.stdout.on('data', (chunk) => {
          if (!chunk.includes('delay')) return
          const children = fs.readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim().split(' ')
          // The first one listens.
          process.kill(Number(children[0]), 'SIGKILL')
        })
        const [code] = await once(child, 'close')
        assert.equal(code, 1, said)
        assert.match(said, driver === 'dummy' ? /broke off/ : /Nobody listens/)
        assert.deepEqual(fs.readdirSync(dir), [])
      }
    } finally {
      fs.rmSync(dir, { recursive: true })
    }
  })
})
