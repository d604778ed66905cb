// Main thread. `record FILE`: a microphone into a WAV file that is whole at any moment.
import process from 'node:process'
import { CHANNELS, DEVICE, FREQUENCY, JSON_SWITCH, PERIOD, UsageError } from './arguments.mjs'
import { COLUMNS, LiveLines, clock, columnsOf, fit, meter, print, shownDecibels, stylesFor, times } from './text.mjs'
import { checkWritable, writing } from './files.mjs'
import { chooseDevice, loadSdl, shownObtained, tellOfLoss } from './sound.mjs'
import { WavWriter } from './wav.mjs'

const REDRAW_MS = 100
const SYNC_MS = 1000
/** What a slow disk may take its time for. */
const MAX_QUEUED_MS = 5000
const METER_WIDTH = 24
/** What programs would take a WAV file of this name for, and find broken. */
const OTHER_FORMATS = /\.(mp[234]|m4a|aac|ogg|oga|opus|flac|webm|mka|wma|aiff?|au|caf|amr)$/i
const KIND = 'the name of a WAV file'
const BIT_DEPTHS = { s16: 16, s24: 24, f32: 32 }

export const spec = {
  says: 'records a microphone into a WAV file',
  more: ['Ctrl-C ends the recording; what was recorded until then is in the file. A file that is there already is left alone unless --force says otherwise.'],
  operands: ['FILE'],
  options: {
    seconds: { takes: 'S', number: { min: 0.001, max: 1e6 }, says: 'length; until Ctrl-C without' },
    format: { takes: 'FORMAT', words: Object.keys(BIT_DEPTHS), fallback: 's16', says: `samples of the file: ${Object.keys(BIT_DEPTHS).join(', ')}` },
    channels: { ...CHANNELS, fallback: 1 },
    frequency: { ...FREQUENCY, fallback: 48000 },
    period: PERIOD,
    device: DEVICE,
    force: { short: 'f', says: 'overwrite the file' },
    json: JSON_SWITCH,
  },
  examples: [
    ['npx sdl-callback-audio record voice.wav', 'until Ctrl-C'],
    ['npx sdl-callback-audio record room.wav --seconds 10 --format f32', 'ten seconds, the samples as they came'],
  ],
}

const checkName = (file) => {
  if (file === '-') throw new UsageError('expected the name of a file: the header of a WAV file cannot be finished in a pipe')
  if (OTHER_FORMATS.test(file)) throw new UsageError(`expected a name that ends in .wav but received "${file}": only WAV is written (to convert it: ffmpeg -i sound.wav "${file}")`)
}

const opened = async (file, settings, force) => {
  try {
    return await WavWriter.create(file, { ...settings, overwrite: force })
  } catch (error) {
    if (error.code === 'EEXIST') throw Object.assign(new Error(`${file} is there already; --force overwrites it`), { code: error.code })
    return writing(file, KIND, () => { throw error })
  }
}

const progressLine = (microphone, frames, total, label) => {
  const { overruns } = microphone.stats()
  const { peak } = microphone.level
  const of = total === Infinity ? '' : ` of ${clock(total / microphone.frequency)}`
  const lost = overruns > 0 ? `  ${times(overruns, 'loss')}` : ''
  return fit(`${clock(frames / microphone.frequency)}${of}  ${meter(peak, METER_WIDTH)} ${shownDecibels(peak).padStart(8)}${lost}  ${label}`, COLUMNS - 1)
}

export const run = async ({ file, seconds, format, channels, frequency, period, device, force, json }, ending) => {
  checkName(file)
  checkWritable(file, KIND)
  const sdl = await loadSdl()
  const { name } = chooseDevice(sdl, 'recording', device)
  const stream = sdl.createCaptureStream({ name, channels, frequency, periodFrames: period, maxQueuedMs: MAX_QUEUED_MS })
  const microphone = stream.device
  let writer
  try {
    writer = await opened(file, { frequency, channels, bitDepth: BIT_DEPTHS[format] }, force)
  } catch (error) {
    stream.destroy()
    throw error
  }
  const { bold, yellow } = stylesFor(process.stdout)
  if (!json) print(`${bold(fit(file, columnsOf(process.stdout) / 3))}: ${shownObtained(microphone.obtained)}`)

  const total = seconds === undefined ? Infinity : Math.round(seconds * frequency)
  let [frames, overruns, overrunFrames] = [0, 0, 0]
  const isFull = () => frames >= total
  microphone.on('close', () => ({ overruns, overrunFrames } = microphone.stats()))
  const { driver } = microphone.obtained
  const lines = new LiveLines(process.stderr)
  tellOfLoss(microphone, lines)
  const timers = [
    setInterval(() => {
      if (!microphone.closed) lines.show([progressLine(microphone, frames, total, file)])
    }, REDRAW_MS),
    setInterval(() => writer.sync(), SYNC_MS),
  ]
  const stop = () => stream.stop()
  ending.signal.addEventListener('abort', stop)
  if (ending.signal.aborted) stop()
  try {
    for await (const chunk of stream) {
      const samples = new Float32Array(Uint8Array.from(chunk).buffer).subarray(0, (total - frames) * channels)
      if (!(await writer.append(samples))) throw Object.assign(new Error(`${file} has reached 4 GB, the most that a WAV file holds`), { code: 'EFBIG' })
      frames += samples.length / channels
      if (isFull()) break
    }
  } finally {
    for (const timer of timers) clearInterval(timer)
    ending.signal.removeEventListener('abort', stop)
    lines.clear()
    writer.close()
  }
  if (json) print(JSON.stringify({ file, seconds: frames / frequency, frames, frequency, channels, format, overruns, overrunFrames, driver }))
  else print(`recorded ${clock(frames / frequency)}, ${overruns === 0 ? 'nothing lost' : yellow(`${overrunFrames} frames lost`)}`)
  return 0
}
