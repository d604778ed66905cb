// Main thread. Which of SDL's audio systems open a device here. Each is tried in a process of its own: SDL keeps to the first it took.
import { spawn } from 'node:child_process'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { note, ok, problem } from './finding.mjs'

/** What becomes of the sound in drivers that tell nothing about the machine. */
const WITHOUT_SOUND = new Map([
  ['dummy', "SDL's dummy driver takes sound as a device would, and drops it"],
  ['disk', "SDL's disk driver writes sound to a file (SDL_DISKAUDIOFILE, or sdlaudio.raw)"],
])
const PATIENCE_MS = 8000
const EXPECTED = { linux: ['pulseaudio', 'pipewire', 'alsa'], darwin: ['coreaudio'], win32: ['wasapi'] }

const PROBE = `
  const { audio, info } = require(${JSON.stringify(fileURLToPath(new URL('../index.cjs', import.meta.url)))})
  try {
    const device = audio.openDevice({ type: 'playback' })
    console.log(JSON.stringify({ opens: true, driver: device.obtained.driver }))
    device.close()
  } catch ({ message }) {
    console.log(JSON.stringify({ opens: false, reason: message, driver: info.drivers.audio.current }))
  }`

/** Opens the default speaker with a driver of SDL, or with the one that it chooses by itself. */
const tryDriver = (driver, ending) =>
  new Promise((resolve) => {
    const env = { ...process.env, ...(driver && { SDL_AUDIODRIVER: driver }) }
    const child = spawn(process.execPath, ['-e', PROBE], { env, stdio: ['ignore', 'pipe', 'ignore'], timeout: PATIENCE_MS, killSignal: 'SIGKILL' })
    const stop = () => child.kill('SIGKILL')
    ending.signal.addEventListener('abort', stop)
    let said = ''
    child.stdout.on('data', (chunk) => { said += chunk })
    child.on('close', () => {
      ending.signal.removeEventListener('abort', stop)
      try {
        resolve(JSON.parse(said))
      } catch {
        resolve({ opens: false, reason: `it did not answer within ${PATIENCE_MS / 1000} s` })
      }
    })
  })

const shortReason = (reason) => reason.replace(/^SDL_\w+\(\) error: /, '')

export async function * checkDrivers (known, ending) {
  const { all } = known.sdl.info.drivers.audio
  const asked = process.env.SDL_AUDIODRIVER
  const missing = (EXPECTED[process.platform] ?? []).filter((name) => !all.includes(name))
  if (missing.length > 0) {
    yield problem('Audio systems', `this build lacks ${missing.join(', ')}`,
      'It was built without their headers: install a released package, or run "npm run build" in the checkout, which says what is missing.')
  }
  const drivers = all.filter((name) => !WITHOUT_SOUND.has(name))
  const answers = [null, ...drivers].map((driver) => tryDriver(driver, ending))
  const opening = []
  for (const [index, driver] of drivers.entries()) {
    const { opens, reason } = await answers[index + 1]
    if (ending.signal.aborted) return
    if (opens) opening.push(driver)
    yield opens ? ok('Audio system', `${driver} opens the default speaker`) : note('Audio system', `${driver} does not: ${shortReason(reason)}`)
  }
  const chosen = await answers[0]
  known.usable = chosen.opens
  const unheard = WITHOUT_SOUND.get(chosen.driver ?? asked)
  if (chosen.opens && unheard) {
    known.unheard = `${unheard} (SDL_AUDIODRIVER=${asked})`
    yield note('SDL_AUDIODRIVER', `${asked}: ${unheard}`, 'Unset SDL_AUDIODRIVER to hear something.')
  } else if (unheard && !ending.signal.aborted) {
    yield problem('SDL_AUDIODRIVER', `${asked} does not open: ${shortReason(chosen.reason)}`, 'Let SDL_DISKAUDIOFILE name a file that can be written, or unset SDL_AUDIODRIVER.')
  } else if (chosen.opens) yield ok('Chosen', `${chosen.driver}${asked ? ', by SDL_AUDIODRIVER' : ''}`)
  else if (ending.signal.aborted) return
  else if (asked && !all.includes(asked)) yield problem('SDL_AUDIODRIVER', `there is no "${asked}" in this build`, `Unset it, or take one of ${all.join(', ')}.`)
  else if (opening.length > 0) yield problem('Chosen', `${chosen.driver ?? asked} does not open a speaker`, `Set SDL_AUDIODRIVER=${opening[0]}, which does.`)
  else {
    yield problem('Sound', 'no audio system opens a speaker',
      process.platform === 'linux'
        ? 'Start an audio server (systemctl --user start pipewire-pulse, or pulseaudio --start) or plug in a sound card; without either, SDL_AUDIODRIVER=dummy runs programs silently and =disk writes a file.'
        : 'Plug in or enable a playback device; SDL_AUDIODRIVER=dummy runs programs silently.')
  }
}
