'use strict'
// receivers.cjs OURS STREAMS SECONDS: so many receivers of sealed Opus (48 kHz mono, 20 ms, 24 kb/s, AES-128-GCM) into one device in
// real time. Prints µs of processor time per packet and stream: on the voice threads, on the audio thread, and here, where
// packets are handed in; what underran or was made up; and bytes that a stream takes.

const fs = require('node:fs')
const { setTimeout: sleep } = require('node:timers/promises')

const [ours, streams, seconds] = process.argv.slice(2).map((word, index) => (index < 1 ? word : Number(word)))
const sdl = require(ours)
const { voice } = require('../../js/sounds.cjs')

const PACKET_MS = 20
/** Streams speak in turns, as those of many people do. */
const TURNS = 4
/** Until every delay has settled. */
const WARM_UP_MS = 3000
const KEY = Buffer.alloc(16, 5)

/** Nanoseconds that threads have run, by the beginning of their name; without one, this thread. */
const ranNs = (name) => {
  let sum = 0
  for (const task of fs.readdirSync('/proc/self/task')) {
    try {
      const comm = fs.readFileSync(`/proc/self/task/${task}/comm`, 'utf8')
      if (name ? comm.startsWith(name) : Number(task) === process.pid) sum += Number(fs.readFileSync(`/proc/self/task/${task}/schedstat`, 'utf8').split(' ')[0])
    } catch {
      // It has ended meanwhile.
    }
  }
  return sum
}

const packets = (() => {
  const encoder = new sdl.OpusEncoder({ bitrate: 24_000, complexity: 10 })
  const sealer = new sdl.PacketSealer({ format: 'seq-pts', key: KEY })
  const count = Math.ceil((seconds * 1000 + WARM_UP_MS) / PACKET_MS) + 500
  const sound = voice(960 * 100, 48_000)
  return Array.from({ length: count }, (_, index) => {
    const at = (index % 100) * 960
    return sealer.seal(encoder.encode(sound.subarray(at, at + 960)), { timestamp: index * PACKET_MS * 1000 })
  })
})()

const main = async () => {
  const device = sdl.audio.openDevice({ type: 'playback' }, { periodFrames: 480, channels: 1 })
  device.play()
  await sleep(500)
  global.gc?.()
  const before = process.memoryUsage.rss()
  const sources = Array.from({ length: streams }, () => device.createSource())
  const all = sources.map((source) => new sdl.Receiver({ source, opener: new sdl.PacketOpener({ format: 'seq-pts', key: KEY }) }))
  const started = performance.now()
  let turn = 0
  let latestMs = 0
  const hand = () => {
    const due = started + turn * (PACKET_MS / TURNS)
    latestMs = Math.max(latestMs, performance.now() - due)
    while (started + turn * (PACKET_MS / TURNS) <= performance.now()) {
      const packet = packets[Math.floor(turn / TURNS)]
      for (let index = turn % TURNS; index < streams; index += TURNS) all[index].push(packet)
      turn++
    }
  }
  const timer = setInterval(hand, 2)
  await sleep(WARM_UP_MS)
  const looks = () => ({
    voice: ranNs('audio-receive'),
    audio: ranNs('SDLAudio'),
    here: ranNs(),
    underruns: sources.reduce((sum, source) => sum + source.stats().underruns, 0),
    made: all.reduce((sum, receiver) => sum + receiver.stats().concealed, 0),
    stretched: all.reduce((sum, receiver) => sum + receiver.stats().stretched, 0),
    turn,
  })
  const first = looks()
  latestMs = 0
  await sleep(seconds * 1000)
  const last = looks()
  clearInterval(timer)
  global.gc?.()
  const bytes = process.memoryUsage.rss() - before
  const rounds = (last.turn - first.turn) / TURNS
  const us = (name) => (last[name] - first[name]) / 1000 / rounds / streams
  const { targetMs, delayMs, aheadMs } = all[0].stats()
  console.log(JSON.stringify({
    voiceUs: us('voice'),
    audioUs: us('audio'),
    hereUs: us('here'),
    underruns: last.underruns - first.underruns,
    madeUpMs: (last.made - first.made) / 48,
    stretchedMs: (last.stretched - first.stretched) / 48 / streams / seconds,
    latestMs,
    bytes: bytes / streams,
    targetMs, delayMs, aheadMs,
  }))
  process.exit()
}

main()
