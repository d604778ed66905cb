// Main thread. What Linux puts between a program and its sound: containers, sockets, device files, limits. Elsewhere nothing is told.
import fs from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import process from 'node:process'
import { note, ok, problem } from './finding.mjs'

const CONNECT_MS = 1000
const { env } = process

const exists = (file) => fs.existsSync(file)
const read = (file) => {
  try {
    return fs.readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

/** The name of what this runs in, if it is a container. */
const container = () => {
  if (exists('/run/.containerenv')) return 'Podman'
  if (exists('/.dockerenv')) return 'Docker'
  if (env.KUBERNETES_SERVICE_HOST) return 'Kubernetes'
  const [, engine] = read('/proc/1/cgroup').match(/(docker|lxc|kubepods|containerd)/) ?? []
  return engine ?? null
}

/** Tells why a Unix socket does not answer; null if it does. */
const silence = (file) =>
  new Promise((resolve) => {
    if (!exists(file)) return resolve('there is no such socket')
    const socket = net.connect(file)
    const done = (reason) => {
      socket.destroy()
      resolve(reason)
    }
    socket.setTimeout(CONNECT_MS, () => done('it does not answer'))
    socket.once('connect', () => done(null))
    socket.once('error', ({ code }) => done({ EACCES: 'this user may not connect', ECONNREFUSED: 'nobody listens behind it' }[code] ?? code))
  })

const runtimeDir = () => env.XDG_RUNTIME_DIR ?? `/run/user/${os.userInfo().uid}`

const pulseSocket = () => {
  const server = env.PULSE_SERVER ?? ''
  if (server.startsWith('unix:')) return server.slice('unix:'.length)
  if (server.startsWith('/')) return server
  if (server) return null
  const ofWindows = '/mnt/wslg/PulseServer'
  const usual = path.join(env.PULSE_RUNTIME_PATH ?? path.join(runtimeDir(), 'pulse'), 'native')
  return !exists(usual) && exists(ofWindows) ? ofWindows : usual
}

const pipewireSocket = () => {
  const name = env.PIPEWIRE_REMOTE ?? 'pipewire-0'
  return path.isAbsolute(name) ? name : path.join(env.PIPEWIRE_RUNTIME_DIR ?? runtimeDir(), name)
}

const cards = () => read('/proc/asound/cards').split('\n').filter((line) => /^ *\d+ \[/.test(line)).map((line) => line.replace(/^.*?: /, '').trim())

const unreadable = () => {
  try {
    const nodes = fs.readdirSync('/dev/snd').filter((name) => name.startsWith('pcm')).map((name) => path.join('/dev/snd', name))
    return nodes.filter((node) => {
      try {
        fs.accessSync(node, fs.constants.R_OK | fs.constants.W_OK)
        return false
      } catch {
        return true
      }
    })
  } catch {
    return []
  }
}

async function * checkServers (known) {
  const pulse = pulseSocket()
  known.reached = {}
  const servers = [['PulseAudio', 'pulseaudio', pulse], ['PipeWire', 'pipewire', pipewireSocket()]]
  for (const [name, driver, socket] of servers) {
    if (socket === null) {
      yield note(name, `PULSE_SERVER=${env.PULSE_SERVER} is on the network; the audio systems below tell whether it answers`)
      continue
    }
    const reason = await silence(socket)
    known.reached[driver] = reason === null
    if (reason === null) yield ok(name, `answers at ${socket}`)
    else yield note(name, `not reached at ${socket}: ${reason}`)
  }
  const asksForPulse = env.PULSE_SERVER && pulse !== null && !known.reached.pulseaudio
  if (asksForPulse) yield problem('PULSE_SERVER', `${env.PULSE_SERVER} does not answer`, 'Start that server, or unset PULSE_SERVER to take the usual one.')
  if (!env.XDG_RUNTIME_DIR && !env.PULSE_SERVER) {
    yield note('XDG_RUNTIME_DIR', 'is not set, as under sudo, cron, ssh without a session, or in a container', `If a server of uid ${os.userInfo().uid} runs, set XDG_RUNTIME_DIR=/run/user/${os.userInfo().uid}.`)
  }
}

function * checkAlsa (known) {
  const found = cards()
  if (found.length > 0) yield ok('ALSA', `${found.length === 1 ? 'a sound card' : `${found.length} sound cards`}: ${found.join('; ')}`)
  else yield note('ALSA', exists('/proc/asound') ? 'no sound card' : 'not in this kernel: no /proc/asound')
  const closed = unreadable()
  if (closed.length > 0 && !known.reached.pulseaudio && !known.reached.pipewire) {
    yield problem('ALSA', `this user may not open ${closed[0]}`, `Add the user to the group that owns it and log in again: sudo usermod -aG audio ${os.userInfo().username}`)
  }
  if (found.length > 0 && !exists('/dev/snd')) yield note('ALSA', 'its device files are not here: /dev/snd is missing, as in a container without --device /dev/snd')
}

export async function * checkSurroundings (known) {
  if (process.platform !== 'linux') return
  yield * checkServers(known)
  yield * checkAlsa(known)
  const engine = container()
  if (!engine) return
  const reached = known.reached.pulseaudio || known.reached.pipewire || exists('/dev/snd')
  if (reached) yield ok('Container', `${engine}, with a way to sound`)
  else if (['dummy', 'disk'].includes(env.SDL_AUDIODRIVER)) yield note('Container', `${engine}, without a sound device; SDL_AUDIODRIVER=${env.SDL_AUDIODRIVER} needs none`)
  else {
    yield problem('Container', `${engine}, and nothing of the host's sound is in it`,
      'Start it with --device /dev/snd, or with -v $XDG_RUNTIME_DIR/pulse/native:/tmp/pulse -e PULSE_SERVER=unix:/tmp/pulse, or set SDL_AUDIODRIVER=dummy to run without sound.')
  }
}

/** What the limits say about real-time threads, for when none was had. */
export const realtimeRemedy = () => {
  if (process.platform !== 'linux') return 'Close what keeps the processors busy; this system does not give this thread a higher priority.'
  const [, limit] = read('/proc/self/limits').match(/^Max realtime priority\s+(\S+)/m) ?? []
  return `Allow real-time threads (the limit is ${limit ?? 'unknown'}): put "@audio - rtprio 20" into /etc/security/limits.d/audio.conf, join the group audio and log in again; in a container: --ulimit rtprio=20 --cap-add SYS_NICE.`
}
