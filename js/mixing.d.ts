import type { AudioError, Format, ShortageEvent } from '../index'
import type { KnownEventsEmitter } from './emitter'

/** For waits that are promises; an aborted one rejects with `ERR_AUDIO_ABORTED`, its `cause` being the signal's reason. */
export interface WaitOptions { readonly signal?: AbortSignal }

export interface GainOptions {
  /** How long the change takes, 0 to 60000; below 5 it is made 5, as a step would click. Default 10. */
  readonly rampMs?: number
}

export interface StopOptions {
  /** How much of what is queued still comes out, fading, 0 to 60000. Default 2. */
  readonly fadeMs?: number
}

/** The last whole window of 50 ms. Full scale is 1. */
export interface Level { readonly rms: number, readonly peak: number }

/** Where the device is, smoothed by a delay-locked loop over the times of its callbacks. */
export interface Position {
  /** Device frames (`stats().frames` at the callback) that are at the speaker or microphone at `timeUs`; a fraction. */
  readonly frames: number
  /** On the clock of `process.hrtime`, in microseconds. */
  readonly timeUs: number
  /**
   * From the callback to the speaker (from the microphone to the callback) as far as this side knows: what the device's own
   * buffer and the one that was asked of the audio server hold. What hardware, Bluetooth or a network add is not in it.
   */
  readonly latencyUs: number
  /** How much faster than `frequency` the device runs by this machine's clock, in millionths; settles within half a minute. */
  readonly driftPpm: number
}

export interface SourceOptions {
  /**
   * Of what is written; converted to the device's natively, outside the callback. That delays the sound by 1.5 ms (3 ms from below
   * 16000), which counts as queued. Where nothing more comes in time, the last of it is interpolated without what would have
   * followed: it is heard to its end, and goes on from there when more comes. Default that of the device.
   */
  readonly frequency?: number
  /**
   * Of what is written, 1 to 8. One is played on all channels of the device; many on a device of one are averaged; otherwise
   * each goes to its own, and those too many are left out. Default that of the device.
   */
  readonly channels?: number
  /**
   * What `write`, `spaceFrames` and the waits count against. Above 0, at most 3600000, and no more than there is memory for
   * (ERR_AUDIO_OUT_OF_RANGE). Default 200; with a `ring` what that holds.
   */
  readonly targetMs?: number
  /** 0 to 16. Default 1. */
  readonly gain?: number
  /**
   * A ring that JavaScript writes by itself, in the device's frequency and channels. It is let go of when the source is closed
   * here, or this thread ends: what was in it then counts as discarded, and whoever else holds the source has one that stays
   * silent, without room, until it is closed; waits on it reject with `ERR_AUDIO_CLOSED`.
   */
  readonly ring?: SharedRing
}

/** `writtenFrames = playedFrames + discardedFrames + queuedFrames`, in frames of the device. */
export interface SourceStats {
  readonly writtenFrames: number
  readonly playedFrames: number
  readonly discardedFrames: number
  readonly queuedFrames: number
  /** Times that the source ran dry; the others went on. */
  readonly underruns: number
  readonly underrunFrames: number
  /** Queue depth when callbacks began, since the first data. */
  readonly queueFrames: { readonly min: number, readonly mean: number, readonly max: number }
  /** Samples that were NaN or infinite, and became silence; of a shared ring, senseless index words too. */
  readonly invalidSamples: number
}

export interface SourceEvents {
  close: []
  underrun: [event: ShortageEvent<'underrun'>]
  error: [error: AudioError]
  '*': [type: string, ...args: unknown[]]
}

/**
 * One more stream into a playback device, mixed in its callback. Made by `createSource` or, in another thread, by
 * `audio.attach(handle)`. Float32 in [-1, 1]; where the sum of all passes 0.8 it bends towards 1 and never reaches beyond. A
 * source that runs dry is silent, with a 5 ms decay, and never disturbs the others. It ends with its device, when its last
 * holder closes it, or when the last thread that holds it ends; then its methods throw `ERR_AUDIO_CLOSED`.
 */
export interface AudioSource extends KnownEventsEmitter<SourceEvents> {
  readonly id: number
  readonly frequency: number
  readonly channels: number
  /**
   * Takes as many whole frames as there is room for within `targetMs`; returns how many.
   *
   * @throws ERR_AUDIO_FRAME_ALIGNMENT, ERR_AUDIO_WRITER_TAKEN (also with a `ring`, which has another way in)
   * @example
   * const source = speaker.createSource({ frequency: 16000, channels: 1 })
   * source.write(new Float32Array(1600))
   */
  write (samples: Float32Array | Buffer): number
  /** Frames queued, at the source's `frequency`. */
  readonly queuedFrames: number
  /** Frames that `write` would take now. */
  readonly spaceFrames: number
  /** **Blocks this worker**, as that of a playback instance. */
  waitForSpace (frames: number, timeoutMs?: number): boolean
  /** Resolves when there is room for `frames`, 1 to `targetMs` worth of them, or as many as the ring holds. */
  whenSpace (frames: number, options?: WaitOptions): Promise<void>
  /**
   * Resolves when all that is queued now was heard, device latency included, or cleared. Waits while the device is paused; rejects with
   * `ERR_AUDIO_CLOSED` if this source is closed first, `ERR_AUDIO_DEVICE_LOST` as `onLost` says.
   */
  drain (options?: WaitOptions): Promise<void>
  /** Drops what is queued, at once, and all that its conversion remembers of it. */
  clear (): void
  setGain (gain: number, options?: GainOptions): void
  /** The gain that was asked for last. */
  readonly gain: number
  stats (): SourceStats
  /** Pass it to another thread and `audio.attach` it there. */
  readonly handle: number
  ref (): this
  unref (): this
  /**
   * True at once when its device is closed. If that was another thread, `'close'` comes when this one turns to its events; until
   * then `queuedFrames` and `spaceFrames` still answer, and all else throws.
   */
  readonly closed: boolean
  /** What is queued is dropped; what sounds fades out. */
  close (): void
  [Symbol.dispose] (): void
}

export interface TapOptions {
  /** The most that may be queued; above 0, at most 3600000. Default 10000; with a `ring` what that holds. */
  readonly maxQueuedMs?: number
  /** What to lose, and count, then. Default `'drop-oldest'`. */
  readonly onOverflow?: 'drop-oldest' | 'drop-newest'
  /**
   * A ring that JavaScript reads by itself, as Float32; where it is full the newest are lost, and counted. It is let
   * go of as that of a source is.
   */
  readonly ring?: SharedRing
}

/** `recordedFrames = readFrames + discardedFrames + queuedFrames` and what `'drop-oldest'` took. */
export interface TapStats {
  readonly recordedFrames: number
  readonly readFrames: number
  readonly discardedFrames: number
  readonly queuedFrames: number
  readonly overruns: number
  readonly overrunFrames: number
  readonly queueFrames: { readonly min: number, readonly mean: number, readonly max: number }
  /** Index words of a shared ring that made no sense. */
  readonly invalidIndices: number
}

export interface TapEvents {
  close: []
  overrun: [event: ShortageEvent<'overrun'>]
  error: [error: AudioError]
  '*': [type: string, ...args: unknown[]]
}

/** One more reader of a microphone, with its own queue and pace. Made by `createTap`; lives and ends as a source does. */
export interface AudioTap extends KnownEventsEmitter<TapEvents> {
  readonly id: number
  readonly frequency: number
  readonly channels: number
  readonly format: Format
  /** Moves recorded frames into `into`, the typed array of the format or bytes; returns how many. */
  read (into: NodeJS.TypedArray): number
  readonly queuedFrames: number
  /** **Blocks this worker**, as that of a recording instance. */
  waitForFrames (frames: number, timeoutMs?: number): boolean
  whenFrames (frames: number, options?: WaitOptions): Promise<void>
  /** Drops what is queued, at once. Of a `ring` that is a read of it: not while another thread reads. */
  clear (): void
  stats (): TapStats
  readonly handle: number
  ref (): this
  unref (): this
  /** As that of a source. */
  readonly closed: boolean
  close (): void
  [Symbol.dispose] (): void
}

/**
 * A ring of Float32 frames in a `SharedArrayBuffer`: any thread fills or drains it without a native call. One writer and one
 * reader at a time; a source or tap that was given the ring is the one at its other end. Send `buffer` to another thread and
 * make `new SharedRing(buffer)` of it there.
 *
 * @example
 * const ring = SharedRing.allocate({ frames: 4800, channels: 2 })
 * speaker.createSource({ ring })
 * ring.write(new Float32Array(256))
 */
export class SharedRing {
  constructor (buffer: SharedArrayBuffer)
  /** @param options `frames`: 1 to 2 ** 28 / `channels`; `channels`: 1 to 8, default 1 */
  static allocate (options: { readonly frames: number, readonly channels?: number }): SharedRing
  readonly buffer: SharedArrayBuffer
  readonly frames: number
  readonly channels: number
  /** Frames that `read` would give now. */
  readonly queuedFrames: number
  /** Frames that `write` would take now. */
  readonly spaceFrames: number
  /** Takes as many whole frames as there is room for; returns how many. */
  write (samples: Float32Array): number
  /** Moves frames into `into`; returns how many. */
  read (into: Float32Array): number
}
