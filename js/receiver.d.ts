// From packets to a source, on native threads.

import type { AudioSource } from './mixing'
import type { PacketOpener } from './packets'
import type { JitterStats, PlayoutClock, PlayoutMode } from './playout'

export interface ReceiverOptions {
  /**
   * Has no other writer from then on, until the receiver is closed. One for each receiver; its `targetMs` must be at least 30 more
   * than a period of the device lasts.
   */
  readonly source: AudioSource
  /** What the packets hold: Opus, or interleaved Float32 (`seq-pts` only). Default `'opus'`. */
  readonly codec?: 'opus' | 'pcm'
  /**
   * Becomes the receiver's: used elsewhere afterwards, it is closed. Without one packets are `seq-pts` in the clear: 24 bytes of
   * header and the payload, from anybody, and checked for nothing but sense.
   */
  readonly opener?: PacketOpener
  /** Default `{ auto: { minMs: 20, maxMs: 500 } }`. */
  readonly mode?: PlayoutMode
  /**
   * Is told what arrives and what is being heard. In an `auto` mode its target follows this sound, so that a `PlayoutBuffer` of
   * pictures stays with it; sound does not wait for pictures (give a `minMs` where they always come later). Other threads may
   * use it, too.
   */
  readonly clock?: PlayoutClock
  /** Its name there. Default `'audio'`. */
  readonly track?: string
}

/** `packets = refused + overflowed` and what came as far as the jitter buffer. As of the last round, milliseconds ago. */
export interface ReceiverStats extends Omit<JitterStats, 'refused'> {
  /** All that `push` was given. */
  readonly packets: number
  /** `malformed + unauthentic + replayed`. */
  readonly refused: number
  /** No packets of this stream, format, direction or codec. */
  readonly malformed: number
  /** Not sealed with this key, or changed on their way. */
  readonly unauthentic: number
  /** Opened before, or too late to tell: a duplicate, too, where there is an opener. */
  readonly replayed: number
  /** Packets that came faster than they could be looked at. */
  readonly overflowed: number
  /** Of the decoded sound, in frames per second: what the totals are counted in. 0 before the first packet. */
  readonly frequency: number
  /** `accelerated + expanded`, in frames. */
  readonly stretched: number
  /** Sound between the jitter buffer and the device: a period of it, and 10 ms; more with many receivers, and after underruns. */
  readonly aheadMs: number
  /** Frames that found no room in the source. */
  readonly cutFrames: number
}

/**
 * Plays what arrives into a source: opened, held back as long as the network asks for, decoded or concealed, and resampled to the
 * device's clock, on a few native threads for all receivers, just ahead of the device. JavaScript does nothing in time.
 *
 * What the network brings is never an error: it is refused and counted. While the device is paused or lost, what would have been
 * heard is left out (`discarded`), and sound goes on at its time afterwards. When the source closes, the receiver is silent and
 * still counts. It keeps no process alive. Timestamps of `seq-pts` are µs, those of `xiaozhi` are taken for ms.
 *
 * @example
 * const receiver = new Receiver({ source: speaker.createSource(), opener: new PacketOpener({ format: 'seq-pts', key }) })
 * socket.on('message', (packet) => receiver.push(packet))
 */
export class Receiver {
  /**
   * @throws ERR_AUDIO_WRITER_TAKEN if the source has a writer; ERR_AUDIO_OUT_OF_RANGE if it holds too little; ERR_AUDIO_INVALID_ARG.
   * The opener then stays as it was.
   */
  constructor (options: ReceiverOptions)
  /**
   * Copies a packet, whatever it is; never blocks.
   *
   * @param arrivalUs when it arrived, in µs on the clock of `process.hrtime`, up to 2 s ago. Default now
   */
  push (packet: Uint8Array, arrivalUs?: number): void
  /** Takes effect within 100 ms, without a gap. */
  setMode (mode: PlayoutMode): void
  stats (): ReceiverStats
  readonly closed: boolean
  /** What is in the source is still played, and the source may be written by others. */
  close (): void
  [Symbol.dispose] (): void
}
