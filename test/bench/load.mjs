// How much longer a process takes that loads the package, over bare Node: from its start to its end, as a user waits for it. What
// a load does inside the process, and how long of that a processor works, is told beside it.

import path from 'node:path'
import { ours, peer } from './peers.mjs'
import { interleave, median, nodeSide } from './rounds.mjs'
import { judged, printTable } from './table.mjs'

const MOST_MS = 30
const STARTS = 20
const JUDGED = ['ours, require', 'ours, import']

export const run = async ({ rounds }) => {
  const side = (...args) => nodeSide('load.mjs', [STARTS, ...args], { env: { SDL_AUDIODRIVER: 'dummy', SDL_VIDEODRIVER: 'dummy' } })
  const sides = {
    'ours, require': side('require', ours),
    'ours, import': side('import', path.join(ours, 'js/index.mjs')),
    'ours, require and ask what SDL it is': side('info', ours),
  }
  try {
    sides['@kmamal/sdl, require'] = side('require', peer('kmamal'))
  } catch (error) {
    console.log(`@kmamal/sdl: ${error.message.split('\n')[0]}\n`)
  }
  const gathered = await interleave(rounds, sides)
  const failed = Object.entries(gathered).filter(([, { failure }]) => failure)
  for (const [name, { failure }] of failed) console.log(`${name}: ${failure}`)
  const of = (name, figure) => median(gathered[name].results.map((result) => result[figure]))
  const rows = Object.keys(sides).filter((name) => !gathered[name].failure).map((name) => {
    const [bare, more, load, cpu] = ['bareMs', 'moreMs', 'loadMs', 'cpuMs'].map((figure) => of(name, figure))
    return [name, bare, more, load, cpu, ...(JUDGED.includes(name) ? judged(more, MOST_MS, `≤ ${MOST_MS} ms`) : [])]
  })
  printTable(['', 'bare Node ms', 'over it', 'in the load', 'of which cpu', 'target', ''], rows)
  return { ran: failed.length === 0 }
}
