/**
 * Rendering off the main thread: `webaudio-node` as npm has it, or any function of yours, a quantum at a time, exactly when the
 * device needs it.
 */

import type { EventEmitter } from 'node:events'
import type { WorkerOptions } from 'node:worker_threads'
import type { AudioModule, AudioPlaybackInstance, AudioSource, Info } from '../../index'

interface Sdl { readonly audio: AudioModule, readonly info: Info }

/** Gives `webaudio-node` these devices, in this thread: the drop-in, installed. `webaudio` is that module. */
export function useCallbackAudio (webaudio: { setSdl (sdl: Sdl): void }): void

/** One side of the calls between two threads: a peer of `rawr` (JSON-RPC, https://www.npmjs.com/package/rawr). */
export interface RpcPeer {
  /**
   * Calls a method of the other side. Rejects with an `Error` of the message and `code` of what it throws, with code -32601 where
   * there is none, and when the other side ends.
   */
  readonly methods: Record<string, (...args: unknown[]) => Promise<unknown>>
  /** Tells the other side something; there is no answer. */
  readonly notifiers: Record<string, (...args: unknown[]) => void>
  /** Listens to what the other side tells: `notifications.onlevel(callback)` hears `notifiers.level(…)`. */
  readonly notifications: Record<string, (listener: (...args: never[]) => void) => void>
  /** As `methods`, with `{ timeout, postMessageOptions }` as the last argument. */
  readonly methodsExt: Record<string, (...args: unknown[]) => Promise<unknown>>
}

/** In a render worker, the way back to the thread that started it; `null` elsewhere. */
export const rpc: RpcPeer | null

/** `argv`, `env`, `workerData`, `resourceLimits` … are those of a Node `Worker`. */
export interface RenderWorkerOptions extends Omit<WorkerOptions, 'eval'> {
  /** What the worker may call here. */
  readonly methods?: Record<string, (...args: never[]) => unknown>
  /** How many milliseconds every `AudioContext` keeps queued, above 0 to an hour; see `pullRender`. Default `'auto'`. */
  readonly targetMs?: number | 'auto'
  /** Frames that the device asks for at a time, 1 to 32768. Default 128. */
  readonly periodFrames?: number
  /** See `pullRender`. Default true. */
  readonly realtime?: boolean
}

export interface RenderWorkerStats {
  /** Renderings that run; 0 when the worker has ended. */
  readonly pulls: number
  /** Rendered by all of them since the worker began. */
  readonly quanta: number
  readonly underruns: number
  readonly underrunFrames: number
  /** Of the rendering that changed its target last. */
  readonly targetMs: number
}

export interface RenderWorker extends EventEmitter {
  /** Calls the functions that the module exports: `rpc.methods.noteOn(440)`. May be called at once: calls wait for the module. */
  readonly rpc: RpcPeer
  /**
   * Resolves when the module has been loaded; rejects if it throws or the worker ends before that. A module whose top-level `await`
   * does not settle is never loaded: `ready` and all calls wait until `stop()`, which ends the worker as any other.
   */
  readonly ready: Promise<void>
  /** Counters that the worker keeps in shared memory: never waits, whatever the worker does. */
  stats (): RenderWorkerStats
  /** Ends the worker: what sounds fades out, devices close. Resolves to the exit code. One that does not react is terminated. */
  stop (): Promise<number>
  /** The worker keeps the process alive, unless it is told not to. */
  ref (): void
  unref (): void
  /**
   * An error that nobody caught in the worker, which it ends: the calls that wait reject with it, and `ready` if it is not there
   * yet. Without a listener it is thrown here, unless one of these has told it.
   */
  on (event: 'error', listener: (error: Error) => void): this
  /** The worker has ended; the calls that wait reject with `ERR_AUDIO_CLOSED`. */
  on (event: 'exit', listener: (code: number) => void): this
  once (event: 'error', listener: (error: Error) => void): this
  once (event: 'exit', listener: (code: number) => void): this
}

/**
 * Starts a worker, sets up in it the `webaudio-node` that the module sees, and loads the module. What the module exports is called
 * by `rpc`. Every `AudioContext` there renders quanta of 128 frames when its device needs them, and takes the microphone at the
 * same pace, in place of a timer of 10 ms and a queue of 200 ms.
 *
 * @param moduleUrl a `URL`, or a path
 * @throws ERR_AUDIO_INVALID_ARG, ERR_AUDIO_OUT_OF_RANGE, or what Node's `Worker` throws: there is no worker then
 * @example
 * // synth.mjs
 * import { AudioContext } from 'webaudio-node'
 * const context = new AudioContext({ sampleRate: 48000 })
 * await context.resume()
 * export const noteOn = (hertz) => {
 *   const oscillator = context.createOscillator({ frequency: hertz })
 *   oscillator.connect(context.destination)
 *   oscillator.start()
 * }
 *
 * // main.mjs
 * const worker = startRenderWorker(new URL('synth.mjs', import.meta.url))
 * await worker.rpc.methods.noteOn(440)
 */
export function startRenderWorker (moduleUrl: URL | string, options?: RenderWorkerOptions): RenderWorker

export interface PullOptions {
  /** Frames rendered at a time, 1 to 32768. Default 128. */
  readonly quantumFrames?: number
  /**
   * How much to keep queued. `'auto'` (default) starts at the least that the period allows, goes up by a period after an underrun, to
   * 100 ms at most, and comes down after half a minute without one; after a step down that went wrong it waits twice as long.
   * A number below what a period needs counts as that.
   */
  readonly targetMs?: number | 'auto'
  /**
   * Whether this thread becomes a real-time one while it renders, where the system allows it (Linux: `SCHED_FIFO` 8). Default true:
   * on a busy machine any other thread is tens of milliseconds late. What renders must then leave the processor alone when it is done.
   */
  readonly realtime?: boolean
}

export interface PullStats {
  readonly targetMs: number
  readonly targetFrames: number
  readonly quanta: number
  /** Since the rendering began. */
  readonly underruns: number
  readonly underrunFrames: number
}

export interface Pull {
  /** Renders no more. What is queued is still played; the device stays open and counts that it runs dry. */
  stop (): void
  /** After `stop`, as it was then. */
  stats (): PullStats
}

/**
 * Starts `device` and renders for it, in this **worker**: sleeps until the device has room, lets the event loop turn, and renders
 * whole quanta until the target is reached. Nothing is allocated for a quantum. Messages are handled in between, at the latest
 * after one period, and calls by `rpc` before the next quantum is rendered. Ends when the device is closed. What `render` throws ends it too
 * and is thrown from there.
 *
 * @param device of format `f32`, with a `capacityMs` above any target; or one of its sources
 * @param render fills `block`, interleaved, `frames × channels` long and always the same object
 * @throws ERR_AUDIO_WOULD_BLOCK on the main thread
 * @example
 * const speaker = sdl.audio.openDevice({ type: 'playback' }, { channels: 2, periodFrames: 128 })
 * const pull = pullRender(speaker, (block) => synth.fill(block))
 */
export function pullRender (
  device: AudioPlaybackInstance | AudioSource,
  render: (block: Float32Array, frames: number) => void,
  options?: PullOptions,
): Pull
