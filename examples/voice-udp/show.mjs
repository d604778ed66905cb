// What is seen of the call: a line while it lasts, and a picture of it.
import fs from 'node:fs'
import { giveUp } from '../command-line.mjs'
import { drawPicture } from './picture.mjs'

const lineOf = ({ delayMs, targetMs, jitterMs, concealedMs, lost, late, stretchedMs, level }) =>
  `delay ${delayMs.toFixed(0).padStart(4)} ms   target ${targetMs.toFixed(0).padStart(4)} ms   jitter ${jitterMs.toFixed(0).padStart(3)} ms   ` +
  `made up ${concealedMs.toFixed(0).padStart(5)} ms   lost ${lost}   late ${late}   stretched ${stretchedMs.toFixed(0)} ms   ${'▮'.repeat(Math.round(level * 10)).padEnd(10)}`

/** Rewrites the line on a terminal; elsewhere every tenth look is one. */
export const show = (look, count) => {
  if (process.stdout.isTTY) process.stdout.write(`\r\x1b[K${lineOf(look)}`)
  else if (count % 10 === 0) console.log(lineOf(look))
}

export const keepPicture = (file, looks, network) => {
  try {
    fs.writeFileSync(file, drawPicture(looks, network))
  } catch ({ message }) {
    giveUp(`The picture cannot be kept: ${message}`)
  }
}
