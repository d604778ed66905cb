'use strict'

const assert = require('node:assert/strict')
const { spawn } = require('node:child_process')
const fs = require('node:fs')
const path = require('node:path')
const readline = require('node:readline')
const { PATIENCE_MS } = require('./studio.cjs')

// Keys in the memory of another process, as whoever gets hold of a dump of it finds them.

const ROOT = path.join(__dirname, '..', '..')
const CHUNK_BYTES = 4 << 20
const HAS_AES = /^flags\s*:.* aes /m.test(fs.readFileSync('/proc/cpuinfo', 'latin1'))

/** Makes a key, opens something with it, wipes its own copy; closes what it opened when told to. The key itself is never a string. */
const HOLDER = (sdl, open) => {
  const key = Buffer.allocUnsafeSlow(32)
  crypto.getRandomValues(key)
  const masked = key.map((byte) => byte ^ 0x5a).toString('hex')
  let held = open(sdl, key)
  key.fill(0)
  process.stdin.once('data', () => {
    held.close()
    held = undefined
    console.log('closed')
  })
  console.log(masked)
}

/** How often any of `needles`, of the same length, lies in the memory of a process. */
const countIn = (pid, needles) => {
  const memory = fs.openSync(`/proc/${pid}/mem`)
  // What lies across the end of a chunk is seen too.
  const overlap = needles[0].length - 1
  const chunk = Buffer.alloc(CHUNK_BYTES + overlap)
  let count = 0
  for (const line of fs.readFileSync(`/proc/${pid}/maps`, 'latin1').split('\n')) {
    const [, from, to] = /^(\w+)-(\w+) rw/.exec(line) ?? []
    if (!from) continue
    const end = parseInt(to, 16)
    for (let at = parseInt(from, 16); at < end; at += CHUNK_BYTES) {
      let got = 0
      try {
        got = fs.readSync(memory, chunk, 0, Math.min(chunk.length, end - at), at)
      } catch {
        continue // some of what is mapped cannot be read
      }
      const there = chunk.subarray(0, got)
      for (const needle of needles) {
        for (let found = there.indexOf(needle); found !== -1; found = there.indexOf(needle, found + 1)) count++
      }
    }
  }
  fs.closeSync(memory)
  return count
}

/** How often parts of the key are found while what `open` returned is open, and after it was closed. */
const look = async (open) => {
  const child = spawn(process.execPath, ['-e', `(${HOLDER})(require(${JSON.stringify(ROOT)}), ${open})`], { stdio: ['pipe', 'pipe', 'inherit'] })
  const lines = readline.createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  try {
    const { value: masked } = await lines.next()
    const key = Buffer.from(masked, 'hex').map((byte) => byte ^ 0x5a)
    // An allocator writes over the start of what is freed: a key may be left in part.
    const parts = [0, 8, 16, 24].map((at) => key.subarray(at, at + 8))
    const open = countIn(child.pid, parts)
    child.stdin.write('close\n')
    assert.equal((await lines.next()).value, 'closed')
    return { open, closed: countIn(child.pid, parts) }
  } finally {
    child.kill()
  }
}

describe('A key', function () {
  this.timeout(PATIENCE_MS)

  it('is found where it was not wiped: the search works', async () => {
    const { open, closed } = await look((sdl, key) => Object.assign(Buffer.from(key), { close () {} }))
    assert.ok(open > 0 && closed > 0, `${open}, ${closed}`)
  })

  for (const [name, open] of Object.entries({
    AesCtr: (sdl, key) => new sdl.AesCtr(key),
    AesCtrStream: (sdl, key) => {
      const [aes, iv] = [new sdl.AesCtr(key), Buffer.alloc(16)]
      const stream = aes.stream(iv)
      return { close: () => [stream, aes].forEach((object) => object.close()) }
    },
    'PacketSealer, CTR': (sdl, key) => new sdl.PacketSealer({ format: 'xiaozhi', key }),
    'PacketSealer, GCM': (sdl, key) => new sdl.PacketSealer({ format: 'seq-pts', key }),
    'PacketOpener, GCM': (sdl, key) => new sdl.PacketOpener({ format: 'seq-pts', key }),
    'AudioProcessor, CTR': (sdl, key) => new sdl.AudioProcessor({ key }),
    'AudioProcessor, GCM': (sdl, key) => new sdl.AudioProcessor({ key, suite: 'aes-256-gcm' }),
  })) {
    it(`is nowhere in memory once its ${name} is closed`, async () => {
      const { open: found, closed } = await look(open)
      // Round keys as instructions for AES take them begin with the key; those of a processor without them do not show it.
      if (HAS_AES) assert.ok(found > 0)
      assert.equal(closed, 0, `found ${found} times before`)
    })
  }
})
