// Main thread. `doctor`: looks at everything that sound needs, from Node to the loudspeaker, and says what to do about what is wrong.
import process from 'node:process'
import { JSON_SWITCH } from './arguments.mjs'
import { checkNative, checkNode, checkVersions } from './doctor-package.mjs'
import { checkDrivers } from './doctor-drivers.mjs'
import { checkSurroundings } from './doctor-linux.mjs'
import { checkDevices, checkLoopback, checkSound } from './doctor-sound.mjs'
import { columnsOf, print, stylesFor, wrap } from './text.mjs'

/** For marks and arrows. */
const INDENT = 6
const MARKS = { ok: '✔', note: '·', problem: '✘' }

export const spec = {
  says: 'finds what is wrong with this machine\'s sound, and says what to do',
  more: [
    'It opens every audio system that this build knows, plays a second of silence, reads how punctually it was played, and at the end some ' +
      'quiet clicks, to see whether the microphone hears them (--silent leaves them out).',
    'Exit code 0: no problem was found; 1: there is one.',
  ],
  options: {
    silent: { says: 'no clicks' },
    json: { ...JSON_SWITCH, says: '{ "ok", "heard", "checks": [{ "status", "about", "finding", "remedy" }] }; heard: false where the driver has no loudspeaker' },
  },
  examples: [
    ['npx sdl-callback-audio doctor', 'everything, in ten seconds'],
    ['npx sdl-callback-audio doctor --json | jq -r ".checks[].remedy // empty"', 'what to do, alone'],
    ['docker run --rm node:24 npx --yes sdl-callback-audio doctor', 'what a container lacks'],
  ],
}

const ORDER = [checkNode, checkSurroundings, checkNative, checkVersions, checkDrivers, checkDevices, checkSound, checkLoopback]

const shown = ({ status, about, finding, remedy }, { green, red, dim, bold }) => {
  const paint = { ok: green, note: dim, problem: red }[status]
  const width = columnsOf(process.stdout) - INDENT
  const [first, ...rest] = wrap(`${about}: ${finding}`, width)
  const lines = [`${paint(MARKS[status])} ${first}`, ...rest.map((line) => `  ${line}`)]
  if (remedy) lines.push(...wrap(`→ ${remedy}`, width - 2).map((line, index) => `  ${index === 0 ? '' : '  '}${status === 'problem' ? bold(line) : line}`))
  return lines.join('\n')
}

const verdict = (problems, { unheard }, { green, red, yellow }) => {
  if (problems > 0) return red(`\n${problems === 1 ? 'One problem' : `${problems} problems`}; each says what to do.`)
  if (unheard === null) return green('\nSound works.')
  return yellow(`\n${wrap(`Nothing will be heard: ${unheard}. All else is in order.`, columnsOf(process.stdout)).join('\n')}`)
}

export const run = async ({ silent, json }, ending) => {
  const checks = []
  const styles = stylesFor(process.stdout)
  const tell = (check) => {
    checks.push(check)
    if (!json) print(shown(check, styles))
  }
  // What one check finds out and later ones build upon: `usable`, whether there is anything to play on; `unheard`, why nobody hears it.
  const known = { silent, usable: true, unheard: null }
  for (const check of ORDER) {
    if (ending.signal.aborted || !known.usable) break
    for await (const finding of check(known, ending)) tell(finding)
  }
  const problems = checks.filter(({ status }) => status === 'problem').length
  const [complete, ok] = [!ending.signal.aborted, problems === 0]
  if (json) print(JSON.stringify({ ok: ok && complete, heard: ok && complete && known.unheard === null, checks }, null, 2))
  else if (complete) print(verdict(problems, known, styles))
  return problems === 0 ? 0 : 1
}
