// From a microphone to sealed packets, on a native thread.

import type { AudioError } from '../index'
import type { KnownEventsEmitter } from './emitter'
import type { AudioTap } from './mixing'
import type { PacketSealer } from './packets'
import type { AudioProcessor } from './processor'

export interface SenderOptions {
  /** Has no other reader from then on. Of the processor's `frequency` and `channels`. */
  readonly tap: AudioTap
  /**
   * Without a key: the sealer encrypts. It is the sender's alone until that is closed. One that may leave Opus, in mode `'minimal'` or
   * below, is refused: no packet says that it holds 16-bit samples.
   */
  readonly processor: AudioProcessor
  /**
   * Becomes the sender's: used elsewhere afterwards, it is closed. In `'seq-pts'` it has to say what the packets are: `codec: 'opus'`,
   * the processor's `channels`, and as `frequency` 48000, which every Opus packet may be decoded at and which RTP says of it whatever
   * it was encoded at ([RFC 7587](https://www.rfc-editor.org/rfc/rfc7587), 4.1), or the processor's `outputFrequency`.
   */
  readonly sealer: PacketSealer
}

export interface SenderStats {
  /** Frames taken from the tap. */
  readonly frames: number
  readonly packets: number
  readonly bytes: number
  /**
   * Packets that nobody fetched before 250 others waited. While somebody fetches none is dropped: with 250 waiting the sender waits up
   * to a second for the next look, and the sound waits in the tap.
   */
  readonly droppedPackets: number
  /** Frames of which no packet came: libopus refused them, or the sealer did. */
  readonly failedFrames: number
}

export interface SenderEvents {
  /** One packet, in order. With a listener none waits for `readPacket`. */
  packet: [packet: Buffer]
  close: []
  /** Never told; known so that `events.once` works. */
  error: [error: AudioError]
  '*': [type: string, ...args: unknown[]]
}

/**
 * Reads a tap, encodes and seals on a native thread of its own, paced by the microphone; JavaScript only takes the packets to its
 * socket, by the event or by `readPacketInto`. Timestamps count the microphone's time from 0: µs for `seq-pts`, ms for `xiaozhi`.
 * What was lost counts, by an overrun of the tap, `clear`, or while the device was gone; pauses do not. The processor's event `mode`
 * is told as of any packet; changes that come while JavaScript is busy are told as one. Sound that waits in the tap is sent as fast
 * as it can be encoded. It keeps no process alive, and ends when it is closed, or the tap is; what waits then stays in the tap.
 *
 * @example
 * const sender = new Sender({ tap: microphone.createTap(), processor, sealer })
 * sender.on('packet', (packet) => socket.send(packet))
 */
export class Sender {
  /**
   * @throws ERR_AUDIO_INVALID_ARG, ERR_AUDIO_DEVICE_BUSY if somebody else reads the tap, or another sender has the processor, which one
   *   that is closed may for a packet longer; the sealer then stays as it was
   */
  constructor (options: SenderOptions)
  /** The oldest packet that waits, or null. */
  readPacket (): Buffer | null
  /**
   * The same into the caller's memory; returns bytes, 0 for none.
   *
   * @throws ERR_AUDIO_OUT_OF_RANGE if `out` is too short: `neededBytes` says for what, and the packet waits on
   */
  readPacketInto (out: Uint8Array): number
  stats (): SenderStats
  readonly closed: boolean
  close (): void
  [Symbol.dispose] (): void
}

export interface Sender extends KnownEventsEmitter<SenderEvents> {}
