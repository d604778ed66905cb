'use strict'

const { existsSync, statSync } = require('node:fs')
const { alone } = require('../row.cjs')

// How a process ends that has used audio: when, with which code, and what was heard of the queue by then.

const FREQUENCY = 48000

const silence = (ms) => Buffer.alloc((FREQUENCY * 4 * ms) / 1000)

/** Short enough to wait for. */
const BRIEF_MS = 300
/** Long enough that nobody hears it to its end by accident. */
const ENDLESS_MS = 60_000

/** Plays a queue of `ms`; noted at the end is whether any of it was left. */
const sound = ({ note }, instance, ms) => {
  // Before every other listener, and so before the package's own closes the device.
  process.prependListener('exit', (code) => {
    note('exit', code, instance.closed ? 'closed' : instance.queued === 0 ? 'nothing is queued' : 'something is queued')
  })
  instance.enqueue(silence(ms))
  instance.play()
  return instance
}

const player = (stage, ms, options, device) => sound(stage, stage.playback({ frequency: FREQUENCY, ...options }, device), ms)

const plain = [
  alone('process · only loaded', () => {}),
  alone('process · devices listed', ({ audio }) => audio.devices.length),
  alone('process · a playback device left open', ({ playback }) => { playback() }),
  alone('process · a recording device left open', ({ recording }) => { recording() }),
  alone('process · both left open', ({ playback, recording }) => {
    playback()
    recording()
  }),
  alone('process · a recording device that records', ({ recording }) => { recording().play() }),
  alone('process · a playback device that plays nothing', ({ playback }) => { playback().play() }),
  alone('process · opened and closed', ({ playback }) => { playback().close() }),
]

const ending = [
  alone('process · stays until all was heard', (stage) => { player(stage, BRIEF_MS) }),
  alone('process · stays until all was heard, with the default period', (stage) => { player(stage, BRIEF_MS, { buffered: 4096 }) }),
  alone('process · stays until all was heard, in stereo', (stage) => { player(stage, BRIEF_MS, { channels: 2 }) }),
  alone('process · stays for the longest queue', (stage) => {
    player(stage, BRIEF_MS, {}, { name: 'one.raw' })
    player(stage, 2 * BRIEF_MS, {}, { name: 'two.raw' })
  }, 'disk'),
  // The driver takes one period a second, and has just taken one when the queue begins.
  alone('process · stays for a device that starts late', async (stage) => {
    const instance = stage.playback({ buffered: 512, channels: 6 }, { name: 'out.raw' })
    await stage.until(() => existsSync('out.raw') && statSync('out.raw').size > 0)
    sound(stage, instance, 5)
  }, 'disk', { SDL_DISKAUDIODELAY: '1000' }),
  alone('process · stays for what is enqueued in beforeExit', (stage) => {
    const instance = player(stage, BRIEF_MS)
    process.once('beforeExit', () => instance.enqueue(silence(BRIEF_MS)))
  }),
  alone('process · stays for what is enqueued by a timer', (stage) => {
    const instance = player(stage, BRIEF_MS)
    setTimeout(() => instance.enqueue(silence(BRIEF_MS)), BRIEF_MS / 2)
  }),
  alone('process · stays for what starts in beforeExit', (stage) => {
    const instance = player(stage, BRIEF_MS)
    instance.pause()
    process.once('beforeExit', () => instance.play())
  }),
  alone('process · beforeExit comes again when all was heard', (stage) => {
    const instance = player(stage, BRIEF_MS)
    let times = 0
    process.on('beforeExit', () => {
      times++
      if (instance.queued === 0) stage.note('heard', times > 1)
    })
  }),
  alone('process · does not stay for a paused queue', (stage) => { player(stage, ENDLESS_MS).pause() }),
  alone('process · does not stay for a queue that never played', ({ playback }) => { playback().enqueue(silence(ENDLESS_MS)) }),
  alone('process · does not stay for a cleared queue', (stage) => { player(stage, ENDLESS_MS).clearQueue() }),
  alone('process · does not stay for a closed device', (stage) => { player(stage, ENDLESS_MS).close() }),
  alone('process · does not stay with an exit code', (stage) => {
    player(stage, ENDLESS_MS)
    process.exitCode = 3
  }),
  alone('process · leaves when the queue is cleared in beforeExit', (stage) => {
    const instance = player(stage, ENDLESS_MS)
    process.once('beforeExit', () => instance.clearQueue())
  }),
  alone('process · leaves when the queue is cleared by a timer', (stage) => {
    const instance = player(stage, ENDLESS_MS)
    setTimeout(() => instance.clearQueue(), BRIEF_MS)
  }),
]

const LONG_MS = 4000

/** The same, for what ends the wait only on one side: noted is whether the process stayed for half of the queue all the same. */
const staysDespite = (act) => (stage) => {
  const { playback, note } = stage
  const instance = playback({ frequency: FREQUENCY })
  instance.enqueue(silence(LONG_MS))
  instance.play()
  const started = process.hrtime.bigint()
  process.prependListener('exit', () => {
    const stayedMs = Number(process.hrtime.bigint() - started) / 1e6
    note(stayedMs >= LONG_MS / 2 ? 'stayed for at least half of the queue' : 'left')
  })
  process.once('beforeExit', () => act(instance))
}

const changedMind = [
  alone('process · device closed in beforeExit', staysDespite((instance) => instance.close())),
  alone('process · device paused in beforeExit', staysDespite((instance) => instance.pause())),
]

const cut = [
  ...[0, 7].map((code) => alone(`process · process.exit(${code}) while it plays`, (stage) => {
    player(stage, ENDLESS_MS)
    setImmediate(() => process.exit(code))
  })),
  alone('process · process.exit() in beforeExit', (stage) => {
    player(stage, ENDLESS_MS)
    process.on('beforeExit', () => process.exit())
  }),
  alone("process · process.exit(4) in 'close'", ({ playback }) => {
    const instance = playback()
    instance.on('close', () => process.exit(4))
    setImmediate(() => instance.close())
  }),
  alone('process · process.exit(5) while it records', ({ recording }) => {
    recording().play()
    setImmediate(() => process.exit(5))
  }),
  alone('process · an error that nobody catches', (stage) => {
    player(stage, ENDLESS_MS)
    setImmediate(() => { throw new Error('not caught') })
  }),
  alone('process · a promise that is rejected', (stage) => {
    player(stage, ENDLESS_MS)
    setImmediate(() => { Promise.reject(new Error('not caught')) })
  }),
  ...['SIGINT', 'SIGTERM', 'SIGKILL'].map((signal) => alone(`process · ${signal} while it plays`, (stage) => {
    player(stage, BRIEF_MS)
    setImmediate(() => process.kill(process.pid, signal))
  })),
  ...['SIGINT', 'SIGTERM'].map((signal) => alone(`process · ${signal} with a listener`, (stage) => {
    player(stage, BRIEF_MS)
    process.once(signal, () => {
      stage.note(signal)
      process.exit(6)
    })
    setImmediate(() => process.kill(process.pid, signal))
  })),
]

/** Notes 'close', and 'exit' before and after the package's own listener of it. */
const noteClosing = ({ playback, note }) => {
  const instance = playback()
  instance.once('close', () => note('close'))
  process.prependListener('exit', () => note('exit begins', instance.closed))
  process.on('exit', () => note('exit ends', instance.closed))
}

const closing = [
  ...[0, 7].map((code) => alone(`process · what an open device tells at process.exit(${code})`, (stage) => {
    noteClosing(stage)
    setImmediate(() => process.exit(code))
  })),
  alone('process · an open device can be used in exit', ({ playback }) => {
    const instance = playback()
    process.prependListener('exit', () => instance.enqueue(silence(BRIEF_MS)))
  }),
  alone('process · an open device can be closed in exit', ({ playback, note }) => {
    const instance = playback()
    process.prependListener('exit', () => {
      instance.close()
      note(instance.closed)
    })
  }),
]

/** Whether something keeps the process: a timer that itself keeps nothing fires only then. */
const keeping = (act) => (stage) => {
  act(stage)
  setTimeout(() => {
    stage.note('was kept alive')
    process.exit()
  }, 1500).unref()
}

const none = () => {}

const held = [
  alone("process · a listener of 'deviceAdd'", keeping(({ audio }) => audio.on('deviceAdd', none))),
  alone("process · a listener of audio's '*'", keeping(({ audio }) => audio.on('*', none))),
  alone("process · a listener of 'close'", keeping(({ playback }) => playback().on('close', none))),
  alone("process · a listener of 'deviceAdd' that was removed", keeping(({ audio }) => (
    audio.on('deviceAdd', none).off('deviceAdd', none)
  ))),
  alone("process · a listener of 'close' that was removed", keeping(({ playback }) => (
    playback().on('close', none).off('close', none)
  ))),
  alone("process · a listener of 'close' on a closed device", keeping(({ playback }) => {
    const instance = playback()
    instance.on('close', none)
    instance.close()
  })),
  alone("process · a listener of 'deviceAdd' while a queue plays", keeping((stage) => {
    player(stage, BRIEF_MS)
    stage.audio.on('deviceAdd', none)
  })),
]

module.exports = [...plain, ...ending, ...changedMind, ...cut, ...closing, ...held]
