'use strict'

// Where ours differs from the peer on purpose: why, and what it does instead, row by row. A row that no longer differs has
// to leave this list; a test sees to it.

const { types } = require('./calls/values.cjs')

const returned = (value) => ({ returned: value })
const threw = (code, message, fields) => ({ threw: { class: 'Error', message, fields: { ...fields, code: `ERR_AUDIO_${code}` } } })
const invalid = (message, fields) => threw('INVALID_ARG', message, fields)
const outOfRange = (message, fields) => threw('OUT_OF_RANGE', message, fields)

const notAFrame = (bytes) => threw(
  'FRAME_ALIGNMENT',
  `Expected a multiple of 4 bytes (one frame) but received ${bytes}; part of a frame would swap the channels`,
  { bytes, frameBytes: 4 },
)

/** One entry per row, made from what the rows have in their names. */
const each = (keys, row, ours) => Object.fromEntries(keys.map((key) => [row(key), ours(key)]))

const absent = ['video', 'keyboard', 'mouse', 'touch', 'joystick', 'controller', 'sensor', 'clipboard', 'power']

const loading = [
  {
    because: 'the rest of SDL is not here, and says so when it is asked for; what SDL does not have is',
    rows: {
      'module · names': returned([
        'AesCtr', 'AudioProcessor', 'AudioProcessorPool', 'JitterBuffer', 'OpusDecoder', 'OpusEncoder', 'PacketOpener', 'PacketSealer',
        'PlayoutBuffer', 'PlayoutClock', 'Receiver', 'Resampler', 'Sender', 'SharedRing', 'audio', 'createCaptureStream', 'createPlaybackStream', 'floatToInt16', 'info', 'int16ToFloat', 'opusVersion',
      ]),
      ...each(absent, (name) => `module · typeof sdl.${name}`, (name) => (
        threw('NOT_SUPPORTED', `sdl.${name} is not part of sdl-callback-audio, which is SDL's audio only; use @kmamal/sdl for it`)
      )),
      ...each(
        ['video', 'joystick', 'controller', 'haptic', 'sensor'],
        (name) => `info · initialized.${name}`,
        () => returned(false),
      ),
    },
  },
  {
    because: 'it works in workers',
    rows: { 'module · loaded in a worker': { returned: 'AudioPlaybackInstance', ended: 0 } },
  },
  {
    because: 'its SDL is the one that it was built with',
    rows: { 'info · version.runtime': returned({ major: 2, minor: 26, patch: 4 }) },
  },
  {
    because: 'without a sound system it loads all the same: only opening a device fails',
    rows: {
      'audio · devices · with a driver that does not exist': { returned: [null, false, []], ended: 0 },
      'openDevice · with a driver that does not exist': {
        ...threw('OPEN_FAILED', "SDL_Init() error: Audio target 'gramophone' not available"),
        ended: 0,
      },
    },
  },
]

/** Label of the row → the format as it is written down. */
const notFormats = {
  undefined: '<undefined>',
  null: null,
  'a number': 16,
  'an object': {},
  empty: '',
  unknown: 'f64',
  'in capitals': 'S16',
  'with a space': 's16 ',
  'a name that every object has': 'toString',
  ['__proto__']: '__proto__',
}
const formatFunctions = ['bytesPerSample', 'minSampleValue', 'maxSampleValue', 'zeroSampleValue', 'readSample', 'writeSample']
const atFormats = ['sdl.audio', 'helpers'].flatMap((place) => Object.keys(notFormats).map((label) => ({ place, label })))

const checks = [
  {
    because: 'an unknown format is told as such, where the peer runs into undefined',
    rows: {
      ...each(
        atFormats,
        ({ place, label }) => `formats · ${place} · a format that is ${label}`,
        ({ label }) => returned(each(formatFunctions, (name) => name, () => invalid('invalid format', { format: notFormats[label] }))),
      ),
      ...each(types, (type) => `openDevice · ${type} · format: 'hasOwnProperty'`, () => (
        invalid('invalid format', { format: 'hasOwnProperty' })
      )),
    },
  },
  {
    because: 'an argument that is missing is told as such, where the peer runs into null or undefined',
    rows: {
      'openDevice · device is null': invalid('device must be an object', { device: null }),
      'openDevice · options are null': invalid('options must be an object', { options: null }),
      'enqueue · null': returned([invalid('buffer must be a Buffer', { buffer: null }), 0]),
      'enqueue · nothing': invalid('buffer must be a Buffer', { buffer: '<undefined>' }),
      'dequeue · null': invalid('buffer must be a Buffer', { buffer: null }),
      'dequeue · nothing': invalid('buffer must be a Buffer', { buffer: '<undefined>' }),
      'after close · playback · enqueue of nothing': threw('CLOSED', 'instance is closed', { id: '<id>' }),
      'after close · recording · dequeue of nothing': threw('CLOSED', 'instance is closed', { id: '<id>' }),
    },
  },
  {
    because: 'options that are no object are a mistake, which the peer takes for no options',
    rows: {
      'openDevice · options are a number': invalid('options must be an object', { options: 48000 }),
      'openDevice · options are a string': invalid('options must be an object', { options: 'stereo' }),
      'openDevice · options are true': invalid('options must be an object', { options: true }),
    },
  },
  {
    because: 'every number of channels from 1 to 8 is accepted',
    rows: each(
      types.flatMap((type) => [3, 5, 7, 8].map((channels) => ({ type, channels }))),
      ({ type, channels }) => `openDevice · ${type} · channels: ${channels}`,
      ({ channels }) => returned({ channels, frequency: 48000, format: 'f32', buffered: 256 }),
    ),
  },
  {
    because: 'frequencies outside 1000 to 384000 Hz are refused: no device runs at them',
    rows: each(
      [10, 999, 384001, 1000000, 2 ** 32],
      (hz) => `openDevice · playback · frequency: ${hz}`,
      (hz) => outOfRange(`Expected frequency from 1000 to 384000 but received ${hz}`, { frequency: hz }),
    ),
  },
  {
    because: 'buffered above 65536 is refused, where SDL wraps it round to some other period',
    rows: each(
      [2 ** 17, 2 ** 30, 2 ** 31],
      (frames) => `openDevice · playback · buffered: ${frames}`,
      (frames) => outOfRange(`Expected buffered from 1 to 65536 but received ${frames}`, { buffered: frames }),
    ),
  },
]

/** The driver's only devices. */
const LISTED = { playback: 'System audio output device', recording: 'System audio capture device' }
const notFound = (type, name, said) =>
  threw('DEVICE_NOT_FOUND', `SDL_OpenAudioDevice() error: ${said}: asked for the ${type} device "${name}"; listed are: "${LISTED[type]}"`)

const unknown = [
  {
    because: "behind SDL's words stands which device was asked for, and which there are",
    rows: {
      ...each(types, (type) => `openDevice · ${type} · device.name is empty`, (type) => notFound(type, '', 'No such device')),
      ...each(types, (type) => `openDevice · ${type} · device.name is unknown`, (type) => notFound(type, 'gramophone', 'No such device')),
      'disk · playback · a file that cannot be made': {
        ...notFound('playback', 'no/such/folder.raw', "Couldn't open no/such/folder.raw"), ended: 0,
      },
      'disk · recording · a file that is missing': { ...notFound('recording', 'missing.raw', "Couldn't open missing.raw"), ended: 0 },
    },
  },
]

const queues = [
  {
    because: 'a part of a frame is refused: from there on, every sample would go to another channel',
    rows: {
      'enqueue · numBytes: no whole frame': returned([notAFrame(3), 0]),
      'enqueue · numBytes: a frame and a byte': returned([notAFrame(5), 0]),
      'enqueue · bytes that make no frame': returned([notAFrame(6), 0]),
    },
  },
  {
    because: 'dequeue gives whole frames only, and leaves the rest for the next call',
    rows: {
      'dequeue · numBytes: no whole frame': returned({ returned: 0, gone: 0 }),
      'dequeue · numBytes: a frame and a byte': returned({ returned: 4, gone: 4 }),
      'dequeue · bytes that make no frame': returned({ returned: 8, gone: 8 }),
    },
  },
  {
    because: "an error that some other part of SDL left behind is no error of dequeue's",
    rows: { 'disk · recording · the first dequeue of a process': { returned: 0, ended: 0 } },
  },
]

/** Nobody listens for 'error' in these rows, and Node throws what nobody listens for. */
const unhandled = {
  threw: { class: 'Error', message: 'Unhandled error. (1)', fields: { code: 'ERR_UNHANDLED_ERROR', context: 1 } },
}

const events = [
  {
    because: 'there are more events, and so names that the peer does not know',
    rows: {
      "listen · audio · on('error')": returned(true),
      ...each(
        ['error', 'underrun', 'lost', 'restored'],
        (event) => `listen · playback · on('${event}')`,
        () => returned(true),
      ),
      ...each(
        ['error', 'overrun', 'lost', 'restored'],
        (event) => `listen · recording · on('${event}')`,
        () => returned(true),
      ),
      ...each(['audio', ...types], (name) => `emit · ${name} · 'error'`, () => unhandled),
    },
  },
  {
    because: "emit tells whether anybody listened, as Node's does and as the types of both say",
    rows: {
      ...each(['audio', ...types], (name) => `emit · ${name} · returns, with nobody listening`, () => returned(false)),
      'emit · audio · returns, with a listener': { returned: true, heard: [['deviceAdd']] },
      ...each(types, (name) => `emit · ${name} · returns, with a listener`, () => ({ returned: true, heard: [['close']] })),
      ...each(types, (name) => `after close · ${name} · emit`, () => ({ returned: true, heard: [['close']] })),
    },
  },
  {
    because: "Node's promises of events work, which listen for 'error' too",
    rows: {
      "listen · events.once(playback, 'close')": returned([]),
      "listen · events.on(playback, 'close')": returned([]),
    },
  },
  {
    because: 'a device closes though a listener throws',
    rows: each(types, (type) => `close · ${type} · a listener that throws`, () => returned({
      first: { threw: { class: 'RangeError', message: 'a listener failed', fields: {} } },
      closedBy: true,
      second: threw('CLOSED', 'instance is closed', { id: '<id>' }),
      closed: true,
    })),
  },
]

const losses = [
  {
    because: "a lost device's instance is told 'lost' and stays open: the stream outlives its device, and who plays it decides (onLost)",
    rows: {
      'disk · playback · a device that breaks while it plays': { returned: { closed: false }, notes: [['lost'], ['close']], ended: 0 },
    },
  },
]

const ended = (code, ...notes) => ({ returned: '<undefined>', ...(notes.length > 0 && { notes }), ended: code })

const processes = [
  {
    because: 'listeners keep no process alive',
    rows: {
      "process · a listener of 'deviceAdd'": ended(0),
      "process · a listener of audio's '*'": ended(0),
      "process · a listener of 'close'": ended(0),
      "process · a listener of 'deviceAdd' while a queue plays": ended(0, ['exit', 0, 'nothing is queued']),
    },
  },
  {
    because: 'nobody waits for a queue that was paused or closed in the meantime',
    rows: {
      'process · device paused in beforeExit': ended(0, ['left']),
      'process · device closed in beforeExit': ended(0, ['left']),
    },
  },
  {
    because: 'devices are closed, and tell it, whatever the exit code is',
    rows: {
      'process · what an open device tells at process.exit(7)': ended(7, ['exit begins', false], ['close'], ['exit ends', true]),
    },
  },
]

module.exports = { differences: [...loading, ...checks, ...unknown, ...queues, ...events, ...losses, ...processes] }
