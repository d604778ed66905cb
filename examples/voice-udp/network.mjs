// A bad network, as a socket that passes packets on: it loses some, and holds each back for a while of its own, so that they
// overtake each other.
import dgram from 'node:dgram'
import { once } from 'node:events'

/** `jitterMs` is how much longer than `delayMs` a packet takes on average; one in twenty takes three times that and more. */
export const startNetwork = async ({ to, loss, delayMs, jitterMs }) => {
  const socket = dgram.createSocket('udp4')
  let [passed, lost, open] = [0, 0, true]
  socket.on('message', (packet) => {
    if (Math.random() < loss) {
      lost++
      return
    }
    setTimeout(() => {
      if (!open) return
      passed++
      socket.send(packet, to, '127.0.0.1')
    }, delayMs - jitterMs * Math.log(1 - Math.random()))
  })
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  return {
    port: socket.address().port,
    passed: () => passed,
    lost: () => lost,
    close: () => {
      open = false
      socket.close()
    },
  }
}
