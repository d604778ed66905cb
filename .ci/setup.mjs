// Main thread. Makes a bare Debian machine able to build, test or demonstrate this package, and says what it does and why.
// usage: node .ci/setup.mjs --for=build|test|demo
// Needs nothing but Node: it runs before anything is installed. Running it again when all is there changes nothing.
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { missingFor, packagesOf } from './needs.mjs'

const ROOT = path.join(path.dirname(fileURLToPath(import.meta.url)), '..')
const PURPOSES = ['build', 'test', 'demo']
const BACKENDS = ['pulseaudio', 'pipewire', 'alsa']
const OLDEST = { node: 20, rust: [1, 88] }

process.chdir(ROOT)

const say = (line) => console.log(`setup: ${line}`)

function fail (...lines) {
  for (const line of lines) console.error(`setup: ${line}`)
  process.exit(1)
}

/** Runs a command in view; ends the set-up if it fails. */
function run (command, args, env = {}) {
  say([command, ...args].join(' '))
  const { status, error } = spawnSync(command, args, { stdio: 'inherit', env: { ...process.env, ...env } })
  if (status !== 0) fail(`${command} failed${error ? `: ${error.message}` : ''}`)
}

/** What a command printed, or null if it is not there or failed. */
function outputOf (command, args) {
  const { status, stdout } = spawnSync(command, args, { encoding: 'utf8' })
  return status === 0 ? stdout.trim() : null
}

function checkNode () {
  const major = Number(process.versions.node.split('.')[0])
  if (major < OLDEST.node) fail(`Node ${OLDEST.node} or newer is needed, this is ${process.versions.node}: see https://nodejs.org`)
}

function checkRust () {
  const said = outputOf('rustc', ['--version'])
  const [major, minor] = said?.match(/(\d+)\.(\d+)/).slice(1).map(Number) ?? [0, 0]
  if (major > OLDEST.rust[0] || (major === OLDEST.rust[0] && minor >= OLDEST.rust[1])) return
  fail(
    `Rust ${OLDEST.rust.join('.')} or newer is needed to build the native part, ${said ? `this is ${said}` : 'and there is none'}`,
    'install it with rustup (see https://rustup.rs), or, where rustup is there: rustup update stable',
    "a distribution's own cargo is often too old",
  )
}

/** Installs Debian packages, as root or through sudo; says the command where neither is possible. */
function installPackages (missing) {
  const packages = packagesOf(missing)
  for (const { debian, why } of missing) say(`missing: ${debian} (${why})`)
  const update = ['apt-get', 'update']
  const install = ['apt-get', 'install', '-y', '--no-install-recommends', ...packages]
  const byHand = `sudo ${update.join(' ')} && sudo ${install.join(' ')}`
  if (!outputOf('apt-get', ['--version'])) {
    fail('this is not Debian or one of its kin: install what the packages above are called here; on Debian it would be', byHand)
  }
  const root = process.getuid() === 0
  const mayAsk = process.stdin.isTTY || outputOf('sudo', ['-n', 'true']) !== null
  if (!root && !(outputOf('sudo', ['--version']) && mayAsk)) fail('installing them takes root; please run', byHand)
  const prefix = root ? [] : ['sudo', 'DEBIAN_FRONTEND=noninteractive']
  for (const command of [update, install]) {
    const [first, ...rest] = [...prefix, ...command]
    run(first, rest, { DEBIAN_FRONTEND: 'noninteractive' })
  }
}

const readJson = (file) => JSON.parse(fs.readFileSync(file, 'utf8'))

/** Tells whether node_modules holds what package.json and the lock file ask for. */
function modulesAreCurrent () {
  if (!fs.existsSync('node_modules/.package-lock.json')) return false
  const { packages: installed } = readJson('node_modules/.package-lock.json')
  const { packages: locked } = readJson('package-lock.json')
  const asked = (manifest) => JSON.stringify(Object.entries({ ...manifest.dependencies, ...manifest.devDependencies }).sort())
  if (asked(locked['']) !== asked(readJson('package.json'))) return false
  return Object.entries(locked).every(
    ([name, { version, optional }]) => name === '' || optional || installed[name]?.version === version,
  )
}

/** Returns the newest time of change, in ms, under a file or folder. */
function newestIn (place) {
  const stat = fs.statSync(place)
  if (!stat.isDirectory()) return stat.mtimeMs
  return Math.max(0, ...fs.readdirSync(place).map((name) => newestIn(path.join(place, name))))
}

/** Tells whether the addon is there and younger than what it is made from. */
function addonIsCurrent () {
  const addons = fs.readdirSync('js').filter((name) => name.endsWith('.node'))
  if (addons.length === 0 || !fs.existsSync('js/native.cjs')) return false
  const built = Math.min(...addons.map((name) => newestIn(path.join('js', name))))
  return Math.max(...['src', 'Cargo.toml', 'Cargo.lock'].map(newestIn)) <= built
}

/** Names the audio backends that the built SDL lacks: those whose headers were not there when it was compiled. */
function backendsLeftOut () {
  const drivers = outputOf(process.execPath, ['-p', "require('./js/index.cjs').info.drivers.audio.all.join()"])
  if (drivers === null) fail('the addon was built and cannot be loaded; try: node -e "require(\'./js/index.cjs\')"')
  return BACKENDS.filter((name) => !drivers.split(',').includes(name))
}

function build () {
  say('building the native part (with SDL2 in it: about three minutes the first time)')
  run('npm', ['run', 'build'])
}

const { for: purpose } = parseArgs({ options: { for: { type: 'string', default: 'build' } } }).values
if (!PURPOSES.includes(purpose)) fail(`Expected --for=${PURPOSES.join('|')} but received --for=${purpose}`)

checkNode()
const compiles = purpose !== 'demo' || !addonIsCurrent()
if (compiles) checkRust()
const missing = missingFor({ compiles, tests: purpose === 'test' })
if (missing.length > 0) installPackages(missing)
if (!modulesAreCurrent()) {
  say('npm modules are missing or out of date')
  run('npm', ['install', '--no-audit', '--no-fund'])
}
if (!addonIsCurrent()) build()
if (compiles && backendsLeftOut().length > 0) {
  say(`SDL2 was built without ${backendsLeftOut().join(', ')}, whose headers were missing then; building it anew`)
  const host = outputOf('rustc', ['-vV']).match(/^host: (.*)$/m)[1]
  run('cargo', ['clean', '--release', '--target', host, '--package', 'sdl2-sys'])
  build()
}
