// A device, or one line on why there is none.
import sdl from 'sdl-callback-audio'
import { giveUp } from '../command-line.mjs'

export const openOrGiveUp = (device, options) => {
  try {
    return sdl.audio.openDevice(device, options)
  } catch ({ code, message }) {
    return giveUp(`${code}: ${message}`)
  }
}
