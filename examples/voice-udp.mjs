// A call between two processes over UDP on this machine, from the microphone to the speaker, encrypted, through a network that
// loses packets and holds them back. Shows what the receiver makes of it, and leaves a picture.
//   node examples/voice-udp.mjs [--seconds 20] [--loss 0.05] [--delay 40] [--jitter 30] [--speech] [--picture voice-udp.svg]
// Loss is a share of 1, delay and jitter are ms; --speech says a recording instead of what the microphone hears.
import { fork } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { giveUp, readCommandLine } from './command-line.mjs'
import { startNetwork } from './voice-udp/network.mjs'
import { keepPicture, show } from './voice-udp/show.mjs'
import { recordSpeech } from './voice-udp/speech.mjs'

const { seconds, loss, delay: delayMs, jitter: jitterMs, speech: asksForSpeech, picture } = readCommandLine(
  'voice-udp.mjs [--seconds S] [--loss SHARE] [--delay MS] [--jitter MS] [--speech] [--picture FILE]',
  { options: { seconds: 20, loss: 0.05, delay: 40, jitter: 30, speech: false, picture: 'voice-udp.svg' } },
)
if (seconds === 0 || loss > 1) giveUp('Expected --seconds above 0 and --loss from 0 to 1', 2)

const child = (name, env = {}) => fork(new URL(`voice-udp/${name}.mjs`, import.meta.url), { env: { ...process.env, ...env } })
const speech = asksForSpeech ? await recordSpeech(seconds + 5) : null

const listener = child('listen')
// The key goes by a pipe: arguments and environments can be read by others.
const key = randomBytes(32).toString('hex')
listener.send({ key })
const [hello] = await Promise.race([once(listener, 'message'), once(listener, 'exit')])
if (!hello?.port) {
  speech?.remove()
  giveUp('Nobody listens: see above. Without a sound card: SDL_AUDIODRIVER=dummy')
}
const network = await startNetwork({ to: hello.port, loss, delayMs, jitterMs })
const talker = child('talk', speech ? { SDL_AUDIODRIVER: 'disk' } : {})
talker.send({ key, port: network.port, microphone: speech?.file, loss })

/** What the listener told, ten times a second. */
const looks = []
listener.on('message', (look) => {
  looks.push(look)
  show(look, looks.length)
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
if (early || looks.length === 0) giveUp('The call broke off: see above.')
keepPicture(picture, looks, { loss, delayMs, jitterMs })
console.log(`${network.passed()} packets passed, ${network.lost()} lost on the way; the picture is ${picture}`)
