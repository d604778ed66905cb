'use strict'

const fs = require('node:fs')
const path = require('node:path')

// Why the native part did not load, and how to get it: the first line says what, the others what to do.

const NAME = 'sdl-callback-audio'
/** The systems for which there is a package, as Node names them; the names of the packages end so. */
const PLATFORMS = ['linux-x64-gnu', 'linux-arm64-gnu', 'linux-x64-musl', 'linux-arm64-musl', 'darwin-x64', 'darwin-arm64', 'win32-x64-msvc']
const OLDEST_GLIBC = '2.34'

const FROM_SOURCE = 'To build it from source takes a C and C++ compiler, cmake and Rust 1.88 or newer (https://rustup.rs): ' +
  `npx -y -p @napi-rs/cli@3 npm explore ${NAME} -- npm run compile`

const libcOf = () => {
  if (process.platform !== 'linux') return process.platform === 'win32' ? { suffix: '-msvc', shown: '' } : { suffix: '', shown: '' }
  const version = process.report?.getReport().header.glibcVersionRuntime
  return version ? { suffix: '-gnu', shown: `, glibc ${version}` } : { suffix: '-musl', shown: ', musl' }
}

/** The causes of an error, and theirs. */
const chain = (error) => (error ? [error, ...chain(error.cause)] : [])

/** What a binary that is there said when it was loaded; undefined where none is there. */
const refusal = (cause) => chain(cause).find(({ message }) => /\.node\b/.test(message) && !message.startsWith('Cannot find'))?.message

const versionOf = () => {
  try {
    return `@${require('../package.json').version}`
  } catch {
    return ''
  }
}

const isCheckout = () => fs.existsSync(path.join(__dirname, '..', '.ci', 'setup.mjs'))

/** The text of `ERR_AUDIO_LOAD_FAILED`. `cause` is what the loader threw. */
const explain = (cause) => {
  const { suffix, shown } = libcOf()
  const platform = `${process.platform}-${process.arch}${suffix}`
  const what = `cannot load the native part of ${NAME} for ${process.platform}-${process.arch}${shown}`
  const said = refusal(cause)
  if (said) {
    return `${what}: its binary is there, and this system refuses it: ${said.split('\n')[0]}\n` +
      `It is not an audio problem: the binary was made for another system, or for a newer one (it needs glibc ${OLDEST_GLIBC} on Linux, Microsoft's Visual C++ Redistributable on Windows). ` +
      `Remove node_modules and install again on this machine. ${FROM_SOURCE}`
  }
  if (isCheckout()) {
    return `${what}: it has not been built\nIn a checkout, run: npm install && npm run build (which says what else is missing and, on Debian, installs it)`
  }
  if (!PLATFORMS.includes(platform)) return `${what}: there is no package for this system\n${FROM_SOURCE}`
  return `${what}: the package ${NAME}-${platform} is not installed\n` +
    `Install it: npm install ${NAME}-${platform}${versionOf()}\n` +
    'It is an optional dependency: npm leaves it out with --omit=optional, and where node_modules or package-lock.json come from another ' +
    `system; then remove both and run npm install again. ${FROM_SOURCE}`
}

module.exports = { OLDEST_GLIBC, PLATFORMS, explain }
