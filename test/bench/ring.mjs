// ns per write into a SharedRing, beside our own native calls for the same samples.

import { interleave, median, nodeSide } from './rounds.mjs'
import { printTable } from './table.mjs'

const SAMPLES = [128, 256, 1024]

export const run = async ({ rounds }) => {
  const env = { SDL_AUDIODRIVER: 'dummy' }
  const sides = Object.fromEntries(SAMPLES.map((count) => [count, nodeSide('ring.cjs', [count], { env })]))
  const gathered = await interleave(rounds, sides)
  const rows = SAMPLES.map((count) => {
    const ns = (name) => median(gathered[count].results.map((result) => result[name]))
    return [`${count} samples`, ns('ring'), ns('enqueue'), ns('write'), ns('source')]
  })
  printTable(['', 'SharedRing.write ns', 'enqueue, same Buffer ns', 'write ns', 'source.write ns'], rows)
  return { ran: Object.values(gathered).every(({ failure }) => !failure) }
}
