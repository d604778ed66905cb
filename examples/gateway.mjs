// A step of a gateway between a conference and a device: frames as LiveKit gives them (48 kHz, 10 ms, Int16) become 60 ms Opus
// packets at 24 kHz in the `xiaozhi` format, and the device's packets become such frames again.
//   node examples/gateway.mjs        sends ten seconds there and back, and says what it cost
import { randomBytes } from 'node:crypto'
import { pathToFileURL } from 'node:url'
import sdl from 'sdl-callback-audio'

const { AudioProcessor, OpusDecoder, PacketOpener, PacketSealer, Resampler, floatToInt16 } = sdl

const CONFERENCE_HZ = 48_000
const DEVICE_HZ = 24_000
const FRAME = 480 // 10 ms at 48 kHz
const PACKET_MS = 60
const LONGEST_LOSS = 5

/** Towards the device: `push` a frame of the conference; it returns a packet every 60 ms, and null in between. */
export class ToDevice {
  #processor
  #sealer
  #sentMs = 0

  constructor ({ key, ssrc, bitrate = 24_000 }) {
    // It hands out Opus in the clear because the sealer, which owns the sequence and the IV, encrypts it.
    this.#processor = new AudioProcessor({
      frequency: CONFERENCE_HZ, outputFrequency: DEVICE_HZ, frameMs: PACKET_MS, opus: { bitrate }, allowPlaintext: true,
    })
    this.#sealer = new PacketSealer({ format: 'xiaozhi', key, ssrc, direction: 'server' })
  }

  push (frame) {
    const { data } = this.#processor.process(frame)
    if (!data) return null
    const packet = this.#sealer.seal(data, { timestamp: this.#sentMs % 2 ** 32 })
    this.#sentMs += PACKET_MS
    return packet
  }
}

/** From the device: `push` a packet; it returns the frames of the conference that it makes up, lost ones before it included. */
export class FromDevice {
  #opener
  #decoder = new OpusDecoder({ frequency: DEVICE_HZ })
  #resampler = new Resampler({ from: DEVICE_HZ, to: CONFERENCE_HZ })
  #held = new Int16Array(0)
  #expected = null

  constructor ({ key, ssrc, direction = 'client' }) {
    this.#opener = new PacketOpener({ format: 'xiaozhi', key, ssrc, direction })
  }

  push (packet) {
    const { payload, sequence } = this.#opener.open(packet)
    const lost = Math.min(LONGEST_LOSS, sequence - (this.#expected ?? sequence))
    // A jitter buffer would have kept it for its turn; this step plays what comes.
    if (lost < 0) return []
    this.#expected = sequence + 1
    const sound = []
    for (let missing = lost; missing > 0; missing--) {
      // The last one before this packet is in it, as far as the sender put it there.
      sound.push(missing === 1 ? this.#decoder.decode(payload, { fec: true }) : this.#decoder.decode(null))
    }
    sound.push(this.#decoder.decode(payload))
    return sound.flatMap((samples) => this.#cut(floatToInt16(this.#resampler.process(samples))))
  }

  /** Cuts whole frames; what is left waits. */
  #cut (samples) {
    const all = new Int16Array(this.#held.length + samples.length)
    all.set(this.#held)
    all.set(samples, this.#held.length)
    const frames = Array.from({ length: Math.floor(all.length / FRAME) }, (_, index) => all.slice(index * FRAME, (index + 1) * FRAME))
    this.#held = all.slice(frames.length * FRAME)
    return frames
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const key = randomBytes(16)
  const there = new ToDevice({ key, ssrc: 1 })
  const back = new FromDevice({ key, ssrc: 1, direction: 'server' })
  const frame = (index) => Int16Array.from({ length: FRAME }, (_, i) => 8000 * Math.sin((2 * Math.PI * 300 * (index * FRAME + i)) / CONFERENCE_HZ))
  const [seconds, started] = [10, performance.now()]
  let [packets, bytes, frames] = [0, 0, 0]
  for (let index = 0; index < seconds * 100; index++) {
    const packet = there.push(frame(index))
    if (!packet) continue
    packets++
    bytes += packet.length
    // Every tenth is lost on its way.
    if (packets % 10 !== 0) frames += back.push(packet).length
  }
  const ms = performance.now() - started
  console.log(`${seconds} s: ${packets} packets, ${bytes} bytes, ${frames} frames came back, ${(ms / seconds).toFixed(1)} ms of work per second`)
}
