// What every system has to be able to do, through SDL's dummy driver and with nothing but Node: run by the CI where the tests cannot.
import assert from 'node:assert/strict'
import { Worker, isMainThread, parentPort, workerData } from 'node:worker_threads'
import { fileURLToPath } from 'node:url'
import sdl, { OpusDecoder, OpusEncoder, PacketOpener, PacketSealer, Resampler } from '../../js/index.mjs'

const PERIOD_FRAMES = 480

if (isMainThread) {
  assert.equal(sdl.info.drivers.audio.current, 'dummy')

  const speaker = sdl.audio.openDevice({ type: 'playback' }, { periodFrames: PERIOD_FRAMES, capacityMs: 40 })
  const worker = new Worker(fileURLToPath(import.meta.url), { workerData: speaker.handle })
  speaker.play()
  const code = await new Promise((resolve, reject) => worker.once('error', reject).once('message', resolve))
  assert.equal(code, 'filled')
  await worker.terminate()
  await speaker.drain()
  assert.ok(speaker.stats().playedFrames >= 20 * PERIOD_FRAMES)
  speaker.close()

  const microphone = sdl.audio.openDevice({ type: 'recording' }, { periodFrames: PERIOD_FRAMES })
  microphone.play()
  await microphone.whenFrames(PERIOD_FRAMES)
  assert.equal(microphone.read(new Float32Array(PERIOD_FRAMES)), PERIOD_FRAMES)
  microphone.close()

  const packet = new OpusEncoder({ frequency: 48000, channels: 1 }).encode(new Int16Array(960))
  const key = Buffer.alloc(16, 7)
  const sealed = new PacketSealer({ format: 'seq-pts', key, frequency: 48000 }).seal(packet, { timestamp: 0 })
  const { payload } = new PacketOpener({ format: 'seq-pts', key, frequency: 48000 }).open(sealed)
  assert.equal(new OpusDecoder({ frequency: 48000, channels: 1 }).decode(payload).length, 960)
  assert.ok(new Resampler({ from: 48000, to: 24000, channels: 1 }).process(new Float32Array(960)).length > 0)
  assert.throws(() => speaker.play(), { code: 'ERR_AUDIO_CLOSED' })
  console.log(`${process.platform} ${process.arch}, Node ${process.versions.node}: fine`)
} else {
  const speaker = sdl.audio.attach(workerData)
  const block = new Float32Array(PERIOD_FRAMES).fill(0.1)
  for (let blocks = 0; blocks < 20; blocks++) {
    speaker.waitForSpace(PERIOD_FRAMES)
    speaker.write(block)
  }
  parentPort.postMessage('filled')
}
