// µs per call through JavaScript, each with its peer in the same process, call by call in turn.

import { inTime } from './audio-server.mjs'
import { ours, peer } from './peers.mjs'
import { interleave, median, nodeSide } from './rounds.mjs'
import { printTable } from './table.mjs'

/** label, ours, theirs, quantile, what is wanted of the ratio */
const rows = [
  ['AES-128-CTR, 160 bytes in place, fresh IV, × createCipheriv', 'ctr', 'ctrNode', 'p50', { least: 12 }],
  ['seal 160 bytes with AES-128-GCM, × createCipheriv', 'gcm', 'gcmNode', 'p50', { least: 8 }],
  ['Opus 20 ms at 48 kHz, complexity 10, × @discordjs/opus', 'encode', 'encodeDjs', 'p50', { least: 1.3 }],
  ['48 → 24 kHz, Opus, AES: over encoding alone', 'bare', 'pipeline', 'p50', { most: 1.15 }],
  ['  the same, quickest tenth', 'bare', 'pipeline', 'p10', {}],
  ['48 kHz, Opus, AES: over encoding alone', 'bareWide', 'pipelineWide', 'p50', { most: 1.15 }],
  ['pipeline, × LiveKit resampler + @discordjs/opus + node:crypto', 'pipeline', 'pipelineJs', 'p50', { least: 1.5 }],
  ['  the same, p99', 'pipeline', 'pipelineJs', 'p99', { least: 5 }],
]

const judge = (ratio, { least, most }) => {
  if (least !== undefined) return [`≥ ${least}`, ratio >= least ? 'met' : 'MISSED']
  if (most !== undefined) return [`≤ ${most}`, ratio <= most ? 'met' : 'MISSED']
  return []
}

export const run = async ({ rounds }) => {
  const side = inTime(nodeSide('codec.mjs', [ours, peer('djsopus'), peer('livekit')]))
  const { all: { results, failure } } = await interleave(rounds, { all: side })
  if (failure) {
    console.log(failure)
    return { ran: false }
  }
  const us = (name, quantile) => median(results.map((result) => result[name][quantile]))
  printTable(['call', 'µs', 'of', 'ratio', 'target', ''], rows.map(([label, first, second, quantile, wanted]) => {
    // Within a round, where both met the same machine.
    const ratio = median(results.map((result) => result[second][quantile] / result[first][quantile]))
    return [label, us(first, quantile), us(second, quantile), ratio, ...judge(ratio, wanted)]
  }))
  const [{ interop }] = results
  printTable(['speech there and back, dB', 'decoded by us', 'by @discordjs/opus', 'bytes'], ['ours', 'theirs'].map((from) => {
    const { ours, theirs, bytes } = interop[from]
    return [`encoded by ${from === 'ours' ? 'us' : '@discordjs/opus'}`, ours, theirs, bytes]
  }))
  return { ran: true }
}
