// The other end: packets go from the socket to a receiver, which plays them on native threads; here they are only handed over.
import dgram from 'node:dgram'
import { once } from 'node:events'
import sdl from 'sdl-callback-audio'
import { openOrGiveUp } from './open.mjs'

const [{ key }] = await once(process, 'message')

const speaker = openOrGiveUp({ type: 'playback' }, { channels: 1, frequency: 48_000, periodFrames: 480 })
const opener = new sdl.PacketOpener({ format: 'seq-pts', key: Buffer.from(key, 'hex'), direction: 'client' })
const receiver = new sdl.Receiver({ source: speaker.createSource(), opener })
const socket = dgram.createSocket('udp4')
socket.on('message', (packet) => receiver.push(packet))
socket.bind(0, '127.0.0.1')
await once(socket, 'listening')
speaker.play()
process.send({ port: socket.address().port })

const begun = performance.now()
const timer = setInterval(() => {
  const { concealed, stretched, frequency, ...stats } = receiver.stats()
  const perMs = Math.max(1, frequency / 1000)
  process.send({
    ...stats,
    atMs: performance.now() - begun,
    concealedMs: concealed / perMs,
    stretchedMs: stretched / perMs,
    level: Math.min(1, speaker.level.rms * 4),
  })
}, 100)

// Ctrl-C reaches all three; it is the first that ends the call.
process.on('SIGINT', () => {})
process.once('disconnect', () => process.exit())
process.on('message', ({ end }) => {
  if (!end) return
  clearInterval(timer)
  socket.close()
  receiver.close()
  speaker.close()
  process.disconnect()
})
