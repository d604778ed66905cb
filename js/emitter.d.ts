import type { EventEmitter } from 'node:events'

/** An emitter that knows its events; a listener for any other throws `ERR_AUDIO_INVALID_ARG`. `'*'` hears them all. */
type Listening = 'on' | 'once' | 'off' | 'addListener' | 'removeListener' | 'prependListener' | 'prependOnceListener'
export interface KnownEventsEmitter<Events> extends Omit<EventEmitter, Listening> {
  on<K extends keyof Events> (event: K, listener: (...args: Extract<Events[K], unknown[]>) => void): this
  once<K extends keyof Events> (event: K, listener: (...args: Extract<Events[K], unknown[]>) => void): this
  off<K extends keyof Events> (event: K, listener: (...args: Extract<Events[K], unknown[]>) => void): this
  addListener<K extends keyof Events> (event: K, listener: (...args: Extract<Events[K], unknown[]>) => void): this
  removeListener<K extends keyof Events> (event: K, listener: (...args: Extract<Events[K], unknown[]>) => void): this
  prependListener<K extends keyof Events> (event: K, listener: (...args: Extract<Events[K], unknown[]>) => void): this
  prependOnceListener<K extends keyof Events> (event: K, listener: (...args: Extract<Events[K], unknown[]>) => void): this
}
