// Conversion, resampling and Opus. Nothing here blocks or waits: each call does its work on the calling thread. Typed arrays on
// shared memory are refused (`ERR_AUDIO_INVALID_ARG`), since another thread might write them meanwhile: pass a copy.

/** An object with native state. That is freed by `close`, or some time after nobody holds the object any more. */
export interface NativeObject {
  readonly closed: boolean
  /** Frees the native state. Everything but `closed` throws `ERR_AUDIO_CLOSED` afterwards, `close` too. */
  close (): void
  [Symbol.dispose] (): void
}

/** Interleaved samples: floats in [-1, 1], or 16-bit integers. */
export type Pcm = Float32Array | Int16Array

/**
 * Converts to 16-bit integers: × 32768, rounded to the nearest, saturating; NaN becomes 0.
 *
 * @param out where to, at least as long; default a new array
 * @throws ERR_AUDIO_OUT_OF_RANGE if `out` is shorter
 */
export function floatToInt16 (samples: Float32Array, out?: Int16Array): Int16Array

/** Converts to floats: ÷ 32768, exact. */
export function int16ToFloat (samples: Int16Array, out?: Float32Array): Float32Array

export interface ResamplerOptions {
  /** Frames per second that go in, 1000 to 384000. */
  readonly from: number
  /** Frames per second that come out, 1000 to 384000. */
  readonly to: number
  /** 1 to 8. Default 1. */
  readonly channels?: number
  /**
   * With N for half the narrower of the two rates, in kHz, and P for 3 kHz, or three quarters of N where that is less. All of this
   * holds for any two rates; tones up to P, speech, always come through as they are.
   * - `'voice'` (default) at most 1.5 ms of delay where the narrower rate is 16 kHz or more, aliases below -130 dB; gives up the
   *   top of the band: flat to 8 kHz from 48 to 24 kHz, to 4 kHz from 48 to 16 kHz. With a narrower rate below that no filter
   *   of 1.5 ms keeps speech, and one of 5.1 ms ÷ (N - P) is used, plus up to 7 frames of that rate: 5.1 ms from 48 to 8 kHz
   * - `'fast'` as flat for half the work and delay, aliases below -85 dB: 0.75 ms, or 3.1 ms ÷ (N - P) and up to 7 frames where
   *   that is more: 0.8 ms from 48 to 16 kHz, 3.1 ms from 48 to 8 kHz
   * - `'best'` flat to 92 % of N or more, aliases below -120 dB; 128 to 264 frames of the narrower rate: 6 ms at 44.1 and 48 kHz,
   *   11 ms from 48 to 24 kHz, 16 ms from 48 to 8 kHz
   */
  readonly quality?: 'voice' | 'fast' | 'best'
}

/**
 * Brings a stream to another sample rate. Blocks may have any size: how a stream is split changes nothing of what comes out,
 * bit for bit, and over any time exactly `to` / `from` frames come out for each that goes in. Blocks of a whole number of
 * milliseconds come out whole; up to a millisecond of others waits for the next block.
 *
 * @example
 * const resampler = new Resampler({ from: 48000, to: 24000 })
 * const frame = resampler.process(new Float32Array(960))   // 480 samples, 1.5 ms late
 */
export class Resampler implements NativeObject {
  constructor (options: ResamplerOptions)
  readonly from: number
  readonly to: number
  readonly channels: number
  readonly quality: 'voice' | 'fast' | 'best'
  /** Frames, at the rate that comes out, by which the output lags behind the input. */
  readonly delayFrames: number
  /** @throws ERR_AUDIO_FRAME_ALIGNMENT if it is not whole frames */
  process (samples: Float32Array): Float32Array
  /**
   * The same into the caller's memory, without allocating; returns frames.
   *
   * @throws ERR_AUDIO_OUT_OF_RANGE if `out` has too little room, with nothing taken
   */
  processInto (samples: Float32Array, out: Float32Array): number
  /** Returns what is still inside, so that `delayFrames` + all that went in × `to` / `from` frames have come out; then starts afresh. */
  flush (): Float32Array
  /** Forgets everything, as if it were new. */
  reset (): void
  readonly closed: boolean
  close (): void
  [Symbol.dispose] (): void
}

export type OpusFrequency = 8000 | 12000 | 16000 | 24000 | 48000

export interface OpusSettings {
  /** Bits per second, 500 to 512000. Default: libopus's own choice for the rate and channels. */
  readonly bitrate?: number
  /** 0 (quick) to 10 (good). Default: libopus's. */
  readonly complexity?: number
  /**
   * Redundancy for the packet before, in speech. libopus adds it where bitrate and `packetLossPercent` leave room for it: at 24 kHz
   * and 24 kb/s from 10 percent on, at 16 kb/s not at all. Default false.
   */
  readonly fec?: boolean
  /** Next to nothing is sent while nobody speaks. Default false. */
  readonly dtx?: boolean
  /** The loss to expect, 0 to 100. Default 0. */
  readonly packetLossPercent?: number
  /** Default `'auto'`. */
  readonly signal?: 'auto' | 'voice' | 'music'
}

export interface OpusEncoderOptions extends OpusSettings {
  /** Default 48000. */
  readonly frequency?: OpusFrequency
  /** Default 1. */
  readonly channels?: 1 | 2
  /** Default `'voip'`. */
  readonly application?: 'voip' | 'audio' | 'lowdelay'
}

/**
 * Encodes with Opus ([RFC 6716](https://www.rfc-editor.org/rfc/rfc6716)): one packet for each frame of 2.5, 5, 10, 20, 40 or
 * 60 ms. A refused call leaves the encoder as it was.
 */
export class OpusEncoder implements NativeObject {
  constructor (options?: OpusEncoderOptions)
  readonly frequency: number
  readonly channels: number
  /** Frames by which what is decoded lags behind what was encoded. */
  readonly lookaheadFrames: number
  /**
   * @throws ERR_AUDIO_OUT_OF_RANGE if it is no frame of one of those lengths, ERR_AUDIO_FRAME_ALIGNMENT if not whole frames
   */
  encode (pcm: Pcm): Buffer
  /**
   * The same into the caller's memory, without allocating; returns bytes. 4000 bytes hold any packet; a shorter `out` limits what
   * libopus may spend on the frame.
   *
   * @throws ERR_AUDIO_OUT_OF_RANGE if `out` is shorter than the bitrate takes on average
   */
  encodeInto (pcm: Pcm, out: Uint8Array): number
  /** Changes what is given, from the next frame on. */
  configure (settings: OpusSettings): void
  /** As if it were new, with the same settings. */
  reset (): void
  readonly closed: boolean
  close (): void
  [Symbol.dispose] (): void
}

export interface OpusDecodeOptions {
  /** The packet before this one was lost: take what this one carries of it. Default false. */
  readonly fec?: boolean
  /** How long the lost one was, in frames: a multiple of 2.5 ms, at most 120. Default as long as the last. */
  readonly frames?: number
}

/**
 * Decodes Opus. Whatever a packet holds, samples are finite and within [-1, 1]; `stats().clampedSamples` counts those that were not.
 *
 * @example
 * decoder.decode(packet)                    // a packet
 * decoder.decode(null)                      // one that is lost: concealed
 * decoder.decode(next, { fec: true })       // the same from the packet after it, which then is decoded as usual
 */
export class OpusDecoder implements NativeObject {
  constructor (options?: { readonly frequency?: OpusFrequency, readonly channels?: 1 | 2 })
  readonly frequency: number
  readonly channels: number
  /** @throws ERR_AUDIO_CODEC for what is no Opus packet; the decoder stays as it was */
  decode (packet: Uint8Array | null, options?: OpusDecodeOptions): Float32Array
  /**
   * The same into the caller's memory, without allocating; returns frames.
   *
   * @throws ERR_AUDIO_OUT_OF_RANGE if `out` is too short; ERR_AUDIO_CODEC
   */
  decodeInto (packet: Uint8Array | null, out: Pcm, options?: OpusDecodeOptions): number
  stats (): { readonly clampedSamples: number }
  /** As if it were new. */
  reset (): void
  readonly closed: boolean
  close (): void
  [Symbol.dispose] (): void
}

/** libopus's own word, as in `'libopus 1.6.1'`. */
export const opusVersion: string
