// What happens on the audio thread at 128 frames of stereo: how long our callback takes, and how evenly it comes. Both sides
// count from the moment their device opens; how evenly the server asks is the same for both.

import { bareC, onServer } from './audio-server.mjs'
import { ours } from './peers.mjs'
import { interleave, median, nodeSide } from './rounds.mjs'
import { judged, printTable } from './table.mjs'

const FRAMES = 128
const SECONDS = 10
const DURATION_P99_US = 20
const SPREAD_RATIO = 1.2

export const run = async ({ rounds }) => {
  const gathered = await interleave(rounds, {
    our: onServer(nodeSide('callback-ours.mjs', [ours, FRAMES, SECONDS])),
    c: bareC(FRAMES, 0, 0, SECONDS),
  })
  const failure = gathered.our.failure ?? gathered.c.failure
  if (failure) {
    console.log(failure)
    return { ran: false }
  }
  const us = (side, field) => median(gathered[side].results.map(field))
  const spread = ({ intervalUs: { p50, p99 } }) => p99 - p50
  const row = (label, field, verdict = () => []) => {
    const [our, c] = [us('our', field), us('c', field)]
    return [label, our, c, our / c, ...verdict(our, c)]
  }
  const short = (our) => judged(our, DURATION_P99_US, `≤ ${DURATION_P99_US} µs`)
  const even = (our, c) => judged(our / c, SPREAD_RATIO, `≤ ${SPREAD_RATIO} × C`)
  printTable([`${FRAMES} frames`, 'ours µs', 'bare C µs', 'ratio', 'target', ''], [
    row('duration p50', ({ durationUs }) => durationUs.p50),
    row('duration p99', ({ durationUs }) => durationUs.p99, short),
    row('interval p50', ({ intervalUs }) => intervalUs.p50),
    row('interval p99', ({ intervalUs }) => intervalUs.p99),
    row('interval p99 − p50', spread, even),
  ])
  return { ran: true }
}
