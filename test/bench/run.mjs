// npm run bench -- NAME [--rounds N] [--minutes N]     measures against a peer, in the same run, and prints ratios. Nothing
// asserts.

import { parseArgs } from 'node:util'

const benches = {
  calls: 'ns per call of enqueue, queued and dequeue, against @kmamal/sdl',
  roundtrip: 'ms through an audio server\'s loopback, against bare C, @kmamal/sdl, node-web-audio-api, audify, naudiodon',
  callback: 'duration of a callback, and how evenly callbacks come, against bare C',
  mixer: '% of the period and ns per source for 8 and 1024 stereo sources, against a plain multiply-add',
  load: 'ms that a process takes longer which loads the package, over bare Node, against @kmamal/sdl',
  memory: 'RSS of the addon and of an open device, over bare Node and against @kmamal/sdl',
  exit: 'ms until a process, a worker, a device is gone: process.exit(), SIGINT, terminate(), a killed server; against bare Node',
  ring: 'ns per write into a SharedRing, beside our own native calls',
  codec: 'µs of AES, Opus and the whole pipeline, against node:crypto, @discordjs/opus, @livekit/rtc-node and bare libopus',
  streams: 'streams per core, memory and timer delay of many streams, against bare libopus',
  receivers: 'µs, bytes and underruns of 10 and 200 receivers of Opus in real time, over the dummy driver',
  render: 'ms from a note, and from the microphone, until it is heard, and underruns, of webaudio-node in a render worker, against @kmamal/sdl',
  piping: 'ms of sound between a microphone and the speaker that it is piped into, for --minutes (5); without a peer',
  blocked: 'ms of sound lost by webaudio-node while the main thread is blocked, against @kmamal/sdl',
}

const options = { rounds: { type: 'string', default: '5' }, minutes: { type: 'string', default: '5' } }
const { positionals: [name], values } = parseArgs({ allowPositionals: true, options })
const [rounds, minutes] = [Number(values.rounds), Number(values.minutes)]
const isCount = (value) => Number.isInteger(value) && value > 0

if (name === undefined) {
  for (const [bench, what] of Object.entries(benches)) console.log(`${bench.padEnd(10)} ${what}`)
} else if (!Object.hasOwn(benches, name) || !isCount(rounds) || !isCount(minutes)) {
  console.error(`usage: npm run bench -- [${Object.keys(benches).join(' | ')}] [--rounds N] [--minutes N]`)
  process.exitCode = 2
} else {
  console.log(`${name}: ${benches[name]} (medians of ${rounds} interleaved rounds)\n`)
  const { run } = await import(`./${name}.mjs`)
  try {
    const { ran } = await run({ rounds, minutes })
    process.exitCode = ran ? 0 : 1
  } catch (error) {
    console.error(error.message)
    process.exitCode = 1
  }
}
