// webaudio-node, unmodified, over an audio server: ms from turning a note on until it is heard, ms from speaking into the
// microphone until it comes out of the speaker, and underruns with the main thread blocked and both processors busy.

import path from 'node:path'
import { inTime } from './audio-server.mjs'
import { ours, peer } from './peers.mjs'
import { interleave, median, nodeSide, quantile } from './rounds.mjs'
import { judged, printTable } from './table.mjs'

const PROBES = 20
const BLOCKED_SECONDS = 60
/** What the README promises for. */
const BLOCKED_TARGET_MS = 8
const NOTE_MS = 15

export const run = async ({ rounds }) => {
  const stock = path.join(peer('webaudio'), 'index.js')
  const side = (where, what, count, targetMs = 'auto') =>
    inTime(nodeSide('render-listen.mjs', [ours, where, where === 'worker' ? 'webaudio-node' : stock, what, count, targetMs], {
      env: where === 'worker' ? {} : { SDL_VIDEODRIVER: 'dummy' },
    }))
  let ran = true
  const gather = async (times, sides) => {
    const gathered = await interleave(times, sides)
    for (const [name, { failure }] of Object.entries(gathered)) {
      if (failure) console.log(`${name}: ${failure}`)
      ran &&= !failure
    }
    return gathered
  }

  const rows = []
  for (const [what, label, verdict] of [
    ['note', 'note on until heard', (ms) => judged(ms, NOTE_MS, `≤ ${NOTE_MS} ms`)],
    ['microphone', 'spoken into the microphone until heard', () => []],
  ]) {
    const { our, eight, their } = await gather(rounds, {
      our: side('worker', what, PROBES),
      eight: side('worker', what, PROBES, BLOCKED_TARGET_MS),
      their: side('main', what, PROBES),
    })
    const all = ({ results }) => results.flatMap(({ latencyMs }) => latencyMs)
    const [middle, late] = [median, (values) => quantile(values, 0.95)].map((of) => [our, eight, their].map((found) => of(all(found))))
    rows.push([`${label}, median`, ...middle, ...verdict(Math.max(middle[0], middle[1]))], [`${label}, p95`, ...late])
  }
  printTable(['ms', "ours, targetMs 'auto'", `ours, targetMs ${BLOCKED_TARGET_MS}`, 'stock on @kmamal/sdl', 'target', ''], rows)

  const targets = ['auto', BLOCKED_TARGET_MS]
  const blocked = await gather(1, Object.fromEntries(targets.map((target) => [target, side('worker', 'blocked', BLOCKED_SECONDS, target)])))
  printTable([`${BLOCKED_SECONDS} s, main thread blocked 500 ms of each, two busy processes`, 'underruns', 'target at the end, ms', 'wanted', ''],
    targets.filter((target) => blocked[target].results.length > 0).map((target) => {
      const [{ underruns, targetMs }] = blocked[target].results
      return [`targetMs ${target}`, underruns, targetMs, ...(target === 'auto' ? [] : judged(underruns, 0, '0'))]
    }))
  return { ran }
}
