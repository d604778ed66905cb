// Plays a recording through webaudio-node, with the microphone mixed in, while the main thread is blocked on purpose.
// This process only watches: the sound is made by demo-player.mjs, whose main thread is the one that is blocked.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { chooseOutput } from './demo-output.mjs'
import { verdict } from './demo-verdict.mjs'

const USAGE = `usage: npm run demo -- [--main] [--seconds N] [--block MS]
  --main       render on the blocked main thread instead of in a worker, to hear and see the difference
  --seconds N  how long (10)
  --block MS   for how long of every second the main thread is blocked (500)`

function readOptions () {
  const { main, seconds, block } = parseArgs({
    options: {
      main: { type: 'boolean', default: false },
      seconds: { type: 'string', default: '10' },
      block: { type: 'string', default: '500' },
    },
  }).values
  if (!(Number(seconds) > 0)) throw new RangeError(`Expected a number above 0 for --seconds but received ${seconds}`)
  if (!(Number(block) >= 0 && Number(block) <= 1000)) throw new RangeError(`Expected 0 to 1000 for --block but received ${block}`)
  return { onMain: main, seconds: Number(seconds), blockMs: Number(block) }
}

function optionsOrUsage () {
  try {
    return readOptions()
  } catch (error) {
    console.error(`${error.message}\n${USAGE}`)
    process.exit(2)
  }
}

function outputOrReason (options) {
  try {
    return chooseOutput(options)
  } catch (error) {
    console.error(error.message)
    process.exit(1)
  }
}

const options = optionsOrUsage()
const output = outputOrReason(options)
console.log(output.description)
console.log(
  `Rendering ${options.onMain ? 'on the main thread' : 'in a worker'} for ${options.seconds} s; ` +
    `the main thread is blocked for ${options.blockMs} ms of every second. Ctrl-C ends it.`,
)

const player = fork(fileURLToPath(new URL('demo-player.mjs', import.meta.url)), [JSON.stringify({ ...options, ...output.job })], {
  env: { ...process.env, ...output.env },
})
process.on('SIGINT', () => player.kill('SIGINT'))
let played = null
player.on('message', (message) => { played = message })
const [status, signal] = await once(player, 'exit')
if (!played) {
  console.error(`The player ended without an answer (${signal ?? status}).`)
  process.exit(1)
}

const { text, ok } = verdict({ ...options, ...played, file: await output.finish() })
console.log(text)
process.exitCode = ok ? 0 : 1
