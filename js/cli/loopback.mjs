// Main thread. `loopback`: how long sound takes from the program to the microphone, for some periods, and a picture of it.
import fs from 'node:fs'
import process from 'node:process'
import { DEVICE, FREQUENCY, JSON_SWITCH, PERIOD } from './arguments.mjs'
import { checkWritable, writing } from './files.mjs'
import { measureLoopback, quantile } from './loopback-measure.mjs'
import { loopbackPicture } from './loopback-picture.mjs'
import { chooseDevice, loadSdl } from './sound.mjs'
import { LiveLines, bar, columnsOf, ms, print, stylesFor, wrap } from './text.mjs'

const BAR = 30
const KIND = 'the name of a picture, as loopback.svg'

export const spec = {
  says: 'measures the round trip, out and in again, and draws it',
  more: [
    'It needs a way from the output to the input: a cable, a speaker beside a microphone, or a monitor of the output as the default source ' +
      '(PulseAudio and PipeWire have one: pactl set-default-source @DEFAULT_SINK@.monitor). Every probe is a click of 1.3 ms.',
    'What is measured is what a program sees: from handing the click to the device until having it back. The histogram shows how evenly the ' +
      'device asked for sound meanwhile.',
  ],
  options: {
    periods: { ...PERIOD, takes: 'FRAMES,…', many: true, fallback: [128, 256, 512], says: 'periods to measure' },
    probes: { takes: 'N', number: { min: 1, max: 10000, whole: true }, fallback: 30, says: 'clicks for each period' },
    gain: { takes: 'GAIN', number: { min: 0.001, max: 1 }, fallback: 0.5, says: 'loudness of the clicks' },
    frequency: { ...FREQUENCY, fallback: 48000 },
    warm: { takes: 'MS', number: { min: 0, max: 60000 }, fallback: 1000, says: 'how long the device runs before the first click' },
    svg: { takes: 'FILE', says: 'draw a picture of it' },
    output: { ...DEVICE, says: 'the speaker' },
    input: { ...DEVICE, says: 'the microphone' },
    json: JSON_SWITCH,
  },
  examples: [
    ['npx sdl-callback-audio loopback --svg loopback.svg', 'three periods, a table and a picture'],
    ['npx sdl-callback-audio loopback --periods 64 --probes 200', 'how far down can this machine go?'],
  ],
}

const row = ({ periodFrames, roundTripMs, missed, intervalUs }) => {
  const cells = roundTripMs.length === 0
    ? ['not heard', '', '']
    : [quantile(roundTripMs, 0.5), quantile(roundTripMs, 0.95), Math.max(...roundTripMs)].map(ms)
  const intervals = [intervalUs.p50, intervalUs.p99, intervalUs.max].map((value) => ms(value / 1000))
  return [String(periodFrames), ...cells, ...intervals, roundTripMs.length > 0 && missed > 0 ? `${missed} missed` : '']
}

const HEADS = ['frames', 'median ms', 'p95', 'longest', 'every ms', 'p99', 'longest', '']

const table = (results, { bold }) => {
  const rows = [HEADS, ...results.map(row)]
  const widths = HEADS.map((_, column) => Math.max(...rows.map((cells) => cells[column].length)))
  const line = (cells) => cells.map((cell, column) => cell.padStart(widths[column])).join('  ').trimEnd()
  return [bold('         round trip                callbacks'), ...rows.map(line)].join('\n')
}

const NOT_HEARD = 'sdl-callback-audio: loopback: nothing of what was played came back. Connect the output with the input (a cable, a monitor as the ' +
  'default source), turn them up, or choose others with --output and --input. More: loopback --help'

export const run = async ({ periods, probes, gain, frequency, warm, svg, output, input, json }, ending) => {
  if (svg) checkWritable(svg, KIND)
  const sdl = await loadSdl()
  const devices = { output: chooseDevice(sdl, 'playback', output).name, input: chooseDevice(sdl, 'recording', input).name }
  const lines = new LiveLines(process.stderr)
  const results = []
  if (!json) print(`${probes} clicks for each of ${periods.join(', ')} frames a period`)
  for (const periodFrames of periods) {
    const show = (done) => lines.show([`${String(periodFrames).padStart(5)} frames ${bar(done, BAR)}`])
    show(0)
    const found = await measureLoopback({ periodFrames, probes, gain, frequency, warmMs: warm, ...devices }, ending, show)
    if (found === null) break
    results.push({ periodFrames, ...found })
  }
  lines.clear()
  if (json) print(JSON.stringify(results))
  else if (results.length > 0) print(table(results, stylesFor(process.stdout)))
  // After what was measured is told: a picture that cannot be written takes nothing else away.
  if (svg && results.length > 0) writing(svg, KIND, () => fs.writeFileSync(svg, loopbackPicture(results)))
  const isHeard = results.every(({ roundTripMs }) => roundTripMs.length > 0)
  if (!isHeard) process.stderr.write(`${wrap(NOT_HEARD, columnsOf(process.stderr) - 1).join('\n')}\n`)
  return isHeard ? 0 : 1
}
