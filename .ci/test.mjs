// Main thread. Runs every check, shows its output, counts the tests, and fails if one failed or none ran.
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

process.chdir(path.join(path.dirname(fileURLToPath(import.meta.url)), '..'))

/** Adds up the first number of every match. */
const sum = (text, pattern) => [...text.matchAll(pattern)].reduce((total, [, count]) => total + Number(count), 0)

const testFiles = fs.readdirSync('test/js').filter((name) => /\.test\.[cm]js$/.test(name)).map((name) => `test/js/${name}`)

// mocha sees the pipe through which its report comes, or what FORCE_COLOR says: what counts is where the report ends up.
const colour = process.stdout.isTTY ? '--color' : '--no-color'

const host = execFileSync('rustc', ['-vV'], { encoding: 'utf8' }).match(/^host: (.*)$/m)[1]

const CHECKS = [
  { name: 'format', command: 'cargo fmt --check' },
  { name: 'lint, core', command: 'cargo clippy --no-default-features --all-targets -- -D warnings' },
  // Where the addon was built, so that SDL2 is not compiled a second time.
  { name: 'lint, addon', command: `cargo clippy --release --target ${host} -- -D warnings` },
  {
    name: 'Rust tests',
    // As with those in JavaScript: threads on a busy machine may fail a test once, and it is told.
    again: true,
    command: 'cargo test --no-default-features',
    passed: /^test result: \w+\. (\d+) passed/gm,
    failed: /^test result: .* (\d+) failed/gm,
  },
  {
    name: 'JavaScript tests',
    // A test with no device fails, it does not skip: nor does any other. What fails runs once more, and is told.
    command: `npx --no-install mocha --forbid-only --forbid-pending --retries 1 ${colour} --reporter .ci/reporter.cjs ${testFiles.join(' ')}`,
    env: { SDL_AUDIODRIVER: 'dummy' },
    passed: /^ +(\d+) passing/gm,
    failed: /^ +(\d+) failing/gm,
  },
]

/** Runs a check in view; returns its line of the summary and whether it is in order. */
async function run ({ name, command, env = {}, passed, failed }) {
  console.log(`\n── ${name}: ${command}`)
  const [file, ...args] = command.split(' ')
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, ...env } })
  let output = ''
  child.stdout.on('data', (chunk) => {
    process.stdout.write(chunk)
    output += chunk
  })
  const [status] = await once(child, 'close')
  const count = passed && { passed: sum(output, passed), failed: sum(output, failed) }
  const ok = status === 0 && (!count || (count.passed > 0 && count.failed === 0))
  const counted = count ? `: ${count.passed} passed, ${count.failed} failed` : ''
  return { ok, line: `${ok ? '✔' : '✘'} ${name}${counted}` }
}

const results = []
for (const check of CHECKS) {
  let result = await run(check)
  if (!result.ok && check.again) {
    console.log(`\n${result.line}: run again`)
    result = await run(check)
  }
  results.push(result)
}
console.log(`\n${results.map(({ line }) => line).join('\n')}`)
process.exitCode = results.every(({ ok }) => ok) ? 0 : 1
