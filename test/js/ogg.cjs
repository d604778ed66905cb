'use strict'

// Ogg (RFC 3533) as Opus uses it (RFC 7845): enough to hand packets to opusdec and to take them from opusenc.

const CRC = Uint32Array.from({ length: 256 }, (_, index) => {
  let crc = index << 24
  for (let bit = 0; bit < 8; bit++) crc = (crc << 1) ^ (crc & 0x80000000 ? 0x04c11db7 : 0)
  return crc >>> 0
})
const crcOf = (bytes) => bytes.reduce((crc, byte) => ((crc << 8) ^ CRC[(crc >>> 24) ^ byte]) >>> 0, 0)

const SERIAL = 1
const [FIRST, LAST] = [2, 4]

/** One page of one packet; `position` counts samples at 48 kHz. */
const page = (packet, position, sequence, flags) => {
  const segments = Buffer.alloc(Math.floor(packet.length / 255) + 1, 255)
  segments[segments.length - 1] = packet.length % 255
  const head = Buffer.alloc(27)
  head.write('OggS')
  head[5] = flags
  head.writeBigInt64LE(BigInt(position), 6)
  head.writeUInt32LE(SERIAL, 14)
  head.writeUInt32LE(sequence, 18)
  head[26] = segments.length
  const bytes = Buffer.concat([head, segments, packet])
  bytes.writeUInt32LE(crcOf(bytes), 22)
  return bytes
}

/** A file of packets that last `frames` at 48 kHz each. */
const writeOgg = (packets, { channels = 1, frames, preSkip }) => {
  const head = Buffer.alloc(19)
  head.write('OpusHead')
  head[8] = 1
  head[9] = channels
  head.writeUInt16LE(preSkip, 10)
  head.writeUInt32LE(48_000, 12)
  const vendor = Buffer.from('test')
  const tags = Buffer.concat([Buffer.from('OpusTags'), Buffer.from([vendor.length, 0, 0, 0]), vendor, Buffer.alloc(4)])
  return Buffer.concat([
    page(head, 0, 0, FIRST),
    page(tags, 0, 1, 0),
    ...packets.map((packet, index) => page(packet, (index + 1) * frames, index + 2, index === packets.length - 1 ? LAST : 0)),
  ])
}

/** The packets of a file, without its two headers, and its pre-skip. */
const readOgg = (bytes) => {
  const packets = []
  let begun = []
  for (let at = 0; at < bytes.length;) {
    const count = bytes[at + 26]
    const segments = bytes.subarray(at + 27, at + 27 + count)
    let data = at + 27 + count
    for (const size of segments) {
      begun.push(bytes.subarray(data, data + size))
      data += size
      if (size < 255) {
        packets.push(Buffer.concat(begun))
        begun = []
      }
    }
    at = data
  }
  return { preSkip: packets[0].readUInt16LE(10), packets: packets.slice(2) }
}

module.exports = { readOgg, writeOgg }
