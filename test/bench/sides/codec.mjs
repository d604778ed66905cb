// codec.mjs OURS DJSOPUS LIVEKIT: µs per call of everything that has a peer, in turn in one process: what else goes on on the machine
// meets all alike.

import crypto from 'node:crypto'
import { createRequire } from 'node:module'
import raw from 'audio-lena/raw'

const require = createRequire(import.meta.url)
const [ours, djsopus, livekit] = process.argv.slice(2)
const { AesCtr, AudioProcessor, OpusDecoder, OpusEncoder, PacketSealer, Resampler, floatToInt16, int16ToFloat } = require(ours)
const { snr } = require('../../js/sounds.cjs')
const { OpusEncoder: DjsEncoder } = require(djsopus)
const { AudioFrame, AudioResampler, AudioResamplerQuality } = require(livekit)

const SET_COMPLEXITY = 4010
const FRAMES = 250
const BLOCK = 25
const ROUNDS = 4
const BITRATE = 24_000

const key = crypto.randomBytes(16)
// Speech.
const sound = new Resampler({ from: 44_100, to: 48_000, quality: 'best' }).process(new Float32Array(raw)).subarray(0, FRAMES * 960)
const integers = floatToInt16(sound)
const cut = (samples, size) => Array.from({ length: samples.length / size }, (_, index) => samples.subarray(index * size, (index + 1) * size))
const [floatFrames, intFrames] = [cut(sound, 960), cut(integers, 960)]
const byteFrames = intFrames.map((frame) => Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength))
const out = Buffer.alloc(4000)
const iv = crypto.randomBytes(16)
const nextIv = (index) => {
  iv.writeUInt32BE(index, 8)
  return iv
}

const djsEncoder = (frequency) => {
  const encoder = new DjsEncoder(frequency, 1)
  encoder.setBitrate(BITRATE)
  encoder.applyEncoderCTL(SET_COMPLEXITY, 10)
  return encoder
}
const settings = { bitrate: BITRATE, complexity: 10 }

/** Many calls in a batch, for what is too short to be timed alone. */
const batched = (calls, act) => {
  let count = 0
  return () => {
    const start = process.hrtime.bigint()
    for (let call = 0; call < calls; call++) act(count++)
    return Number(process.hrtime.bigint() - start) / 1000 / calls
  }
}
const timed = (act) => (index) => {
  const start = process.hrtime.bigint()
  act(index)
  return Number(process.hrtime.bigint() - start) / 1000
}

const aes = new AesCtr(key)
const sealer = new PacketSealer({ format: 'seq-pts', key })
const payload = crypto.randomBytes(160)
const [header, nonce] = [Buffer.alloc(24), Buffer.alloc(12)]
// `audio` is what @discordjs/opus asks libopus for, and gives no choice of.
const [encoder, djs] = [new OpusEncoder({ ...settings, application: 'audio' }), djsEncoder(48_000)]
const down = new Resampler({ from: 48_000, to: 24_000 })
const halfFrames = floatFrames.map((frame) => down.process(frame))
const bare = new OpusEncoder({ ...settings, frequency: 24_000 })
const bareWide = new OpusEncoder({ ...settings, frequency: 48_000 })
const processor = new AudioProcessor({ frequency: 48_000, outputFrequency: 24_000, key, opus: settings })
const wideProcessor = new AudioProcessor({ frequency: 48_000, key, opus: settings })
const [theirResampler, theirEncoder] = [new AudioResampler(48_000, 24_000, 1, AudioResamplerQuality.HIGH), djsEncoder(24_000)]
let theirHeld = new Int16Array(0)

/** As JavaScript pipelines do it: resample, gather, encode, encrypt. */
const theirPipeline = (index) => {
  for (const { data } of theirResampler.push(new AudioFrame(intFrames[index], 48_000, 1, 960))) {
    const joined = new Int16Array(theirHeld.length + data.length)
    joined.set(theirHeld)
    joined.set(data, theirHeld.length)
    theirHeld = joined
  }
  while (theirHeld.length >= 480) {
    const packet = theirEncoder.encode(Buffer.from(theirHeld.buffer, theirHeld.byteOffset, 960))
    theirHeld = theirHeld.slice(480)
    const cipher = crypto.createCipheriv('aes-128-ctr', key, nextIv(index))
    cipher.update(packet)
    cipher.final()
  }
}

const sides = {
  ctr: batched(500, (index) => aes.apply(payload, nextIv(index))),
  ctrNode: batched(100, (index) => crypto.createCipheriv('aes-128-ctr', key, nextIv(index)).update(payload)),
  gcm: batched(500, (index) => sealer.sealInto(payload, out, { timestamp: index, frames: 960 })),
  gcmNode: batched(100, (index) => {
    nonce.writeUInt32BE(index, 8)
    const cipher = crypto.createCipheriv('aes-128-gcm', key, nonce)
    cipher.setAAD(header)
    cipher.update(payload)
    cipher.final()
    return cipher.getAuthTag()
  }),
  encode: timed((index) => encoder.encode(intFrames[index])),
  encodeDjs: timed((index) => djs.encode(byteFrames[index])),
  bare: timed((index) => bare.encodeInto(halfFrames[index], out)),
  pipeline: timed((index) => processor.processInto(floatFrames[index], nextIv(index), out)),
  bareWide: timed((index) => bareWide.encodeInto(floatFrames[index], out)),
  pipelineWide: timed((index) => wideProcessor.processInto(floatFrames[index], nextIv(index), out)),
  pipelineJs: timed(theirPipeline),
}

const times = Object.fromEntries(Object.keys(sides).map((name) => [name, []]))
for (let round = -1; round < ROUNDS; round++) {
  for (let block = 0; block < FRAMES; block += BLOCK) {
    for (const [name, side] of Object.entries(sides)) {
      for (let index = block; index < block + BLOCK; index++) {
        const us = side(index)
        // The first round is for the compiler, the first frames of a block for the caches, which another side has filled.
        if (round >= 0 && index >= block + 2) times[name].push(us)
      }
    }
  }
}
/** Speech through each encoder and each decoder: dB of what came back against what went in, after both sides' delay. */
const interop = () => {
  const [mine, theirs] = [new OpusEncoder({ ...settings, application: 'audio' }), djsEncoder(48_000)]
  const packets = { ours: intFrames.map((frame) => mine.encode(frame)), theirs: byteFrames.map((frame) => theirs.encode(frame)) }
  const [decoder, djsDecoder] = [new OpusDecoder(), new DjsEncoder(48_000, 1)]
  const decode = {
    ours: (packet) => decoder.decode(packet),
    theirs: (packet) => int16ToFloat(new Int16Array(Uint8Array.from(djsDecoder.decode(packet)).buffer)),
  }
  const decibels = (from, by) => {
    decoder.reset()
    const decoded = Float32Array.from(packets[from].flatMap((packet) => [...decode[by](packet)])).subarray(mine.lookaheadFrames)
    return snr(sound.subarray(0, decoded.length), decoded)
  }
  const bytes = (from) => packets[from].reduce((sum, { length }) => sum + length, 0)
  return Object.fromEntries(['ours', 'theirs'].map((from) => [from, { ours: decibels(from, 'ours'), theirs: decibels(from, 'theirs'), bytes: bytes(from) }]))
}

const quantile = (values, q) => values.sort((a, b) => a - b)[Math.floor(values.length * q)]
const results = Object.entries(times).map(([name, values]) => [name, { p10: quantile(values, 0.1), p50: quantile(values, 0.5), p99: quantile(values, 0.99) }])
console.log(JSON.stringify({ ...Object.fromEntries(results), interop: interop() }))
process.exit()
