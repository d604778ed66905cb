// Main thread. `devices`: what the audio system lists.
import process from 'node:process'
import { JSON_SWITCH } from './arguments.mjs'
import { loadSdl } from './sound.mjs'
import { columnsOf, print, stylesFor, wrap } from './text.mjs'

const TITLES = { playback: 'Playback', recording: 'Recording' }
const DEFAULTS = { playback: 'speaker', recording: 'microphone' }
/** Opens the default device, to see whether there is one. */
const TRIES = { playback: 'tone', recording: 'record test.wav' }
const INDENT = 4

export const spec = {
  says: 'lists the devices of the audio system',
  more: ['A default device can often be opened though none is listed: that of an audio server, for instance, or a monitor of what is played.'],
  options: { json: JSON_SWITCH },
  examples: [
    ['npx sdl-callback-audio devices', 'names as --device takes them'],
    ['npx sdl-callback-audio devices --json', '{ "driver": …, "devices": [{ "type": …, "name": … }] }'],
  ],
}

/** Whether the default speaker does, which need not be listed. */
const speakerOpens = ({ audio }) => {
  try {
    audio.openDevice({ type: 'playback' }).close()
    return true
  } catch {
    return false
  }
}

/** Indented, what does not fit further than its beginning. */
const lines = (text) =>
  wrap(text, columnsOf(process.stdout) - INDENT).map((line, index) => ' '.repeat(index === 0 ? INDENT / 2 : INDENT) + line).join('\n')

export const run = async ({ json }) => {
  const sdl = await loadSdl()
  const { devices } = sdl.audio
  const { current } = sdl.info.drivers.audio
  if (json) print(JSON.stringify({ driver: current, devices: devices.map(({ type, name }) => ({ type, name })) }, null, 2))
  else {
    const { bold, dim } = stylesFor(process.stdout)
    print(current === null ? 'No audio system answers: npx sdl-callback-audio doctor' : `Audio system: ${current}`)
    const isUsable = devices.length > 0 || (current !== null && speakerOpens(sdl))
    if (current !== null && !isUsable) print('No device is listed, and the default speaker does not open: npx sdl-callback-audio doctor')
    for (const [type, title] of Object.entries(TITLES)) {
      print(bold(title))
      const names = devices.filter((device) => device.type === type).map(({ name }) => name)
      for (const name of names) print(lines(name))
      if (names.length > 0) continue
      const mayWork = `; the default ${DEFAULTS[type]} may work all the same: npx sdl-callback-audio ${TRIES[type]}`
      print(dim(lines(`none listed${isUsable ? mayWork : ''}`)))
    }
  }
  return current === null ? 1 : 0
}
