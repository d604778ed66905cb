'use strict'

const assert = require('node:assert/strict')
const { EventEmitter } = require('node:events')
const fs = require('node:fs')
const path = require('node:path')
const ts = require('typescript')
const { perform, PATIENCE_MS } = require('./studio.cjs')
const { refusedCalls } = require('../programs/refused-calls.cjs')

const ROOT = path.join(__dirname, '..', '..')
const USERS = ['consumer.cts', 'consumer.mts', 'kmamal.mts'].map((name) => path.join(ROOT, 'test', 'types', name))

const { exports: entries } = require('../../package.json')
/** Each way in, by `require` and by `import`: what is declared of it and where. */
const WAYS = ['.', './helpers', './webaudio-node'].flatMap((entry) =>
  ['require', 'import'].map((how) => ({
    how, name: path.posix.join('sdl-callback-audio', entry), types: path.join(ROOT, entries[entry][how].types),
  })))

const program = ts.createProgram([...USERS, ...WAYS.map(({ types }) => types)], {
  strict: true,
  noEmit: true,
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  target: ts.ScriptTarget.ES2022,
  lib: ['lib.es2022.d.ts', 'lib.esnext.disposable.d.ts'],
  types: ['node'],
  // As an override in a package.json does.
  paths: {
    '@kmamal/sdl': [path.join(ROOT, entries['.'].import.types)],
    '@kmamal/sdl/helpers': [path.join(ROOT, entries['./helpers'].import.types)],
  },
})
const checker = program.getTypeChecker()
const exportsOf = (file) => checker.getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(file)))
const declared = exportsOf(path.join(ROOT, 'index.d.ts'))
const typeOf = (name) => {
  const symbol = declared.find((symbol) => symbol.name === name)
  assert.ok(symbol, `${name} is not declared`)
  return symbol.flags & ts.SymbolFlags.Type ? checker.getDeclaredTypeOfSymbol(symbol) : checker.getTypeOfSymbol(symbol)
}
const isOurs = ({ declarations = [] }) => declarations.some((node) => !node.getSourceFile().fileName.includes('/node_modules/'))
const membersOf = (type) => type.getProperties().filter(isOurs).map(({ name }) => (name.startsWith('__@') ? `[${name.split('@')[1]}]` : name)).sort()
const wordsOf = (name) => typeOf(name).types.map(({ value }) => value).sort()

/** The shape of a declared object, as far down as it is ours: names, and below them names. */
const shapeOf = (type) => {
  const object = type.isUnion() ? type.types.find((part) => part.getProperties().some(isOurs)) ?? type : type
  if (checker.isArrayType(object) || !object.getProperties().some(isOurs)) return true
  return Object.fromEntries(object.getProperties().filter(isOurs).map((symbol) => [symbol.name, shapeOf(checker.getTypeOfSymbol(symbol))]))
}
const shapeOfValue = (value) =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).map(([name, part]) => [name, shapeOfValue(part)]))
    : true

/** What is there at run time, asked of a scene once. */
const look = () => perform({ delayMs: 1 }, async ({ sdl, audio, speaker, microphone, heard, until, PipeMicrophone }) => {
  const { EventEmitter } = require('node:events')
  const members = (object) => {
    const names = new Set()
    for (let at = object; at && at !== EventEmitter.prototype && at !== Object.prototype; at = Object.getPrototypeOf(at)) {
      for (const key of Reflect.ownKeys(at)) {
        // Symbols of the language; what Node keeps under symbols of its own is its business.
        const symbol = Object.getOwnPropertyNames(Symbol).find((name) => Symbol[name] === key)
        if (typeof key === 'string') names.add(key)
        else if (symbol) names.add(`[${symbol}]`)
      }
    }
    return [...names]
  }
  const asked = new Set()
  const options = new Proxy({}, { get: (_, name) => { asked.add(name) } })
  audio.openDevice({ type: 'playback', name: '/dev/null' }, options).close()
  const pipe = new PipeMicrophone()
  const [output, input] = [speaker({ periodFrames: 48 }), microphone({ periodFrames: 48, maxQueuedMs: 1 }, pipe.file)]
  const events = [heard(output, 'underrun'), heard(input, 'overrun')]
  output.enqueue(Buffer.alloc(4))
  output.play()
  input.play()
  await pipe.feed(Buffer.alloc(4 * 480))
  await until(() => output.obtained.threadPriority.policy !== 'unknown')
  const [source, tap, ring] = [output.createSource(), input.createTap(), sdl.SharedRing.allocate({ frames: 1 })]
  const found = {
    options: [...asked],
    AudioSource: members(source),
    AudioTap: members(tap),
    SharedRing: members(ring),
    SourceStats: source.stats(),
    TapStats: tap.stats(),
    Receiver: members(new sdl.Receiver({ source: output.createSource() })),
    ReceiverStats: new sdl.Receiver({ source: output.createSource() }).stats(),
    Level: output.level,
    Position: input.position,
    AudioPlaybackInstance: members(output),
    AudioRecordingInstance: members(input),
    AudioModule: members(audio),
    PlaybackStats: output.stats(),
    RecordingStats: input.stats(),
    Obtained: output.obtained,
    ShortageEvent: await Promise.all(events),
    Info: { ...Object.fromEntries(Object.keys(sdl.info).map((name) => [name, sdl.info[name]])) },
    Device: audio.devices,
  }
  pipe.end()
  output.close()
  input.close()
  return found
})

describe('index.d.ts', function () {
  this.timeout(PATIENCE_MS)

  let found
  before('a look at what there is', async () => { found = await look() })

  it('serves users in CommonJS and in ES modules, and refuses what has to be refused', () => {
    const complaints = ts.getPreEmitDiagnostics(program)
    assert.equal(ts.formatDiagnostics(complaints, {
      getCanonicalFileName: (name) => name, getCurrentDirectory: () => ROOT, getNewLine: () => '\n',
    }), '')
  })

  for (const { how, name, types } of WAYS) {
    it(`declares as values what ${how} of ${name} gives, and nothing else`, async () => {
      const target = (symbol) => (symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol)
      const values = exportsOf(types).filter((symbol) => target(symbol).flags & ts.SymbolFlags.Value).map((symbol) => symbol.name)
      const given = how === 'require' ? require(name) : await import(name)
      assert.deepEqual(values.sort(), Object.keys(given).sort())
    })
  }

  /** What is Node's own emitter's, or how ours is made from it, is not spelt out. */
  const INNER = ['constructor', 'onListener', '_events', '_eventsCount', '_maxListeners']
  const known = (names) => names.filter((name) => !INNER.includes(name) && !(name in EventEmitter.prototype)).sort()

  for (const name of ['AudioPlaybackInstance', 'AudioRecordingInstance', 'AudioModule', 'AudioSource', 'AudioTap', 'SharedRing', 'Receiver']) {
    it(`declares every member of ${name}, and none that is not there`, () => {
      assert.deepEqual(known(membersOf(typeOf(name))), known(found[name]))
    })
  }

  it('declares every option that openDevice looks at', () => {
    assert.deepEqual(membersOf(typeOf('AudioOptions')), found.options.sort())
  })

  for (const name of ['PlaybackStats', 'RecordingStats', 'SourceStats', 'TapStats', 'ReceiverStats', 'Level', 'Position', 'Info', 'Obtained']) {
    it(`declares ${name} as it comes`, () => {
      const [wanted, got] = [shapeOf(typeOf(name)), shapeOfValue(found[name])]
      // Of these two a priority has the one that goes with its policy.
      if (name === 'Obtained') for (const word of ['nice', 'level']) delete wanted.threadPriority[word], delete got.threadPriority[word]
      assert.deepEqual(got, wanted)
    })
  }

  it('declares events as they come', () => {
    for (const event of found.ShortageEvent) assert.deepEqual(Object.keys(event).sort(), membersOf(typeOf('ShortageEvent')))
    for (const device of found.Device) assert.deepEqual(Object.keys(device).sort(), membersOf(typeOf('Device')))
  })

  it('knows the formats', () => {
    const { formats } = require('../../js/formats.cjs')
    assert.deepEqual(wordsOf('Format'), [...formats.keys()].sort())
  })

  it('knows every error code, and none that is never thrown', () => {
    const files = ['js', 'src'].flatMap((dir) => fs.readdirSync(path.join(ROOT, dir)).map((name) => path.join(ROOT, dir, name)))
      .filter((file) => /\.(cjs|rs)$/.test(file) && !file.endsWith('native.cjs'))
    const source = files.map((file) => fs.readFileSync(file, 'utf8')).join('\n')
    const thrown = new Set([...source.matchAll(/codedError\(\s*'(\w+)'|"ERR_AUDIO_(\w+)"/g)].map(([, js, rust]) => `ERR_AUDIO_${js ?? rust}`))
    assert.deepEqual([...thrown].sort(), wordsOf('AudioErrorCode'))
    for (const { code } of refusedCalls) assert.ok(thrown.has(code) || code === 'ERR_OUT_OF_RANGE', code)
  })
})
