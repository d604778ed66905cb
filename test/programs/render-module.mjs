// What a render worker loads in the tests: webaudio-node as npm has it, and whatever a test wants to happen there.

import { isMainThread, workerData } from 'node:worker_threads'
import { AudioContext, getSdl } from 'webaudio-node'
import sdl from 'sdl-callback-audio'
import { rpc } from 'sdl-callback-audio/webaudio-node'

if (workerData?.throws) throw Object.assign(new Error('the module threw'), { code: 'ERR_TEST' })

const context = new AudioContext({ sampleRate: 48000 })
if (workerData?.hertz) {
  const oscillator = context.createOscillator({ frequency: workerData.hertz })
  oscillator.connect(context.destination)
  oscillator.start()
}

export const notAFunction = 7
export const look = () => ({ isMainThread, workerData, ours: getSdl() === sdl, state: context.state })
export const add = (one, other) => one + other
export const fail = () => { throw Object.assign(new TypeError('it failed'), { code: 'ERR_TEST' }) }
export const throwThis = (thrown) => { throw thrown }
export const unsendable = () => () => {}
export const never = () => new Promise(() => {})
export const crash = () => { setImmediate(() => { throw new Error('nobody caught this') }) }
export const exit = (code) => process.exit(code)
export const askBack = (...args) => rpc.methods.double(...args)
export const tell = (what) => rpc.notifiers.told(what)
export const block = (ms) => { for (const end = performance.now() + ms; performance.now() < end;); }

const stateAnd = (more = {}) => ({ state: context.state, time: context.currentTime, ...more })
export const resume = async () => { await context.resume(); return stateAnd({ periodFrames: context._audioDevice.obtained.periodFrames }) }
export const suspend = async () => { await context.suspend(); return stateAnd({ playing: context._audioDevice.playing }) }
export const setSink = async (id) => { await context.setSinkId(id); return stateAnd() }
export const close = async () => { await context.close(); return { state: context.state } }
export const deviceStats = () => context._audioDevice.stats()
export const time = () => context.currentTime

let microphone
export const startMicrophone = async () => {
  microphone = context.createMediaStreamSource({ channelCount: 1 })
  microphone.connect(context.destination)
  await microphone.start()
}
export const microphoneStats = () => ({ ...microphone._inputDevice.stats(), queuedFrames: microphone._inputDevice.queuedFrames, polls: Boolean(microphone._pollingInterval) })
export const stopMicrophone = () => microphone.stop()
