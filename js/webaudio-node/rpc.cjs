'use strict'

const { EventEmitter } = require('node:events')
const { receiveMessageOnPort } = require('node:worker_threads')
const rawr = require('rawr')
const { shown } = require('../options.cjs')

// Either side. Calls by rawr (JSON-RPC) over a MessagePort. What rawr leaves open is settled in the transport: a call of what is
// not there is answered, errors arrive as errors, and calls end when the other side does.

const METHOD_NOT_FOUND = -32601

const isCall = ({ method, id }) => typeof method === 'string' && id !== undefined

class PortTransport extends EventEmitter {
  #port
  #has
  #pending = new Set()
  #gone = null
  /** Calls that came before this side was ready for them; null when it is. */
  #early

  /** `has(name)` tells whether this side has a method of that name. */
  constructor (port, has, ready) {
    super()
    this.#port = port
    this.#has = has
    this.#early = ready ? null : []
    port.on('message', (message) => this.#receive(message))
  }

  send (message, config) {
    if (!isCall(message)) return this.#post(message, config)
    if (this.#gone) return this.#fail(message.id, this.#gone)
    this.#pending.add(message.id)
    try {
      this.#post(message, config)
    } catch (error) {
      this.#pending.delete(message.id)
      this.#fail(message.id, error)
    }
  }

  /** The other side is gone: ends the calls to it, now and from now on; returns how many were waiting. */
  end (error) {
    this.#gone = error
    const waiting = [...this.#pending]
    this.#pending.clear()
    for (const id of waiting) this.#fail(id, error)
    return waiting.length
  }

  /** Takes what the event loop has not come to yet; whether there was anything. */
  take () {
    let next = receiveMessageOnPort(this.#port)
    if (next === undefined) return false
    for (; next !== undefined; next = receiveMessageOnPort(this.#port)) this.#receive(next.message)
    return true
  }

  ready () {
    const early = this.#early ?? []
    this.#early = null
    for (const message of early) this.#receive(message)
  }

  #post (message, config) {
    try {
      this.#port.postMessage(message, config?.postMessageOptions)
    } catch (error) {
      if (isCall(message) || message.id === undefined) throw error
      // A result that cannot be sent.
      this.#port.postMessage({ id: message.id, error: { message: error.message } })
    }
  }

  /** Later, as an answer would come: rawr only knows of the call after `send` has returned. */
  #fail (id, error) {
    queueMicrotask(() => this.emit('rpc', { id, error }))
  }

  #receive (message) {
    if (isCall(message)) {
      if (this.#early) this.#early.push(message)
      else if (this.#has(message.method)) this.emit('rpc', message)
      else this.#post({ id: message.id, error: { code: METHOD_NOT_FOUND, message: `there is no method "${message.method}"` } })
    } else if (message.id !== undefined) {
      this.#pending.delete(message.id)
      const { id, result, error } = message
      this.emit('rpc', { id, result, error: error && Object.assign(new Error(error.message), error) })
    } else {
      this.emit('rpc', message)
    }
  }
}

/** What was thrown, as something that has a message: rawr sends that, and breaks on what has none. */
const errorOf = (thrown) => {
  if (typeof thrown?.message === 'string') return thrown
  return new Error(typeof thrown === 'string' ? thrown : `${shown(thrown)} was thrown`)
}

const answering = (method) => async (...args) => {
  try {
    return await method(...args)
  } catch (thrown) {
    throw errorOf(thrown)
  }
}

/**
 * Returns a rawr peer on `port`: `addMethods` offers functions to the other side, whose calls wait for `ready` where there are no
 * `methods` yet; `take` hears of calls before the event loop does; `end` ends our own.
 */
const peerOn = (port, methods) => {
  const names = new Set()
  const transport = new PortTransport(port, (name) => names.has(name), methods !== undefined)
  const peer = rawr({ transport })
  const addMethods = (more) => {
    for (const [name, method] of Object.entries(more)) {
      if (typeof method !== 'function') continue
      names.add(name)
      peer.addHandler(name, answering(method))
    }
  }
  if (methods) addMethods(methods)
  return { peer, addMethods, ready: () => transport.ready(), take: () => transport.take(), end: (error) => transport.end(error) }
}

module.exports = { peerOn }
