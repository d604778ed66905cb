// The receive side: packets to sound, and when to show what. Nothing here blocks or reads a clock, except where a `nowUs` is left
// out. All times of a stream are µs on one clock of yours.

import type { NativeObject } from './codec'

/** How long to hold back: as the network asks for, within bounds (default 20 to 500 ms), or always the same. At most 10000 ms. */
export type PlayoutMode =
  | { readonly auto: { readonly minMs?: number, readonly maxMs?: number }, readonly fixedMs?: undefined }
  | { readonly fixedMs: number, readonly auto?: undefined }

export interface JitterBufferOptions {
  /** Opus: 8000, 12000, 16000, 24000 or 48000. `'pcm'`: 8000 to 192000. Default 48000. */
  readonly frequency?: number
  /** Opus: 1 or 2. `'pcm'`: 1 to 8. Default 1. */
  readonly channels?: number
  /** What the payloads are. `'pcm'`: interleaved Float32, in the byte order of this machine. Default `'opus'`. */
  readonly codec?: 'opus' | 'pcm'
  readonly mode?: PlayoutMode
  /** `'rfc3550'`: three times the jitter of RFC 3550, for comparison: it fails where delays come in bursts. Default `'auto'`. */
  readonly estimator?: 'auto' | 'rfc3550'
}

export interface JitterStats {
  /** Samples per channel that were made up, silence of an outage included. */
  readonly concealed: number
  /** Times that this began. */
  readonly concealments: number
  /** Samples per channel that came from the redundancy of a later packet; not in `concealed`. */
  readonly recovered: number
  /** Samples per channel removed and inserted, to follow the network and the sender's clock. */
  readonly accelerated: number
  readonly expanded: number
  /** Packets thrown away because too many waited, because the sender began anew, or because they are from somewhere else. */
  readonly discarded: number
  /** Packets that came when their time was over, more than once, or not at all. */
  readonly late: number
  readonly duplicate: number
  readonly lost: number
  /** Packets that are none, or cannot be decoded: what stands for those is in `concealed`. */
  readonly refused: number
  /** Times that a sender's new timeline was followed. */
  readonly restarts: number
  /** The delay aimed at, above the fastest packet of the last 4 s. */
  readonly targetMs: number
  /** Playout delay above that packet, at the end of the last block; 0 while nothing plays. */
  readonly delayMs: number
  /** As RFC 3550, 6.4.1 defines it. */
  readonly jitterMs: number
}

/**
 * Packets in, sound out, in virtual time: the same calls give the same samples.
 *
 * What is missing is recovered from the packet behind it (Opus in-band FEC), else concealed, fading to silence within 160 ms. Sound
 * is stretched by whole pitch periods to move between delays. At most `maxMs` and one second more are held: beyond that the oldest
 * packets go.
 *
 * @example
 * const jitter = new JitterBuffer({ frequency: 48000 })
 * jitter.push({ sequence, timestamp, payload }, arrivalUs)      // for every packet
 * const { kind } = jitter.pull(block, nowUs)                    // for every 10 ms
 */
export class JitterBuffer implements NativeObject {
  constructor (options?: JitterBufferOptions)
  readonly frequency: number
  readonly channels: number
  /** Takes effect with the next block: sound is stretched to the new delay. */
  setMode (mode: PlayoutMode): void
  /**
   * Takes a packet, in whatever order they come. `sequence` and `timestamp` (frames at `frequency`) are unsigned 32 bits and wrap.
   * What cannot be decoded is counted as `refused`.
   */
  push (packet: { readonly sequence: number, readonly timestamp: number, readonly payload: Uint8Array }, arrivalUs: number): void
  /**
   * Fills `out`, interleaved, whole milliseconds. `'conceal'`: at least part of it is made up; `'fill'`: silence, because there is
   * no sound yet or the sender has paused.
   *
   * @throws ERR_AUDIO_OUT_OF_RANGE, ERR_AUDIO_FRAME_ALIGNMENT for another length
   */
  pull (out: Float32Array, nowUs: number): { kind: 'play' | 'conceal' | 'fill', frames: number }
  stats (): JitterStats
  readonly closed: boolean
  close (): void
  [Symbol.dispose] (): void
}

/**
 * When the media time (`ptsUs`) of one sender is to be heard and seen here; one clock for all its tracks, on all threads. A track
 * is a name; those that begin with `audio` are sound, unless a `PlayoutBuffer` says otherwise. `nowUs` defaults to
 * `process.hrtime()`, which all threads share.
 *
 * A sender whose media time jumps is followed after three arrivals, unless another track goes on as before: then this one is late. A
 * track without arrivals for 10 s beside others counts no longer until it comes back.
 *
 * @example
 * const clock = new PlayoutClock()
 * clock.observeArrival('audio', ptsUs)
 * setTimeout(play, (clock.playoutTimeUs(ptsUs) - nowUs) / 1000)
 */
export class PlayoutClock implements NativeObject {
  constructor (options?: { readonly mode?: PlayoutMode })
  /** The same clock on another thread. @throws ERR_AUDIO_CLOSED if no thread holds it any more */
  static attach (handle: number): PlayoutClock
  readonly handle: number
  readonly mode: PlayoutMode
  /** Takes effect at once: all playout times move by the difference. */
  setMode (mode: PlayoutMode): void
  /** Between the fastest frame and playout. While a `Receiver` with this clock plays, and the mode is `auto`, that of its sound. */
  readonly targetLatencyMs: number
  /** As RFC 3550 defines it; the worst of all tracks. A statistic: the target comes from more than that. */
  readonly jitterMs: number
  /** 1.5 × target, for a transport that drops what is older. */
  readonly maxLatencyMs: number
  observeArrival (track: string, ptsUs: number, nowUs?: number): void
  /** Null before the first arrival. */
  playoutTimeUs (ptsUs: number): number | null
  reportPlayout (track: string, ptsUs: number, nowUs?: number): void
  /**
   * Whether to show a frame now, judged by the sound that was last reported. Where none was within 500 ms: `'play'`. A frame waits
   * no longer than a quarter of the target (at least a frame, at least 50 ms), however often it asks.
   */
  syncCheck (track: string, ptsUs: number, nowUs?: number): { action: 'play' | 'skip' | 'wait', waitUs: number }
  readonly closed: boolean
  close (): void
  [Symbol.dispose] (): void
}

export type Popped<T> =
  | { kind: 'frame' | 'skip', ptsUs: number, frame: T }
  | { kind: 'wait', waitUs: number }
  | { kind: 'empty' }

export interface PlayoutBufferStats {
  readonly frames: number
  readonly pushed: number
  readonly popped: number
  readonly skipped: number
  readonly late: number
  readonly duplicate: number
  readonly overflowed: number
}

/** Frames of any kind, each handed out when its time has come. No frame is held longer than the clock's `maxLatencyMs`. */
export class PlayoutBuffer<T = unknown> implements NativeObject {
  /**
   * @param options.maxFrames default 60. When it is full, pictures are dropped but for the newest, which is due at once; of sound the
   * older half is dropped. Two buffers may have a track of the same name: it lives until both are closed.
   */
  constructor (options: { readonly clock: PlayoutClock, readonly track: string, readonly kind: 'audio' | 'video', readonly maxFrames?: number })
  push (ptsUs: number, frame: T, nowUs?: number): void
  /** `'skip'`: a picture whose successor is due as well; ask again. `waitUs` is at most 100 ms: ask again then. */
  pop (nowUs?: number): Popped<T>
  stats (): PlayoutBufferStats
  readonly closed: boolean
  close (): void
  [Symbol.dispose] (): void
}
