'use strict'

const { perform, PATIENCE_MS } = require('./studio.cjs')

const FAST = { delayMs: 0 }

describe('A sender', function () {
  this.timeout(PATIENCE_MS)

  for (const format of ['seq-pts', 'xiaozhi']) {
    it(`brings a microphone into sealed packets, each 20 ms in its place, without JavaScript in between (${format})`, () =>
      perform(FAST, async ({ assert, sdl, microphone, signals, until, PipeMicrophone }, format) => {
        const pipe = new PipeMicrophone()
        const device = microphone({ periodFrames: 480 }, pipe.file)
        const key = Buffer.alloc(16, 7)
        const processor = new sdl.AudioProcessor({ frequency: 48000, outputFrequency: 24000, opus: { bitrate: 24000 } })
        const sealer = new sdl.PacketSealer({ format, key, frequency: 24000 })
        const sender = new sdl.Sender({ tap: device.createTap(), processor, sealer })
        assert.equal(sealer.closed, true)
        const packets = []
        sender.on('packet', (packet) => packets.push(packet))
        device.play()
        const sound = signals.sine(48000, { hertz: 400, amplitude: 0.5 })
        // As fast as it is taken: the tap would lose some otherwise.
        for (let at = 0; at < sound.length; at += 4800) {
          await pipe.feed(signals.bytesOf(sound.subarray(at, at + 4800)))
          await until(() => sender.stats().frames === at + 4800)
        }
        await until(() => packets.length === 50)
        const opener = new sdl.PacketOpener({ format, key })
        const decoder = new sdl.OpusDecoder({ frequency: 24000, channels: 1 })
        let loudest = 0
        for (const [at, packet] of packets.entries()) {
          const { payload, sequence, timestamp } = opener.open(packet)
          assert.equal(sequence, at + 1)
          assert.equal(timestamp, at * (format === 'xiaozhi' ? 20 : 20_000))
          for (const sample of decoder.decode(payload)) loudest = Math.max(loudest, Math.abs(sample))
        }
        assert.ok(loudest > 0.4 && loudest < 0.65, `${loudest}`)
        const { frames, packets: made, droppedPackets, failedFrames } = sender.stats()
        assert.deepEqual([frames, made, droppedPackets, failedFrames], [48000, 50, 0, 0])
        sender.close()
        pipe.end()
        device.close()
      }, format))
  }

  it('keeps what nobody fetches, five seconds of it, and gives it into memory of the caller', () =>
    perform(FAST, async ({ assert, sdl, microphone, until, codeOf }) => {
      const device = microphone({ periodFrames: 480 }, '/dev/zero')
      const processor = new sdl.AudioProcessor({ frequency: 48000, outputFrequency: 16000, opus: { bitrate: 16000, complexity: 0 } })
      const sealer = new sdl.PacketSealer({ format: 'seq-pts', key: Buffer.alloc(32, 1) })
      const tap = device.createTap()
      const sender = new sdl.Sender({ tap, processor, sealer })
      assert.equal(codeOf(() => tap.read(new Float32Array(1))), 'ERR_AUDIO_WRITER_TAKEN')
      assert.equal(sender.readPacket(), null)
      assert.equal(sender.readPacketInto(Buffer.alloc(1)), 0)
      device.play()
      await until(() => sender.stats().droppedPackets > 3)
      device.pause()
      const out = Buffer.alloc(2000)
      const bytes = sender.readPacketInto(out)
      assert.ok(bytes > 24)
      assert.equal(codeOf(() => sender.readPacketInto(out.subarray(0, 3))), 'ERR_AUDIO_OUT_OF_RANGE')
      let waiting = 0
      while (sender.readPacket() !== null) waiting++
      assert.ok(waiting >= 200, `${waiting}`)
      sender.close()
      assert.deepEqual([codeOf(() => sender.close()), codeOf(() => sender.readPacket()), sender.closed], ['ERR_AUDIO_CLOSED', 'ERR_AUDIO_CLOSED', true])
      await until(() => codeOf(() => tap.read(new Float32Array(1))) === 'none')
      device.close()
    }))

  it('tells who listens late of what came before, and loses nothing when nobody listens for a while', () =>
    perform(FAST, async ({ assert, sdl, microphone, signals, until, heard, delay, PipeMicrophone }) => {
      const pipe = new PipeMicrophone()
      const device = microphone({ periodFrames: 480 }, pipe.file)
      const processor = new sdl.AudioProcessor({ frequency: 48000, outputFrequency: 24000, opus: { complexity: 0 } })
      const sender = new sdl.Sender({ tap: device.createTap(), processor, sealer: new sdl.PacketSealer({ format: 'seq-pts', key: Buffer.alloc(16) }) })
      device.play()
      for (let fed = 4800; fed <= 48000; fed += 4800) {
        await pipe.feed(Buffer.alloc(4 * 4800))
        await until(() => sender.stats().frames === fed)
      }
      await until(() => sender.stats().packets === 50)
      const opener = new sdl.PacketOpener({ format: 'seq-pts', key: Buffer.alloc(16) })
      for (let sequence = 1; sequence <= 5; sequence++) {
        assert.equal(opener.open(await heard(sender, 'packet')).sequence, sequence)
        await delay(5)
      }
      const rest = []
      sender.on('packet', (packet) => rest.push(opener.open(packet).sequence))
      await until(() => rest.length === 45)
      assert.equal(rest[0], 6)
      sender.on('close', () => sender.close())
      sender.close()
      pipe.end()
      device.close()
    }))

  it('refuses what does not fit together, and the sealer stays as it was', () =>
    perform(FAST, async ({ assert, sdl, microphone, codeOf, heard }) => {
      const key = Buffer.alloc(16)
      const device = microphone({ channels: 2 }, '/dev/zero')
      const tap = device.createTap()
      const processor = new sdl.AudioProcessor({ frequency: 48000, channels: 2, outputFrequency: 48000 })
      const sealer = new sdl.PacketSealer({ format: 'seq-pts', key, channels: 2 })
      const fits = { tap, processor, sealer }
      const stereo = { frequency: 48000, channels: 2, outputFrequency: 48000 }
      const mislabelled = ['codec pcm', 'channels 1', 'frequency 16000', 'frequency 44100'].map((wrong) => {
        const [name, value] = wrong.split(' ')
        return { ...fits, sealer: new sdl.PacketSealer({ format: 'seq-pts', key, channels: 2, [name]: Number(value) || value }) }
      })
      for (const wrong of [
        undefined, null, {}, { ...fits, tap: device }, { ...fits, processor: {} }, { ...fits, sealer: null },
        { ...fits, processor: new sdl.AudioProcessor({ frequency: 48000, channels: 1, outputFrequency: 48000 }) },
        { ...fits, processor: new sdl.AudioProcessor({ frequency: 16000, channels: 2, outputFrequency: 16000 }) },
        { ...fits, processor: new sdl.AudioProcessor({ frequency: 48000, channels: 2, outputFrequency: 48000, key }) },
        { ...fits, tap: device.createTap({ ring: sdl.SharedRing.allocate({ frames: 8, channels: 2 }) }) },
        { ...fits, processor: new sdl.AudioProcessor({ ...stereo, mode: 'minimal', allowPlaintext: true }) },
        { ...fits, processor: new sdl.AudioProcessor({ ...stereo, adaptive: true, allowPlaintext: true }) },
        ...mislabelled,
      ]) assert.equal(codeOf(() => new sdl.Sender(wrong)), 'ERR_AUDIO_INVALID_ARG')
      assert.ok(mislabelled.every(({ sealer }) => !sealer.closed))
      assert.equal(sealer.closed, false)
      tap.read(new Float32Array(2))
      assert.equal(codeOf(() => new sdl.Sender(fits)), 'ERR_AUDIO_DEVICE_BUSY')
      assert.equal(sealer.closed, false)
      const free = device.createTap()
      const sender = new sdl.Sender({ ...fits, tap: free })
      const another = new sdl.PacketSealer({ format: 'seq-pts', key, channels: 2 })
      const [itsTap, itsProcessor] = [device.createTap(), new sdl.AudioProcessor(stereo)]
      assert.equal(codeOf(() => new sdl.Sender({ tap: free, processor: itsProcessor, sealer: another })), 'ERR_AUDIO_DEVICE_BUSY')
      assert.equal(codeOf(() => new sdl.Sender({ tap: itsTap, processor, sealer: another })), 'ERR_AUDIO_DEVICE_BUSY')
      assert.equal(another.closed, false)
      new sdl.Sender({ tap: itsTap, processor: itsProcessor, sealer: another }).close()
      const closed = heard(sender, 'close')
      device.close()
      await closed
      assert.equal(sender.closed, true)
    }))

  it('gives a listener all of a long backlog, and drops nothing', () =>
    perform(FAST, async ({ assert, sdl, microphone, until }) => {
      const device = microphone({ periodFrames: 480 }, '/dev/zero')
      const tap = device.createTap({ maxQueuedMs: 30_000 })
      device.play()
      await until(() => tap.queuedFrames > 48000 * 20)
      device.pause()
      const key = Buffer.alloc(16)
      const processor = new sdl.AudioProcessor({ frequency: 48000, opus: { complexity: 0 } })
      const sender = new sdl.Sender({ tap, processor, sealer: new sdl.PacketSealer({ format: 'seq-pts', key }) })
      const opener = new sdl.PacketOpener({ format: 'seq-pts', key })
      const sequences = []
      sender.on('packet', (packet) => sequences.push(opener.open(packet).sequence))
      await until(() => tap.queuedFrames === 0 && sequences.length === sender.stats().packets)
      assert.ok(sequences.length >= 1000, `${sequences.length}`)
      assert.deepEqual(sequences, Array.from(sequences, (_, index) => index + 1))
      assert.equal(sender.stats().droppedPackets, 0)
      sender.close()
      device.close()
    }))

  it('ends at once when it is closed, and leaves in the tap what waits there', () =>
    perform(FAST, async ({ assert, sdl, microphone, until, codeOf }) => {
      const device = microphone({ periodFrames: 480 }, '/dev/zero')
      const tap = device.createTap({ maxQueuedMs: 120_000 })
      device.play()
      await until(() => tap.queuedFrames > 48000 * 60)
      device.pause()
      const backlog = tap.queuedFrames
      const processor = new sdl.AudioProcessor({ frequency: 48000 })
      const sender = new sdl.Sender({ tap, processor, sealer: new sdl.PacketSealer({ format: 'seq-pts', key: Buffer.alloc(16) }) })
      await until(() => sender.stats().packets > 0)
      sender.close()
      await until(() => codeOf(() => tap.read(new Float32Array(1))) === 'none')
      assert.ok(tap.queuedFrames > backlog / 2, `${tap.queuedFrames} of ${backlog}`)
      device.close()
    }))

  for (const onOverflow of ['drop-oldest', 'drop-newest']) {
    it(`counts in its timestamps what the tap lost (${onOverflow})`, () =>
      perform(FAST, async ({ assert, sdl, microphone, until, PipeMicrophone }, onOverflow) => {
        const pipe = new PipeMicrophone()
        const device = microphone({ periodFrames: 480 }, pipe.file)
        const tap = device.createTap({ maxQueuedMs: 40, onOverflow })
        const key = Buffer.alloc(16)
        const processor = new sdl.AudioProcessor({ frequency: 48000, opus: { complexity: 10 } })
        const sender = new sdl.Sender({ tap, processor, sealer: new sdl.PacketSealer({ format: 'seq-pts', key }) })
        let fed = 0
        const feed = async (frames) => {
          await pipe.feed(Buffer.alloc(4 * frames))
          fed += frames
        }
        const settled = () => until(() => sender.stats().frames + tap.stats().overrunFrames === fed)
        device.play()
        await feed(960)
        await settled()
        while (tap.stats().overrunFrames === 0) await feed(48000)
        await settled()
        // Two frames of which nothing is lost: where they lie is known to the frame.
        const lost = tap.stats().overrunFrames
        for (let part = 0; part < 4; part++) {
          await feed(480)
          await settled()
        }
        assert.equal(tap.stats().overrunFrames, lost)
        const opener = new sdl.PacketOpener({ format: 'seq-pts', key })
        const rest = sender.stats().frames % 960
        await until(() => sender.stats().packets === (sender.stats().frames - rest) / 960)
        let last = 0
        for (let packet = sender.readPacket(); packet !== null; packet = sender.readPacket()) last = opener.open(packet).timestamp
        assert.equal(Math.round(last * 0.048), fed - rest - 960)
        sender.close()
        pipe.end()
        device.close()
      }, onOverflow))
  }

  it('tells of the modes of its processor, whether or not anybody fetches packets', () =>
    perform(FAST, async ({ assert, sdl, microphone, until }) => {
      const device = microphone({ periodFrames: 480 }, '/dev/zero')
      const processor = new sdl.AudioProcessor({ frequency: 48000, outputFrequency: 24000, adaptive: { stepDownMs: 0 } })
      const events = []
      processor.on('mode', ({ type, mode, from }) => events.push([type, from, mode]))
      const sealer = new sdl.PacketSealer({ format: 'seq-pts', key: Buffer.alloc(16) })
      const sender = new sdl.Sender({ tap: device.createTap(), processor, sealer })
      device.play()
      await until(() => events.length > 0)
      assert.deepEqual(events, [['mode', 'full', 'medium']])
      sender.close()
      device.close()
    }))

  it('has its processor for itself, and no memory that other threads see', () =>
    perform(FAST, async ({ assert, sdl, microphone, until, codeOf }) => {
      const device = microphone({ periodFrames: 480 }, '/dev/zero')
      const processor = new sdl.AudioProcessor({ frequency: 48000, allowPlaintext: true })
      const sealer = new sdl.PacketSealer({ format: 'seq-pts', key: Buffer.alloc(16) })
      const sender = new sdl.Sender({ tap: device.createTap(), processor, sealer })
      assert.equal(codeOf(() => processor.process(new Float32Array(960), Buffer.alloc(0))), 'ERR_AUDIO_DEVICE_BUSY')
      device.play()
      await until(() => sender.stats().packets > 0)
      const shared = new Uint8Array(new SharedArrayBuffer(4000))
      assert.equal(codeOf(() => sender.readPacketInto(shared)), 'ERR_AUDIO_INVALID_ARG')
      assert.ok(shared.every((byte) => byte === 0))
      assert.ok(sender.readPacketInto(new Uint8Array(4000)) > 0)
      sender.close()
      await until(() => codeOf(() => processor.process(new Float32Array(960), Buffer.alloc(0))) === 'none')
      device.close()
    }))
})
