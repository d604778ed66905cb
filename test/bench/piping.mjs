// A microphone piped into a speaker, over an audio server, for as long as is asked: the delay between the two must stay.

import { onServer } from './audio-server.mjs'
import { interleave, nodeSide } from './rounds.mjs'
import { printTable } from './table.mjs'

export const run = async ({ minutes }) => {
  const timeoutMs = minutes * 60_000 + 60_000
  const side = onServer(nodeSide('piping.mjs', [minutes], { timeoutMs }))
  const { piping: { results: [result], failure } } = await interleave(1, { piping: side })
  if (failure) {
    console.log(failure)
    return { ran: false }
  }
  const { lines, ...lost } = result
  const shown = lines.filter((_, minute) => minute % Math.ceil(lines.length / 12) === 0 || minute === lines.length - 1)
  const row = (line) => [`minute ${lines.indexOf(line) + 1}`, line.median, line.p99, line.rssMb]
  printTable(['', 'ms on their way, median', 'p99', 'RSS, MB'], shown.map(row))
  console.log(`lost in ${minutes} min: ${JSON.stringify(lost)}`)
  return { ran: true }
}
