// Main thread. `monitor`: opens the devices, lets a worker feed them, and shows what they count.
import process from 'node:process'
import { Worker } from 'node:worker_threads'
import { CHANNELS, DEVICE, FREQUENCY, JSON_SWITCH, PERIOD, UsageError } from './arguments.mjs'
import { monitorLines, summaryLine } from './monitor-view.mjs'
import { chooseDevice, loadSdl, tellOfLoss } from './sound.mjs'
import { LiveLines, print, stylesFor } from './text.mjs'

const REDRAW_MS = 100
const SOUNDS = ['silence', 'tone', 'microphone']
const SIDES = ['both', 'playback', 'recording']

export const spec = {
  says: 'shows live what a speaker and a microphone do: ring depth, level, callbacks, losses',
  more: [
    'A worker plays silence, a tone or the microphone, at most --target ms ahead, and reads the microphone; the view counts what went wrong. ' +
      'Load the machine, change --period and --target, and see what holds.',
    'Where the output is no terminal it is a line per --interval, or JSON.',
  ],
  legend: [
    ['ring', 'queued now, against --target (a microphone: against two periods), and when callbacks began: least, mean and most so far. Near 0 at least, a speaker came close to a gap'],
    ['level', 'of the last 50 ms: the loudest sample, and the mean (rms); 0 dB is full scale'],
    ['callbacks', 'how many, what a period lasts, and the time from one to the next: half of them within the first figure, 99 % within the second. Far above the period: the device or the machine was late'],
    ['each takes', 'what the audio thread spends in a callback'],
    ['thread', 'its priority, and how much sound lies behind the ring, in the device and its server'],
    ['underruns', 'times that the ring was empty, and the frames of silence'],
    ['overruns', 'times that the ring was full, and the frames lost'],
    ['in a pipe', 'out and in, for each: ring, peak level, p99 (callbacks, ms), dry (underruns) or full (overruns)'],
  ],
  options: {
    sound: { takes: 'WHAT', words: SOUNDS, fallback: 'silence', says: `what is played: ${SOUNDS.join(', ')} (with headphones: the microphone may howl)` },
    only: { takes: 'SIDE', words: SIDES, fallback: 'both', says: 'playback or recording, if one of them is enough' },
    period: { ...PERIOD, fallback: 256 },
    target: { takes: 'MS', number: { min: 1, max: 1000 }, fallback: 20, says: 'how much the worker keeps queued' },
    frequency: { ...FREQUENCY, fallback: 48000 },
    channels: { ...CHANNELS, fallback: 1 },
    seconds: { takes: 'S', number: { min: 0.1, max: 1e6 }, says: 'how long; until Ctrl-C without' },
    interval: { takes: 'MS', number: { min: 100, max: 60000 }, fallback: 1000, says: 'between lines or JSON objects' },
    output: { ...DEVICE, says: 'the speaker' },
    input: { ...DEVICE, says: 'the microphone' },
    json: { ...JSON_SWITCH, says: 'a JSON object per interval instead' },
  },
  examples: [
    ['npx sdl-callback-audio monitor', 'silence out, the default microphone in'],
    ['npx sdl-callback-audio monitor --sound tone --period 128 --target 5', 'does a target of 5 ms hold on this machine?'],
    ['npx sdl-callback-audio monitor --json --seconds 60 > night.jsonl', 'to be looked at later'],
  ],
}

const WANTED = { both: ['playback', 'recording'], playback: ['playback'], recording: ['recording'] }

const openSides = (sdl, { only, output, input, frequency, channels, period, target }) => {
  const sides = {}
  try {
    for (const type of WANTED[only]) {
      const name = type === 'playback' ? output : input
      const options = { frequency, channels, periodFrames: period, ...(type === 'playback' && { capacityMs: target }) }
      sides[type] = sdl.audio.openDevice(chooseDevice(sdl, type, name), options)
    }
    return sides
  } catch (error) {
    for (const side of Object.values(sides)) side.close()
    // The speaker is the first to be opened.
    if (only !== 'both' || !sides.playback) throw error
    throw Object.assign(new Error(`no microphone: ${error.message}; --only playback does without`), { code: error.code })
  }
}

const startFeeding = (sides, sound) => {
  const handles = Object.fromEntries(Object.entries(sides).map(([type, side]) => [type, side.handle]))
  return new Worker(new URL('monitor-worker.mjs', import.meta.url), { workerData: { ...handles, sound } })
}

/** What there is to show of a device. */
const look = (side) => ({ obtained: side.obtained, stats: side.stats(), level: side.level, latencyMs: side.position.latencyUs / 1000 })

export const run = async (options, ending) => {
  const { only, sound, target, frequency, seconds = Infinity, interval, json } = options
  if (sound === 'microphone' && only !== 'both') throw new UsageError('--sound microphone needs both sides')
  const sdl = await loadSdl()
  const sides = openSides(sdl, options)
  const worker = startFeeding(sides, sound)
  const failed = new Promise((resolve, reject) => { worker.once('error', reject) })
  failed.catch(() => {}) // looked at below
  for (const side of Object.values(sides)) side.play()

  const lines = new LiveLines(process.stdout)
  for (const side of Object.values(sides)) tellOfLoss(side, lines)
  const isLive = lines.isLive && !json
  const styles = stylesFor(process.stdout)
  const start = performance.now()
  const passed = () => (performance.now() - start) / 1000
  const show = () => {
    const seen = Object.fromEntries(Object.entries(sides).map(([type, side]) => [type, look(side)]))
    const now = { seconds: passed(), capacityFrames: (target * frequency) / 1000, ...seen }
    if (json) print(JSON.stringify(now))
    else if (isLive) lines.show(monitorLines(now, styles))
    else print(summaryLine(now))
  }
  try {
    const everyMs = isLive ? REDRAW_MS : interval
    while (!ending.signal.aborted && passed() < seconds) {
      const dueMs = Math.min((Math.floor((passed() * 1000) / everyMs) + 1) * everyMs, seconds * 1000)
      // A timer may come a fraction of a millisecond early, which would be worth a line of its own.
      for (let leftMs; !ending.signal.aborted && (leftMs = dueMs - passed() * 1000) > 0;) await Promise.race([ending.wait(Math.ceil(leftMs)), failed])
      show()
    }
  } finally {
    await worker.terminate()
    for (const side of Object.values(sides)) side.close()
  }
  return 0
}
