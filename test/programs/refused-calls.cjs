'use strict'

const { inspect } = require('node:util')

// Calls that are refused, each with the code that says so. `s` is what the table is given to act on (bad-input.test.cjs):
// s.output and s.input play and record while the table runs, s.stereo (s16, two channels) holds something and is paused,
// s.swapped is of the other byte order, s.brief has room for ten frames, s.theirs and s.hearing are written and read by another
// thread, s.source and s.tap have room for ten milliseconds, s.shut and s.deaf are closed, and so are s.ended.

const INVALID = 'ERR_AUDIO_INVALID_ARG'
const RANGE = 'ERR_AUDIO_OUT_OF_RANGE'
const CLOSED = 'ERR_AUDIO_CLOSED'
const UNALIGNED = 'ERR_AUDIO_FRAME_ALIGNMENT'
const NOT_FOUND = 'ERR_AUDIO_DEVICE_NOT_FOUND'

/** Integers that a native u32 would take for something else, and others out of any range. */
const TOO_LARGE = [2 ** 32, 2 ** 32 + 1, 2 ** 53]
const NO_INTEGERS = [NaN, 1.5, Infinity, '1', null, [], {}, true]
/** What cannot be made a string, for a message that would show it. */
const NO_STRINGS = [Object.create(null), Symbol('value'), { toString () { throw new Error('not to be called') } }]

const detached = (view) => {
  structuredClone(view.buffer, { transfer: [view.buffer] })
  return view
}
/** A view whose memory has shrunk under it. */
const shrunk = (View) => {
  const memory = new ArrayBuffer(64, { maxByteLength: 64 })
  const view = View === Buffer ? Buffer.from(memory, 32, 32) : new View(memory, 32, 2)
  memory.resize(16)
  return view
}

/** In one line, and memory by its name alone. */
const labelOf = (value) =>
  ArrayBuffer.isView(value) || value instanceof ArrayBuffer
    ? `a ${value.constructor.name}`
    : inspect(value, { breakLength: Infinity })

const row = (code, call, name = String(call).replace(/^\(s\) => s\./, '')) => ({ name, code, call })
const rows = (code, calls) => calls.map((call) => row(code, call))
const each = (code, values, call, name) => values.map((value) => row(code, (s) => call(s, value), `${name}: ${labelOf(value)}`))

const option = (code, name, values, type = 'playback') =>
  each(code, values, (s, value) => s.open({ type }, { [name]: value }), `openDevice with ${name}`)

const opening = [
  ...each(INVALID, [undefined, null, 5, 'speaker', true, {}, [], { type: 5 }, { type: 'speaker' }, { type: '' }, { type: null }],
    (s, device) => s.audio.openDevice(device), 'openDevice of'),
  ...each(INVALID, [null, 5, 'fast', true], (s, options) => s.open({}, options), 'openDevice with options'),
  ...each(INVALID, [5, {}, true], (s, name) => s.open({ name }), 'openDevice with the name'),
  ...each(NOT_FOUND, ['/nowhere/at/all', '', 'a\0b', '/'], (s, name) => s.open({ name }), 'openDevice of the speaker'),
  ...each(NOT_FOUND, ['/nowhere/at/all', 'missing'], (s, name) => s.open({ type: 'recording', name }), 'openDevice of the microphone'),
  ...option(INVALID, 'channels', NO_INTEGERS),
  ...option(RANGE, 'channels', [0, -1, 9, ...TOO_LARGE]),
  ...option(INVALID, 'frequency', NO_INTEGERS),
  ...option(RANGE, 'frequency', [0, -48000, 999, 384001, 2 ** 32 + 48000]),
  ...option(INVALID, 'format', [5, null, {}, '', 'f64', 'S16', 's16le', 'constructor', '__proto__']),
  ...option(INVALID, 'buffered', NO_INTEGERS),
  ...option(RANGE, 'buffered', [0, -1, 3, 1000, 131072, ...TOO_LARGE]),
  ...option(INVALID, 'periodFrames', NO_INTEGERS),
  ...option(RANGE, 'periodFrames', [0, -1, 32769, ...TOO_LARGE]),
  ...['capacityMs', 'maxQueuedMs'].flatMap((name) => [
    ...option(INVALID, name, [NaN, '200', null, {}, true, ...NO_STRINGS]),
    ...option(RANGE, name, [0, -1, Infinity, -Infinity, 3_600_001, 2 ** 32]),
  ]),
  ...option(INVALID, 'onOverflow', ['drop', '', null, 5, ...NO_STRINGS], 'recording'),
  ...option(INVALID, 'onLost', ['retry', '', null, 5, ...NO_STRINGS]),
  ...each(INVALID, [undefined, null, '1', 1.5, NaN, Infinity, 2 ** 53, {}, true], (s, handle) => s.audio.attach(handle), 'attach'),
  ...each(NOT_FOUND, [0, -1, 1e9, 2 ** 32, 2 ** 53 - 1], (s, handle) => s.audio.attach(handle), 'attach'),
  ...rows(NOT_FOUND, [(s) => s.audio.attach(s.shut.handle), (s) => s.audio.attach(s.output.handle + 2 ** 32)]),
]

const NO_BUFFERS = [
  undefined, null, 8, 'abcdefgh', {}, [1, 2, 3, 4], { length: 8 }, new ArrayBuffer(8), new DataView(new ArrayBuffer(8)),
  new Uint8Array(8), new Float32Array(2),
]
/** Neither `Buffer` nor samples of 16 or of 32 bits. */
const NO_SAMPLES = [
  undefined, null, 8, 'abcdefgh', {}, [1, 2], { byteLength: 8 }, new ArrayBuffer(8), new DataView(new ArrayBuffer(8)),
  new Float64Array(2), new BigInt64Array(2), new Uint16Array(4),
]
const counts = (call, name) => [
  ...each(INVALID, NO_INTEGERS, call, name),
  ...each(RANGE, [0, -1, -4, 12, ...TOO_LARGE], call, name),
]

const playing = [
  ...each(INVALID, NO_BUFFERS, (s, buffer) => s.stereo.enqueue(buffer), 'enqueue'),
  ...counts((s, count) => s.stereo.enqueue(Buffer.alloc(8), count), 'enqueue of 8 bytes with numBytes'),
  ...rows(INVALID, [
    (s) => s.stereo.enqueue(Object.create(Buffer.prototype)),
    (s) => s.stereo.enqueue(Object.setPrototypeOf({ length: 8 }, Buffer.prototype)),
    (s) => s.stereo.enqueue({ constructor: Buffer, length: 8 }),
  ]),
  ...rows(RANGE, [
    (s) => s.stereo.enqueue(Buffer.alloc(0)),
    (s) => s.stereo.enqueue(detached(Buffer.from(new ArrayBuffer(8)))),
    (s) => s.stereo.enqueue(detached(Buffer.from(new ArrayBuffer(8))), 8),
    (s) => s.stereo.enqueue(shrunk(Buffer)),
    (s) => s.stereo.enqueue(Object.defineProperty(Buffer.alloc(8), 'length', { value: 4000 })),
  ]),
  ...rows(UNALIGNED, [
    (s) => s.stereo.enqueue(Buffer.alloc(5)),
    (s) => s.stereo.enqueue(Buffer.alloc(6)),
    (s) => s.stereo.enqueue(Buffer.alloc(8), 3),
    (s) => s.output.enqueue(Buffer.alloc(1)),
    (s) => s.stereo.write(Buffer.alloc(7)),
    (s) => s.stereo.write(new Int16Array(3)),
  ]),
  ...each(INVALID, [...NO_SAMPLES, new Float32Array(2)], (s, samples) => s.stereo.write(samples), 'write'),
  ...each(INVALID, [...NO_SAMPLES, new Int16Array(4)], (s, samples) => s.output.write(samples), 'write of f32'),
  ...each(INVALID, [new Int16Array(2), new Uint16Array(2)], (s, samples) => s.swapped.write(samples), 'write of s16msb'),
  ...rows(INVALID, [
    (s) => s.output.write(detached(new Float32Array(2))),
    (s) => s.output.write(detached(Buffer.from(new ArrayBuffer(8)))),
    (s) => s.output.write(shrunk(Float32Array)),
    (s) => s.output.write(shrunk(Buffer)),
    (s) => s.output.write(Object.create(Float32Array.prototype)),
    (s) => s.output.write(Object.create(Buffer.prototype)),
  ]),
  ...rows('ERR_AUDIO_QUEUE_FULL', [
    (s) => s.brief.enqueue(Buffer.alloc(11)),
    (s) => s.brief.enqueue(Buffer.alloc(1_000_000)),
  ]),
  ...rows('ERR_AUDIO_WRITER_TAKEN', [
    (s) => s.theirs.enqueue(Buffer.alloc(4)),
    (s) => s.theirs.write(new Float32Array(1)),
    (s) => s.hearing.dequeue(Buffer.alloc(4)),
    (s) => s.hearing.read(new Float32Array(1)),
  ]),
  ...each(INVALID, [0, 1, 'yes', null, {}], (s, play) => s.output.play(play), 'play'),
]

const recording = [
  ...each(INVALID, NO_BUFFERS, (s, buffer) => s.input.dequeue(buffer), 'dequeue'),
  ...counts((s, count) => s.input.dequeue(Buffer.alloc(8), count), 'dequeue of 8 bytes with numBytes'),
  ...rows(RANGE, [
    (s) => s.input.dequeue(Buffer.alloc(0)),
    (s) => s.input.dequeue(detached(Buffer.from(new ArrayBuffer(8)))),
    (s) => s.input.dequeue(shrunk(Buffer)),
    (s) => s.input.dequeue(Object.defineProperty(Buffer.alloc(8), 'length', { value: 4000 })),
  ]),
  ...each(INVALID, [...NO_SAMPLES, new Int16Array(4)], (s, into) => s.input.read(into), 'read'),
  ...rows(INVALID, [
    (s) => s.input.read(detached(new Float32Array(2))),
    (s) => s.input.read(shrunk(Float32Array)),
    (s) => s.input.read(Object.create(Float32Array.prototype)),
  ]),
  ...rows(UNALIGNED, [(s) => s.input.read(Buffer.alloc(7))]),
  ...each(INVALID, [0, 1, 'yes', null, {}], (s, play) => s.input.play(play), 'play of a microphone'),
]

const waiting = [
  ...each(INVALID, [...NO_INTEGERS, undefined], (s, frames) => s.output.waitForSpace(frames), 'waitForSpace'),
  ...each(RANGE, [0, -1, 9601, ...TOO_LARGE], (s, frames) => s.output.waitForSpace(frames), 'waitForSpace'),
  ...each(INVALID, [NaN, '1', null, {}], (s, timeout) => s.output.waitForSpace(1, timeout), 'waitForSpace within'),
  ...each(RANGE, [-1, -Infinity], (s, timeout) => s.output.waitForSpace(1, timeout), 'waitForSpace within'),
  ...each(INVALID, [...NO_INTEGERS, undefined], (s, frames) => s.input.waitForFrames(frames), 'waitForFrames'),
  ...each(RANGE, [0, -1, 480_001, ...TOO_LARGE], (s, frames) => s.input.waitForFrames(frames), 'waitForFrames'),
  ...each(INVALID, [NaN, '1', null, {}], (s, timeout) => s.input.waitForFrames(1, timeout), 'waitForFrames within'),
  ...rows('ERR_AUDIO_WOULD_BLOCK', [
    (s) => s.output.waitForSpace(1),
    (s) => s.output.waitForSpace(1, 0),
    (s) => s.input.waitForFrames(1),
    (s) => s.input.waitForFrames(480_000, 0),
  ]),
]

const closed = rows(CLOSED, [
  (s) => s.shut.close(), (s) => s.shut.play(), (s) => s.shut.play(false), (s) => s.shut.pause(), (s) => s.shut.clearQueue(),
  (s) => s.shut.enqueue(Buffer.alloc(4)), (s) => s.shut.enqueue(null), (s) => s.shut.write(new Float32Array(1)),
  (s) => s.shut.queued, (s) => s.shut.queuedFrames, (s) => s.shut.spaceFrames, (s) => s.shut.obtained, (s) => s.shut.stats(),
  (s) => s.shut.waitForSpace(1, 0), (s) => s.shut.ref(), (s) => s.shut.unref(),
  (s) => s.deaf.close(), (s) => s.deaf.play(), (s) => s.deaf.pause(), (s) => s.deaf.clearQueue(),
  (s) => s.deaf.dequeue(Buffer.alloc(4)), (s) => s.deaf.read(new Float32Array(1)), (s) => s.deaf.queued,
  (s) => s.deaf.queuedFrames, (s) => s.deaf.obtained, (s) => s.deaf.stats(), (s) => s.deaf.waitForFrames(1, 0),
  (s) => s.deaf.ref(), (s) => s.deaf.unref(),
])

const ABORTED = AbortSignal.abort()
const mixing = [
  ...each(INVALID, [null, 5, 'loud'], (s, options) => s.output.createSource(options), 'createSource'),
  ...each(INVALID, NO_INTEGERS, (s, frequency) => s.output.createSource({ frequency }), 'createSource with frequency'),
  ...each(RANGE, [0, 999, 384001, -1, ...TOO_LARGE], (s, frequency) => s.output.createSource({ frequency }), 'createSource with frequency'),
  ...each(INVALID, NO_INTEGERS, (s, channels) => s.output.createSource({ channels }), 'createSource with channels'),
  ...each(RANGE, [0, 9, -1, ...TOO_LARGE], (s, channels) => s.output.createSource({ channels }), 'createSource with channels'),
  ...each(INVALID, [NaN, '1', null, {}], (s, targetMs) => s.output.createSource({ targetMs }), 'createSource with targetMs'),
  ...each(RANGE, [0, -1, Infinity, 3_600_001], (s, targetMs) => s.output.createSource({ targetMs }), 'createSource with targetMs'),
  ...each(INVALID, [null, 5, {}, new SharedArrayBuffer(4096), new Float32Array(8)], (s, ring) => s.output.createSource({ ring }), 'createSource with ring'),
  ...rows(INVALID, [
    (s) => s.output.createSource({ ring: s.sdl.SharedRing.allocate({ frames: 8, channels: 2 }) }),
    (s) => s.output.createSource({ ring: s.sdl.SharedRing.allocate({ frames: 8 }), frequency: 8000 }),
    (s) => s.input.createTap({ ring: s.sdl.SharedRing.allocate({ frames: 8, channels: 2 }) }),
  ]),
  ...each(INVALID, [NaN, '1', null, {}], (s, gain) => s.output.createSource({ gain }), 'createSource with gain'),
  ...each(INVALID, [null, 5], (s, options) => s.input.createTap(options), 'createTap'),
  ...each(INVALID, ['drop', null, 5], (s, onOverflow) => s.input.createTap({ onOverflow }), 'createTap with onOverflow'),
  ...each(RANGE, [0, -1, Infinity], (s, maxQueuedMs) => s.input.createTap({ maxQueuedMs }), 'createTap with maxQueuedMs'),
  ...['output', 'input', 'source'].flatMap((name) => [
    ...each(INVALID, [undefined, NaN, '1', null, {}], (s, gain) => s[name].setGain(gain), `setGain of the ${name}`),
    ...each(RANGE, [-0.1, 16.1, Infinity], (s, gain) => s[name].setGain(gain), `setGain of the ${name}`),
    ...each(INVALID, [NaN, '1', null], (s, rampMs) => s[name].setGain(1, { rampMs }), `setGain of the ${name} with rampMs`),
    ...each(RANGE, [-1, 60_001, Infinity], (s, rampMs) => s[name].setGain(1, { rampMs }), `setGain of the ${name} with rampMs`),
  ]),
  ...each(INVALID, [NaN, '1', null], (s, fadeMs) => s.output.stop({ fadeMs }), 'stop with fadeMs'),
  ...each(RANGE, [-1, 60_001, Infinity], (s, fadeMs) => s.output.stop({ fadeMs }), 'stop with fadeMs'),
  ...each(INVALID, [...NO_SAMPLES, new Int16Array(4)], (s, samples) => s.source.write(samples), 'write of a source'),
  ...rows(UNALIGNED, [(s) => s.source.write(Buffer.alloc(7))]),
  ...each(INVALID, NO_INTEGERS, (s, frames) => s.source.waitForSpace(frames), 'waitForSpace of a source'),
  ...each(RANGE, [0, -1, 11], (s, frames) => s.source.waitForSpace(frames), 'waitForSpace of a source'),
  ...rows('ERR_AUDIO_WOULD_BLOCK', [(s) => s.source.waitForSpace(1), (s) => s.tap.waitForFrames(1)]),
  ...each(INVALID, [...NO_SAMPLES, new Int16Array(4)], (s, into) => s.tap.read(into), 'read of a tap'),
  ...rows(UNALIGNED, [(s) => s.tap.read(Buffer.alloc(7))]),
  ...each(INVALID, NO_INTEGERS, (s, frames) => s.output.whenSpace(frames), 'whenSpace'),
  ...each(RANGE, [0, -1, 9601], (s, frames) => s.output.whenSpace(frames), 'whenSpace'),
  ...each(INVALID, NO_INTEGERS, (s, frames) => s.tap.whenFrames(frames), 'whenFrames of a tap'),
  ...each(INVALID, [5, 'now', {}, null], (s, signal) => s.output.drain({ signal }), 'drain with signal'),
  ...each(INVALID, [5, 'now', {}, null], (s, signal) => s.source.drain({ signal }), 'drain of a source with signal'),
  ...[
    ['stop', (s, options) => s.output.stop(options)], ['setGain', (s, options) => s.source.setGain(1, options)],
    ['drain', (s, options) => s.output.drain(options)], ['whenSpace', (s, options) => s.source.whenSpace(1, options)],
    ['whenFrames', (s, options) => s.tap.whenFrames(1, options)],
  ].flatMap(([name, call]) => each(INVALID, [null, 5, 'x', Symbol('options')], call, `${name} with options`)),
  ...rows('ERR_AUDIO_ABORTED', [
    (s) => s.output.drain({ signal: ABORTED }), (s) => s.output.whenSpace(1, { signal: ABORTED }), (s) => s.input.whenFrames(1, { signal: ABORTED }),
  ]),
  ...rows(CLOSED, [
    (s) => s.shut.setGain(1), (s) => s.shut.gain, (s) => s.shut.level, (s) => s.shut.position, (s) => s.shut.drain(), (s) => s.shut.stop(),
    (s) => s.shut.whenSpace(1), (s) => s.shut.createSource(), (s) => s.deaf.createTap(), (s) => s.deaf.whenFrames(1), (s) => s.deaf.level,
    (s) => s.ended[0].write(new Float32Array(1)), (s) => s.ended[0].queuedFrames, (s) => s.ended[0].spaceFrames, (s) => s.ended[0].setGain(1),
    (s) => s.ended[0].gain, (s) => s.ended[0].clear(), (s) => s.ended[0].stats(), (s) => s.ended[0].whenSpace(1), (s) => s.ended[0].drain(), (s) => s.ended[0].close(),
    (s) => s.ended[0].ref(), (s) => s.ended[1].read(new Float32Array(1)), (s) => s.ended[1].queuedFrames, (s) => s.ended[1].clear(),
    (s) => s.ended[1].stats(), (s) => s.ended[1].whenFrames(1), (s) => s.ended[1].close(), (s) => s.ended[1].unref(),
  ]),
  ...rows(NOT_FOUND, [(s) => s.audio.attach(s.ended[0].handle), (s) => s.audio.attach(s.ended[1].handle)]),
]

const others = [
  ...rows(INVALID, [
    (s) => s.output.on('data', () => {}), (s) => s.input.once('underrun', () => {}), (s) => s.audio.on('change', () => {}),
    (s) => s.output.emit('overrun'),
  ]),
  ...['bytesPerSample', 'minSampleValue', 'zeroSampleValue', 'maxSampleValue', 'readSample', 'writeSample'].flatMap((name) =>
    each(INVALID, ['f64', '', 5, null, undefined, 'constructor'], (s, format) => s.audio[name](format, Buffer.alloc(8), 0), name)),
  ...rows('ERR_OUT_OF_RANGE', [
    (s) => s.output.readSample(Buffer.alloc(8), 6), (s) => s.output.writeSample(Buffer.alloc(8), 0, -1),
    (s) => s.stereo.writeSample(Buffer.alloc(8), 40_000, 0),
  ]),
]

module.exports = { refusedCalls: [...opening, ...playing, ...recording, ...waiting, ...closed, ...mixing, ...others] }
