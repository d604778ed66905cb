'use strict'

const { perform, PATIENCE_MS } = require('./studio.cjs')

const FAST = { delayMs: 0 }
/** An audio system with a name for its speaker that is no file. */
const NAMED = { driver: 'dummy' }

describe('An error says what to do:', function () {
  this.timeout(PATIENCE_MS)

  it('who would block the main thread is told of the promise', () =>
    perform(FAST, ({ assert, speaker, microphone }) => {
      const [output, input] = [speaker({}, '/dev/null'), microphone({}, '/dev/zero')]
      const wouldBlock = (message) => ({ code: 'ERR_AUDIO_WOULD_BLOCK', message })
      for (const held of [output, output.createSource()]) {
        assert.throws(() => held.waitForSpace(1), wouldBlock('waitForSpace would block the main thread: await whenSpace(frames), or wait in a worker'))
      }
      for (const held of [input, input.createTap()]) {
        assert.throws(() => held.waitForFrames(1), wouldBlock('waitForFrames would block the main thread: await whenFrames(frames), or wait in a worker'))
      }
      output.close()
      input.close()
    }))

  it('whose queue is full is told how to wait', () =>
    perform(FAST, ({ assert, speaker }) => {
      const output = speaker({ maxQueuedMs: 10, format: 'f32' }, '/dev/null')
      assert.throws(() => output.enqueue(Buffer.alloc(4 * 481)), {
        code: 'ERR_AUDIO_QUEUE_FULL', message: 'the queue holds at most 10 ms (maxQueuedMs); nothing was taken: await whenSpace(frames), or write what fits',
      })
      output.close()
    }))

  it('who asks for a device that is not there is told which, and which there are', () =>
    perform(NAMED, ({ assert, audio }) => {
      for (const type of ['playback', 'recording']) {
        const listed = audio.devices.filter((device) => device.type === type).map(({ name }) => JSON.stringify(name)).join(', ')
        assert.ok(listed)
        assert.throws(() => audio.openDevice({ type, name: 'gramophone' }), ({ code, message, stack }) => {
          assert.equal(code, 'ERR_AUDIO_DEVICE_NOT_FOUND')
          assert.ok(message.endsWith(`: asked for the ${type} device "gramophone"; listed are: ${listed}`), message)
          return stack.includes(message)
        })
      }
    }))

  it('who attaches to what is not there gets the handle back', () =>
    perform(FAST, ({ assert, audio }) => {
      assert.throws(() => audio.attach(77), { code: 'ERR_AUDIO_DEVICE_NOT_FOUND', handle: 77 })
    }))

  it('who is out of range is told the range', () =>
    perform(FAST, ({ assert, audio, speaker }) => {
      const open = (options) => () => audio.openDevice({ type: 'playback', name: '/dev/null' }, options)
      const said = (message) => ({ code: 'ERR_AUDIO_OUT_OF_RANGE', message })
      assert.throws(open({ periodFrames: 0 }), said('Expected periodFrames from 1 to 32768 but received 0'))
      assert.throws(open({ frequency: 999 }), said('Expected frequency from 1000 to 384000 but received 999'))
      assert.throws(open({ buffered: 131072 }), said('Expected buffered from 1 to 65536 but received 131072'))
      const output = speaker({}, '/dev/null')
      assert.throws(() => output.createSource({ channels: 9 }), said('Expected channels from 1 to 8 but received 9'))
      output.close()
    }))

  it('who has a packet of another format is told which was expected', () =>
    perform(FAST, ({ assert, sdl }) => {
      const key = Buffer.alloc(16)
      const sealed = (format) => new sdl.PacketSealer({ format, key }).seal(Buffer.alloc(40))
      const open = (format, packet) => () => new sdl.PacketOpener({ format, key }).open(packet)
      assert.throws(open('xiaozhi', sealed('seq-pts')), {
        code: 'ERR_AUDIO_PACKET_MALFORMED',
        message: "open error: expected a packet of format 'xiaozhi', of type 1 with flags 0x00 or 0x80, but received type 1 with flags 0x01: is it one of format 'seq-pts'?",
      })
      assert.throws(open('seq-pts', sealed('xiaozhi')), ({ code, message }) => {
        assert.equal(code, 'ERR_AUDIO_PACKET_MALFORMED')
        return /expected a packet of format 'seq-pts'.* 0 channels.*: is it one of format 'xiaozhi'\?$/.test(message)
      })
    }))

  it('who gives a device where a part of it is wanted is told how to make one', () =>
    perform(FAST, ({ assert, sdl, speaker, microphone }) => {
      const [output, input] = [speaker({}, '/dev/null'), microphone({}, '/dev/zero')]
      const wrong = (message) => ({ code: 'ERR_AUDIO_INVALID_ARG', message })
      assert.throws(() => new sdl.Sender({ tap: input }), wrong('Expected AudioTap for tap but received AudioRecordingInstance; use createTap()'))
      assert.throws(() => new sdl.Sender({}), wrong('Expected AudioTap for tap but received undefined'))
      assert.throws(() => new sdl.Receiver({ source: output }), wrong('Expected an AudioSource for source but received AudioPlaybackInstance; use createSource()'))
      output.close()
      input.close()
    }))

  it('who records from the disk driver is told how to choose the file', () =>
    perform({ ...FAST, env: { ...process.env, SDL_DISKAUDIOFILEIN: '/nowhere/tape' } }, ({ assert, audio }) => {
      assert.throws(() => audio.openDevice({ type: 'recording' }), {
        code: 'ERR_AUDIO_OPEN_FAILED',
        message: "SDL_OpenAudioDevice() error: Couldn't open /nowhere/tape: SDL_DISKAUDIOFILEIN names the file that the disk driver records from",
      })
    }))

  it('strings are shown as strings', () =>
    perform(FAST, ({ assert, audio }) => {
      const open = (options) => () => audio.openDevice({ type: 'playback' }, options)
      assert.throws(open({ capacityMs: '10' }), { message: "Expected a number of milliseconds for capacityMs but received '10'" })
      assert.throws(open({ onLost: 'wait' }), { message: "Expected 'reopen' or 'fail' for onLost but received 'wait'" })
    }))

  it('an option that is nearly one of ours is a mistake', () =>
    perform(FAST, ({ assert, audio }) => {
      for (const [word, name] of [['perodFrames', 'periodFrames'], ['periodframes', 'periodFrames'], ['capacityMS', 'capacityMs'], ['maxQueueMs', 'maxQueuedMs'], ['onOverFlow', 'onOverflow'], ['onLoss', 'onLost']]) {
        assert.throws(() => audio.openDevice({ type: 'playback', name: '/dev/null' }, { [word]: 1 }), {
          code: 'ERR_AUDIO_INVALID_ARG', message: `Expected the option ${name} but received ${word}`, [word]: 1,
        })
      }
    }))

  it('so is one that is nearly one of the peer\'s, while that is not there', () =>
    perform(FAST, ({ assert, audio }) => {
      const open = (options) => audio.openDevice({ type: 'playback', name: '/dev/null' }, options)
      for (const [word, name] of [['frequncy', 'frequency'], ['chanels', 'channels'], ['formatt', 'format'], ['buffred', 'buffered']]) {
        assert.throws(() => open({ [word]: 1 }), { code: 'ERR_AUDIO_INVALID_ARG', message: `Expected the option ${name} but received ${word}` })
      }
      open({ channels: 1, channel: 'left', format: 's16', formats: [], buffer: Buffer.alloc(4), frequncy: undefined }).close()
    }))

  it('so is one in every class and method of ours', () =>
    perform(FAST, ({ assert, sdl, audio, speaker, microphone }) => {
      const [output, input] = [speaker({}, '/dev/null'), microphone({}, '/dev/zero')]
      const [source, key] = [output.createSource(), Buffer.alloc(16)]
      const [encoder, decoder] = [new sdl.OpusEncoder(), new sdl.OpusDecoder()]
      const sealer = new sdl.PacketSealer({ format: 'xiaozhi', key })
      const calls = [
        [(options) => output.createSource(options), { targetMS: 40 }, 'targetMs'],
        [(options) => input.createTap(options), { onOverFlow: 'drop-newest' }, 'onOverflow'],
        [(options) => audio.createPlaybackStream(options), { signl: null }, 'signal'],
        [(options) => audio.createCaptureStream(options), { highWatermark: 0 }, 'highWaterMark'],
        [(options) => sdl.SharedRing.allocate(options), { frames: 8, chanels: 2 }, 'channels'],
        [(options) => output.setGain(1, options), { rampMS: 1 }, 'rampMs'],
        [(options) => output.stop(options), { fadems: 1 }, 'fadeMs'],
        [(options) => new sdl.OpusEncoder(options), { bitRate: 16000 }, 'bitrate'],
        [(options) => encoder.configure(options), { packetlosspercent: 5 }, 'packetLossPercent'],
        [(options) => new sdl.OpusDecoder(options), { frequncy: 16000 }, 'frequency'],
        [(options) => decoder.decode(null, options), { frame: 960 }, 'frames'],
        [(options) => new sdl.Resampler({ from: 48000, to: 16000, ...options }), { qualty: 'best' }, 'quality'],
        [(options) => new sdl.AudioProcessor(options), { framems: 10 }, 'frameMs'],
        [(options) => new sdl.AudioProcessor({ opus: options }), { aplication: 'audio' }, 'application'],
        [(options) => new sdl.AudioProcessor({ adaptive: options }), { holdMS: 1 }, 'holdMs'],
        [(options) => new sdl.AudioProcessorPool(options), { thread: 1 }, 'threads'],
        [(options) => new sdl.PacketSealer({ format: 'seq-pts', key, ...options }), { sequense: 7 }, 'sequence'],
        [(options) => sealer.seal(key, options), { timeStamp: 7 }, 'timestamp'],
        [(options) => new sdl.PacketOpener({ format: 'seq-pts', key, ...options }), { suit: 'aes-128-ctr' }, 'suite'],
        [(options) => new sdl.Sender(options), { processer: null }, 'processor'],
        [(options) => new sdl.Receiver({ source, ...options }), { codek: 'pcm' }, 'codec'],
        [(options) => new sdl.JitterBuffer(options), { estimater: 'auto' }, 'estimator'],
        [(options) => new sdl.JitterBuffer({ mode: options }), { fixedMS: 80 }, 'fixedMs'],
        [(options) => new sdl.PlayoutClock(options), { Mode: {} }, 'mode'],
        [(options) => new sdl.PlayoutClock({ mode: { auto: options } }), { maxMS: 80 }, 'maxMs'],
        [(options) => new sdl.PlayoutBuffer(options), { maxframes: 5 }, 'maxFrames'],
        ...[
          (options) => output.createSource(options), (options) => audio.createPlaybackStream(options), (options) => new sdl.OpusEncoder(options),
          (options) => new sdl.OpusDecoder(options), (options) => new sdl.AudioProcessor(options), (options) => new sdl.JitterBuffer(options),
        ].map((call) => [call, { sampleRate: 16000 }, 'frequency']),
      ]
      for (const [call, options, name] of calls) {
        const [word] = Object.keys(options).slice(-1)
        assert.throws(() => call(options), { code: 'ERR_AUDIO_INVALID_ARG', message: `Expected the option ${name} but received ${word}` }, String(call))
      }
      new sdl.OpusEncoder({ sampleRate: 8000, frequency: 16000, colour: 'red' }).close()
      output.close()
      input.close()
    }))

  it('a mode that is not under mode is shown its place', () =>
    perform(FAST, ({ assert, sdl, speaker }) => {
      const output = speaker({}, '/dev/null')
      const source = output.createSource()
      for (const make of [(mode) => new sdl.PlayoutClock(mode), (mode) => new sdl.JitterBuffer(mode), (mode) => new sdl.Receiver({ source, ...mode })]) {
        assert.throws(() => make({ fixedMs: 80 }), { code: 'ERR_AUDIO_INVALID_ARG', message: 'Expected mode: { fixedMs: 80 } but received fixedMs' })
        assert.throws(() => make({ auto: {} }), { code: 'ERR_AUDIO_INVALID_ARG', message: 'Expected mode: { auto: { minMs, maxMs } } but received auto' })
      }
      output.close()
    }))

  it('an option of ours in the device is in the wrong place', () =>
    perform(FAST, ({ assert, audio }) => {
      assert.throws(() => audio.openDevice({ type: 'playback', name: '/dev/null', periodFrames: 128 }), {
        code: 'ERR_AUDIO_INVALID_ARG', message: 'Expected periodFrames in the options, the second argument, but received it in the device',
      })
    }))

  it('any other name is left alone, as the peer does', () =>
    perform(FAST, ({ assert, audio }) => {
      const options = { driver: 'alsa', period: 128, latency: 1, onLoad: null, framesPerBuffer: 512, allowedChanges: 0, callback () {}, sampleRate: 1 }
      audio.openDevice({ type: 'playback', name: '/dev/null' }, options).close()
      assert.ok(true)
    }))
})
