// A call between two processes over UDP on this machine, from the microphone to the speaker, encrypted, through a network that
// loses packets and holds them back. Shows what the receiver makes of it, and leaves a picture.
//   node examples/voice-udp.mjs [--seconds 20] [--loss 0.05] [--delay 40] [--jitter 30] [--speech] [--picture voice-udp.svg]
// Loss is a share of 1, delay and jitter are ms; --speech says a recording instead of what the microphone hears.
import { fork } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import fs from 'node:fs'
import { parseArgs } from 'node:util'
import { startNetwork } from './voice-udp/network.mjs'
import { drawPicture } from './voice-udp/picture.mjs'
import { recordSpeech } from './voice-udp/speech.mjs'

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '20' },
    loss: { type: 'string', default: '0.05' },
    delay: { type: 'string', default: '40' },
    jitter: { type: 'string', default: '30' },
    speech: { type: 'boolean', default: false },
    picture: { type: 'string', default: 'voice-udp.svg' },
  },
})
const [seconds, loss, delayMs, jitterMs] = [values.seconds, values.loss, values.delay, values.jitter].map(Number)
if (!(seconds > 0) || !(loss >= 0 && loss <= 1) || !(delayMs >= 0) || !(jitterMs >= 0)) {
  console.error('Expected --seconds above 0, --loss from 0 to 1, --delay and --jitter of 0 ms or more')
  process.exit(2)
}

const child = (name, env = {}) => fork(new URL(`voice-udp/${name}.mjs`, import.meta.url), { env: { ...process.env, ...env } })
const speech = values.speech ? await recordSpeech(seconds + 5) : null

const listener = child('listen')
// The key goes by a pipe: arguments and environments can be read by others.
const key = randomBytes(32).toString('hex')
listener.send({ key })
const [hello] = await Promise.race([once(listener, 'message'), once(listener, 'exit')])
const { port } = hello ?? {}
if (port === undefined) {
  speech?.remove()
  console.error('Nobody listens: see above. Without a sound card: SDL_AUDIODRIVER=dummy')
  process.exit(1)
}
const network = await startNetwork({ to: port, loss, delayMs, jitterMs })
const talker = child('talk', speech ? { SDL_AUDIODRIVER: 'disk' } : {})
talker.send({ key, port: network.port, microphone: speech?.file, loss })

/** What the listener told, ten times a second. */
const looks = []
const view = ({ delayMs, targetMs, jitterMs, concealedMs, lost, late, stretchedMs, level }) =>
  `delay ${delayMs.toFixed(0).padStart(4)} ms   target ${targetMs.toFixed(0).padStart(4)} ms   jitter ${jitterMs.toFixed(0).padStart(3)} ms   ` +
  `made up ${concealedMs.toFixed(0).padStart(5)} ms   lost ${lost}   late ${late}   stretched ${stretchedMs.toFixed(0)} ms   ${'▮'.repeat(Math.round(level * 10)).padEnd(10)}`
listener.on('message', (look) => {
  looks.push(look)
  if (process.stdout.isTTY) process.stdout.write(`\r\x1b[K${view(look)}`)
  else if (looks.length % 10 === 0) console.log(view(look))
})

await Promise.race([
  new Promise((resolve) => setTimeout(resolve, seconds * 1000).unref()),
  once(process, 'SIGINT'),
  ...[talker, listener].map((process) => once(process, 'exit')),
])
const hasEnded = (process) => process.exitCode !== null || process.signalCode !== null
const early = [talker, listener].some(hasEnded)
talker.kill()
if (listener.connected) listener.send({ end: true })
network.close()
if (!hasEnded(listener)) await once(listener, 'exit')
speech?.remove()
if (process.stdout.isTTY) console.log()
if (early || looks.length === 0) {
  console.error('The call broke off: see above.')
  process.exitCode = 1
} else {
  fs.writeFileSync(values.picture, drawPicture(looks, { loss, delayMs, jitterMs }))
  console.log(`${network.passed()} packets passed, ${network.lost()} lost on the way; the picture is ${values.picture}`)
}
