// Main thread. What the commands ask of the package, loaded when they need it: `--help` needs no sound.
import process from 'node:process'
import { UsageError } from './arguments.mjs'

export const loadSdl = async () => (await import('../index.mjs')).default

/** The device that a part of a name means; what no device is called is left to the audio system, which knows more names. */
export const chooseDevice = (sdl, type, asked) => {
  if (asked === undefined) return { type }
  if (asked === '') throw new UsageError('expected the name of a device, or a part of it, but received ""')
  const names = [...new Set(sdl.audio.devices.filter((device) => device.type === type).map(({ name }) => name))]
  if (names.includes(asked)) return { type, name: asked }
  const meant = names.filter((name) => name.toLowerCase().includes(asked.toLowerCase()))
  if (meant.length > 1) throw new UsageError(`"${asked}" may be any of: ${meant.join(', ')}`)
  return { type, name: meant[0] ?? asked }
}

/** Says when the device goes and comes back, above what `lines` show. */
export const tellOfLoss = (device, lines) => {
  const say = (text) => {
    lines.clear()
    process.stderr.write(`${text}\n`)
  }
  device.on('lost', () => say('the device is gone; it goes on when the device is back (Ctrl-C ends it)'))
  device.on('restored', ({ gapFrames }) => say(`the device is back, after ${(gapFrames / device.frequency).toFixed(1)} s`))
}

export const shownPriority = ({ policy, nice, level }) => (policy === 'other' ? `ordinary, nice ${nice}` : policy === 'unknown' ? 'not yet known' : `real-time ${policy} ${level}`)

/** What a device runs at, in a line. */
export const shownObtained = ({ driver, frequency, channels, periodFrames }) =>
  `${driver}, ${frequency} Hz, ${channels === 1 ? 'mono' : channels === 2 ? 'stereo' : `${channels} channels`}, ${periodFrames} frames a period`
