// Many streams: what each costs, how many a core takes, what they hold, and what they leave of the main thread.

import { execFileSync } from 'node:child_process'
import path from 'node:path'
import { inTime } from './audio-server.mjs'
import { ours, repo } from './peers.mjs'
import { interleave, median, nodeSide } from './rounds.mjs'
import { judged, printTable } from './table.mjs'

const SECONDS = 4
const PACED_SECONDS = Number(process.env.BENCH_PACED_SECONDS ?? 10)
const PROBE_SECONDS = 10
const TICK_US = 20_000

/** Builds libopus alone with a loop round it; returns the command. */
const bareOpus = () => {
  execFileSync('cargo', ['build', '--release', '--quiet', '--no-default-features', '--example', 'bare-opus'], { cwd: repo, stdio: 'inherit' })
  return path.join(process.env.CARGO_TARGET_DIR ?? path.join(repo, 'target'), 'release/examples/bare-opus')
}

export const run = async ({ rounds }) => {
  const command = bareOpus()
  const bare = (streams, seconds = SECONDS, ...words) =>
    inTime({ command, args: [streams, seconds, ...words].map(String), env: {}, timeoutMs: 60_000 + 2000 * seconds })
  const side = (name, streams, seconds = SECONDS) =>
    inTime(nodeSide('streams.cjs', [name, ours, streams, seconds], { flags: ['--expose-gc'], timeoutMs: 60_000 + 2000 * seconds }))
  const gathered = await interleave(rounds, {
    bare10: bare(10),
    bare100: bare(100),
    bare1000: bare(1000),
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
  const costs = (name) => [10, 100, 1000].map((streams) => of(`${name}${streams}`, 'usPerFrame'))
  const [[few, some, many], [bareFew, bareUs, bareMany]] = [costs('cost'), costs('bare')]
  const mb = (name) => of(name, 'bytes') / 2 ** 20
  const rise = of('timer', 'loadedMs') - of('timer', 'aloneMs')
  printTable(['', 'ours', 'bare libopus', 'ratio', 'target', ''], [
    ['processor µs per frame, 100 streams', some, bareUs, bareUs / some],
    ['  10 streams', few, bareFew, bareFew / few],
    ['  1000 streams', many, bareMany, bareMany / many],
    ['  growth from 10 streams to 1000', many / few, bareMany / bareFew, undefined, ...judged(many / few, 1.15, '≤ 1.15')],
    ['MB of 100 duplex streams', mb('memory'), undefined, undefined, ...judged(mb('memory'), 25, '≤ 25')],
    ['MB of growth over a million packets', mb('packets'), undefined, undefined, ...judged(mb('packets'), 5, '< 5')],
    ['ms of timer delay at p99, 100 streams, over none', of('timer', 'loadedMs'), of('timer', 'aloneMs'), undefined, ...judged(rise, 1, 'by < 1')],
  ])

  // Looked for in short runs; then the number has to hold for the whole time, or a smaller one.
  const late = async (side) => {
    const { paced: { results: [result] } } = await interleave(1, { paced: side })
    return result?.missed ?? Infinity
  }
  const allowed = async (make) => {
    let [enough, few] = [Math.ceil(TICK_US / bareUs), 0]
    while (enough - few > 2) {
      const middle = Math.round((enough + few) / 2)
      if ((await late(make(middle, PROBE_SECONDS))) === 0) few = middle
      else enough = middle
    }
    while (few > 0 && (await late(make(few, PACED_SECONDS))) > 0) few = Math.floor(few * 0.96)
    return few
  }
  const [theirs, our] = [
    await allowed((streams, seconds) => bare(streams, seconds, 'paced')),
    await allowed((streams, seconds) => side('paced', streams, seconds)),
  ]
  printTable([`no frame late in ${PACED_SECONDS} s (BENCH_PACED_SECONDS)`, 'ours', 'bare libopus', 'ratio', 'target', ''], [
    ['paced streams on one thread', our, theirs, our / theirs, '≥ 0.85', our / theirs >= 0.85 ? 'met' : 'MISSED'],
  ])
  return { ran: true }
}
