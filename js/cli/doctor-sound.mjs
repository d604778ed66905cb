// Main thread. The part of `doctor` that opens devices: what is listed, how punctually they run, whether the microphone hears the speaker.
import { realtimeRemedy } from './doctor-linux.mjs'
import { note, ok, problem } from './finding.mjs'
import { measureLoopback, quantile } from './loopback-measure.mjs'
import { shownObtained, shownPriority } from './sound.mjs'
import { ms } from './text.mjs'

const RUN_MS = 1000
/** The first callbacks come when they come. */
const WARM_MS = 300
/** Silence to play: longer than the device is looked at. */
const SECONDS = 3
const BYTES_PER_FRAME = 4
const PERIOD_FRAMES = 256
const FREQUENCY = 48000
/** In periods: servers ask in bursts, and that is no fault. */
const LATE = 4

const CLICKS = { periodFrames: PERIOD_FRAMES, frequency: FREQUENCY, probes: 5, gain: 0.1, warmMs: 500 }

export function * checkDevices ({ sdl }) {
  const count = (type) => sdl.audio.devices.filter((device) => device.type === type).length
  const [speakers, microphones] = ['playback', 'recording'].map(count)
  yield (speakers + microphones > 0 ? ok : note)('Devices', `${speakers} for playback and ${microphones} for recording are listed ("devices" names them)`)
}

export async function * checkSound ({ sdl }, ending) {
  const speaker = sdl.audio.openDevice({ type: 'playback' }, { periodFrames: PERIOD_FRAMES, frequency: FREQUENCY })
  try {
    speaker.enqueue(Buffer.alloc(BYTES_PER_FRAME * FREQUENCY * SECONDS))
    speaker.play()
    await ending.wait(WARM_MS + RUN_MS)
    if (ending.signal.aborted) return
    const { obtained, position: { latencyUs } } = speaker
    const { callbacks, intervalUs: { p50, p99, max } } = speaker.stats()
    if (callbacks === 0) {
      yield problem('Speaker', `${obtained.driver} opened it and never asked for sound`, 'Restart the audio server (systemctl --user restart pipewire pipewire-pulse, or pulseaudio -k), or choose another device.')
      return
    }
    yield ok('Speaker', `${shownObtained(obtained)}; device and server hold ${ms(latencyUs / 1000)} ms`)
    const { threadPriority } = obtained
    const isAhead = threadPriority.policy !== 'other' || threadPriority.nice < 0
    if (isAhead) yield ok('Priority', `the audio thread is ${threadPriority.policy === 'other' ? 'ahead of others' : 'real-time'} (${shownPriority(threadPriority)})`)
    else yield note('Priority', 'the audio thread has the priority of any other: a busy machine may make gaps', realtimeRemedy())
    const expected = (obtained.periodFrames * 1e6) / obtained.frequency
    const text = `every ${ms(p50 / 1000)} ms, 99 % within ${ms(p99 / 1000)}, longest ${ms(max / 1000)} (a period is ${ms(expected / 1000)})`
    // What else runs on the machine right now may be to blame: no verdict on its sound.
    if (p99 <= LATE * expected) yield ok('Callbacks', text)
    else yield note('Callbacks', text, 'Close what keeps the processors busy, take a longer period (periodFrames: 1024), or let the program queue more.')
  } finally {
    speaker.close()
  }
}

export async function * checkLoopback ({ silent }, ending) {
  if (silent) return
  try {
    const found = await measureLoopback(CLICKS, ending)
    if (found === null) return
    const { roundTripMs, noise } = found
    if (roundTripMs.length > 0) yield ok('Loopback', `the microphone hears the speaker: ${ms(quantile(roundTripMs, 0.5))} ms round trip at ${PERIOD_FRAMES} frames ("loopback" measures it)`)
    else if (noise === 0) yield note('Loopback', 'the microphone gives pure silence', 'If it should hear something, look whether it is muted or another one is the default.')
    else yield note('Loopback', 'the microphone works and does not hear the speaker, as with headphones')
  } catch (error) {
    yield note('Microphone', `does not open: ${error.message}`, 'Nothing is wrong if there is none; otherwise plug it in, or choose one in the settings of the system.')
  }
}
