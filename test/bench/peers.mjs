// The peers to measure against, each in a folder of its own under BENCH_PEERS (default target/peers); what is missing is
// installed when it is asked for.

import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

export const repo = fileURLToPath(new URL('../..', import.meta.url))
const folder = path.resolve(process.env.BENCH_PEERS ?? path.join(repo, 'target/peers'))
const newerSymbols = fileURLToPath(new URL('sdl-newer.h', import.meta.url))

const run = (cwd, command, args, env = {}) => {
  try {
    return execFileSync(command, args, { cwd, env: { ...process.env, ...env }, encoding: 'utf8', stdio: 'pipe' })
  } catch (error) {
    const said = `${error.stdout ?? ''}${error.stderr ?? ''}`.trim().split('\n').slice(-5).join('\n')
    throw new Error(`${command} ${args.join(' ')} (in ${cwd}): ${said || error.message}`)
  }
}

const npmInstall = (dir, packages, { flags = [], env = {} } = {}) =>
  run(dir, 'npm', ['install', '--no-audit', '--no-fund', ...flags, ...packages], env)

/** The headers of this Node where a distribution puts them, so that building needs no download. */
const nodeHeaders = () => {
  const root = path.resolve(process.execPath, '../..')
  return fs.existsSync(path.join(root, 'include/node/node_api.h')) ? { npm_config_nodedir: root } : {}
}

/** What pkg-config says of the system's SDL2; throws an error that says what to install where there is none. */
export const systemSdl = (...options) => {
  try {
    return execFileSync('pkg-config', [...options, 'sdl2'], { encoding: 'utf8', stdio: 'pipe' }).trim()
  } catch {
    throw new Error("a peer is built on the system's SDL2, which is missing: apt-get install pkg-config libsdl2-dev")
  }
}

/**
 * Installs @kmamal/sdl, or what brings it, and builds it from the sources in its package, on the system's SDL2: its own install
 * step downloads a binary.
 */
const installKmamal = (dir, name) => {
  const where = (variable) => systemSdl(`--variable=${variable}`)
  const env = { SDL_INC: path.join(where('includedir'), 'SDL2'), SDL_LIB: where('libdir') }
  npmInstall(dir, [name], { flags: ['--ignore-scripts'] })
  npmInstall(dir, ['node-addon-api@8', 'node-gyp@11'], { flags: ['--ignore-scripts', '--save-dev'] })
  const sdl = path.join(dir, 'node_modules/@kmamal/sdl')
  run(sdl, path.join(dir, 'node_modules/.bin/node-gyp'), ['rebuild'], {
    ...nodeHeaders(),
    CXXFLAGS: `-include ${newerSymbols}`,
    ...env,
  })
  fs.mkdirSync(path.join(sdl, 'dist'), { recursive: true })
  fs.copyFileSync(path.join(sdl, 'build/Release/sdl.node'), path.join(sdl, 'dist/sdl.node'))
}

/** npm runs the install steps of a package only where package.json names it. */
const npmInstallAndBuild = (dir, name, builds) => {
  const allowScripts = Object.fromEntries(builds.map((dependency) => [dependency, true]))
  fs.writeFileSync(path.join(dir, 'package.json'), JSON.stringify({ private: true, allowScripts }))
  // `npm run` hands this package's own ignore-scripts on.
  npmInstall(dir, [name], { env: { ...nodeHeaders(), npm_config_ignore_scripts: 'false' } })
}

const installs = {
  kmamal: (dir) => installKmamal(dir, '@kmamal/sdl@0.11.13'),
  webaudio: (dir) => installKmamal(dir, 'webaudio-node@0.8.0'),
  // It asks for a newer Node than may be running here; it is run with node22 below.
  nwaa: (dir) => npmInstall(dir, ['node-web-audio-api@2.2.0'], { flags: ['--force'] }),
  audify: (dir) => npmInstallAndBuild(dir, 'audify@1.10.1', ['audify']),
  naudiodon: (dir) => npmInstallAndBuild(dir, 'naudiodon@2.3.6', ['naudiodon', 'segfault-handler']),
  djsopus: (dir) => npmInstallAndBuild(dir, '@discordjs/opus@0.10.0', ['@discordjs/opus']),
  livekit: (dir) => npmInstall(dir, ['@livekit/rtc-node@1.1.0']),
  node22: (dir) => npmInstallAndBuild(dir, 'node@22', ['node']),
}

const packages = {
  kmamal: '@kmamal/sdl',
  webaudio: 'webaudio-node',
  nwaa: 'node-web-audio-api',
  audify: 'audify',
  naudiodon: 'naudiodon',
  djsopus: '@discordjs/opus',
  livekit: '@livekit/rtc-node',
  node22: 'node/bin/node',
}

/** Where a peer lies, to be required or imported; installs it if it is not there. Throws with the reason if it cannot. */
export const peer = (name) => {
  const dir = path.join(folder, name)
  const done = path.join(dir, '.done')
  const place = path.join(dir, 'node_modules', packages[name])
  if (!fs.existsSync(done)) {
    console.error(`installing ${packages[name]} in ${dir} …`)
    fs.mkdirSync(dir, { recursive: true })
    fs.writeFileSync(path.join(dir, 'package.json'), '{ "private": true }\n')
    installs[name](dir)
    fs.writeFileSync(done, '')
  }
  return place
}

/** The same as a file, for `import`. */
export const entryOf = (name) => createRequire(import.meta.url).resolve(peer(name))

/** Our own package, as its users load it. */
export const ours = repo
