'use strict'

const assert = require('node:assert/strict')
const crypto = require('node:crypto')
const { AesCtr, OpusEncoder, PacketOpener, PacketSealer } = require('../..')
const { refusals, voice } = require('./sounds.cjs')

const bytes = (length) => crypto.randomBytes(length)
const random = (below) => Math.floor(Math.random() * below)
const reference = (key, iv, data) => crypto.createCipheriv(`aes-${key.length * 8}-ctr`, key, iv).update(data)

describe('AesCtr', function () {
  this.timeout(60_000)

  it('is node:crypto byte for byte, in 100 000 random cases, carries among them', () => {
    for (let round = 0; round < 100_000; round++) {
      const key = bytes([16, 24, 32][round % 3])
      const iv = bytes(16)
      if (round % 5 === 0) iv.fill(0xff, random(16))
      const data = bytes(random(300))
      const aes = new AesCtr(key)
      const wanted = reference(key, iv, data)
      const got = aes.encrypt(data, iv)
      assert.ok(got.equals(wanted), `round ${round}`)
      assert.ok(aes.apply(got, iv).equals(data))
      aes.close()
    }
  })

  it('goes on from call to call, split anywhere', () => {
    const [key, iv, data] = [bytes(16), Buffer.alloc(16, 0xff), bytes(100)]
    const wanted = reference(key, iv, data)
    for (let first = 0; first <= 100; first++) {
      for (const second of [first, Math.min(100, first + 1), Math.min(100, first + 16), 100]) {
        const stream = new AesCtr(key).stream(iv)
        const parts = [[0, first], [first, second], [second, 100]].map(([from, to]) => stream.encrypt(data.subarray(from, to)))
        assert.ok(Buffer.concat(parts).equals(wanted), `${first}, ${second}`)
      }
    }
  })

  it('works in place on any typed array, and on memory that holds its own IV', () => {
    const [key, iv] = [bytes(32), bytes(16)]
    const samples = Float32Array.of(0.5, -0.5, 1)
    const wanted = reference(key, iv, Buffer.from(samples.slice().buffer))
    assert.equal(new AesCtr(key).apply(samples, iv), samples)
    assert.ok(Buffer.from(samples.buffer).equals(wanted))
    const both = Buffer.concat([iv, bytes(50)])
    const expected = reference(key, iv, both)
    assert.ok(new AesCtr(key).apply(both, both.subarray(0, 16)).equals(expected))
  })

  it('gives the vector F.5.1 of SP 800-38A', () => {
    const hex = (text) => Buffer.from(text, 'hex')
    const aes = new AesCtr(hex('2b7e151628aed2a6abf7158809cf4f3c'))
    const got = aes.encrypt(hex('6bc1bee22e409f96e93d7e117393172a'), hex('f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff'))
    assert.equal(got.toString('hex'), '874d6191b620e3261bef6864990db6ce')
  })
})

const SUITES = [['aes-128-ctr', 16], ['aes-256-ctr', 32], ['aes-128-gcm', 16], ['aes-256-gcm', 32]]

describe('PacketSealer and PacketOpener', function () {
  this.timeout(60_000)

  for (const format of ['xiaozhi', 'seq-pts']) {
    for (const [suite, length] of SUITES) {
      it(`understand each other: ${format}, ${suite}`, () => {
        const options = { format, suite, key: bytes(length), ssrc: 7, direction: 'server' }
        const [sealer, opener] = [new PacketSealer(options), new PacketOpener(options)]
        for (let sequence = 1; sequence <= 200; sequence++) {
          const payload = bytes(1 + random(400))
          const timestamp = random(2 ** 32)
          const packet = sealer.seal(payload, { timestamp })
          assert.equal(packet.length, payload.length + sealer.overheadBytes)
          const { payload: opened, ...header } = opener.open(packet)
          assert.ok(opened.equals(payload))
          assert.deepEqual([header.sequence, header.timestamp, header.ssrc], [sequence, timestamp, 7])
          assert.throws(() => opener.open(packet), { code: 'ERR_AUDIO_REPLAY' })
        }
      })
    }
  }

  it('write xiaozhi as devices read it: the header is the IV', () => {
    const key = bytes(16)
    const payload = bytes(77)
    const packet = new PacketSealer({ format: 'xiaozhi', key, ssrc: 0x01020304 }).seal(payload, { timestamp: 0xa0b0c0d0 })
    assert.equal(packet.subarray(0, 16).toString('hex'), '0100004d01020304a0b0c0d000000001')
    assert.ok(packet.subarray(16).equals(reference(key, packet.subarray(0, 16), payload)))
  })

  it('write seq-pts with what it says, and authenticate it by default', () => {
    const key = bytes(16)
    const payload = new OpusEncoder({ frequency: 24000 }).encode(voice(1440, 24000))
    const packet = new PacketSealer({ format: 'seq-pts', key, frequency: 24000, ssrc: 5 }).seal(payload, { timestamp: 2 ** 40, marker: true })
    assert.equal(packet.subarray(0, 24).toString('hex'), '01010300c05d0000a0050000010000000000000000010000')
    const nonce = Buffer.from('00000005000000000000000100000000', 'hex').subarray(0, 12)
    const gcm = crypto.createDecipheriv('aes-128-gcm', key, nonce)
    gcm.setAAD(packet.subarray(0, 24)).setAuthTag(packet.subarray(-16))
    assert.ok(Buffer.concat([gcm.update(packet.subarray(24, -16)), gcm.final()]).equals(payload))
    const opened = new PacketOpener({ format: 'seq-pts', key, ssrc: 5 }).open(packet)
    assert.deepEqual({ ...opened, payload: null }, {
      payload: null, sequence: 1, timestamp: 2 ** 40, ssrc: 5, codec: 'opus', frequency: 24000, channels: 1, frames: 1440, marker: true,
    })
  })

  it('refuse a flipped bit anywhere, and stay as they were', () => {
    const options = { format: 'xiaozhi', suite: 'aes-256-gcm', key: bytes(32), ssrc: 1, direction: 0 }
    const packet = new PacketSealer(options).seal(bytes(60), { timestamp: 9 })
    const opener = new PacketOpener(options)
    for (let bit = 0; bit < packet.length * 8; bit++) {
      const forged = Buffer.from(packet)
      forged[bit >> 3] ^= 1 << (bit & 7)
      assert.throws(() => opener.open(forged), ({ code }) => ['ERR_AUDIO_AUTH_FAILED', 'ERR_AUDIO_PACKET_MALFORMED'].includes(code))
    }
    opener.open(packet)
  })

  it('use no keystream twice in a million packets of one timestamp, of constant and of variable length', () => {
    for (const lengthOf of [() => 160, () => 1 + random(400)]) {
      const sealer = new PacketSealer({ format: 'xiaozhi', key: bytes(16), ssrc: 1 })
      const [payload, packet] = [bytes(500), Buffer.alloc(600)]
      // Length, timestamp, sequence: the last runs on with the blocks.
      const used = new Map()
      let again = 0
      for (let count = 0; count < 1_000_000; count++) {
        const length = lengthOf()
        sealer.sealInto(payload.subarray(0, length), packet, { timestamp: 5 })
        const lane = length * 2 ** 32 + packet.readUInt32BE(8)
        const sequence = packet.readUInt32BE(12)
        if (sequence < (used.get(lane) ?? 0)) again++
        used.set(lane, sequence + Math.ceil(length / 16))
      }
      assert.equal(again, 0)
    }
  })

  it('use no keystream of before when they go on after a restart', () => {
    for (const length of [16, 160, 400]) {
      const options = { format: 'xiaozhi', key: bytes(16), ssrc: 1 }
      const before = new PacketSealer(options)
      const packets = Array.from({ length: 3 }, () => before.seal(Buffer.alloc(length)))
      const after = new PacketSealer({ ...options, sequence: before.nextSequence })
      packets.push(after.seal(Buffer.alloc(length)))
      // What encrypts zeros is the keystream.
      const blocks = packets.flatMap((packet) => Array.from({ length: length / 16 }, (_, at) => packet.toString('hex', 16 + at * 16, 32 + at * 16)))
      assert.equal(new Set(blocks).size, blocks.length)
      assert.equal(new PacketSealer({ ...options, suite: 'aes-128-gcm', sequence: 4 }).nextSequence, 4)
    }
  })

  it('seal the last number with a tag, however long the payload is', () => {
    const sealer = new PacketSealer({ format: 'xiaozhi', suite: 'aes-128-gcm', key: bytes(16), sequence: 2 ** 32 - 5 })
    for (let packets = 0; packets < 5; packets++) sealer.seal(bytes(160))
    assert.throws(() => sealer.seal(bytes(160)), { code: 'ERR_AUDIO_NONCE_REUSE' })
  })

  it('take samples only under the number of frames that they are, and no number for others', () => {
    const options = { format: 'seq-pts', key: bytes(16) }
    const sealer = new PacketSealer({ ...options, codec: 'pcm', channels: 2 })
    for (const frames of [0, 9, 999]) assert.throws(() => sealer.seal(Buffer.alloc(80), { frames }), { code: 'ERR_AUDIO_OUT_OF_RANGE', message: /10 frames/ })
    assert.equal(sealer.nextSequence, 1)
    assert.equal(new PacketOpener(options).open(sealer.seal(Buffer.alloc(80), { frames: 10 })).frames, 10)
  })

  it('leave timestamps alone where nothing would repeat', () => {
    const sealer = new PacketSealer({ format: 'xiaozhi', key: bytes(16) })
    for (let index = 0; index < 1000; index++) {
      assert.equal(sealer.seal(bytes(160), { timestamp: index * 60 }).readUInt32BE(8), index * 60)
    }
    assert.equal(sealer.seal(bytes(160), { timestamp: 999 * 60 }).readUInt32BE(8), 999 * 60 + 1)
  })

  it('hold the window of 64 packets', () => {
    const options = { format: 'seq-pts', key: bytes(16) }
    const [sealer, opener] = [new PacketSealer(options), new PacketOpener(options)]
    const packets = Array.from({ length: 200 }, () => sealer.seal(bytes(20)))
    opener.open(packets[150])
    packets.slice(0, 150).forEach((packet, index) => {
      if (150 - index < 64) opener.open(packet)
      assert.throws(() => opener.open(packet), { code: 'ERR_AUDIO_REPLAY' })
    })
  })

  it('refuse to wrap', () => {
    // A stream that goes on leaves out what the packets before may reach.
    const sealer = new PacketSealer({ format: 'xiaozhi', key: bytes(16), sequence: 2 ** 32 - 4096 })
    sealer.seal(bytes(16))
    assert.equal(sealer.nextSequence, null)
    for (let again = 0; again < 3; again++) assert.throws(() => sealer.seal(bytes(16)), { code: 'ERR_AUDIO_NONCE_REUSE' })
  })

  it('refuse their own packets thrown back, and take the first stream that comes', () => {
    const key = bytes(16)
    for (const format of ['xiaozhi', 'seq-pts']) {
      const mine = new PacketSealer({ format, key, direction: 'client' })
      const opener = new PacketOpener({ format, key, direction: 'server' })
      assert.throws(() => opener.open(mine.seal(bytes(20))), { code: 'ERR_AUDIO_PACKET_MALFORMED' })
      assert.ok(opener.open(new PacketSealer({ format, key, direction: 'server' }).seal(bytes(20))))
    }
    const opener = new PacketOpener({ format: 'xiaozhi', key })
    assert.equal(opener.open(new PacketSealer({ format: 'xiaozhi', key, ssrc: 5 }).seal(bytes(20))).ssrc, 5)
    assert.throws(() => opener.open(new PacketSealer({ format: 'xiaozhi', key, ssrc: 6, sequence: 9 }).seal(bytes(20))), {
      code: 'ERR_AUDIO_PACKET_MALFORMED',
    })
  })

  it('work within one piece of memory', () => {
    for (const [suite, length] of SUITES) {
      const options = { format: 'xiaozhi', suite, key: bytes(length) }
      const [sealer, opener] = [new PacketSealer(options), new PacketOpener(options)]
      const memory = bytes(200)
      const payload = Buffer.from(memory.subarray(10, 110))
      const size = sealer.sealInto(memory.subarray(10, 110), memory)
      assert.equal(opener.openInto(memory.subarray(0, size), memory), 100)
      assert.ok(memory.subarray(0, 100).equals(payload))
    }
  })
})

describe('Packets and encryption refuse, and stay as they were:', () => {
  const { INVALID, RANGE, ALIGN, CLOSED, detached, shared, NOT_BYTES } = refusals
  const [KEY, IV, MALFORMED] = ['ERR_AUDIO_KEY_LENGTH', 'ERR_AUDIO_IV_LENGTH', 'ERR_AUDIO_PACKET_MALFORMED']
  const key = Buffer.alloc(16, 1)
  const options = { format: 'xiaozhi', key, ssrc: 1 }
  const aes = new AesCtr(key)
  const sealer = new PacketSealer(options)
  const opener = new PacketOpener(options)
  const pcm = new PacketSealer({ format: 'seq-pts', key, codec: 'pcm', channels: 2 })
  const payload = Buffer.alloc(100, 2)
  const iv = Buffer.alloc(16)
  const data = Buffer.alloc(32, 3)
  const packet = new PacketSealer(options).seal(payload, { timestamp: 60 })
  const closed = [new AesCtr(key), new AesCtr(key).stream(iv), new PacketSealer(options), new PacketOpener(options)]
  for (const object of closed) object.close()
  const lengths = (allowed) => Array.from({ length: 65 }, (_, length) => length).filter((length) => !allowed.includes(length))

  const rows = [
    ...lengths([16, 24, 32]).map((length) => [KEY, () => new AesCtr(Buffer.alloc(length))]),
    ...[...NOT_BYTES, detached(Buffer.from(new ArrayBuffer(16))), shared(Uint8Array, 16)].map((key) => [INVALID, () => new AesCtr(key)]),
    ...lengths([16]).flatMap((length) => [[IV, () => aes.apply(data, Buffer.alloc(length))], [IV, () => aes.stream(Buffer.alloc(length))]]),
    ...[...NOT_BYTES, detached(Buffer.from(new ArrayBuffer(16))), shared(Uint8Array, 16)].map((iv) => [INVALID, () => aes.encrypt(data, iv)]),
    ...[undefined, null, 5, 'text', {}, [1], new ArrayBuffer(8), detached(Buffer.from(new ArrayBuffer(8)))].map((data) => [INVALID, () => aes.apply(data, iv)]),
    [INVALID, () => aes.apply(shared(Uint8Array, 8), iv)],
    ...[undefined, null, 5].map((options) => [INVALID, () => new PacketSealer(options)]),
    ...[undefined, 'rtp', 5, null].map((format) => [INVALID, () => new PacketSealer({ format, key })]),
    ...['aes-128-cbc', 'AES-128-CTR', 5, null].map((suite) => [INVALID, () => new PacketOpener({ ...options, suite })]),
    ...SUITES.flatMap(([suite, right]) => lengths([right]).map((length) => [KEY, () => new PacketSealer({ ...options, suite, key: Buffer.alloc(length) })])),
    ...lengths([16, 32]).map((length) => [KEY, () => new PacketOpener({ format: 'seq-pts', key: Buffer.alloc(length) })]),
    ...NOT_BYTES.map((key) => [INVALID, () => new PacketSealer({ ...options, key })]),
    ...[-1, 2 ** 32].map((ssrc) => [RANGE, () => new PacketSealer({ ...options, ssrc })]),
    ...[NaN, 1.5, '1', null].map((ssrc) => [INVALID, () => new PacketOpener({ ...options, ssrc })]),
    ...[2, 'left', null, true].map((direction) => [INVALID, () => new PacketSealer({ ...options, direction })]),
    ...[0, 2 ** 32].map((sequence) => [RANGE, () => new PacketSealer({ ...options, sequence })]),
    ...NOT_BYTES.map((payload) => [INVALID, () => sealer.seal(payload)]),
    ...[detached(Buffer.from(new ArrayBuffer(16))), shared(Uint8Array, 16)].map((payload) => [INVALID, () => sealer.seal(payload)]),
    ...[0, 65536].map((length) => [RANGE, () => sealer.seal(Buffer.alloc(length))]),
    ...[-1, 2 ** 32].map((timestamp) => [RANGE, () => sealer.seal(payload, { timestamp })]),
    ...[NaN, 0.5, '1', null].map((timestamp) => [INVALID, () => sealer.seal(payload, { timestamp })]),
    ...[0, 115].map((length) => [RANGE, () => sealer.sealInto(payload, Buffer.alloc(length))]),
    ...[...NOT_BYTES, shared(Uint8Array, 200)].map((out) => [INVALID, () => sealer.sealInto(payload, out)]),
    [ALIGN, () => pcm.seal(Buffer.alloc(12))],
    ...[0, 1, 15, 16, 115, 117, 65536].map((length) => [MALFORMED, () => opener.open(Buffer.concat([packet, Buffer.alloc(65536)]).subarray(0, length))]),
    ...[...NOT_BYTES, detached(Buffer.from(new ArrayBuffer(116))), shared(Uint8Array, 116)].map((packet) => [INVALID, () => opener.open(packet)]),
    ...[0, 99].map((length) => [RANGE, () => opener.openInto(packet, Buffer.alloc(length))]),
    ...['apply', 'encrypt', 'decrypt', 'stream', 'close'].map((name) => [CLOSED, () => closed[0][name](data, iv)]),
    ...['apply', 'encrypt', 'decrypt', 'close'].map((name) => [CLOSED, () => closed[1][name](data)]),
    ...['seal', 'sealInto', 'nextSequence', 'close'].map((name) => [CLOSED, () => closed[2][name](payload, data)]),
    ...['open', 'openInto', 'last', 'close'].map((name) => [CLOSED, () => closed[3][name](packet, data)]),
  ]

  rows.forEach(([code, call], index) => {
    it(`${index}: ${String(call).replace('() => ', '')} → ${code}`, () => assert.throws(call, { code }))
  })

  it('after all that, the next good packet is right', () => {
    assert.ok(sealer.seal(payload, { timestamp: 60 }).equals(packet))
    assert.ok(opener.open(packet).payload.equals(payload))
    assert.ok(data.equals(Buffer.alloc(32, 3)))
    assert.ok(aes.encrypt(data, iv).equals(reference(key, iv, data)))
  })
})
