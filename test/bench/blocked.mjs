// The main job under stress: webaudio-node, unmodified, over an audio server; ms of silence in 10 s of a tone that it plays,
// and of a tone that it passes from the microphone to the speaker.

import path from 'node:path'
import { inTime } from './audio-server.mjs'
import { peer } from './peers.mjs'
import { interleave, median, nodeSide } from './rounds.mjs'
import { judged, printTable } from './table.mjs'

const SECONDS = 10

export const run = async ({ rounds }) => {
  const webaudio = path.join(peer('webaudio'), 'index.js')
  const side = (where, blockedMs, env) =>
    inTime(nodeSide('blocked-listen.mjs', [where, webaudio, blockedMs, SECONDS], { env }))
  const table = []
  let ran = true
  for (const blockedMs of [500, 0]) {
    const { our, their } = await interleave(rounds, {
      our: side('worker', blockedMs),
      their: side('main', blockedMs, { SDL_VIDEODRIVER: 'dummy' }),
    })
    const failure = our.failure ?? their.failure
    if (failure) {
      ran = false
      console.log(`blocked ${blockedMs} ms: ${failure}`)
      continue
    }
    for (const sound of ['tone', 'microphone']) {
      const figures = ({ results }) =>
        ['gapMs', 'splices'].map((field) => median(results.map((result) => result[sound][field])))
      const [[ourMs, ourSplices], [theirMs, theirSplices]] = [figures(our), figures(their)]
      const label = `${sound}, main thread ${blockedMs ? `blocked ${blockedMs} ms of each second` : 'free'}`
      table.push([label, ourMs, theirMs, ourSplices, theirSplices, ...judged(ourMs + ourSplices, 0, '0 ms, no splice')])
    }
  }
  const heads = ['ours, worker: ms', '@kmamal/sdl, main: ms', 'ours: splices', 'theirs', 'target', '']
  printTable([`in ${SECONDS} s`, ...heads], table)
  return { ran }
}
