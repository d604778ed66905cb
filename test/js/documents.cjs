'use strict'

const fs = require('node:fs')
const path = require('node:path')

// The code blocks of README.md and docs/. A comment right before a block says what a test does with it beyond reading it:
//   <!-- run -->                      runs it, to its end
//   <!-- run: 300 ms -->              ends it after so long; it must not have failed until then
//   <!-- run: given speaker block --> with these names at hand (see `GIVEN`)
//   <!-- file: synth.mjs -->          puts it beside the blocks of the same document that are run

const ROOT = path.join(__dirname, '..', '..')
const BLOCK = /^(?:<!-- (run|file)(?:: (.*?))? -->\n)?```(\w+)\n(.*?)^```$/gms

const documents = () => ['README.md', ...fs.readdirSync(path.join(ROOT, 'docs')).filter((name) => name.endsWith('.md')).map((name) => `docs/${name}`)]

/** Every block of a document: `{ language, code, line, mark, detail }`. */
const blocksOf = (document) => {
  const text = fs.readFileSync(path.join(ROOT, document), 'utf8')
  return [...text.matchAll(BLOCK)].map(({ index, 0: whole, 1: mark, 2: detail = '', 3: language, 4: code }) => {
    const before = text.slice(0, index + whole.indexOf('```'))
    return { document, language, code, line: before.split('\n').length, mark, detail }
  })
}

/** name → what stands for it where a block leaves it open */
const GIVEN = {
  sdl: "import sdl from 'sdl-callback-audio'",
  parts: "import { AudioProcessor, PacketOpener, PacketSealer, Receiver, Sender } from 'sdl-callback-audio'",
  speaker: "import sdl from 'sdl-callback-audio'; const speaker = sdl.audio.openDevice({ type: 'playback' }, { channels: 2 }); speaker.play()",
  microphone: "const microphone = sdl.audio.openDevice({ type: 'recording' }); microphone.play()",
  samples: 'const samples = new Float32Array(1600)',
  block: 'const block = new Float32Array(256)',
  frame: 'const frame = new Int16Array(960)',
  key: "import { randomBytes } from 'node:crypto'; const key = randomBytes(16)",
  packetKey: 'const packetKey = Buffer.alloc(16, 1)',
  streamKey: 'const streamKey = Buffer.alloc(16, 2)',
  iv: "import crypto from 'node:crypto'; const iv = crypto.randomBytes(16)",
  socket: 'const socket = { send: (packet) => console.log(packet.length), on: (type, take) => take(Buffer.alloc(100)) }',
  sealer: "const sealer = new PacketSealer({ format: 'seq-pts', key: Buffer.alloc(16), frequency: 24000 })",
  fs: "import fs from 'node:fs'; fs.writeFileSync('stereo.f32', Buffer.alloc(8 * 4800))",
}

module.exports = { GIVEN, ROOT, blocksOf, documents }
