'use strict'

const { execFileSync } = require('node:child_process')
const fs = require('node:fs')
const path = require('node:path')
const { setImmediate: turn } = require('node:timers/promises')

// Named pipes as devices of the disk driver: the device runs exactly as far as the test lets it, and not a frame further.

const { O_RDONLY, O_RDWR, O_NONBLOCK } = fs.constants

const makePipe = (name) => {
  const file = path.resolve(name)
  execFileSync('mkfifo', [file])
  return file
}

/** A system call on a pipe; `null` where it would have to wait. */
const orNull = (call) => {
  try {
    return call()
  } catch (error) {
    if (error.code === 'EAGAIN') return null
    throw error
  }
}

/** The loudspeaker's end: the device plays until the pipe is full, and waits until something is taken from it. */
class PipeSpeaker {
  /** Bytes that the device may be ahead of what was taken: the pipe, and a buffer of the C library. */
  static SLACK_BYTES = 65536 + 4096

  #fd

  constructor (name = 'speaker') {
    this.file = makePipe(name)
    // Before the device opens it: its open would wait for a reader.
    this.#fd = fs.openSync(this.file, O_RDONLY | O_NONBLOCK)
  }

  /** The next `bytes` of the sound; fewer only when the device is closed. */
  async take (bytes) {
    const sound = Buffer.alloc(bytes)
    let got = 0
    while (got < bytes) {
      const more = orNull(() => fs.readSync(this.#fd, sound, got, bytes - got, null))
      if (more === 0) break
      if (more === null) await turn()
      else got += more
    }
    return sound.subarray(0, got)
  }

  /** The rest of the sound, until the device is closed. */
  async takeAll () {
    const chunks = []
    do chunks.push(await this.take(65536)); while (chunks.at(-1).length > 0)
    fs.closeSync(this.#fd)
    return Buffer.concat(chunks)
  }
}

/** The microphone's end: the device hears what is fed to it and waits for more; after `end` it hears silence. */
class PipeMicrophone {
  #fd

  constructor (name = 'microphone') {
    this.file = makePipe(name)
    this.#fd = fs.openSync(this.file, O_RDWR | O_NONBLOCK)
  }

  async feed (sound) {
    for (let sent = 0; sent < sound.length;) {
      const more = orNull(() => fs.writeSync(this.#fd, sound, sent, Math.min(sound.length - sent, 4096)))
      if (more === null) await turn()
      else sent += more
    }
  }

  end () {
    fs.closeSync(this.#fd)
  }
}

module.exports = { PipeSpeaker, PipeMicrophone }
