// A pipeline of Node streams: samples are made, changed on their way, and played, no faster than the device takes them.
//   node examples/stream.mjs [SECONDS]
import { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import sdl from 'sdl-callback-audio'
import { readCommandLine } from './command-line.mjs'

const FREQUENCY = 48000
const BLOCK_FRAMES = 960
const { seconds } = readCommandLine('stream.mjs [SECONDS]', { operands: { seconds: 2 } })

/** Stands for any source of bytes: a file, a socket, ffmpeg's stdout. */
function * chirp () {
  for (let from = 0; from < seconds * FREQUENCY; from += BLOCK_FRAMES) {
    const frames = Math.min(BLOCK_FRAMES, seconds * FREQUENCY - from)
    yield Buffer.from(Float32Array.from({ length: frames }, (_, at) => Math.sin(((from + at) / FREQUENCY) ** 2 * 1000)).buffer)
  }
}

/** Changes the samples in place; chunks of a pipe hold whole ones here, as every block is written at once. */
const quieter = new Transform({
  transform (chunk, encoding, done) {
    const samples = new Float32Array(Uint8Array.from(chunk).buffer).map((sample) => 0.2 * sample)
    done(null, Buffer.from(samples.buffer))
  },
})

const speaker = sdl.createPlaybackStream({ frequency: FREQUENCY, channels: 1, capacityMs: 100 })
let most = 0
const watch = setInterval(() => { most = Math.max(most, speaker.writableLength) }, 10)

await pipeline(Readable.from(chirp(), { objectMode: false }), quieter, speaker) // resolves when all was heard
clearInterval(watch)
console.log(`${seconds} s played, at most ${most} bytes waited in the stream`)
