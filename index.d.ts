/**
 * Audio for Node.js in which JavaScript never sits on the timing path: SDL2 devices in callback mode, fed and drained through
 * native rings from the main thread or any worker.
 *
 * Conventions: a frame is one sample of every channel; samples are interleaved; frames, bytes, milliseconds (`Ms`) and
 * microseconds (`Us`) stand in the names; a sample rate is a `frequency`. No call blocks unless its comment says so. Every
 * error has a `code` ({@link AudioErrorCode}); the values that were refused are its own properties.
 */

import type { KnownEventsEmitter } from './js/emitter'
import type { AudioSource, AudioTap, GainOptions, Level, Position, SourceOptions, StopOptions, TapOptions, WaitOptions } from './js/mixing'
import type { StreamMakers } from './js/streams'
export type { Events, Sdl } from './js/kmamal'
export * from './js/codec'
export * from './js/diagnostics'
export * from './js/mixing'
export * from './js/packets'
export * from './js/playout'
export * from './js/processor'
export * from './js/receiver'
export * from './js/sender'
export * from './js/streams'

/** How one sample lies in memory. `s16`, `u16`, `s32`, `f32` are little-endian; `…sys` are in the machine's order. */
export type Format =
  | 's8' | 'u8' | 's16lsb' | 's16msb' | 's16sys' | 's16'
  | 'u16lsb' | 'u16msb' | 'u16sys' | 'u16'
  | 's32lsb' | 's32msb' | 's32sys' | 's32'
  | 'f32lsb' | 'f32msb' | 'f32sys' | 'f32'

/**
 * - `ERR_AUDIO_INVALID_ARG` an argument of the wrong type or an unknown word: a mistake of the caller, not of the device
 * - `ERR_AUDIO_OUT_OF_RANGE` the right type, but outside what is allowed: the message names the range
 * - `ERR_AUDIO_CLOSED` the instance was closed: open another
 * - `ERR_AUDIO_NOT_SUPPORTED` a part of SDL or of a platform, or a format of files, that this package does not have
 * - `ERR_AUDIO_DEVICE_NOT_FOUND` no device of that name or handle: look at `audio.devices`
 * - `ERR_AUDIO_DEVICE_BUSY` the device has another user and cannot be shared: close that one
 * - `ERR_AUDIO_DEVICE_LOST` the device went away (or its callback failed): close the instance and open another
 * - `ERR_AUDIO_OPEN_FAILED` the audio system refused or did not answer: the message holds its words
 * - `ERR_AUDIO_WRITER_TAKEN` another thread writes (reads) this ring: it lets go when it closes its instance or ends
 * - `ERR_AUDIO_WOULD_BLOCK` a blocking wait on the main thread: wait in a worker
 * - `ERR_AUDIO_QUEUE_FULL` `maxQueuedMs` are queued already: nothing was taken; wait, or clear
 * - `ERR_AUDIO_FRAME_ALIGNMENT` not a whole number of frames: nothing was taken
 * - `ERR_AUDIO_ABORTED` the `signal` of a wait was aborted: nothing else has changed
 * - `ERR_AUDIO_CODEC` libopus refused: what was to be decoded is no Opus packet
 * - `ERR_AUDIO_KEY_LENGTH` a key that does not have the length of its suite, in bytes
 * - `ERR_AUDIO_IV_LENGTH` an IV that does not have the length of its suite, in bytes
 * - `ERR_AUDIO_NONCE_REUSE` the next packet would repeat keystream: take a new key; nothing was sealed
 * - `ERR_AUDIO_AUTH_FAILED` the packet was not sealed with this key, or was changed on its way
 * - `ERR_AUDIO_REPLAY` a packet that was opened before, or is too late to tell
 * - `ERR_AUDIO_PACKET_MALFORMED` not a packet of this format, stream and direction
 * - `ERR_AUDIO_LOAD_FAILED` the native part is missing or was refused: the message names its package and how to get it
 */
export type AudioErrorCode =
  | 'ERR_AUDIO_INVALID_ARG' | 'ERR_AUDIO_OUT_OF_RANGE' | 'ERR_AUDIO_CLOSED' | 'ERR_AUDIO_NOT_SUPPORTED' | 'ERR_AUDIO_DEVICE_NOT_FOUND'
  | 'ERR_AUDIO_DEVICE_BUSY' | 'ERR_AUDIO_DEVICE_LOST' | 'ERR_AUDIO_OPEN_FAILED' | 'ERR_AUDIO_WRITER_TAKEN' | 'ERR_AUDIO_WOULD_BLOCK'
  | 'ERR_AUDIO_QUEUE_FULL' | 'ERR_AUDIO_FRAME_ALIGNMENT' | 'ERR_AUDIO_CODEC' | 'ERR_AUDIO_KEY_LENGTH' | 'ERR_AUDIO_IV_LENGTH'
  | 'ERR_AUDIO_NONCE_REUSE' | 'ERR_AUDIO_AUTH_FAILED' | 'ERR_AUDIO_REPLAY' | 'ERR_AUDIO_PACKET_MALFORMED' | 'ERR_AUDIO_ABORTED'
  | 'ERR_AUDIO_LOAD_FAILED'

export interface AudioError extends Error {
  readonly code: AudioErrorCode
}

/** A device as `audio.devices` lists it; without a `name`, the system's default one. */
export interface Device {
  readonly type: 'playback' | 'recording'
  readonly name?: string | null
}
export interface PlaybackDevice extends Device { readonly type: 'playback' }
export interface RecordingDevice extends Device { readonly type: 'recording' }

export interface AudioOptions {
  /** 1 to 8. Default 1. */
  readonly channels?: number
  /** Frames per second, 1000 to 384000. Default 48000. */
  readonly frequency?: number
  /** Default `'f32'`. */
  readonly format?: Format
  /**
   * Frames, a power of two from 1 to 65536; echoed. Where no `periodFrames` is given the period is `min(buffered, 512)`, and for
   * playback above 4096 PulseAudio is asked to keep 2048 frames: more latency, fewer gaps on a busy machine. Default 4096.
   */
  readonly buffered?: number
  /** Frames that the device asks for at a time, 1 to 32768: the grain of its latency. `obtained` tells what it became. */
  readonly periodFrames?: number
  /** Playback: what `write`, `spaceFrames` and `waitForSpace` count against, or `maxQueuedMs` if that is less. Above 0, at most 3600000. Default 200. */
  readonly capacityMs?: number
  /** The most that may be queued. Playback: where `enqueue` answers `ERR_AUDIO_QUEUE_FULL`, default one hour. Recording: where `onOverflow` sets in, default 10000. */
  readonly maxQueuedMs?: number
  /** Recording: what to lose, and count, when `maxQueuedMs` are queued. Default `'drop-oldest'`. */
  readonly onOverflow?: 'drop-oldest' | 'drop-newest'
  /**
   * What becomes of the instance when its device is gone: unplugged, or its audio server ended. `'reopen'` (default): it is told
   * `lost`, its device is opened again as soon as that is possible, and it is told `restored`. Meanwhile what is queued for
   * playback waits, as in a pause; sources, taps and handles stay as they are. `'fail'`: every call on the data (`enqueue`,
   * `write`, `dequeue`, `read`) and every wait throws `ERR_AUDIO_DEVICE_LOST`; the rest goes on.
   */
  readonly onLost?: 'reopen' | 'fail'
}

/** What the device really runs at. */
export interface Obtained {
  readonly frequency: number
  readonly channels: number
  readonly format: Format
  readonly periodFrames: number
  /** SDL's name of the audio system: `'pulseaudio'`, `'alsa'`, … */
  readonly driver: string
  /** Of the audio thread; `'unknown'` until its first callback. `nice` for `'other'`, `level` for the real-time policies. */
  readonly threadPriority: { readonly policy: 'unknown' | 'other' | 'fifo' | 'rr', readonly nice?: number, readonly level?: number }
}

export interface Quantiles { readonly p50: number, readonly p99: number, readonly max: number }

export interface DeviceStats {
  readonly callbacks: number
  /** Frames that the device has run since it was opened, sounding or not. */
  readonly frames: number
  readonly queuedFrames: number
  /** Cleared or cut off: never heard, never read. */
  readonly discardedFrames: number
  /** Queue depth when callbacks began, since the first data. */
  readonly queueFrames: { readonly min: number, readonly mean: number, readonly max: number }
  /** Frames that would have run while the device was lost, in all. */
  readonly gapFrames: number
  /** From the start of a callback to the start of the next; quantiles to within 13 %. */
  readonly intervalUs: Quantiles
  /** Time spent in a callback; quantiles to within 13 %. */
  readonly durationUs: Quantiles
}

/** `writtenFrames = playedFrames + discardedFrames + queuedFrames`, always. */
export interface PlaybackStats extends DeviceStats {
  readonly writtenFrames: number
  readonly playedFrames: number
  /** Times that the queue ran dry while playing; nothing was lost, but silence was heard. */
  readonly underruns: number
  readonly underrunFrames: number
}

/** `recordedFrames = readFrames + discardedFrames + queuedFrames` and what `'drop-oldest'` took of them. */
export interface RecordingStats extends DeviceStats {
  readonly recordedFrames: number
  readonly readFrames: number
  /** Times that the queue was full. */
  readonly overruns: number
  /** Frames lost to that. */
  readonly overrunFrames: number
}

/**
 * One per episode: told when data (room) is back, or after 200 ms if it still is not (`ended: false`). Positions are frames of the device.
 */
export interface ShortageEvent<T extends 'underrun' | 'overrun'> {
  readonly type: T
  readonly frames: number
  readonly from: number
  readonly to: number
  readonly ended: boolean
  /** The `handle` of the source or tap; null for the instance's own queue. */
  readonly source: number | null
}
export interface LostEvent { readonly type: 'lost' }
export interface RestoredEvent {
  readonly type: 'restored'
  /** For how many frames the device was gone. */
  readonly gapFrames: number
}
export interface DeviceEvent<T extends 'deviceAdd' | 'deviceRemove'> { readonly type: T, readonly device: Device }

export interface InstanceEvents {
  /** The instance is about to close. */
  close: []
  /** The device is gone; see `onLost`. */
  lost: [event: LostEvent]
  /** The device is back. */
  restored: [event: RestoredEvent]
  /** The callback failed and the device stays silent. Without a listener the error is dropped, and the next call tells. */
  error: [error: AudioError]
  '*': [type: string, ...args: unknown[]]
}
export interface PlaybackEvents extends InstanceEvents { underrun: [event: ShortageEvent<'underrun'>] }
export interface RecordingEvents extends InstanceEvents { overrun: [event: ShortageEvent<'overrun'>] }

/**
 * An open device, or this thread's share of one. Not constructed with `new`: see `audio.openDevice` and `audio.attach`. A
 * device lives until its last instance is closed or the last thread that holds one ends. After `close`, whatever needs the
 * device throws `ERR_AUDIO_CLOSED`; what stays is `closed`, `id`, `handle`, the values it was opened with, `playing` as it was
 * last, `readSample` and `writeSample`, and the methods of an emitter.
 */
export interface AudioInstance<Events = InstanceEvents> extends KnownEventsEmitter<Events> {
  readonly id: number
  readonly device: Device
  readonly name?: string | null
  readonly channels: number
  readonly frequency: number
  readonly format: Format
  readonly buffered: number
  readonly bytesPerSample: number
  readonly minSampleValue: number
  readonly maxSampleValue: number
  readonly zeroSampleValue: number
  readSample (buffer: Buffer, offset?: number): number
  /** Returns the offset behind the sample. */
  writeSample (buffer: Buffer, value: number, offset?: number): number

  /** Whether the device has been told to run, by whichever thread. */
  readonly playing: boolean
  /** Starts or stops. Stopping plays a 5 ms decay and keeps the queue; starting goes on where it stopped and fades in. */
  play (play?: boolean): void
  pause (): void

  /** Bytes queued. Playback: falls as the device consumes. */
  readonly queued: number
  /** Frames queued. */
  readonly queuedFrames: number
  /** Drops what is queued, at once, playing or not; any thread. What was dropped is in `stats().discardedFrames`. */
  clearQueue (): void

  /** Lets the device's sound, or what the microphone gives, go to `gain` (0 to 16). At 1 nothing is touched, bit for bit. */
  setGain (gain: number, options?: GainOptions): void
  /** The gain that was asked for last. */
  readonly gain: number
  /** Of what the device is given, or gives; measured natively. */
  readonly level: Level
  readonly position: Position

  /** Pass it to another thread and `audio.attach` it there. */
  readonly handle: number
  readonly obtained: Obtained

  /** Keeps the process alive while the instance is open. */
  ref (): this
  /** Undoes `ref`. An instance does not keep the process alive by itself. */
  unref (): this

  readonly closed: boolean
  /**
   * Closes the instance; returns at once. Sound still playing fades out, then the device's thread ends and a device opened
   * afterwards finds it free. Closing twice throws; `using` does not mind.
   */
  close (): void
  [Symbol.dispose] (): void
}

export interface AudioPlaybackInstance extends AudioInstance<PlaybackEvents> {
  /**
   * Copies `buffer`, whole frames in the instance's format, to the end of the queue, whatever its size.
   *
   * @param bytes how many of its bytes; default all
   * @throws ERR_AUDIO_FRAME_ALIGNMENT, ERR_AUDIO_QUEUE_FULL, ERR_AUDIO_WRITER_TAKEN, with nothing taken
   * @example
   * const speaker = sdl.audio.openDevice({ type: 'playback' })
   * speaker.enqueue(Buffer.from(new Float32Array(48000).map((_, i) => 0.2 * Math.sin(i / 20)).buffer))
   * speaker.play()
   */
  enqueue (buffer: Buffer, bytes?: number): void

  /**
   * Takes as many whole frames as there is room for within `capacityMs`; returns how many. Never throws for lack of room.
   *
   * @param samples the typed array of the format (`Float32Array` for f32), or bytes in it; views on shared memory are copied
   * @throws ERR_AUDIO_FRAME_ALIGNMENT, ERR_AUDIO_WRITER_TAKEN
   */
  write (samples: NodeJS.TypedArray): number

  /** Frames that `write` would take now. */
  readonly spaceFrames: number

  /**
   * **Blocks this worker** until `spaceFrames >= frames` (true) or `timeoutMs` is over (false). A worker that waits can be
   * terminated. Throws `ERR_AUDIO_WOULD_BLOCK` on the main thread, and `ERR_AUDIO_DEVICE_LOST` as `onLost` says. Other threads
   * that close their instances do not end the wait: the device lives for as long as this one is open.
   *
   * @param frames 1 to `capacityMs` worth of frames
   * @param timeoutMs default `Infinity`
   */
  waitForSpace (frames: number, timeoutMs?: number): boolean

  /** Resolves when `spaceFrames >= frames`; rejects with `ERR_AUDIO_CLOSED` if this instance is closed first. */
  whenSpace (frames: number, options?: WaitOptions): Promise<void>

  /** Resolves when all that is queued now was heard (for `latencyUs` see `position`), or cleared. Waits while paused. */
  drain (options?: WaitOptions): Promise<void>

  /**
   * Cuts off what is queued, now and without a click; what is written afterwards plays. Returns how many frames of it will never
   * be heard. Sources go on.
   *
   * @example
   * const unheardFrames = speaker.stop() // the user interrupts
   */
  stop (options?: StopOptions): number

  /**
   * One more stream, mixed natively; at most 4096 at a time.
   *
   * @throws ERR_AUDIO_OUT_OF_RANGE, ERR_AUDIO_INVALID_ARG
   */
  createSource (options?: SourceOptions): AudioSource

  stats (): PlaybackStats
}

export interface AudioRecordingInstance extends AudioInstance<RecordingEvents> {
  /**
   * Moves recorded bytes, whole frames only, into `buffer`; returns how many bytes.
   *
   * @param bytes at most so many; default all that fit
   * @throws ERR_AUDIO_WRITER_TAKEN
   */
  dequeue (buffer: Buffer, bytes?: number): number

  /**
   * Moves recorded frames into `into`; returns how many.
   *
   * @param into the typed array of the format, or bytes; a whole number of frames
   * @throws ERR_AUDIO_FRAME_ALIGNMENT, ERR_AUDIO_WRITER_TAKEN
   */
  read (into: NodeJS.TypedArray): number

  /** **Blocks this worker** until `queuedFrames >= frames` (true) or `timeoutMs` is over (false); as `waitForSpace`. */
  waitForFrames (frames: number, timeoutMs?: number): boolean

  /** Resolves when `queuedFrames >= frames`; rejects with `ERR_AUDIO_CLOSED` if this instance is closed first. */
  whenFrames (frames: number, options?: WaitOptions): Promise<void>

  /** One more reader of this microphone; at most 64 at a time. */
  createTap (options?: TapOptions): AudioTap

  stats (): RecordingStats
}

/** What a sample format is; `require('sdl-callback-audio/helpers').audio` has the same. */
export interface FormatHelpers {
  bytesPerSample (format: Format): number
  minSampleValue (format: Format): number
  maxSampleValue (format: Format): number
  zeroSampleValue (format: Format): number
  readSample (format: Format, buffer: Buffer, offset?: number): number
  writeSample (format: Format, buffer: Buffer, value: number, offset?: number): number
}

export interface AudioModuleEvents {
  /** A device appeared or went. Told without polling; does not keep the process alive. */
  deviceAdd: [event: DeviceEvent<'deviceAdd'>]
  deviceRemove: [event: DeviceEvent<'deviceRemove'>]
  /** Never told; known so that `events.once` works. */
  error: [error: AudioError]
  '*': [type: string, event: DeviceEvent<'deviceAdd' | 'deviceRemove'>]
}

export interface AudioModule extends FormatHelpers, StreamMakers, KnownEventsEmitter<AudioModuleEvents> {
  /** The devices that the audio system lists now. May be empty while the default device can be opened all the same. */
  readonly devices: Device[]

  /**
   * Opens a device, paused. **Blocks** until the audio system has answered, usually milliseconds, at most 15 s; before that, until
   * a device closed just now has gone if this one needs its place. A worker can be terminated meanwhile.
   *
   * @throws ERR_AUDIO_DEVICE_NOT_FOUND, ERR_AUDIO_DEVICE_BUSY, ERR_AUDIO_OPEN_FAILED, and for bad arguments and misspelt options
   */
  openDevice (device: PlaybackDevice, options?: AudioOptions): AudioPlaybackInstance
  openDevice (device: RecordingDevice, options?: AudioOptions): AudioRecordingInstance
  openDevice (device: Device, options?: AudioOptions): AudioPlaybackInstance | AudioRecordingInstance

  /**
   * One more instance of an open device, source or tap, for this thread; say in `T` which it is. The ring has one writer (reader) at a time: the first thread that
   * uses it, until it closes the instance that it used last for that, or ends. Who attaches to a device that is lost is told so.
   *
   * @throws ERR_AUDIO_DEVICE_NOT_FOUND if the device has been closed
   */
  attach<T extends AudioPlaybackInstance | AudioRecordingInstance | AudioSource | AudioTap = AudioPlaybackInstance | AudioRecordingInstance> (
    handle: number): T
}

export interface Version { readonly major: number, readonly minor: number, readonly patch: number }

/** About SDL; asked for at the first look, which starts the audio system. */
export interface Info {
  readonly version: { readonly compile: Version, readonly runtime: Version }
  readonly platform: 'Linux' | 'Windows' | 'Mac OS X'
  readonly drivers: {
    readonly video: { readonly all: string[], readonly current: string | null }
    readonly audio: { readonly all: string[], readonly current: string | null }
  }
  readonly initialized: {
    readonly video: boolean
    readonly audio: boolean
    readonly joystick: boolean
    readonly controller: boolean
    readonly haptic: boolean
    readonly sensor: boolean
  }
}

export const audio: AudioModule
export const info: Info
