// ns per call, argument checks included. Both sides run on SDL's dummy driver, in a process for each case and round.

import { inTime } from './audio-server.mjs'
import { ours, peer } from './peers.mjs'
import { interleave, median, nodeSide } from './rounds.mjs'
import { judged, printTable } from './table.mjs'

/** label, case in sides/calls.cjs, frames, the largest ratio wanted (where there is a target) */
const rows = [
  ['enqueue 128, queue of 200 ms', 'enqueue', 128, 0.6],
  ['enqueue 512, queue of 200 ms', 'enqueue', 512, 0.6],
  ['enqueue 4096, queue of 200 ms', 'enqueue', 4096, 0.6],
  ['enqueue 128, queue of 2 s', 'enqueueDeep', 128, 0.6],
  ['enqueue 512, queue of 2 s', 'enqueueDeep', 512, 0.6],
  ['enqueue 4096, queue of 2 s', 'enqueueDeep', 4096, 0.6],
  ['enqueue 512, paused', 'enqueuePaused', 512],
  ['first-touch enqueue 512, 1000 after open', 'firstTouch', 512, 0.25],
  ['queued', 'queued', 512, 0.8],
  ['dequeue 512, nothing there', 'dequeueEmpty', 512, 0.3],
  ['dequeue 512, with data', 'dequeueData', 512, 0.3],
]
const env = { SDL_AUDIODRIVER: 'dummy', SDL_VIDEODRIVER: 'dummy' }

export const run = async ({ rounds }) => {
  const kmamal = peer('kmamal')
  const table = []
  let ran = true
  for (const [label, name, frames, limit] of rows) {
    const side = (module) => inTime(nodeSide('calls.cjs', [module, name, frames], { env }))
    const { our, their } = await interleave(rounds, { our: side(ours), their: side(kmamal) })
    const failure = our.failure ?? their.failure
    if (failure) {
      ran = false
      table.push([label, undefined, undefined, undefined, failure])
      continue
    }
    const add = (text, field, limit) => {
      const [ourNs, theirNs] = [our, their].map(({ results }) => median(results.map((result) => result[field])))
      const ratio = ourNs / theirNs
      table.push([text, ourNs, theirNs, ratio, ...(limit ? judged(ratio, limit, `≤ ${limit}`) : [])])
    }
    add(label, 'ns', limit)
    if (name === 'firstTouch') add('  of which the first 20 after open', 'firstNs', limit)
  }
  printTable(['call', 'ours ns', '@kmamal/sdl ns', 'ratio', 'target', ''], table)
  return { ran }
}
