// Main thread. Makes a bare Debian machine able to build, test or demonstrate this package, and says what it does and why.
// usage: node .ci/setup.mjs --for=build|test|demo
// Needs nothing but Node: it runs before anything is installed. When all is there it changes nothing and asks no network:
// `build` then costs what cargo takes to see that nothing changed.
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { BACKENDS, canHave, missingFor, packagesOf, whereIs } from './needs.mjs'

const ROOT = path.join(path.dirname(fileURLToPath(import.meta.url)), '..')
const PURPOSES = ['build', 'test', 'demo']
const OLDEST = { node: 20, rust: [1, 88] }

process.chdir(ROOT)

const say = (line) => console.log(`setup: ${line}`)

function fail (...lines) {
  for (const line of lines) console.error(`setup: ${line}`)
  process.exit(1)
}

/** Runs a command in view; returns why it failed, or null if it did not. */
function attempt (command, args, env = {}) {
  say([command, ...args].join(' '))
  const { status, error } = spawnSync(command, args, { stdio: 'inherit', env: { ...process.env, ...env } })
  return status === 0 ? null : `${command} failed${error ? `: ${error.message}` : ''}`
}

/** Runs a command in view; ends the set-up if it fails. */
function run (command, args) {
  const failure = attempt(command, args)
  if (failure) fail(failure)
}

/** What a command printed, or null if it is not there or failed. */
function outputOf (command, args, env = {}) {
  const { status, stdout } = spawnSync(command, args, { encoding: 'utf8', env: { ...process.env, ...env } })
  return status === 0 ? stdout.trim() : null
}

function readPurpose () {
  const usage = `usage: node .ci/setup.mjs --for=${PURPOSES.join('|')} (cargo's and napi's own options go to: npm run compile -- …)`
  try {
    const { for: purpose } = parseArgs({ options: { for: { type: 'string', default: 'build' } } }).values
    if (PURPOSES.includes(purpose)) return purpose
    return fail(`Expected --for=${PURPOSES.join('|')} but received --for=${purpose}`, usage)
  } catch (error) {
    return fail(error.message, usage)
  }
}

function checkNode () {
  const major = Number(process.versions.node.split('.')[0])
  if (major < OLDEST.node) fail(`Node ${OLDEST.node} or newer is needed, this is ${process.versions.node}: see https://nodejs.org`)
}

function checkRust () {
  const said = outputOf('cargo', ['--version']) === null ? null : outputOf('rustc', ['--version'])
  const [major, minor] = said?.match(/(\d+)\.(\d+)/).slice(1).map(Number) ?? [0, 0]
  if (major > OLDEST.rust[0] || (major === OLDEST.rust[0] && minor >= OLDEST.rust[1])) return
  fail(
    `Rust ${OLDEST.rust.join('.')} or newer is needed to build the native part, ${said ? `this is ${said}` : 'and there is none'}`,
    'install it with rustup (see https://rustup.rs), or, where rustup is there: rustup update stable',
    "a distribution's own cargo is often too old",
  )
}

/** Adds what is missing of a toolchain that rustup installed; returns the needs that it does not look after. */
function addComponents (missing) {
  const components = missing.flatMap(({ rustup }) => rustup ?? [])
  if (components.length === 0) return missing
  if (outputOf('rustup', ['--version']) !== null) {
    run('rustup', ['component', 'add', ...components])
    return missing.filter(({ rustup }) => !rustup)
  }
  if (outputOf('dpkg', ['-S', fs.realpathSync(whereIs('cargo'))]) !== null) return missing
  return fail(`the tests need ${components.join(' and ')}; this cargo is neither rustup's nor Debian's: add them the way it was installed`)
}

/** Installs Debian packages, as root or through sudo; returns why it could not, or null. */
function installPackages ([update, install]) {
  if (!outputOf('apt-get', ['--version'])) return 'this is not Debian or one of its kin: install what these packages are called here'
  const root = process.getuid() === 0
  const mayAsk = process.stdin.isTTY || outputOf('sudo', ['-n', 'true']) !== null
  if (!root && !(outputOf('sudo', ['--version']) && mayAsk)) return 'installing takes root'
  const [first, ...prefix] = root ? ['apt-get'] : ['sudo', 'DEBIAN_FRONTEND=noninteractive', 'apt-get']
  const apt = (args) => attempt(first, [...prefix, ...args], { DEBIAN_FRONTEND: 'noninteractive' })
  // Stale lists may still do.
  apt(update)
  return apt(install)
}

/** Sees to it that what is missing gets there. Goes on without where only backends of SDL2 suffer, and nobody tests them. */
function provide (missing, purpose) {
  for (const { debian, why } of missing) say(`missing: ${debian} (${why})`)
  const wanted = addComponents(missing)
  if (wanted.length === 0) return
  const commands = [['update'], ['install', '-y', '--no-install-recommends', ...packagesOf(wanted)]]
  const reason = installPackages(commands)
  const still = wanted.filter(({ there }) => !there())
  if (still.length === 0) return
  const said = [reason ?? `installed, and still not enough: ${packagesOf(still).join(', ')}`, `by hand: ${byHand(still)}`]
  if (purpose === 'test' || still.some(({ backend }) => !backend)) fail(...said)
  said.forEach(say)
  say(`going on without; SDL2 will lack ${[...new Set(still.map(({ backend }) => backend))].join(', ')}`)
}

const byHand = (needs) => `sudo apt-get update && sudo apt-get install -y --no-install-recommends ${packagesOf(needs).join(' ')}`

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

/** Names the audio backends that the built SDL2 lacks, whose headers were not there when it was compiled; null if it does not load. */
function backendsLeftOut () {
  const ask = "require('./js/index.cjs').info.drivers.audio.all.join()"
  const drivers = outputOf(process.execPath, ['-p', ask], { SDL_AUDIODRIVER: 'dummy' })
  return drivers && BACKENDS.filter((name) => !drivers.split(',').includes(name))
}

/** Tells whether the addon is there, loads, is younger than what it is made from, and has every backend. */
const addonIsWhole = () => addonIsCurrent() && backendsLeftOut()?.length === 0

const compile = () => run('npm', ['run', 'compile'])

/** Compiles the addon, SDL2 too if that lacks a backend that it could have by now; says what it still lacks. */
function build () {
  if (!addonIsCurrent()) say('building the native part (with SDL2 in it: about three minutes the first time)')
  compile()
  let leftOut = backendsLeftOut()
  if (leftOut?.some(canHave)) {
    say(`SDL2 was built without ${leftOut.filter(canHave).join(', ')}, whose headers were missing then; building it anew`)
    const host = outputOf('rustc', ['-vV']).match(/^host: (.*)$/m)[1]
    run('cargo', ['clean', '--release', '--target', host, '--package', 'sdl2-sys'])
    compile()
    leftOut = backendsLeftOut()
  }
  if (leftOut === null) fail('the addon was built and cannot be loaded; try: node -e "require(\'./js/index.cjs\')"')
  if (leftOut.length === 0) return
  const works = leftOut.length < BACKENDS.length ? 'the others work' : 'on most systems it opens no sound card; disk and dummy work'
  say(`this build has no ${leftOut.join(', ')}: ${works}`)
  const missing = missingFor({ compiles: true })
  if (missing.length > 0) say(`to have ${leftOut.length === 1 ? 'it' : 'them'}: ${byHand(missing)} && npm run build`)
}

const purpose = readPurpose()
checkNode()
const [tests, builds] = [purpose === 'test', purpose === 'build' || !addonIsWhole()]
const compiles = builds || tests
if (compiles) checkRust()
const missing = missingFor({ compiles, tests })
if (missing.length > 0) provide(missing, purpose)
if (!modulesAreCurrent()) {
  say('npm modules are missing or out of date')
  run('npm', ['install', '--no-audit', '--no-fund'])
}
if (builds) build()
