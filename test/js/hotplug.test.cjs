'use strict'

const { perform, PATIENCE_MS } = require('./studio.cjs')

const PACED = { delayMs: 1 }

describe('Devices that come and go', function () {
  this.timeout(PATIENCE_MS)

  it('are all told, though a listener throws at one', () =>
    perform(PACED, async ({ assert, audio }) => {
      const names = { playback: ['one', 'two'], recording: [] }
      require('../../js/binding.cjs').devices = () => names
      const told = []
      let failures = 0
      process.on('uncaughtException', ({ message }) => { failures += message === 'the listener fails' ? 1 : 0 })
      for (const type of ['deviceAdd', 'deviceRemove']) {
        audio.on(type, ({ device: { name } }) => {
          told.push([type, name])
          throw new Error('the listener fails')
        })
      }
      names.playback = ['three', 'four']
      assert.deepEqual(audio.devices.map(({ name }) => name), ['three', 'four'])
      assert.deepEqual(told, [['deviceRemove', 'one'], ['deviceRemove', 'two'], ['deviceAdd', 'three'], ['deviceAdd', 'four']])
      await new Promise(setImmediate)
      assert.equal(failures, 4)
    }))

  it('are told to who listens after all listeners were removed', () =>
    perform(PACED, async ({ assert, audio }) => {
      const names = { playback: [], recording: [] }
      require('../../js/binding.cjs').devices = () => names
      audio.removeAllListeners()
      const told = []
      audio.on('deviceAdd', ({ device: { name } }) => told.push(name))
      names.playback = ['late']
      assert.equal(audio.devices.length, 1)
      assert.deepEqual(told, ['late'])
    }))
})
