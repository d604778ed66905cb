'use strict'

const assert = require('node:assert/strict')
const { execFileSync } = require('node:child_process')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const { OpusDecoder, OpusEncoder, Resampler, floatToInt16, int16ToFloat } = require('../..')
const { readOgg, writeOgg } = require('./ogg.cjs')
const { snr } = require('./sounds.cjs')

// Opus held against another implementation of it: Debian's opus-tools, and libopus as Debian has it.

const FRAME = 960
const BITRATE = 32_000

describe('Opus and opus-tools', function () {
  this.timeout(60_000)

  let dir
  /** Speech, 48 kHz. */
  let speech

  before(async () => {
    dir = fs.mkdtempSync(path.join(os.tmpdir(), 'opus-'))
    const { default: raw } = await import('audio-lena/raw')
    const resampler = new Resampler({ from: 44_100, to: 48_000, quality: 'best' })
    const all = resampler.process(new Float32Array(raw.buffer ?? raw, raw.byteOffset ?? 0))
    speech = all.subarray(0, Math.floor(Math.min(all.length, 48_000 * 8) / FRAME) * FRAME)
  })
  after(() => fs.rmSync(dir, { recursive: true, force: true }))

  const file = (name, bytes) => {
    const place = path.join(dir, name)
    if (bytes) fs.writeFileSync(place, bytes)
    return place
  }
  const ourPackets = (encoder) => {
    const packets = []
    for (let at = 0; at < speech.length; at += FRAME) packets.push(encoder.encode(speech.subarray(at, at + FRAME)))
    return packets
  }
  const ourDecoding = (packets) => {
    const decoder = new OpusDecoder()
    return Float32Array.from(packets.flatMap((packet) => [...decoder.decode(packet)]))
  }
  const theirDecoding = (bytes) => {
    const [source, out] = [file('in.opus', bytes), file('out.raw')]
    execFileSync('opusdec', ['--quiet', '--rate', '48000', '--force-stereo', '--no-dither', source, out])
    const raw = fs.readFileSync(out)
    const stereo = new Int16Array(raw.buffer, raw.byteOffset, raw.length / 2)
    return int16ToFloat(stereo.filter((_, index) => index % 2 === 0))
  }

  it('our packets are decoded there as here', () => {
    const encoder = new OpusEncoder({ bitrate: BITRATE, complexity: 10 })
    const packets = ourPackets(encoder)
    const preSkip = encoder.lookaheadFrames
    const [ours, theirs] = [ourDecoding(packets).subarray(preSkip), theirDecoding(writeOgg(packets, { frames: FRAME, preSkip }))]
    // They differ by 16 bits, and by what ten years of libopus changed in how it decodes.
    assert.ok(Math.abs(ours.length - theirs.length) <= preSkip && theirs.length > 48_000)
    assert.ok(snr(theirs, ours) > 40, `${snr(theirs, ours)} dB`)
  })

  it('their packets are decoded here as there, and our round trip is no worse than theirs', () => {
    const wav = file('speech.raw', Buffer.from(floatToInt16(speech).buffer))
    const encoded = file('theirs.opus')
    execFileSync('opusenc', [
      '--quiet', '--raw', '--raw-rate', '48000', '--raw-chan', '1', '--bitrate', String(BITRATE / 1000), '--comp', '10', '--framesize', '20',
      '--speech', wav, encoded,
    ])
    const { preSkip, packets } = readOgg(fs.readFileSync(encoded))
    const theirs = ourDecoding(packets).subarray(preSkip)
    assert.ok(snr(theirDecoding(fs.readFileSync(encoded)), theirs) > 40)

    const size = packets.reduce((sum, { length }) => sum + length, 0)
    const encoder = new OpusEncoder({ bitrate: BITRATE, complexity: 10 })
    const mine = ourPackets(encoder)
    const ours = ourDecoding(mine).subarray(encoder.lookaheadFrames)
    const [mySnr, theirSnr] = [ours, theirs].map((decoded) => snr(speech.subarray(0, speech.length - 2 * FRAME), decoded))
    const mySize = mine.reduce((sum, { length }) => sum + length, 0)
    console.log(`      round trip: ours ${mySnr.toFixed(2)} dB in ${mySize} bytes, opusenc ${theirSnr.toFixed(2)} dB in ${size} bytes`)
    assert.ok(mySize <= size * 1.1 && mySnr > theirSnr - 0.5)
  })
})
