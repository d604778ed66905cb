// What a stream goes through on its way out: resample, Opus, encrypt, in one native call or on native threads.

import type { NativeObject, OpusEncoderOptions, OpusFrequency, Pcm } from './codec'
import type { KnownEventsEmitter } from './emitter'
import type { AudioError } from '../index'

/**
 * - `'full'` resample to `outputFrequency`, Opus, encrypt
 * - `'medium'` Opus at `frequency`, with a complexity of at most 5; encrypt
 * - `'minimal'` 16-bit little-endian samples at `frequency`, encrypted
 * - `'emergency'` those samples **in the clear**: only with `allowPlaintext: true`
 */
export type ProcessorMode = 'full' | 'medium' | 'minimal' | 'emergency'

export interface AudioProcessorOptions {
  /** Of the frames that come in, 1000 to 384000. Default 48000. */
  readonly frequency?: number
  /** Of the packets in `'full'` mode. Default `frequency` where Opus runs at it, else 48000. */
  readonly outputFrequency?: OpusFrequency
  /** Default 1. */
  readonly channels?: 1 | 2
  /** Of a packet: a whole number of frames at `frequency`. Default 20. */
  readonly frameMs?: 2.5 | 5 | 10 | 20 | 40 | 60
  readonly opus?: Omit<OpusEncoderOptions, 'frequency' | 'channels'>
  /**
   * As long as the suite says, and for this processor alone: one key, one suite, one maker of IVs. Under the key of a `PacketSealer` or
   * of another suite counters would meet, and give both away. It is wiped when the processor is closed and its last frame is done; your
   * copy of it is yours. Without a key the processor hands out nothing by itself, unless `allowPlaintext` is set: it is for a `Sender`,
   * whose sealer encrypts.
   */
  readonly key?: Uint8Array
  /** Default CTR with the length of the key. GCM takes an IV of 12 bytes and adds a tag of 16 to the data. */
  readonly suite?: 'aes-128-ctr' | 'aes-192-ctr' | 'aes-256-ctr' | 'aes-128-gcm' | 'aes-256-gcm'
  /** The mode to begin with, and the best that it adapts to. Default `'full'`. */
  readonly mode?: ProcessorMode
  /**
   * Steps down one mode when the average over about 8 frames passes `stepDownMs` (default half of `frameMs`), and up again after
   * it has been below half of that for `holdMs` of sound (default 5000), or longer where stepping up went wrong before. Never to
   * `'emergency'` without `allowPlaintext`. Default false.
   */
  readonly adaptive?: boolean | { readonly stepDownMs?: number, readonly holdMs?: number }
  readonly stepDownMs?: number
  readonly holdMs?: number
  /** Whether samples may ever leave unencrypted. Default false. */
  readonly allowPlaintext?: boolean
}

export interface ProcessedFrame {
  /** The packet; null while a frame is being gathered. */
  readonly data: Buffer | null
  /** Of this packet. */
  readonly mode: ProcessorMode
  /** µs that the work took. */
  readonly micros: number
}

export interface ProcessorMetrics {
  readonly frames: number
  /** Over the time between the first and the last. */
  readonly framesPerSecond: number
  readonly averageUs: number
  readonly minUs: number
  readonly maxUs: number
  /** Of the last 512 frames. */
  readonly p99Us: number
  /** How much a frame differs from the one before, smoothed as in RFC 3550, 6.4.1. */
  readonly jitterUs: number
}

export interface ProcessorEvents {
  /** A packet was made in another mode than the one before it, by a `Sender` that has the processor too. */
  mode: [event: { readonly type: 'mode', readonly mode: ProcessorMode, readonly from: ProcessorMode }]
  /** Never told; known so that `events.once` works. */
  error: [error: AudioError]
  '*': [type: string, ...args: unknown[]]
}

/**
 * One stream on its way out. A call takes up to `frameMs` of samples and gives at most one packet: parts of frames are gathered
 * until they are whole. Every packet needs an IV of its own: two packets whose counters meet give each other away, and an IV of
 * CTR counts up with every 16 bytes. (`PacketSealer` sees to that by itself.) An IV that went with no packet may be used again.
 *
 * @example
 * const processor = new AudioProcessor({ frequency: 48000, outputFrequency: 24000, key, opus: { bitrate: 24000 } })
 * const { data } = processor.process(frame, iv)
 */
export class AudioProcessor implements NativeObject {
  constructor (options?: AudioProcessorOptions)
  readonly frequency: number
  readonly outputFrequency: number
  readonly channels: number
  /** Frames of a whole frame at `frequency`: the most that a call takes. */
  readonly frameFrames: number
  /** What a `Sender` of this thread takes it by. */
  readonly handle: number
  /** What the next packet will be made in. */
  readonly mode: ProcessorMode
  /**
   * @param iv as long as the suite says; without a key there is none
   * @throws ERR_AUDIO_OUT_OF_RANGE for more than a frame, ERR_AUDIO_IV_LENGTH, ERR_AUDIO_DEVICE_BUSY while a `Sender` has the processor;
   *   everything stays as it was
   */
  process (frame: Pcm, iv?: Uint8Array): ProcessedFrame
  /**
   * The same into the caller's memory, without allocating; returns bytes, 0 while a frame is being gathered.
   *
   * @throws ERR_AUDIO_OUT_OF_RANGE also if `out` is too short for what the bitrate takes on average
   */
  processInto (frame: Pcm, iv: Uint8Array | undefined, out: Uint8Array): number
  /**
   * The same on a native thread, in order; `frame` and `iv` are copied at once. At most 50 frames of a stream wait.
   *
   * @param out where to put the packet; default a new Buffer
   * @throws ERR_AUDIO_QUEUE_FULL; all errors reject
   */
  processAsync (frame: Pcm, iv?: Uint8Array, out?: Uint8Array): Promise<ProcessedFrame>
  /** For streams of a pool: as `processAsync`, but what comes of it is told by the pool's event `packets`. */
  submit (frame: Pcm, iv?: Uint8Array): void
  metrics (): ProcessorMetrics
  readonly closed: boolean
  close (): void
  [Symbol.dispose] (): void
}

export interface AudioProcessor extends KnownEventsEmitter<ProcessorEvents> {}

/** What came of a frame that was submitted: a packet, or the error that it failed with. */
export type PoolPacket = { readonly stream: AudioProcessor } & (
  | ProcessedFrame & { readonly error: null }
  | { readonly data: null, readonly mode: undefined, readonly micros: undefined, readonly error: AudioError }
)

export interface PoolEvents {
  /** Everything that was submitted and is done, in one go; `error` is null unless that frame failed. */
  packets: [packets: PoolPacket[]]
  /** Never told; known so that `events.once` works. */
  error: [error: AudioError]
  '*': [type: string, ...args: unknown[]]
}

/**
 * Hundreds of streams on a few native threads; each stream stays with one. JavaScript is woken once for what was done in one go.
 *
 * @example
 * const pool = new AudioProcessorPool()
 * const streams = users.map(({ key }) => pool.open({ key, outputFrequency: 24000 }))
 * pool.on('packets', (packets) => packets.forEach(({ stream, data }) => send(stream, data)))
 * setInterval(() => streams.forEach((stream) => stream.submit(frameOf(stream), ivOf(stream))), 20)
 */
export class AudioProcessorPool implements NativeObject {
  /** `threads`: 1 to 256; default one fewer than there are processors, so that JavaScript keeps one. */
  constructor (options?: { readonly threads?: number })
  readonly threads: number
  /** How many are open. */
  readonly streams: number
  open (options?: AudioProcessorOptions): AudioProcessor
  readonly closed: boolean
  /** Closes every stream; the threads end when what was handed in is done. */
  close (): void
  [Symbol.dispose] (): void
}
export interface AudioProcessorPool extends KnownEventsEmitter<PoolEvents> {}
