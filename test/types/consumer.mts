// How TypeScript users hold it in an ES module. Compiled, never run; what has to be refused says so.

import { once } from 'node:events'
import sdl, { audio, info } from 'sdl-callback-audio'
import type { AudioError, AudioErrorCode, AudioPlaybackInstance, Device, Format, PlaybackStats, ShortageEvent } from 'sdl-callback-audio'
import helpers, { audio as formats } from 'sdl-callback-audio/helpers'

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

// @ts-expect-error no such event
audio.on('deviceChange', () => {})
// @ts-expect-error instances come from openDevice and attach
new (null as unknown as typeof AudioPlaybackInstance)()
// @ts-expect-error no such code
const code: AudioErrorCode = 'ERR_AUDIO_TIRED'

export { codeOf, width, major, code }
