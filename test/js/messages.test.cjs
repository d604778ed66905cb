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
