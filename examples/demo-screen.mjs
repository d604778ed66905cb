// Whichever thread renders. One line that shows what happens: rewritten on a terminal, repeated where it is not one.
import fs from 'node:fs'
import tty from 'node:tty'

const STDOUT = 1
const METER_WIDTH = 16
const QUIETEST_DB = -48

const onTerminal = tty.isatty(STDOUT)

/** Writes without the main thread, through which a worker's `process.stdout` goes. */
function write (text) {
  try {
    fs.writeSync(STDOUT, text)
  } catch (error) {
    // A reader that is slow, or gone: the next line is as good.
    if (error.code !== 'EAGAIN' && error.code !== 'EPIPE') throw error
  }
}

function meter (level) {
  const db = Math.max(QUIETEST_DB, 20 * Math.log10(level))
  const full = Math.round((1 - db / QUIETEST_DB) * METER_WIDTH)
  return '█'.repeat(full).padEnd(METER_WIDTH, '░')
}

/** A line that the blocked thread itself writes can only tell afterwards. */
const mainThread = ({ blocked, blockedMs }, shown) => {
  if (blocked) return 'BLOCKED'
  return blockedMs > shown.blockedMs && !shown.blocked ? `was BLOCKED ${blockedMs - shown.blockedMs} ms` : 'free'
}

const line = (seconds, { level, queuedMs, lostFrames }, main) =>
  [
    `${seconds.toFixed(1).padStart(6)} s`,
    meter(level),
    `ring ${queuedMs.toFixed(0).padStart(3)} ms`,
    `lost ${lostFrames} frames`,
    `main thread ${main}`,
  ].join('  ')

/** Shows what `look` returns, ten times a second or, where lines are kept, twice; returns what ends it. */
export function startScreen (look) {
  const start = performance.now()
  let shown = { blocked: false, blockedMs: 0 }
  const show = () => {
    const now = look()
    const text = line((performance.now() - start) / 1000, now, mainThread(now, shown))
    shown = now
    write(onTerminal ? `\r\x1b[K${text}` : `${text}\n`)
  }
  const timer = setInterval(show, onTerminal ? 100 : 500)
  return () => {
    clearInterval(timer)
    show()
    if (onTerminal) write('\n')
  }
}
