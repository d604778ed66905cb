// How long it takes from handing a burst to the library until having it back from the microphone, through the loopback of an
// audio server. Every side emits at random moments of its device's period and does what it can to notice soon.

import { bareC, onServer } from './audio-server.mjs'
import { entryOf, ours, peer } from './peers.mjs'
import { interleave, median, nodeSide, quantile } from './rounds.mjs'
import { judged, printTable } from './table.mjs'

const WARM_MS = 3000
const PROBES = 20
const RATIO = 1.1
const JAVASCRIPT_MS = 1

const OURS = 'ours, from a worker'
const FLOOR = 'bare C'
const BEYOND = 'ours, unbroken stream 2 blocks ahead'

/** name → side, or the reason why there is none */
const sidesFor = (frames) => {
  const figures = [frames, WARM_MS, PROBES]
  const side = (file, module, more = [], options = {}) => onServer(nodeSide(file, [module, ...figures, ...more], options))
  const kmamal = (pollMs) => side('roundtrip-kmamal.mjs', peer('kmamal'), [pollMs], { env: { SDL_VIDEODRIVER: 'dummy' } })
  const makers = {
    [FLOOR]: () => bareC(...figures, 0),
    [OURS]: () => side('roundtrip-ours.mjs', ours),
    [BEYOND]: () => side('roundtrip-ours.mjs', ours, ['stream']),
    '@kmamal/sdl, polling all the time': () => kmamal(0),
    '@kmamal/sdl, polling every ms': () => kmamal(1),
    'node-web-audio-api': () => side('roundtrip-nwaa.mjs', entryOf('nwaa'), [], { node: peer('node22') }),
    audify: () => side('roundtrip-audify.mjs', peer('audify')),
    naudiodon: () => side('roundtrip-naudiodon.mjs', peer('naudiodon')),
  }
  const [sides, absent] = [{}, {}]
  for (const [name, make] of Object.entries(makers)) {
    try {
      sides[name] = make()
    } catch (error) {
      absent[name] = error.message.split('\n')[0]
    }
  }
  return { sides, absent }
}

/** What one side's rounds come to, in ms; `null` if it was never heard. */
const summary = ({ results }) => {
  const rounds = results.map(({ latencyMs }) => latencyMs).filter((latencies) => latencies.length > 0)
  if (rounds.length === 0) return null
  return {
    median: median(rounds.map(median)),
    p95: median(rounds.map((latencies) => quantile(latencies, 0.95))),
    cpuPercent: median(results.map(({ cpuPercent }) => cpuPercent)),
  }
}

export const run = async ({ rounds }) => {
  let ran = true
  for (const frames of [128, 256, 512]) {
    const { sides, absent } = sidesFor(frames)
    const gathered = await interleave(rounds, sides)
    const heard = Object.fromEntries(Object.keys(sides).map((name) => [name, summary(gathered[name])]))
    const [mine, floor] = [heard[OURS]?.median, heard[FLOOR]?.median]

    const table = Object.entries(heard).map(([name, found]) => {
      if (!found) {
        ran = false
        return [name, undefined, undefined, undefined, undefined, gathered[name].failure ?? 'the burst was never heard']
      }
      const verdict = {
        [FLOOR]: () => [],
        [BEYOND]: () => [],
        [OURS]: () => judged(mine, RATIO * floor + JAVASCRIPT_MS, `≤ ${RATIO} × C + ${JAVASCRIPT_MS} ms`),
      }[name]?.() ?? judged(mine, found.median, 'ours below it')
      return [name, found.median, found.p95, found.cpuPercent, found.median / floor, ...verdict]
    })
    for (const [name, reason] of Object.entries(absent)) {
      ran = false
      table.push([name, undefined, undefined, undefined, undefined, reason])
    }
    printTable([`${frames} frames`, 'median ms', 'p95 ms', 'cpu %', '× C', 'target', ''], table)
  }
  return { ran }
}
