// Runs the sides of a comparison in turn (A B A B …), each in a fresh process, and gathers what they print.

import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const KEPT_OUTPUT = 4000

/** A side written in JavaScript: `file` in sides/, with its arguments. `node` may name another Node than this one. */
export const nodeSide = (file, args, { env = {}, flags = [], node = process.execPath, timeoutMs } = {}) => ({
  command: node,
  args: [...flags, fileURLToPath(new URL(`sides/${file}`, import.meta.url)), ...args.map(String)],
  env,
  timeoutMs,
})

/** Runs a side once; resolves to the object in the last line of JSON that it prints. */
const runSide = ({ command, args, env, timeoutMs = 120_000 }) =>
  new Promise((resolve, reject) => {
    const child = spawn(command, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
    const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs)
    let [out, err] = ['', '']
    child.stdout.on('data', (text) => { out += text })
    child.stderr.on('data', (text) => { err = (err + text).slice(-KEPT_OUTPUT) })
    child.on('error', reject)
    child.on('close', (status, signal) => {
      clearTimeout(timer)
      // Peers print to stdout too.
      const line = out.split('\n').findLast((text) => text.startsWith('{"'))
      if (line !== undefined) return resolve(JSON.parse(line))
      const lines = err.trim().split('\n')
      const said = lines.findLast((text) => /error|cannot|failed/i.test(text)) ?? lines.at(-1)
      reject(new Error(`${signal ?? `status ${status}`}: ${said}`))
    })
  })

/**
 * Runs every side of `sides` (name → side) once a round. Resolves to name → `{ results, failure }`; a side that fails in its
 * first round is not tried again, and `failure` says why.
 */
export const interleave = async (rounds, sides) => {
  const gathered = Object.fromEntries(Object.keys(sides).map((name) => [name, { results: [], failure: null }]))
  for (let round = 0; round < rounds; round++) {
    for (const [name, side] of Object.entries(sides)) {
      const { results, failure } = gathered[name]
      if (failure && results.length === 0) continue
      if (process.stderr.isTTY) process.stderr.write(`\r\x1b[Kround ${round + 1}/${rounds}: ${name}`)
      try {
        results.push(await runSide(side))
      } catch (error) {
        gathered[name].failure = error.message
      }
    }
  }
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K')
  return gathered
}

export const quantile = (values, q) => {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))]
}

export const median = (values) => {
  const sorted = [...values].sort((a, b) => a - b)
  const half = sorted.length >> 1
  return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2
}
