'use strict'
// Any thread. A private PulseAudio server: what is played into its null sink comes back on its microphone.
// Command line: node test/audio-server.cjs COMMAND [ARG...]   runs COMMAND against one, ends it, exits as COMMAND did.

const { spawn, spawnSync } = require('node:child_process')
const { once } = require('node:events')
const fs = require('node:fs')
const net = require('node:net')
const os = require('node:os')
const path = require('node:path')
const { setTimeout: sleep } = require('node:timers/promises')

const CHANNELS = 2
/** Of a server's folder; the process id of its owner follows. */
const DIR_PREFIX = 'audio-server-'
const ORPHAN = new RegExp(`^${DIR_PREFIX}(\\d+)-`)
const END_SIGNALS = ['SIGHUP', 'SIGINT', 'SIGTERM']
const running = new Set()

/** Starts a child that the kernel ends with us, even when we are killed with SIGKILL. */
const spawnTied = (command, args, options) =>
  spawn('setpriv', ['--pdeathsig', 'KILL', command, ...args], options)

/**
 * Puts a process ahead of whatever else this machine does, where this user may: the tests judge what comes out of our side
 * of the socket, and a server that is late tells nothing about it. (PulseAudio undoes a priority it is started with.)
 */
const putAhead = (pid) => spawnSync('chrt', ['--all-tasks', '--rr', '--pid', '5', String(pid)])

/** Throws an error that says what to install if a program of the audio server is not on PATH. */
function requireProgram (name, debianPackage) {
  const found = process.env.PATH.split(path.delimiter).some((dir) => fs.existsSync(path.join(dir, name)))
  if (!found) throw new Error(`"${name}" is missing: apt-get install ${debianPackage} (or: node .ci/setup.mjs --for=test)`)
}

const isAlive = (pid) => {
  try {
    return process.kill(pid, 0)
  } catch ({ code }) {
    return code !== 'ESRCH'
  }
}

/** Removes the files of servers whose owners were killed before they could. */
function removeOrphans () {
  for (const name of fs.readdirSync(os.tmpdir())) {
    const [, pid] = name.match(ORPHAN) ?? []
    if (!pid || isAlive(Number(pid))) continue
    try {
      fs.rmSync(path.join(os.tmpdir(), name), { recursive: true, force: true })
    } catch {} // Another user's.
  }
}

/** Tells whether something answers on a Unix socket. */
async function answers (socketPath) {
  const socket = net.connect(socketPath)
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}

/** Reads a pipe of 32-bit floats to its end or to `count` samples, whichever comes first. */
class FloatSink {
  #chunks = []
  #bytes = 0

  constructor (pipe, count = Infinity) {
    this.done = new Promise((resolve) => {
      pipe.on('data', (chunk) => {
        this.#chunks.push(chunk)
        this.#bytes += chunk.length
        if (this.#bytes >= count * 4) resolve()
      })
      pipe.on('end', resolve)
    })
    this.begun = once(pipe, 'data')
  }

  /** Copies what has arrived, whole samples only, at most `count`. */
  samples (count = Infinity) {
    const bytes = Buffer.concat(this.#chunks)
    const length = Math.min(count, Math.floor(bytes.length / 4))
    return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + length * 4))
  }
}

class AudioServer {
  #dir
  #socket
  #helpers = new Set()
  #server = null
  #separate

  /**
   * `frequency`: the sink's rate in Hz. `separateMicrophone`: the default source hears only `playIntoMicrophone`, instead
   * of what the default sink plays.
   */
  constructor ({ frequency = 48000, separateMicrophone = false } = {}) {
    requireProgram('pulseaudio', 'pulseaudio')
    requireProgram('parec', 'pulseaudio-utils')
    removeOrphans()
    this.#dir = fs.mkdtempSync(path.join(os.tmpdir(), `${DIR_PREFIX}${process.pid}-`))
    this.#socket = path.join(this.#dir, 'native')
    this.frequency = frequency
    this.channels = CHANNELS
    this.#separate = separateMicrophone
    this.env = {
      ...process.env,
      SDL_AUDIODRIVER: 'pulseaudio',
      XDG_RUNTIME_DIR: this.#dir,
      PULSE_RUNTIME_PATH: this.#dir,
      PULSE_STATE_PATH: this.#dir,
      PULSE_COOKIE: path.join(this.#dir, 'cookie'),
      PULSE_SERVER: `unix:${this.#socket}`,
    }
  }

  /** Process id of the server, or `undefined` when it is not running. */
  get pid () {
    return this.#server?.pid
  }

  /** Starts the server; resolves when it takes clients, rejects with its log when it ends before that. */
  async start () {
    // `norewinds`: callbacks begin within 40 ms instead of up to 2 s. The protocol comes last, so that whoever gets in
    // finds the sinks there.
    const shape = `rate=${this.frequency} channels=${CHANNELS} format=float32le norewinds=1`
    fs.writeFileSync(path.join(this.#dir, 'start.pa'), [
      `load-module module-null-sink sink_name=speaker ${shape}`,
      ...(this.#separate ? [`load-module module-null-sink sink_name=room ${shape}`] : []),
      'set-default-sink speaker',
      `set-default-source ${this.#separate ? 'room' : 'speaker'}.monitor`,
      `load-module module-native-protocol-unix auth-anonymous=1 socket=${this.#socket}`,
      '',
    ].join('\n'))
    fs.rmSync(this.#socket, { force: true })
    const log = path.join(this.#dir, 'log')
    this.#server = spawnTied('pulseaudio', [
      '-n', '--daemonize=no', '--use-pid-file=no', '--exit-idle-time=-1', '--disallow-exit', '--realtime=no',
      '--high-priority=no', `--log-target=file:${log}`, '-F', path.join(this.#dir, 'start.pa'),
    ], { env: this.env, stdio: 'ignore' })
    running.add(this)
    const ended = once(this.#server, 'exit')
    for (;;) {
      if (await answers(this.#socket)) {
        putAhead(this.pid)
        return this
      }
      if (await Promise.race([ended, sleep(20)])) {
        const said = fs.existsSync(log) ? fs.readFileSync(log, 'utf8') : ''
        throw new Error(`the audio server did not start\n${said}`)
      }
    }
  }

  /** Sends the server a signal; resolves when it is gone. */
  async kill (signal = 'SIGKILL') {
    const server = this.#server
    if (!server) return
    this.#server = null
    if (server.exitCode !== null || server.signalCode !== null) return
    const gone = once(server, 'exit')
    server.kill(signal)
    await gone
  }

  /** Brings the server back at the same address, with the same sinks. */
  async restart () {
    await this.kill()
    return this.start()
  }

  /** Ends the server and everything that was started through it, and removes its files. */
  async stop () {
    const helpers = [...this.#helpers].filter((child) => child.exitCode === null && child.signalCode === null)
    const gone = helpers.map((child) => once(child, 'exit'))
    for (const child of helpers) child.kill('SIGKILL')
    await Promise.all([...gone, this.kill()])
    this.stopNow()
  }

  /** The same at once, without waiting: for when the process ends. */
  stopNow () {
    for (const child of [...this.#helpers, this.#server]) child?.kill('SIGKILL')
    this.#server = null
    running.delete(this)
    fs.rmSync(this.#dir, { recursive: true, force: true, maxRetries: 3 })
  }

  /**
   * Begins to record what the default sink plays: resolves when the first samples are in, to
   * `{ stop() → Promise<Float32Array> }` (interleaved, `channels` wide).
   */
  async startRecording ({ samples = Infinity } = {}) {
    const child = this.#tool('parec', 'speaker.monitor', ['pipe', 'pipe', 'inherit'])
    const sink = new FloatSink(child.stdout, samples)
    await sink.begun
    const stop = async () => {
      child.kill('SIGINT')
      await sink.done
      return sink.samples(samples)
    }
    return { stop, done: sink.done }
  }

  /** Records what the default sink plays for so many seconds of sound: interleaved, `channels` wide. */
  async record (seconds) {
    const take = await this.startRecording({ samples: Math.round(seconds * this.frequency) * CHANNELS })
    await take.done
    return take.stop()
  }

  /** Plays interleaved samples, `channels` wide, into the microphone; resolves to the child when they are on their way. */
  async playIntoMicrophone (samples) {
    if (!this.#separate) throw new Error('playIntoMicrophone needs a server with { separateMicrophone: true }')
    const child = this.#tool('pacat', 'room', ['pipe', 'inherit', 'inherit'])
    child.stdin.on('error', () => {}) // EPIPE when the server goes first
    child.stdin.write(Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength))
    child.stdin.end()
    await once(child, 'spawn')
    return child
  }

  #tool (name, device, stdio) {
    const child = spawnTied(name, [
      '--raw', '--format=float32le', `--rate=${this.frequency}`, `--channels=${CHANNELS}`, `--device=${device}`,
      '--latency-msec=200',
    ], { env: this.env, stdio })
    this.#helpers.add(child)
    child.once('exit', () => this.#helpers.delete(child))
    return child
  }
}

const stopAll = () => {
  for (const server of running) server.stopNow()
}
process.on('exit', stopAll)

/** Starts an `AudioServer` (its constructor says with what options); it ends with this process at the latest. */
async function startAudioServer (options) {
  return new AudioServer(options).start()
}

/** Runs a command against a server of its own; resolves to the exit status that a shell would give. */
async function run ([command, ...args]) {
  const server = await startAudioServer()
  const child = spawnTied(command, args, { env: { ...server.env, AUDIO_SERVER_PID: String(server.pid) }, stdio: 'inherit' })
  for (const signal of END_SIGNALS) process.on(signal, () => child.kill(signal))
  const [status, signal] = await once(child, 'exit')
  await server.stop()
  return status ?? 128 + os.constants.signals[signal]
}

if (require.main === module) {
  if (process.argv.length < 3) {
    console.error('usage: node test/audio-server.cjs COMMAND [ARG...]')
    process.exit(2)
  }
  run(process.argv.slice(2)).then(
    (status) => process.exit(status),
    (error) => {
      console.error(error.message)
      process.exit(1)
    },
  )
}

module.exports = { AudioServer, startAudioServer }
