// How TypeScript users hold it in an ES module. Compiled, never run; what has to be refused says so.

import { subscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import sdl, { audio, info } from 'sdl-callback-audio'
import type {
  AudioError, AudioErrorCode, AudioPlaybackInstance, Device, DiagnosticsMessages, Format, PlaybackStats, ReceiverStats, ShortageEvent,
} from 'sdl-callback-audio'
import helpers, { audio as formats } from 'sdl-callback-audio/helpers'
import { PacketOpener, Receiver, createCaptureStream, createPlaybackStream } from 'sdl-callback-audio'
import rendering, { pullRender, startRenderWorker } from 'sdl-callback-audio/webaudio-node'

const play = (speaker: AudioPlaybackInstance, level: number): PlaybackStats => {
  speaker.write(new Float32Array(128).fill(level))
  speaker.play()
  return speaker.stats()
}

const names: Array<Device['name']> = sdl.audio.devices.map(({ name }) => name)
audio.on('deviceAdd', ({ type, device }) => console.log(type === 'deviceAdd', device.name))
audio.on('*', (type, { device }) => console.log(type, device.type))

{
  using speaker = audio.openDevice({ type: 'playback', name: names[0] })
  const { writtenFrames, playedFrames, discardedFrames, queuedFrames } = play(speaker, 0.5)
  console.log(writtenFrames === playedFrames + discardedFrames + queuedFrames)
  const tell = ({ from, to }: ShortageEvent<'underrun'>): void => console.log(to - from)
  speaker.once('underrun', tell).off('underrun', tell)
  await once(speaker, 'close')
  const { threadPriority: { policy }, periodFrames } = speaker.obtained
  console.log(policy, periodFrames)
}

const codeOf = (error: unknown): AudioErrorCode | undefined => (error as AudioError).code
const width = (format: Format): number => formats.bytesPerSample(format) - helpers.audio.bytesPerSample(format)
const { major }: { major: number } = info.version.runtime

const voice = createCaptureStream({ device: names.length ? { name: names[0] } : {}, format: 's16', highWaterMark: 960 })
voice.pipe(createPlaybackStream({ format: 's16', capacityMs: 40 })).on('finish', () => console.log(voice.device.stats().overruns))
voice.stop()

{
  const source = audio.openDevice({ type: 'playback' }).createSource()
  using receiver = new Receiver({ source, opener: new PacketOpener({ format: 'seq-pts', key: new Uint8Array(16) }), mode: { fixedMs: 60 } })
  receiver.push(new Uint8Array(100), 0)
  const { delayMs, refused }: ReceiverStats = receiver.stats()
  console.log(delayMs, refused)
  // @ts-expect-error a device is no source
  new Receiver({ source: audio.openDevice({ type: 'playback' }) })
}

const worker = startRenderWorker(new URL('synth.mjs', import.meta.url), {
  methods: { double: (number: number) => 2 * number }, targetMs: 8, workerData: { hertz: 440 },
})
worker.on('error', ({ message }) => console.log(message)).once('exit', (exitCode) => console.log(exitCode + 1))
await worker.ready
const sum = (await worker.rpc.methods.add(1, 2)) as number
worker.rpc.notifications.onlevel((level: number) => console.log(level))
console.log(sum, worker.stats().underruns, await worker.stop())

const pull = pullRender(audio.openDevice({ type: 'playback' }), (block, frames) => { block.fill(0, 0, frames) }, { targetMs: 'auto' })
console.log(pull.stats().targetFrames)
rendering.useCallbackAudio({ setSdl: (given: typeof sdl) => console.log(given.info) })

const underrun = 'sdl-callback-audio:underrun' satisfies keyof DiagnosticsMessages
subscribe(underrun, (message) => console.log((message as DiagnosticsMessages[typeof underrun]).frames + 1))

// @ts-expect-error a target is a number or 'auto'
startRenderWorker('synth.mjs', { targetMs: 'low' })
// @ts-expect-error no such event
audio.on('deviceChange', () => {})
// @ts-expect-error instances come from openDevice and attach
new (null as unknown as typeof AudioPlaybackInstance)()
// @ts-expect-error no such code
const code: AudioErrorCode = 'ERR_AUDIO_TIRED'

export { codeOf, width, major, code }
