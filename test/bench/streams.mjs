// Many streams: what each costs, how many a core takes, what they hold, and what they leave of the main thread.

import { execFileSync } from 'node:child_process'
import path from 'node:path'
import { ours, repo } from './peers.mjs'
import { interleave, median, nodeSide } from './rounds.mjs'
import { judged, printTable } from './table.mjs'

const SECONDS = 4
const PACED_SECONDS = Number(process.env.BENCH_PACED_SECONDS ?? 10)
const TICK_US = 20_000

/** Builds libopus alone with a loop round it; returns the command. */
const bareOpus = () => {
  execFileSync('cargo', ['build', '--release', '--quiet', '--no-default-features', '--example', 'bare-opus'], { cwd: repo, stdio: 'inherit' })
  return path.join(process.env.CARGO_TARGET_DIR ?? path.join(repo, 'target'), 'release/examples/bare-opus')
}

export const run = async ({ rounds }) => {
  const command = bareOpus()
  const bare = (streams) => ({ command, args: [String(streams), String(SECONDS)], env: {} })
  const side = (name, streams, seconds = SECONDS) => nodeSide('streams.cjs', [name, ours, streams, seconds], { flags: ['--expose-gc'] })
  const gathered = await interleave(rounds, {
    bare: bare(100),
    cost10: side('cost', 10),
    cost100: side('cost', 100),
    cost1000: side('cost', 1000),
    memory: side('memory', 100),
    packets: side('packets', 1),
    timer: side('timer', 100),
  })
  const failed = Object.entries(gathered).filter(([, { failure }]) => failure)
  for (const [name, { failure }] of failed) console.log(`${name}: ${failure}`)
  if (failed.length > 0) return { ran: false }

  const of = (name, field) => median(gathered[name].results.map((result) => result[field]))
  const [bareUs, few, some, many] = [of('bare', 'usPerFrame'), ...[10, 100, 1000].map((streams) => of(`cost${streams}`, 'usPerFrame'))]
  const mb = (name) => of(name, 'bytes') / 2 ** 20
  const rise = of('timer', 'loadedMs') - of('timer', 'aloneMs')
  printTable(['', 'ours', 'bare libopus', 'ratio', 'target', ''], [
    ['processor µs per frame, 100 streams', some, bareUs, bareUs / some, '≥ 0.85', bareUs / some >= 0.85 ? 'met' : 'MISSED'],
    ['  streams of 20 ms that a core takes', TICK_US / some, TICK_US / bareUs],
    ['processor µs per frame, 1000 streams, over 10 streams', many, few, many / few, ...judged(many / few, 1.15, '≤ 1.15')],
    ['MB of 100 duplex streams', mb('memory'), undefined, undefined, ...judged(mb('memory'), 25, '≤ 25')],
    ['MB of growth over a million packets', mb('packets'), undefined, undefined, ...judged(mb('packets'), 5, '< 5')],
    ['ms of timer delay at p99, 100 streams, over none', of('timer', 'loadedMs'), of('timer', 'aloneMs'), undefined, ...judged(rise, 1, 'by < 1')],
  ])

  // As many as a core should take by the measure above, with the tenth left that JavaScript needs.
  const streams = Math.floor((0.85 * TICK_US) / bareUs)
  const { paced } = await interleave(1, { paced: side('paced', streams, PACED_SECONDS) })
  const [result] = paced.results
  console.log(result
    ? `${streams} paced streams on one thread for ${PACED_SECONDS} s (BENCH_PACED_SECONDS): ${result.missed} of ${result.frames} frames late, p99 ${result.p99Ms.toFixed(1)} ms of ${TICK_US / 1000}`
    : `paced: ${paced.failure}`)
  return { ran: true }
}
