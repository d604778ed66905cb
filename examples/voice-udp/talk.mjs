// One end of the call: what the microphone hears goes out as sealed packets, on a native thread; here they only reach the socket.
import dgram from 'node:dgram'
import { once } from 'node:events'
import sdl from 'sdl-callback-audio'
import { openOrGiveUp } from './open.mjs'

const [{ key, port, microphone, loss }] = await once(process, 'message')
// Ctrl-C reaches all three; it is the first that ends the call.
process.on('SIGINT', () => {})
process.once('disconnect', () => process.exit())

const device = openOrGiveUp({ type: 'recording', name: microphone }, { channels: 1, frequency: 48_000, periodFrames: 480 })
const processor = new sdl.AudioProcessor({
  frequency: 48_000,
  outputFrequency: 24_000,
  // What a packet knows of the one before it mends most of what the network loses; at this bitrate libopus adds it from 10 % on.
  opus: { bitrate: 24_000, fec: loss > 0, packetLossPercent: Math.max(10, Math.round(loss * 100)) },
})
const sealer = new sdl.PacketSealer({ format: 'seq-pts', key: Buffer.from(key, 'hex'), frequency: 24_000, direction: 'client' })
const sender = new sdl.Sender({ tap: device.createTap(), processor, sealer })

const socket = dgram.createSocket('udp4')
sender.on('packet', (packet) => socket.send(packet, port, '127.0.0.1'))
device.play()
