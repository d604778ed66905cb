// Main thread. What `monitor` shows: a block of lines on a terminal, one line elsewhere; never wider than 80 columns.
import { shownObtained, shownPriority } from './sound.mjs'
import { COLUMNS, bar, clock, decibels, fit, meter, ms, shownDecibels } from './text.mjs'

const BAR = 24
const TITLES = { playback: 'SPEAKER', recording: 'MICROPHONE' }

const us = (value) => ms(value / 1000)

const ringLine = (type, { stats, obtained }, capacityFrames) => {
  const inMs = (frames) => (frames * 1000) / obtained.frequency
  const { queuedFrames, queueFrames: { min, mean, max } } = stats
  // A microphone's ring is empty where all is well: it is shown against twice its period.
  const most = type === 'playback' ? capacityFrames : 2 * obtained.periodFrames
  return `  ring      ${bar(queuedFrames / most, BAR)} ${ms(inMs(queuedFrames)).padStart(5)} ms   ` +
    `least ${ms(inMs(min))} mean ${ms(inMs(mean))} most ${ms(inMs(max))}`
}

const lossLine = (type, { stats }, { green, red }) => {
  const [count, frames, name] = type === 'playback'
    ? [stats.underruns, stats.underrunFrames, 'underruns']
    : [stats.overruns, stats.overrunFrames, 'overruns']
  const text = `${count} (${frames} frames)`
  return `  ${name.padEnd(10)}${count === 0 ? green(text) : red(text)}`
}

const sideLines = (type, side, capacityFrames, styles) => {
  const { obtained, stats: { callbacks, intervalUs, durationUs }, level, latencyMs } = side
  const expected = (obtained.periodFrames * 1000) / obtained.frequency
  return [
    styles.bold(fit(`${TITLES[type]}  ${shownObtained(obtained)}`, COLUMNS - 1)),
    ringLine(type, side, capacityFrames),
    `  level     ${meter(level.peak, BAR)} ${shownDecibels(level.peak).padStart(8)} peak, ${shownDecibels(level.rms)} rms`,
    `  callbacks ${callbacks}, every ${ms(expected)} ms: half ${us(intervalUs.p50)}, 99 % ${us(intervalUs.p99)}, longest ${us(intervalUs.max)} ms`,
    `            each takes ${ms(durationUs.p50)} µs, 99 % ${ms(durationUs.p99)}, longest ${ms(durationUs.max)} µs`,
    `  thread    ${shownPriority(obtained.threadPriority)}; device and server hold ${ms(latencyMs)} ms`,
    lossLine(type, side, styles),
  ]
}

/** `now`: `seconds`, `capacityFrames`, and what is seen of `playback` and `recording`. */
export const monitorLines = ({ seconds, capacityFrames, ...sides }, styles) => [
  ...Object.entries(sides).flatMap(([type, side]) => [...sideLines(type, side, capacityFrames, styles), '']),
  styles.dim(`${clock(seconds)}  Ctrl-C ends it`),
]

const short = (level) => (level > 0 ? `${decibels(level).toFixed(0)} dB` : 'silent')
const SHORT = { playback: 'out', recording: 'in' }

/** One line, whatever its width: it is for pipes and files. */
export const summaryLine = ({ seconds, capacityFrames, ...sides }) => {
  const parts = Object.entries(sides).map(([type, { stats, level, obtained }]) => {
    const [lost, word] = type === 'playback' ? [stats.underruns, 'dry'] : [stats.overruns, 'full']
    const queuedMs = (stats.queuedFrames * 1000) / obtained.frequency
    return `${SHORT[type]} ${ms(queuedMs)} ms ${short(level.peak)} p99 ${us(stats.intervalUs.p99)} ${word} ${lost}`
  })
  return [clock(seconds), ...parts].join('  ')
}
