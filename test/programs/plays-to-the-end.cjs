'use strict'

const { audio, speaker, microphone, signals, startWorker, tape, until } = require('./stage.cjs')

// node plays-to-the-end.cjs STORY: has something to play, and nothing else to do.

const ten = () => signals.noise(1, 2 * 9600)
const hour = () => Buffer.alloc(2 * 3600 * 8000)

const stories = {
  'a device that plays': () => {
    const device = speaker({ format: 's16' })
    device.enqueue(ten())
    device.play()
  },
  'a worker whose device plays': () => {
    startWorker(({ speaker, signals }) => {
      const device = speaker({ format: 's16' })
      device.enqueue(signals.noise(1, 2 * 9600))
      device.play()
    })
  },
  'two devices that play': () => {
    for (const [name, frames] of [['short', 1000], ['tape', 9600]]) {
      const device = speaker({ format: 's16' }, tape(name))
      device.enqueue(ten().subarray(0, 2 * frames))
      device.play()
    }
  },
  'a device of which another instance was closed': () => {
    const device = speaker({ format: 's16' })
    device.enqueue(ten())
    device.play()
    audio.attach(device.handle).close()
  },
  'a paused device': () => {
    speaker({ format: 's16', frequency: 8000 }).enqueue(hour())
  },
  'an audio server that hangs': async () => {
    const device = speaker({ periodFrames: 128 })
    device.enqueue(Buffer.alloc(4 * 48000))
    device.play()
    await until(() => device.stats().playedFrames > 0)
    process.kill(Number(process.env.AUDIO_SERVER_PID), 'SIGSTOP')
  },
  'a device that is lost meanwhile': () => {
    const device = speaker({ format: 's16', frequency: 8000 }, '/dev/full')
    device.enqueue(hour())
    device.play()
  },
  'a worker that never stops rendering to a device of both': async () => {
    const device = speaker({ periodFrames: 48 }, '/dev/null')
    device.play()
    const { worker, told } = startWorker(({ audio, tell }, handle) => {
      const device = audio.attach(handle)
      tell('renders')
      for (;;) {
        device.waitForSpace(128)
        device.write(new Float32Array(128))
      }
    }, device.handle)
    await told
    await until(() => device.queuedFrames > 1000)
    worker.unref()
  },
  'a microphone': () => microphone({}, '/dev/zero').play(),
}
for (const [name, end] of [
  ['exits', () => process.exit(5)],
  ['fails', () => { throw new Error('the worker fails') }],
]) {
  stories[`a worker that ${name} while its device plays`] = () => {
    const { worker, done } = startWorker(({ speaker, until, sceneOf }, end) => {
      const device = speaker({ format: 's16', frequency: 8000 })
      device.enqueue(Buffer.alloc(2 * 3600 * 8000))
      device.play()
      until(() => device.stats().playedFrames > 1000).then(sceneOf(end))
      return until(() => false)
    }, String(end))
    worker.once('error', ({ message }) => console.log(message))
    done.catch(() => {})
  }
}
for (const [name, change] of [
  ['paused', (device) => device.pause()],
  ['cleared', (device) => device.clearQueue()],
  ['closed', (device) => device.close()],
]) {
  stories[`a device that is ${name} meanwhile`] = () => {
    const device = speaker({ format: 's16', frequency: 8000 })
    device.enqueue(hour())
    device.play()
    setTimeout(change, 50, device).unref()
  }
}

stories[process.argv[2]]()
