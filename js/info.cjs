'use strict'

const native = require('./binding.cjs')
const { ask } = require('./ask.cjs')

const PLATFORMS = { linux: 'Linux', darwin: 'Mac OS X', win32: 'Windows' }

let known = null

/** Asked of SDL at the first look, so that loading the package starts no audio system. */
const look = () => {
  if (!known) {
    const { drivers, current, version: [major, minor, patch] } = ask(native.askInfo, native.info)
    const version = { major, minor, patch }
    known = {
      version: { compile: version, runtime: { ...version } },
      platform: PLATFORMS[process.platform] ?? process.platform,
      drivers: {
        video: { all: [], current: null },
        audio: { all: drivers, current: current ?? null },
      },
      initialized: {
        video: false,
        audio: current !== undefined && current !== null,
        joystick: false,
        controller: false,
        haptic: false,
        sensor: false,
      },
    }
  }
  return known
}

const info = {
  get version () { return look().version },
  get platform () { return look().platform },
  get drivers () { return look().drivers },
  get initialized () { return look().initialized },
}
Object.defineProperty(info, Symbol.for('nodejs.util.inspect.custom'), { value: look })

module.exports = { info }
