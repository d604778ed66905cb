'use strict'
// packets.cjs SPEECH_S16LE OUT: two minutes of the speech (16 kHz, mono) as Opus of 32 kb/s, 20 ms and with redundancy for one packet
// in ten lost; each packet behind its length in 16 bits.

const fs = require('node:fs')
const { OpusEncoder } = require('../../..')

const [speech, out] = process.argv.slice(2)
const bytes = fs.readFileSync(speech)
const sound = new Int16Array(bytes.buffer, bytes.byteOffset, bytes.length >> 1)
const [PACKETS, FRAMES] = [6000, 320]

const encoder = new OpusEncoder({ frequency: 16_000, bitrate: 32_000, fec: true, packetLossPercent: 10, signal: 'voice' })
const frame = new Int16Array(FRAMES)
const packets = Array.from({ length: PACKETS }, (_, index) => {
  frame.forEach((_, at) => { frame[at] = sound[(index * FRAMES + at) % sound.length] })
  const packet = encoder.encode(frame)
  return Buffer.concat([Buffer.from(Uint16Array.of(packet.length).buffer), packet])
})
fs.writeFileSync(out, Buffer.concat(packets))
