// What mixing many stereo sources costs at 128 frames, on one core, beside a plain vectorised multiply-add over memory that
// lies and is filled in the same way. How far the producers are ahead decides whether caches or memory are measured.

import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

import { interleave, median } from './rounds.mjs'
import { judged, printTable } from './table.mjs'

const PERIOD_NS = (128 / 48_000) * 1e9
const MANY = 1024
const FEW = 8
const SHARE = 3
const FLATNESS = 1.25
const LEAST_SPEED = 0.8
/** Blocks: a producer that keeps up with the callback, and one that is 21 ms ahead. */
const AHEADS = [1, 8]

const program = () => {
  const flags = ['bench', '--quiet', '--no-default-features', '--bench', 'mixer', '--no-run', '--message-format=json']
  const cwd = fileURLToPath(new URL('../..', import.meta.url))
  const told = execFileSync('cargo', flags, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
  return told.split('\n').filter((line) => line.startsWith('{')).map((line) => JSON.parse(line))
    .findLast(({ executable, target }) => executable && target.name === 'mixer').executable
}

export const run = async ({ rounds }) => {
  const command = program()
  const cases = AHEADS.flatMap((ahead) => [FEW, MANY].map((count) => [`${count} ${ahead}`, count, ahead]))
  const sides = Object.fromEntries(cases.map(([name, ...args]) => [name, { command, args: args.map(String) }]))
  const gathered = await interleave(rounds, sides)
  const failure = Object.values(gathered).find((side) => side.failure)?.failure
  if (failure) {
    console.log(failure)
    return { ran: false }
  }
  const of = (count, ahead, field) => median(gathered[`${count} ${ahead}`].results.map(field))
  for (const ahead of AHEADS) {
    const each = (count) => of(count, ahead, ({ mixed, empty }) => (mixed - empty) / count)
    const plain = (count) => of(count, ahead, (result) => result.plain / count)
    const share = of(MANY, ahead, ({ mixed }) => (100 * mixed) / PERIOD_NS)
    const plainShare = of(MANY, ahead, (result) => (100 * result.plain) / PERIOD_NS)
    const [flat, plainFlat] = [each(MANY) / each(FEW), plain(MANY) / plain(FEW)]
    const speed = of(MANY, ahead, (result) => result.plain / result.mixed)
    printTable([`producers ${ahead} block${ahead > 1 ? 's' : ''} ahead`, 'ours', 'plain', 'target', ''], [
      [`${MANY} sources, % of the period`, share, plainShare, ...judged(share, SHARE, `< ${SHARE} %`)],
      [`ns for each of ${FEW} sources`, each(FEW), plain(FEW)],
      [`ns for each of ${MANY}`, each(MANY), plain(MANY)],
      ['  ratio', flat, plainFlat, ...judged(flat, FLATNESS, `≤ ${FLATNESS}`)],
      [`speed with ${MANY}, plain = 1`, speed, 1, ...judged(-speed, -LEAST_SPEED, `≥ ${LEAST_SPEED}`)],
    ])
  }
  return { ran: true }
}
