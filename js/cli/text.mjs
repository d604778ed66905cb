// Main thread. Text for people: colours where a terminal shows them, bars, figures, lines that fit.
import process from 'node:process'

/** What a terminal shows stays readable here, however wide it is. */
export const COLUMNS = 80

/** How wide a line for `stream` may be: where no terminal shows it, whoever reads it breaks lines, or greps in whole ones. */
export const columnsOf = ({ isTTY }) => (isTTY ? COLUMNS : Infinity)

const wantsColour = ({ isTTY }) => Boolean(isTTY) && !process.env.NO_COLOR && process.env.TERM !== 'dumb'
const STYLES = { bold: [1, 22], dim: [2, 22], red: [31, 39], green: [32, 39], yellow: [33, 39] }

/** Functions that colour a text for `stream`; where it is no terminal they leave it as it is. */
export const stylesFor = (stream) => {
  const coloured = wantsColour(stream)
  return Object.fromEntries(Object.entries(STYLES).map(([name, [on, off]]) =>
    [name, (text) => (coloured ? `\x1b[${on}m${text}\x1b[${off}m` : text)]))
}

/** Breaks a text into lines of at most `width`; a longer word, a path perhaps, stays whole. */
export const wrap = (text, width) => {
  const lines = ['']
  for (const word of text.split(/\s+/)) {
    const last = lines.at(-1)
    if (last === '') lines[lines.length - 1] = word
    else if (last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`
    else lines.push(word)
  }
  return lines
}

/** The text, or its beginning and a sign that there is more. */
export const fit = (text, width) => (text.length <= width ? text : `${text.slice(0, width - 1)}…`)

export const bar = (share, width) => {
  const full = Math.round(Math.min(1, Math.max(0, share)) * width)
  return '█'.repeat(full) + '░'.repeat(width - full)
}

const QUIETEST_DB = -60

export const decibels = (level) => (level > 0 ? 20 * Math.log10(level) : -Infinity)

/** A level as a bar from -60 dB to full scale. */
export const meter = (level, width) => bar(1 - Math.max(QUIETEST_DB, decibels(level)) / QUIETEST_DB, width)

export const shownDecibels = (level) => (level > 0 ? `${decibels(level).toFixed(1)} dB` : 'silent')

export const ms = (value) => (value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2))

export const times = (count, what) => `${count} ${what}${count === 1 ? '' : 's'}`

/** 0:07.3, 1:02:03.4 */
export const clock = (seconds) => {
  const tenths = Math.floor(seconds * 10)
  const [hours, minutes] = [Math.floor(tenths / 36000), Math.floor(tenths / 600) % 60]
  const rest = `${String(Math.floor(tenths / 10) % 60).padStart(2, '0')}.${tenths % 10}`
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, '0')}:${rest}` : `${minutes}:${rest}`
}

export const print = (text) => process.stdout.write(`${text}\n`)

/** Lines that replace each other, on a terminal; elsewhere nothing is shown. */
export class LiveLines {
  #stream
  #shown = 0

  constructor (stream) {
    this.#stream = stream
  }

  get isLive () { return Boolean(this.#stream.isTTY) && process.env.TERM !== 'dumb' }

  /** `lines` must fit the terminal: one that wraps would not be replaced. */
  show (lines) {
    if (!this.isLive) return
    const up = this.#shown > 0 ? `\x1b[${this.#shown}A` : ''
    this.#stream.write(`${up}\x1b[0J${lines.map((line) => `${line}\n`).join('')}`)
    this.#shown = lines.length
  }

  /** Takes the lines away. */
  clear () {
    if (this.isLive && this.#shown > 0) this.#stream.write(`\x1b[${this.#shown}A\x1b[0J`)
    this.#shown = 0
  }
}
