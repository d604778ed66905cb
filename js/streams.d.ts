// Devices as streams of Node. Re-exported by index.d.ts.

import type { Readable, Writable } from 'node:stream'
import type { AudioOptions, AudioPlaybackInstance, AudioRecordingInstance } from '../index'

/** Those of `openDevice`, which device, and those of a Node stream. */
export interface StreamOptions extends AudioOptions {
  /** One of `audio.devices`, or what names it. Default: the system's default device. */
  readonly device?: { readonly name?: string | null, readonly type?: 'playback' | 'recording' }
  /** The same as `device.name`. */
  readonly name?: string | null
  /**
   * Bytes that the stream keeps on top of the device's queue, and the most in a chunk of a microphone (with 0 that is 20 ms).
   * Default: 20 ms.
   */
  readonly highWaterMark?: number
  /** Aborting it destroys the stream, with an `AbortError`; one that is aborted already, as soon as the stream is made. */
  readonly signal?: AbortSignal
}

export interface PlaybackStreamOptions extends StreamOptions {
  /** What is written is made as it is played, and must not pile up. Default: while a capture stream is piped in. */
  readonly live?: boolean
}

/**
 * Plays the bytes that are written to it, in the device's format; frames may be split anywhere. Plays from the first frame on.
 * Backpressure is the device's: a write is answered when the device has taken it. `end()` finishes when the last frame was heard,
 * and closes the device; bytes that are no whole frame at the end are an `ERR_AUDIO_FRAME_ALIGNMENT`. `destroy()` cuts, without a
 * click, and closes. A device that fails, or that is lost with `onLost: 'fail'`, destroys the stream with the error.
 */
export interface PlaybackStream extends Writable {
  /** For `setGain`, `pause`, `stats`, events; closed with the stream. */
  readonly device: AudioPlaybackInstance
}

/**
 * Gives the bytes that are recorded, as they come, whole frames in every chunk. Records from its making on. Who reads too slowly
 * loses sound by the device's `onOverflow`, and it is counted in `device.stats()`. `destroy()` ends the recording and drops the rest.
 */
export interface CaptureStream extends Readable {
  /** For `stats`, `level`, events; closed with the stream. */
  readonly device: AudioRecordingInstance
  /** Records no more: what was recorded can still be read, then the stream ends. */
  stop (): void
}

export interface StreamMakers {
  /**
   * Opens a playback device as a stream. `capacityMs` is 100 where it is not given: with `highWaterMark` the most that lies between
   * a write and its sound. With `live`, which is so for a microphone that is piped in where nothing else is said, the delay does not
   * grow either though two devices' clocks differ: a queue that was never shorter than 30 ms for 2 s is cut off as by `stop`, and
   * goes on with what comes then. What lies in the device of a microphone that is piped in, and read by nobody else, is dropped with
   * it. `device.stats().discardedFrames` of either counts its own.
   *
   * @throws what `openDevice` throws
   * @example
   * const { pipeline } = require('node:stream/promises')
   * await pipeline(fs.createReadStream('mono-f32-48000.raw'), sdl.createPlaybackStream())
   */
  createPlaybackStream (options?: PlaybackStreamOptions): PlaybackStream

  /**
   * Opens a microphone as a stream. `maxQueuedMs` is 100 where it is not given. Piped into a speaker, for however long, the delay
   * between them is some 10 ms, and after a stumble of either goes back to that.
   *
   * @throws what `openDevice` throws
   * @example
   * sdl.createCaptureStream().pipe(sdl.createPlaybackStream())
   */
  createCaptureStream (options?: StreamOptions): CaptureStream
}

/** See {@link StreamMakers}. */
export const createPlaybackStream: StreamMakers['createPlaybackStream']
/** See {@link StreamMakers}. */
export const createCaptureStream: StreamMakers['createCaptureStream']
