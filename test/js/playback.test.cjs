'use strict'

const assert = require('node:assert/strict')
const { perform, PATIENCE_MS } = require('./studio.cjs')
const { FORMATS } = require('./signals.cjs')

const FAST = { delayMs: 0 }

describe('Playback', function () {
  this.timeout(PATIENCE_MS)

  describe('plays bit for bit, in 1 to 8 channels and for any splitting of the data,', () => {
    FORMATS.forEach((format, seed) => {
      it(format, () =>
        perform(FAST, async ({ assert, speaker, recorded, playedOut, signals, tape }, format, seed) => {
          const random = signals.randomOf(seed)
          for (let channels = 1; channels <= 8; channels++) {
            const file = tape(`${format}-${channels}`)
            const device = speaker({ format, channels, periodFrames: random.integer(16, 256) }, file)
            const frameBytes = channels * device.bytesPerSample
            const sound = signals.noise(seed * 8 + channels, random.integer(1, 9000) * frameBytes)
            let at = 0
            for (const frames of signals.pieces(random, sound.length / frameBytes, 5000)) {
              const piece = sound.subarray(at, at + frames * frameBytes)
              const written = random.pick([true, false]) ? device.write(piece) : 0
              if (written < frames) {
                // From memory that is used for something else straight away.
                const reused = Buffer.from(piece.subarray(written * frameBytes))
                device.enqueue(reused)
                reused.fill(0x11)
              }
              at += piece.length
            }
            device.play()
            await playedOut(device)
            device.close()
            const heard = await recorded(file)
            const start = signals.startOfNoise(heard)
            assert.ok(heard.subarray(start, start + sound.length).equals(sound), `${channels} channels`)
          }
        }, format, seed),
      )
    })
  })

  it('plays ten minutes of stereo that came in one call', () =>
    perform(FAST, async ({ assert, speaker, recorded, playedOut, signals }) => {
      const device = speaker({ format: 's16', channels: 2, periodFrames: 8192 })
      const sound = signals.noise(1, 600 * 48000 * 4)
      device.enqueue(sound)
      device.play()
      await playedOut(device)
      device.close()
      const heard = await recorded()
      const start = signals.startOfNoise(heard)
      assert.equal(sound.compare(heard, start, start + sound.length), 0)
    }))

  for (const seed of [1, 2, 3, 4]) {
    it(`plays a stream bit for bit while its rings grow, switch and shrink (${seed})`, () =>
      perform(FAST, async ({ assert, audio, signals, until, PipeSpeaker }, seed) => {
        const random = signals.randomOf(seed)
        const channels = random.integer(1, 3)
        const frameBytes = channels * 2
        const pipe = new PipeSpeaker()
        const options = { format: 's16', channels, capacityMs: random.integer(2, 40), periodFrames: random.integer(20, 300) }
        const device = audio.openDevice({ type: 'playback', name: pipe.file }, options)
        // As far as the device may run ahead of what is taken, and two blocks.
        const reserve = frameBytes * (Math.ceil(PipeSpeaker.SLACK_BYTES / frameBytes) + 2 * options.periodFrames)
        const sound = signals.noise(seed, frameBytes * random.integer(150_000, 300_000))
        const heard = []
        let at = 0
        const send = (bytes) => {
          const piece = sound.subarray(at, at + bytes)
          if (random.pick([true, false])) at += device.write(piece) * frameBytes
          else {
            device.enqueue(piece)
            at += piece.length
          }
        }
        send(reserve)
        device.enqueue(sound.subarray(at, at + reserve))
        at = Math.min(sound.length, at + reserve)
        device.play()
        while (at < sound.length) {
          const spare = device.queued - reserve
          if (spare > 0 && random.pick([true, false])) heard.push(await pipe.take(random.integer(1, spare)))
          // Runs nearly dry now and then, so that what grew can shrink.
          else if (spare > 0 && random.next() < 0.1) {
            for (let left = spare; left > 0; left = device.queued - reserve) heard.push(await pipe.take(left))
          } else send(frameBytes * random.integer(1, random.pick([10, 500, 40_000])))
        }
        const rest = pipe.takeAll()
        await until(() => device.queuedFrames === 0)
        device.close()
        const all = Buffer.concat([...heard, await rest])
        const start = signals.startOfNoise(all)
        assert.equal(sound.compare(all, start, start + sound.length), 0)
      }, seed))
  }

  it('plays what comes after it ran dry and its rings shrank, bit for bit where that begins with silence', () =>
    perform({ delayMs: 1 }, async ({ assert, speaker, recorded, heard, signals }) => {
      const device = speaker({ format: 's16', capacityMs: 5, periodFrames: 480 })
      const sounds = []
      for (const frames of [50_000, 100, 20_000]) {
        const sound = signals.noise(frames, frames * 2)
        const underrun = heard(device, 'underrun')
        // In pieces, so that the rings grow one by one; held meanwhile, as it would run dry between them.
        device.pause()
        device.enqueue(Buffer.concat([Buffer.alloc(2), sound.subarray(0, frames)]))
        device.enqueue(sound.subarray(frames))
        device.play()
        sounds.push(sound)
        await underrun
      }
      device.close()
      let rest = await recorded()
      for (const sound of sounds) {
        const start = rest.indexOf(sound.subarray(0, 16))
        assert.notEqual(start, -1)
        assert.ok(rest.subarray(start, start + sound.length).equals(sound), `${sound.length} bytes`)
        rest = rest.subarray(start + sound.length)
      }
    }))
})
