// blocked-listen.mjs WHERE WEBAUDIO BLOCKED_MS SECONDS: runs the job over an audio server, records what is heard, and prints
// how much of the tone and of the microphone's sound was lost.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { startAudioServer } from '../../audio-server.cjs'
import { channelOf, judgeSine, sine } from '../../webaudio/sine.cjs'

const TONE_HERTZ = 480
const VOICE_HERTZ = 1100
const WARM_SECONDS = 3

const [where, webaudio, blockedMs, seconds] = process.argv.slice(2)

const server = await startAudioServer({ separateMicrophone: true })
const { frequency, channels } = server
await server.playIntoMicrophone(sine({ hertz: VOICE_HERTZ, amplitude: 0.5, seconds: 60, frequency, channels }))

const job = spawn(
  process.execPath,
  [fileURLToPath(new URL('blocked-job.mjs', import.meta.url)), where, webaudio, blockedMs, String(TONE_HERTZ)],
  { env: server.env, stdio: ['ignore', 'pipe', 'inherit'] },
)
const started = await Promise.race([once(job.stdout, 'data'), once(job, 'exit').then(() => null)])
if (started === null) {
  console.error('error: the job ended before it played')
  process.exit(1)
}

const heard = await server.record(WARM_SECONDS + Number(seconds))
const ended = job.exitCode !== null || job.signalCode !== null
job.kill('SIGKILL')
await server.stop()

const judge = (channel, hertz) => {
  const judged = channelOf(heard.subarray(WARM_SECONDS * frequency * channels), channel, channels)
  const { gapMs, splices, level } = judgeSine(judged, { hertz, frequency })
  return { gapMs, splices: splices.length, level }
}
if (ended) {
  console.error('error: the job ended by itself')
  process.exit(1)
}
console.log(JSON.stringify({ tone: judge(0, TONE_HERTZ), microphone: judge(1, VOICE_HERTZ) }))
