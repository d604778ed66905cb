'use strict'

const { row } = require('../row.cjs')

// `emit`: who hears an event, with which arguments, and in which order.

const cases = {
  audio: { find: ({ audio }) => audio, event: 'deviceAdd', foreign: 'close' },
  playback: { find: ({ playback }) => playback(), event: 'close', foreign: 'deviceAdd' },
  recording: { find: ({ recording }) => recording(), event: 'close', foreign: 'deviceAdd' },
}

const tell = { type: 'deviceAdd', device: { name: 'Gramophone', type: 'playback' } }

const ofEmitter = ([name, { find, event, foreign }]) => {
  /** A row with an emitter whose listeners are taken off again: `sdl.audio` outlives the row. */
  const emitting = (label, act) => row(`emit · ${name} · ${label}`, (stage) => {
    const emitter = find(stage)
    try {
      return act(emitter, stage)
    } finally {
      for (const known of [event, '*']) emitter.removeAllListeners(known)
    }
  })

  return [
    emitting('returns, with nobody listening', (emitter) => emitter.emit(event)),
    emitting('returns, with a listener', (emitter, { listener }) => {
      emitter.on(event, listener(event))
      return emitter.emit(event)
    }),
    emitting('arguments', (emitter, { listener }) => {
      emitter.on(event, listener(event))
      emitter.emit(event, tell, 2, 'three')
    }),
    emitting("'*' hears the name first", (emitter, { listener }) => {
      emitter.on('*', listener('*'))
      emitter.emit(event, tell, 2)
    }),
    emitting("'*' hears it last", (emitter, { listener }) => {
      emitter.on('*', listener('*'))
      emitter.on(event, listener('first'))
      emitter.on(event, listener('second'))
      emitter.emit(event)
    }),
    emitting('prepended listeners come first', (emitter, { listener }) => {
      emitter.on(event, listener('added'))
      emitter.prependListener(event, listener('prepended'))
      emitter.emit(event)
    }),
    emitting('once', (emitter, { listener }) => {
      emitter.once(event, listener('once'))
      emitter.on(event, listener('on'))
      emitter.emit(event)
      emitter.emit(event)
    }),
    emitting("once of '*'", (emitter, { listener }) => {
      emitter.once('*', listener('*'))
      emitter.emit(event)
      emitter.emit(event)
    }),
    emitting('a listener that was removed', (emitter, { listener }) => {
      const removed = listener('removed')
      emitter.on(event, removed)
      emitter.on(event, listener('kept'))
      emitter.off(event, removed)
      emitter.emit(event)
    }),
    emitting('a listener that is added twice', (emitter, { listener }) => {
      const twice = listener('twice')
      emitter.on(event, twice)
      emitter.on(event, twice)
      emitter.emit(event)
    }),
    emitting('this is the emitter', (emitter) => {
      let self
      emitter.on(event, function () { self = this })
      emitter.emit(event)
      return self === emitter
    }),
    emitting("this is the emitter, for '*'", (emitter) => {
      let self
      emitter.on('*', function () { self = this })
      emitter.emit(event)
      return self === emitter
    }),
    emitting("a listener that throws keeps it from the rest and from '*'", (emitter, { listener, attempt }) => {
      emitter.on(event, () => { throw new RangeError('a listener failed') })
      emitter.on(event, listener('next'))
      emitter.on('*', listener('*'))
      return attempt(() => emitter.emit(event))
    }),
    emitting("'*' itself is heard once", (emitter, { listener }) => {
      emitter.on('*', listener('*'))
      emitter.on(event, listener(event))
      emitter.emit('*', event, tell)
    }),
    emitting("an event of another emitter's", (emitter, { listener }) => {
      emitter.on('*', listener('*'))
      emitter.emit(foreign)
    }),
    ...['gramophone', 'error', ''].map((unknown) => (
      emitting(`'${unknown}'`, (emitter, { listener }) => {
        emitter.on('*', listener('*'))
        emitter.emit(unknown, 1)
      })
    )),
    emitting('a symbol', (emitter) => emitter.emit(Symbol('close'))),
    emitting('undefined', (emitter) => emitter.emit()),
    emitting('does nothing to the emitter itself', (emitter) => {
      emitter.emit(event)
      return emitter.closed
    }),
  ]
}

module.exports = Object.entries(cases).flatMap(ofEmitter)
