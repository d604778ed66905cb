// Main thread. Plays what a generator gives, with progress; `tone` and `play` share it.
import process from 'node:process'
import { finished } from 'node:stream/promises'
import { promisify } from 'node:util'
import { COLUMNS, LiveLines, clock, columnsOf, fit, meter, print, stylesFor, times } from './text.mjs'
import { chooseDevice, loadSdl, shownObtained, tellOfLoss } from './sound.mjs'

const REDRAW_MS = 100
/** Less latency is of no use here, and a busy machine gets more time. */
const CAPACITY_MS = 500
const METER_WIDTH = 20

const progressLine = (device, label, share) => {
  const { playedFrames, underruns } = device.stats()
  const part = share === null ? '' : `${(share * 100).toFixed(0).padStart(3)} %  `
  const gaps = underruns > 0 ? `  ${times(underruns, 'gap')}` : ''
  return fit(`${clock(playedFrames / device.frequency)}  ${part}${meter(device.level.peak, METER_WIDTH)}${gaps}  ${label}`, COLUMNS - 1)
}

/**
 * `sound`: async iterable of Buffers of interleaved Float32. `share()`: how much of it has been taken, 0 to 1, or null where nobody
 * knows. Resolves to what was played, told already.
 */
export const play = async ({ sound, channels, frequency, device, gain = 1, period, label, share = () => null, json }, ending) => {
  const sdl = await loadSdl()
  const { name } = chooseDevice(sdl, 'playback', device)
  const stream = sdl.createPlaybackStream({ name, channels, frequency, periodFrames: period, capacityMs: CAPACITY_MS, signal: ending.signal })
  const speaker = stream.device
  speaker.setGain(gain, { rampMs: 5 })
  const { bold, yellow } = stylesFor(process.stdout)
  if (!json) print(fit(`${bold(label)}: ${shownObtained(speaker.obtained)}`, columnsOf(process.stdout) + bold('').length))

  const { driver } = speaker.obtained
  let playedFrames = 0
  speaker.on('close', () => { ({ playedFrames } = speaker.stats()) })
  // As of the last write: that the queue runs dry when all was heard is no gap.
  let { underruns, underrunFrames } = speaker.stats()
  const put = promisify(stream.write.bind(stream))
  const lines = new LiveLines(process.stderr)
  tellOfLoss(speaker, lines)
  const timer = setInterval(() => {
    if (!speaker.closed) lines.show([progressLine(speaker, label, share())])
  }, REDRAW_MS)
  try {
    for await (const block of sound) {
      await put(block)
      ;({ underruns, underrunFrames } = speaker.stats())
    }
    stream.end()
    await finished(stream)
  } catch (error) {
    stream.destroy()
    if (!ending.signal.aborted) throw error
  } finally {
    clearInterval(timer)
    lines.clear()
  }
  const complete = !ending.signal.aborted
  const seconds = playedFrames / frequency
  if (json) print(JSON.stringify({ seconds, playedFrames, underruns, underrunFrames, driver, frequency, channels, complete }))
  else {
    const gaps = underruns === 0 ? 'without a gap' : yellow(`${times(underruns, 'gap')}, ${underrunFrames} frames of silence`)
    print(`${complete ? 'played' : 'stopped after'} ${clock(seconds)}, ${gaps}`)
  }
  return 0
}
