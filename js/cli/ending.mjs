// Main thread. Ctrl-C and its kin: a command is asked to end, and closes its device or its file itself.
import os from 'node:os'

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP']

export class Ending {
  #asked = new AbortController()
  #exitCode = null

  constructor () {
    for (const name of SIGNALS) {
      process.on(name, () => {
        const code = 128 + os.constants.signals[name]
        // Asked a second time: at once.
        if (this.#exitCode !== null) process.exit(code)
        this.#exitCode = code
        this.#asked.abort()
      })
    }
  }

  /** Aborted when the command shall end. */
  get signal () { return this.#asked.signal }

  /** 128 + the signal that asked for the end; null if none did. */
  get exitCode () { return this.#exitCode }

  /** Resolves after so many ms, or when the command shall end. */
  wait (ms) {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer)
        this.signal.removeEventListener('abort', done)
        resolve()
      }
      const timer = setTimeout(done, this.signal.aborted ? 0 : Math.min(ms, 2 ** 31 - 1))
      this.signal.addEventListener('abort', done)
    })
  }
}
