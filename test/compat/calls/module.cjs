'use strict'

const { EventEmitter } = require('node:events')
const { Worker } = require('node:worker_threads')
const { row, alone } = require('../row.cjs')

// What the module and `sdl.audio` look like before anything is opened.

const notAudio = ['video', 'keyboard', 'mouse', 'touch', 'joystick', 'controller', 'sensor', 'clipboard', 'power']
const notAudioSystems = ['video', 'joystick', 'controller', 'haptic', 'sensor']
const methods = [
  'openDevice', 'bytesPerSample', 'minSampleValue', 'maxSampleValue', 'zeroSampleValue', 'readSample', 'writeSample',
]

const typesOf = (object) => Object.fromEntries(Object.entries(object).map(([key, value]) => [key, typeof value]))

module.exports = [
  row('module · names', ({ sdl }) => Object.keys(sdl).sort()),
  row('module · typeof sdl.audio', ({ sdl }) => typeof sdl.audio),
  row('module · audio is the same each time', ({ sdl }) => sdl.audio === sdl.audio),
  row('module · info is the same each time', ({ sdl }) => sdl.info === sdl.info),
  ...notAudio.map((name) => row(`module · typeof sdl.${name}`, ({ sdl }) => typeof sdl[name])),
  row('module · what is not there is undefined', ({ sdl }) => typeof sdl.gramophone),
  alone('module · loaded in a worker', async ({ root }) => {
    const worker = new Worker(`
      const { workerData, parentPort } = require('node:worker_threads')
      const { join } = require('node:path')
      const resolve = require('node:module').createRequire(join(workerData, 'package.json'))
      const { audio } = resolve(resolve('./package.json').name)
      const device = audio.openDevice({ type: 'playback' })
      parentPort.postMessage(device.constructor.name)
      device.close()
    `, { eval: true, workerData: root })
    return new Promise((settle) => {
      worker.once('message', settle)
      worker.once('error', ({ message }) => settle(message))
    })
  }),

  row('helpers · names', ({ helpers }) => Object.keys(helpers)),
  row('helpers · functions', ({ helpers }) => typesOf(helpers.audio)),

  row('info · names', ({ sdl }) => Object.keys(sdl.info)),
  row('info · version · names', ({ sdl }) => Object.keys(sdl.info.version)),
  row('info · version.compile · types', ({ sdl }) => typesOf(sdl.info.version.compile)),
  row('info · version.runtime · types', ({ sdl }) => typesOf(sdl.info.version.runtime)),
  row('info · version.runtime', ({ sdl }) => sdl.info.version.runtime),
  row('info · platform', ({ sdl }) => sdl.info.platform),
  row('info · drivers · names', ({ sdl }) => Object.keys(sdl.info.drivers)),
  row('info · drivers.audio · names', ({ sdl }) => Object.keys(sdl.info.drivers.audio)),
  row('info · drivers.audio.current', ({ sdl }) => sdl.info.drivers.audio.current),
  row('info · drivers.audio.all is an array of strings', ({ sdl }) => {
    const { all } = sdl.info.drivers.audio
    return Array.isArray(all) && all.every((name) => typeof name === 'string')
  }),
  ...['pulseaudio', 'alsa', 'pipewire', 'disk', 'dummy'].map((driver) => (
    row(`info · drivers.audio.all has ${driver}`, ({ sdl }) => sdl.info.drivers.audio.all.includes(driver))
  )),
  row('info · initialized · types', ({ sdl }) => typesOf(sdl.info.initialized)),
  row('info · initialized.audio', ({ sdl }) => sdl.info.initialized.audio),
  ...notAudioSystems.map((name) => row(`info · initialized.${name}`, ({ sdl }) => sdl.info.initialized[name])),
  row('info · goes through JSON', ({ sdl }) => Object.keys(JSON.parse(JSON.stringify(sdl.info)))),

  row('audio · is an EventEmitter', ({ audio }) => audio instanceof EventEmitter),
  ...methods.map((name) => row(`audio · ${name} · kind and length`, ({ audio }) => [typeof audio[name], audio[name].length])),

  row('audio · devices · of the dummy driver', ({ audio }) => audio.devices),
  alone('audio · devices · of the disk driver', ({ audio }) => audio.devices, 'disk'),
  alone('audio · devices · with a driver that does not exist', ({ sdl, audio }) => (
    [sdl.info.drivers.audio.current, sdl.info.initialized.audio, audio.devices]
  ), 'gramophone'),
  alone('openDevice · with a driver that does not exist', ({ audio }) => audio.openDevice({ type: 'playback' }), 'gramophone'),
  row('audio · devices · a new array each time', ({ audio }) => audio.devices !== audio.devices),
  row('audio · devices · the same devices each time', ({ audio }) => (
    audio.devices.every((device, at) => device === audio.devices[at])
  )),
  row('audio · devices · emptying the array changes nothing', ({ audio }) => {
    const before = audio.devices.length
    audio.devices.length = 0
    return audio.devices.length === before
  }),
  row('audio · devices · playback comes first', ({ audio }) => audio.devices.map(({ type }) => type)),
  row('audio · devices · cannot be set', ({ audio, attempt }) => {
    const { threw } = attempt(() => { audio.devices = [] })
    return threw?.class
  }),
  row('audio · devices · while one is open', ({ audio, playback }) => {
    playback()
    return audio.devices
  }),
]
