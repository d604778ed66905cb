'use strict'

const { once, on } = require('node:events')
const { row, alone } = require('../row.cjs')

// Adding and removing listeners: which names an emitter accepts, and what it says of them.

/** Adds without a trace: on `sdl.audio` a listener would outlive its row. */
const trial = (emitter, act) => {
  const listener = () => {}
  try {
    return act(listener)
  } finally {
    for (const event of emitter.eventNames()) emitter.off(event, listener)
  }
}

const emitters = {
  audio: ({ audio }) => audio,
  playback: ({ playback }) => playback(),
  recording: ({ recording }) => recording(),
}

const known = ['close', 'deviceAdd', 'deviceRemove', '*', 'newListener', 'removeListener']
/** Names that mean something elsewhere in SDL, or in ours. */
const foreign = ['error', 'underrun', 'overrun', 'lost', 'restored', 'quit', 'data', 'drain', 'Close', 'deviceadd', '', 'toString']
const odd = [['undefined', undefined], ['null', null], ['a number', 42], ['a symbol', Symbol('close')], ['an object', {}]]
const adding = ['on', 'once', 'addListener', 'prependListener', 'prependOnceListener']
const notListeners = [['undefined', undefined], ['null', null], ['a string', 'close'], ['an object', {}]]

const ofEmitter = ([name, find]) => [
  ...[...known, ...foreign].map((event) => (
    row(`listen · ${name} · on('${event}')`, (stage) => {
      const emitter = find(stage)
      return trial(emitter, (listener) => emitter.on(event, listener) === emitter)
    })
  )),
  ...odd.map(([label, event]) => (
    row(`listen · ${name} · on of ${label}`, (stage) => {
      const emitter = find(stage)
      return trial(emitter, (listener) => emitter.on(event, listener) === emitter)
    })
  )),
  ...adding.slice(1).map((method) => (
    row(`listen · ${name} · ${method}('gramophone')`, (stage) => {
      const emitter = find(stage)
      return trial(emitter, (listener) => emitter[method]('gramophone', listener))
    })
  )),
  ...adding.map((method) => (
    row(`listen · ${name} · ${method} adds one listener and chains`, (stage) => {
      const emitter = find(stage)
      return trial(emitter, (listener) => {
        const before = emitter.listenerCount('*')
        return { chains: emitter[method]('*', listener) === emitter, added: emitter.listenerCount('*') - before }
      })
    })
  )),
  ...notListeners.map(([label, listener]) => (
    row(`listen · ${name} · a listener that is ${label}`, (stage) => { find(stage).on('*', listener) })
  )),
  row(`listen · ${name} · a refused name leaves no listener`, (stage) => {
    const emitter = find(stage)
    stage.attempt(() => emitter.on('gramophone', () => {}))
    return emitter.listenerCount('gramophone')
  }),
  row(`listen · ${name} · off of a name that is not known`, (stage) => {
    const emitter = find(stage)
    return emitter.off('gramophone', () => {}) === emitter
  }),
  row(`listen · ${name} · off of a listener that was never added`, (stage) => {
    const emitter = find(stage)
    return emitter.off('*', () => {}) === emitter
  }),
  row(`listen · ${name} · removeAllListeners of one name`, (stage) => {
    const emitter = find(stage)
    emitter.on('*', () => {})
    emitter.on('*', () => {})
    return { chains: emitter.removeAllListeners('*') === emitter, left: emitter.listenerCount('*') }
  }),
  row(`listen · ${name} · names are still checked after removeAllListeners of one`, (stage) => {
    const emitter = find(stage)
    emitter.removeAllListeners('*')
    emitter.on('gramophone', () => {})
  }),
  alone(`listen · ${name} · names after removeAllListeners of all`, (stage) => {
    const emitter = find(stage)
    emitter.removeAllListeners()
    return stage.attempt(() => trial(emitter, (listener) => emitter.on('gramophone', listener) === emitter))
  }),
  row(`listen · ${name} · eventNames without listeners`, (stage) => find(stage).eventNames()),
  row(`listen · ${name} · getMaxListeners`, (stage) => find(stage).getMaxListeners()),
  row(`listen · ${name} · newListener`, (stage) => {
    const emitter = find(stage)
    const added = stage.listener('newListener')
    const listener = () => {}
    emitter.on('newListener', added)
    emitter.on('*', listener)
    emitter.once('*', listener)
    emitter.off('newListener', added)
    emitter.removeAllListeners('*')
  }),
  row(`listen · ${name} · removeListener`, (stage) => {
    const emitter = find(stage)
    const removed = stage.listener('removeListener')
    const listener = () => {}
    emitter.on('removeListener', removed)
    emitter.on('*', listener)
    emitter.off('*', listener)
    emitter.off('removeListener', removed)
  }),
  row(`listen · ${name} · newListener comes before the listener is there`, (stage) => {
    const emitter = find(stage)
    const listener = () => {}
    let countInEvent
    emitter.once('newListener', () => { countInEvent = emitter.listenerCount('*') })
    emitter.on('*', listener)
    const after = emitter.listenerCount('*')
    emitter.off('*', listener)
    return [countInEvent, after]
  }),
  row(`listen · ${name} · newListener for a name that is not known`, (stage) => {
    const emitter = find(stage)
    const added = stage.listener('newListener')
    emitter.on('newListener', added)
    const outcome = stage.attempt(() => emitter.on('gramophone', () => {}))
    emitter.off('newListener', added)
    return outcome
  }),
]

const promised = [
  row("listen · events.once(playback, 'close')", async ({ playback }) => {
    const device = playback()
    const heard = once(device, 'close')
    // Handled here already: it may have been refused, and the row awaits it only after closing.
    heard.catch(() => {})
    device.close()
    return heard
  }),
  row("listen · events.on(playback, 'close')", async ({ playback, attempt }) => {
    const device = playback()
    let iterator
    const made = attempt(() => { iterator = on(device, 'close') })
    device.close()
    return iterator ? (await iterator.next()).value : made
  }),
]

module.exports = [...Object.entries(emitters).flatMap(ofEmitter), ...promised]
