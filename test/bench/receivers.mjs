// Many receivers in real time: what each costs, what it holds, and whether all of them are heard without a gap.

import { ours } from './peers.mjs'
import { interleave, median, nodeSide } from './rounds.mjs'
import { judged, printTable } from './table.mjs'

const SECONDS = Number(process.env.BENCH_SECONDS ?? 10)

export const run = async ({ rounds }) => {
  const side = (streams) => nodeSide('receivers.cjs', [ours, streams, SECONDS], { env: { SDL_AUDIODRIVER: 'dummy' }, flags: ['--expose-gc'] })
  const gathered = await interleave(rounds, { few: side(10), many: side(200) })
  const failed = Object.entries(gathered).filter(([, { failure }]) => failure)
  for (const [name, { failure }] of failed) console.log(`${name}: ${failure}`)
  if (failed.length > 0) return { ran: false }

  const of = (name, field) => median(gathered[name].results.map((result) => result[field]))
  const both = (field) => [of('few', field), of('many', field)]
  const row = (name, field, ...rest) => [name, ...both(field), ...rest]
  const growth = of('many', 'voiceUs') / of('few', 'voiceUs')
  printTable(['', '10 receivers', '200', 'target', ''], [
    row('voice thread, µs per packet of 20 ms', 'voiceUs', ...judged(growth, 1.15, `≤ 1.15 × (${growth.toFixed(2)})`)),
    row('audio thread, µs per 20 ms and stream', 'audioUs'),
    row('JavaScript, µs per packet handed in', 'hereUs'),
    row('underruns of all sources', 'underruns', ...judged(of('many', 'underruns'), 0, '0')),
    row('ms made up, all together', 'madeUpMs'),
    row('ms stretched per second', 'stretchedMs'),
    row('ms that JavaScript was late at most', 'latestMs'),
    row('bytes per stream', 'bytes'),
    row('ms of delay above the fastest packet', 'delayMs'),
    row('ms between jitter buffer and device', 'aheadMs'),
  ])
  return { ran: true }
}
