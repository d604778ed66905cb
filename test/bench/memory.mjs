// Resident memory over bare Node, in fresh processes: with the addon loaded, and with devices that play.

import { ours, peer } from './peers.mjs'
import { interleave, median, nodeSide } from './rounds.mjs'
import { judged, printTable } from './table.mjs'

const DEVICES = 8
const ADDON_MB = 5
const DEVICE_MB = 1

export const run = async ({ rounds }) => {
  const env = { SDL_AUDIODRIVER: 'disk', SDL_VIDEODRIVER: 'dummy' }
  const side = (module, devices) => nodeSide('memory.cjs', [module, devices], { env, flags: ['--expose-gc'] })
  const sides = { bare: side('', 0) }
  for (const [who, module] of Object.entries({ our: ours, their: peer('kmamal') })) {
    for (const devices of [0, 1, DEVICES]) sides[`${who} ${devices}`] = side(module, devices)
  }
  const gathered = await interleave(rounds, sides)
  const failed = Object.entries(gathered).filter(([, { failure }]) => failure)
  if (failed.length > 0) {
    for (const [name, { failure }] of failed) console.log(`${name}: ${failure}`)
    return { ran: false }
  }

  const mb = (name) => median(gathered[name].results.map(({ rssBytes }) => rssBytes)) / 2 ** 20
  const row = (label, most, of) => {
    const [our, their] = ['our', 'their'].map(of)
    return [label, our, their, our / their, ...(most ? judged(our, most, `≤ ${most} MB`) : [])]
  }
  printTable(['over bare Node', 'ours MB', '@kmamal/sdl MB', 'ratio', 'target', ''], [
    row('addon loaded', ADDON_MB, (who) => mb(`${who} 0`) - mb('bare')),
    row('first device, with what all share', null, (who) => mb(`${who} 1`) - mb(`${who} 0`)),
    row(`each of ${DEVICES} devices`, DEVICE_MB, (who) => (mb(`${who} ${DEVICES}`) - mb(`${who} 0`)) / DEVICES),
    row('each further device', null, (who) => (mb(`${who} ${DEVICES}`) - mb(`${who} 1`)) / (DEVICES - 1)),
  ])
  return { ran: true }
}
