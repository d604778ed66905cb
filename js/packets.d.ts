// Encryption and packets. Nothing here blocks. Typed arrays on shared memory are refused (`ERR_AUDIO_INVALID_ARG`).

import type { NativeObject } from './codec'

/**
 * Raw AES in counter mode ([SP 800-38A](https://csrc.nist.gov/pubs/sp/800/38/a/final), 6.5), byte for byte what
 * `createCipheriv('aes-128-ctr', …)` gives (or 192, 256, by the length of the key).
 *
 * **What it does not protect**: there is no tag, so whoever flips a bit on the way flips that bit of what you decrypt, and nobody
 * notices. **What you must see to**: the 16-byte IV is a counter that goes up by one for each 16 bytes. Two messages under one key
 * whose counters meet give each other away. `PacketSealer` sees to that; here it is yours. The key is wiped when the object is
 * closed; your copy of it is yours.
 *
 * @example
 * const aes = new AesCtr(key)
 * aes.apply(packet, iv)                     // in place
 */
export class AesCtr implements NativeObject {
  /** @throws ERR_AUDIO_KEY_LENGTH unless it has 16, 24 or 32 bytes */
  constructor (key: Uint8Array)
  /** Encrypts or decrypts `data` in place and returns it. @throws ERR_AUDIO_IV_LENGTH unless `iv` has 16 bytes */
  apply<T extends NodeJS.TypedArray> (data: T, iv: Uint8Array): T
  /** The same into a new Buffer. */
  encrypt (data: NodeJS.TypedArray, iv: Uint8Array): Buffer
  /** What `encrypt` does: the two are one in counter mode. */
  decrypt (data: NodeJS.TypedArray, iv: Uint8Array): Buffer
  /** A keystream that goes on from call to call. */
  stream (iv: Uint8Array): AesCtrStream
  readonly closed: boolean
  close (): void
  [Symbol.dispose] (): void
}

/** A message that comes in parts; how it is split changes nothing. See `AesCtr.stream`. */
export interface AesCtrStream extends NativeObject {
  apply<T extends NodeJS.TypedArray> (data: T): T
  encrypt (data: NodeJS.TypedArray): Buffer
  decrypt (data: NodeJS.TypedArray): Buffer
}

/**
 * - `'xiaozhi'`, big-endian, 16 bytes, which are also the initial counter of CTR: type u8 = 1, flags u8 (bit 7: direction), payload
 *   length u16, ssrc u32, timestamp u32, sequence u32 from 1
 * - `'seq-pts'`, little-endian, 24 bytes: version u8 = 1, channels u8, flags u16 (bit 0: Opus instead of Float32, bit 1: marker, bit
 *   15: direction), frequency u32, frameCount u32, seq u32 from 1, pts in µs u64
 */
export type PacketFormat = 'xiaozhi' | 'seq-pts'

/**
 * The GCM suites authenticate header and payload: 16 bytes more, and a packet that was changed or made by somebody else is refused.
 * The CTR suites only hide the payload: **anybody can change bits of it, make packets up, and so move the replay window**. Take
 * them where the other side knows nothing else.
 */
export type PacketSuite = 'aes-128-ctr' | 'aes-256-ctr' | 'aes-128-gcm' | 'aes-256-gcm'

export interface PacketOptions {
  readonly format: PacketFormat
  /** Default: for `'xiaozhi'` CTR, for `'seq-pts'` GCM, with the length of the key. */
  readonly suite?: PacketSuite
  /**
   * As long as the suite says, and for this format and suite alone: **one key, one format and suite.** Each makes its counters in a
   * way of its own, and those of two meet: an `AesCtr`, an `AudioProcessor`, a sealer of the other format or suite under the same key
   * give both away. Both sides and directions of a connection may share it; a second sealer of the same ssrc and direction may not.
   */
  readonly key: Uint8Array
  /**
   * The stream, 0 to 2^32 - 1. `'seq-pts'` does not carry it: both sides have to know it. Default: a sealer takes 0; an opener of
   * `'xiaozhi'` takes that of the first good packet.
   */
  readonly ssrc?: number
  /**
   * Which of the two directions of the connection: 0, `'client'`, `'up'`, `'send'`, or 1, `'server'`, `'down'`, `'receive'`. An
   * opener is given that of the packets it opens, and refuses those of the other, as its own that are thrown back at it. Default: a
   * sealer takes 0; an opener takes that of the first good packet.
   */
  readonly direction?: 0 | 1 | 'client' | 'server' | 'up' | 'down' | 'send' | 'receive'
}

export interface PacketSealerOptions extends PacketOptions {
  /** `'seq-pts'`, for the header. Default 48000. */
  readonly frequency?: number
  /** `'seq-pts'`, for the header. Default 1. */
  readonly channels?: number
  /** `'seq-pts'`: what the payload is. Default `'opus'`. */
  readonly codec?: 'opus' | 'pcm'
  /**
   * The first sequence. Default 1; a stream that goes on after a restart with its old key needs the `nextSequence` of before. In
   * `'xiaozhi'` under CTR any other than 1 leaves out 4095 numbers, as far as the packets of before may reach with their blocks: the
   * other side sees them as lost.
   */
  readonly sequence?: number
}

export interface SealOptions {
  /**
   * `'xiaozhi'`: 0 to 2^32 - 1 in any unit. Under CTR it is moved on where keystream would repeat: after a packet of the same
   * length and timestamp. `'seq-pts'`: µs. Default 0.
   */
  readonly timestamp?: number
  /** `'seq-pts'`: frames in the payload. Default: as the payload shows; for `'pcm'` nothing else is taken. */
  readonly frames?: number
  /** `'seq-pts'`: the marker bit. Default false. */
  readonly marker?: boolean
}

/**
 * Makes packets out of payloads. It owns the sequence, and so sees to it that no keystream is used twice, whatever the timestamps.
 * The key is wiped when it is closed.
 *
 * @example
 * const sealer = new PacketSealer({ format: 'xiaozhi', key, ssrc })
 * socket.send(sealer.seal(opus, { timestamp: elapsedMs }))
 */
export class PacketSealer implements NativeObject {
  /** @throws ERR_AUDIO_KEY_LENGTH */
  constructor (options: PacketSealerOptions)
  /** Bytes that a packet is longer than its payload. */
  readonly overheadBytes: number
  /** The next packet's; null when there is none left. */
  readonly nextSequence: number | null
  /**
   * @param payload 1 to 65535 bytes
   * @throws ERR_AUDIO_NONCE_REUSE when all sequence numbers are used up, ERR_AUDIO_OUT_OF_RANGE, ERR_AUDIO_FRAME_ALIGNMENT; no number
   *   is taken then
   */
  seal (payload: Uint8Array, options?: SealOptions): Buffer
  /** The same into the caller's memory, which may overlap with the payload; returns bytes. */
  sealInto (payload: Uint8Array, out: Uint8Array, options?: SealOptions): number
  readonly closed: boolean
  close (): void
  [Symbol.dispose] (): void
}

export interface PacketHeader {
  readonly sequence: number
  /** As on the wire. */
  readonly timestamp: number
  readonly ssrc: number
  /** `'seq-pts'` only, as the rest. */
  readonly codec?: 'opus' | 'pcm'
  readonly frequency?: number
  readonly channels?: number
  readonly frames?: number
  readonly marker?: boolean
}

/**
 * Makes payloads out of packets, each once: a number that came before, or is 64 or more behind the newest, is refused
 * ([RFC 3711](https://www.rfc-editor.org/rfc/rfc3711), 3.3.2).
 *
 * **What CTR does not stop**: without a tag every packet is a good one. One forged packet with the highest sequence moves the window
 * to its end, and all that the true sender sends from then on is refused (`ERR_AUDIO_REPLAY`), for good; if it comes first and no
 * `ssrc` or `direction` was given, the opener takes those of the forger, for good. Give both, take GCM where the other side can, and
 * where it cannot, make a new opener when everything is refused. With GCM a packet counts only once its tag is right.
 */
export class PacketOpener implements NativeObject {
  /** @throws ERR_AUDIO_KEY_LENGTH */
  constructor (options: PacketOptions)
  /** @throws ERR_AUDIO_PACKET_MALFORMED, ERR_AUDIO_REPLAY, ERR_AUDIO_AUTH_FAILED; the opener stays as it was */
  open (packet: Uint8Array): PacketHeader & { readonly payload: Buffer }
  /**
   * The same into the caller's memory, which may be the packet's own; returns bytes, and `last` has the header. What fails to
   * authenticate leaves zeros.
   *
   * @throws ERR_AUDIO_OUT_OF_RANGE if `out` is shorter than the payload
   */
  openInto (packet: Uint8Array, out: Uint8Array): number
  /** The header of the packet that was opened last; null before the first. */
  readonly last: PacketHeader | null
  readonly closed: boolean
  close (): void
  [Symbol.dispose] (): void
}
