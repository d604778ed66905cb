// How long an end takes over an audio server: from process.exit(), SIGINT or worker.terminate() until nothing is left, beside
// the same without this package; and from the server's SIGKILL to 'lost'.

import { onServer } from './audio-server.mjs'
import { interleave, median, nodeSide } from './rounds.mjs'
import { judged, printTable } from './table.mjs'

const END_MS = 200
const LOST_MS = 50

const ROWS = [
  { label: 'process.exit() while it plays', situation: 'playback', ending: 'exit', bare: 'bare', limit: END_MS },
  { label: 'SIGINT while it plays', situation: 'playback', ending: 'SIGINT', bare: 'bare', limit: END_MS },
  { label: 'process.exit() while a worker waits for space', situation: 'waitForSpace', ending: 'exit', bare: 'bare worker', limit: END_MS },
  { label: 'SIGINT while a worker waits for space', situation: 'waitForSpace', ending: 'SIGINT', bare: 'bare worker', limit: END_MS },
  { label: 'worker.terminate() while it waits for space', situation: 'waitForSpace', ending: 'terminate', bare: 'bare worker', limit: END_MS },
  { label: "the server's SIGKILL until 'lost'", situation: 'playback', ending: 'lost', limit: LOST_MS },
]

export const run = async ({ rounds }) => {
  const side = (situation, ending) => onServer(nodeSide('exit.cjs', [situation, ending]))
  const sides = {}
  for (const { situation, ending, bare } of ROWS) {
    sides[`${situation} ${ending}`] = side(situation, ending)
    if (bare) sides[`${bare} ${ending}`] = side(bare, ending)
  }
  const gathered = await interleave(rounds, sides)
  const failed = Object.entries(gathered).filter(([, { failure }]) => failure)
  for (const [name, { failure }] of failed) console.log(`${name}: ${failure}`)
  if (failed.length > 0) return { ran: false }

  const ms = (situation, ending) => median(gathered[`${situation} ${ending}`].results.map((result) => result.ms))
  printTable(['', 'ours ms', 'bare Node ms', 'ratio', 'target', ''], ROWS.map(({ label, situation, ending, bare, limit }) => {
    const [our, node] = [ms(situation, ending), bare && ms(bare, ending)]
    return [label, our, node, node && our / node, ...judged(our, limit, `≤ ${limit} ms`)]
  }))
  return { ran: true }
}
