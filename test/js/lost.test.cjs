'use strict'

const { perform, PATIENCE_MS } = require('./studio.cjs')

const PACED = { delayMs: 1 }
const FAST = { delayMs: 0 }

// The disk driver loses a device when its file takes no more; /dev/full takes nothing.
describe('The loss of a device', function () {
  this.timeout(PATIENCE_MS)

  it('is not told of another one that was opened after it', () =>
    perform(FAST, async ({ assert, speaker, delay }) => {
      const told = []
      for (let round = 0; round < 400; round++) {
        const broken = speaker({ buffered: 64 }, '/dev/full')
        broken.enqueue(Buffer.alloc(4 * 4800))
        broken.play()
        // It breaks while it is being closed, now sooner, now later.
        for (const began = performance.now(); performance.now() - began < (round % 60) * 0.25;);
        broken.close()
        const sound = speaker({ buffered: 64 }, '/dev/null')
        sound.on('lost', () => told.push(round))
        await delay(3)
        sound.close()
      }
      assert.deepEqual(told, [])
    }))

  it('is told once to whoever attaches to it afterwards, on any thread', () =>
    perform(PACED, async ({ assert, audio, speaker, heard, delay, startWorker }) => {
      const device = speaker({ onLost: 'fail' }, '/dev/full')
      await heard(device, 'lost')
      const listen = async ({ audio, heard, delay }, handle) => {
        const late = audio.attach(handle)
        let told = 0
        late.on('lost', () => told++)
        await heard(late, 'lost')
        await delay(50)
        late.close()
        return told
      }
      assert.equal(await listen({ audio, heard, delay }, device.handle), 1)
      assert.equal(await startWorker(listen, device.handle).done, 1)
      device.close()
    }))

  it('is told though a thread was too busy to hear of anything else', () =>
    perform(FAST, async ({ assert, speaker, codeOf, startWorker, heard }) => {
      const devices = Array.from({ length: 12 }, () => speaker({ periodFrames: 16 }, '/dev/null'))
      for (const device of devices) device.play()
      const runsDry = startWorker(({ audio, tell }, handles) => {
        const devices = handles.map((handle) => audio.attach(handle))
        tell('begun')
        const pause = new Int32Array(new SharedArrayBuffer(4))
        while (devices.reduce((sum, device) => sum + device.stats().underruns, 0) < 6000) {
          for (const device of devices) device.write(new Float32Array(4))
          Atomics.wait(pause, 0, 0, 2)
        }
      }, devices.map(({ handle }) => handle))
      await runsDry.told
      const dry = () => devices.reduce((sum, device) => sum + device.stats().underruns, 0)
      const pause = new Int32Array(new SharedArrayBuffer(4))
      // Blocked, as by a long calculation.
      while (dry() < 5000) Atomics.wait(pause, 0, 0, 5)
      const lost = speaker({ onLost: 'fail' }, '/dev/full')
      while (codeOf(() => lost.write(new Float32Array(1))) !== 'ERR_AUDIO_DEVICE_LOST') Atomics.wait(pause, 0, 0, 5)
      Atomics.wait(pause, 0, 0, 100)
      assert.deepEqual(await heard(lost, 'lost'), { type: 'lost' })
      await runsDry.done
      for (const device of [...devices, lost]) device.close()
    }))

  it('reaches every instance, though a listener of one throws', () =>
    perform(PACED, async ({ assert, audio, speaker, heard }) => {
      const device = speaker({}, '/dev/full')
      const twins = [audio.attach(device.handle), audio.attach(device.handle)]
      const uncaught = heard(process, 'uncaughtException')
      device.on('lost', () => { throw new Error('the listener fails') })
      await Promise.all(twins.map((twin) => heard(twin, 'lost')))
      assert.equal((await uncaught).message, 'the listener fails')
      for (const instance of [device, ...twins]) instance.close()
    }))
})
