import type { AudioError, Obtained, PlaybackStats, RecordingStats } from '../index'

/** What every message on a channel says: which instance, source or tap of this thread it is about. */
export interface DiagnosticsSubject {
  readonly type: 'playback' | 'recording' | 'source' | 'tap'
  /** Of the device; null for the default one, and of a source or tap. */
  readonly name: string | null
  /** Null where no device was opened. */
  readonly handle: number | null
}

/** Frames of an episode; `ended: false` while it goes on. */
export interface DiagnosticsShortage extends DiagnosticsSubject {
  readonly frames: number
  readonly from: number
  readonly to: number
  readonly ended: boolean
}

/**
 * The channels of `node:diagnostics_channel` and their messages. Every thread has its own; where nobody subscribes, no message is
 * made. With `SDL_CALLBACK_AUDIO_DEBUG=1` in the environment all of them are written to stderr, a line each.
 *
 * @example
 * const { subscribe } = require('node:diagnostics_channel')
 * subscribe('sdl-callback-audio:underrun', ({ handle, frames }) => console.warn(`device ${handle}: ${frames} frames of silence`))
 */
export interface DiagnosticsMessages {
  /** An instance was made; of sources and taps only what befalls them is told. */
  'sdl-callback-audio:open': DiagnosticsSubject & { readonly attached: boolean, readonly obtained: Obtained }
  /** It is about to close; these are its last counters. */
  'sdl-callback-audio:close': DiagnosticsSubject & { readonly stats: PlaybackStats | RecordingStats }
  'sdl-callback-audio:lost': DiagnosticsSubject
  'sdl-callback-audio:restored': DiagnosticsSubject & { readonly gapFrames: number }
  'sdl-callback-audio:underrun': DiagnosticsShortage
  'sdl-callback-audio:overrun': DiagnosticsShortage
  /** A device could not be opened, or its callback failed. */
  'sdl-callback-audio:error': DiagnosticsSubject & { readonly error: AudioError }
}
