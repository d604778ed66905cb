'use strict'
// memory.cjs LIBRARY DEVICES: prints the resident memory of a process that has loaded LIBRARY ('' for none) and plays on so
// many devices of SDL's disk driver, which takes any number of them.

const { setTimeout: sleep } = require('node:timers/promises')

const [library, devices] = process.argv.slice(2)
const QUEUED_FRAMES = 4800
const SETTLE_MS = 500

const load = async () => {
  const { audio } = library ? require(library) : {}
  const sound = Buffer.alloc(QUEUED_FRAMES * 8)
  for (let device = 0; device < Number(devices); device++) {
    const speaker = audio.openDevice({ type: 'playback', name: '/dev/null' }, { channels: 2 })
    speaker.enqueue(sound)
    speaker.play()
  }
  await sleep(SETTLE_MS)
  global.gc()
  await sleep(SETTLE_MS)
  console.log(JSON.stringify({ rssBytes: process.memoryUsage.rss() }))
  process.exit()
}

load()
