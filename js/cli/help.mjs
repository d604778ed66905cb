// Main thread. The help of the commands: generated from their specs, with examples first of all.
import { wrap } from './text.mjs'

const WIDTH = 78
const NAME = 'npx sdl-callback-audio'

const indented = (text, indent) => wrap(text, WIDTH - indent).map((line) => ' '.repeat(indent) + line)

const flagOf = (name, { takes, short }) => `${short ? `-${short}, ` : ''}--${name}${takes ? ` ${takes}` : ''}`

const optionLines = ([name, option]) => {
  const { says, fallback } = option
  const shown = Array.isArray(fallback) ? fallback.join(',') : fallback
  const text = shown === undefined ? says : `${says} (default ${shown})`
  const flag = `  ${flagOf(name, option)}`
  const [first, ...rest] = wrap(text, WIDTH - 26)
  const lines = flag.length > 24 ? [flag, ' '.repeat(26) + first] : [flag.padEnd(26) + first]
  return [...lines, ...rest.map((line) => ' '.repeat(26) + line)]
}

const exampleLines = ([command, says]) => [`  ${command}`, ...indented(says, 6)]

const legendLines = ([word, says]) => {
  const [first, ...rest] = wrap(says, WIDTH - 14)
  return [`  ${word.padEnd(12)}${first}`, ...rest.map((line) => ' '.repeat(14) + line)]
}

/** The text of `COMMAND --help`. Laid out for 80 columns in a pipe, too: that is mostly a pager's. */
export const commandHelp = (name, { says, more = [], legend = [], operands = [], options = {}, examples }) => [
  `${NAME} ${[name, ...operands].join(' ')} [options]`,
  '',
  ...wrap(`${says[0].toUpperCase()}${says.slice(1)}.`, WIDTH),
  ...more.flatMap((paragraph) => ['', ...wrap(paragraph, WIDTH)]),
  '',
  'Examples:',
  ...examples.flatMap(exampleLines),
  ...(legend.length > 0 ? ['', 'What it shows:', ...legend.flatMap(legendLines)] : []),
  '',
  'Options:',
  ...Object.entries(options).flatMap(optionLines),
  ...optionLines(['help', { says: 'this text', short: 'h' }]),
  '',
].join('\n')

/** The text of `--help`. `commands`: name → how to load it. */
export const overview = async (commands) => {
  const rows = await Promise.all(Object.entries(commands).map(async ([name, load]) => [name, (await load()).spec]))
  const lines = rows.flatMap(([name, { says, operands = [] }]) => {
    const [first, ...rest] = wrap(says, WIDTH - 18)
    return [`  ${[name, ...operands].join(' ').padEnd(16)}${first}`, ...rest.map((line) => ' '.repeat(18) + line)]
  })
  return [
    `${NAME} COMMAND [options]`,
    '',
    'Sound from the command line, and what to know about a machine\'s sound.',
    '',
    ...lines,
    '',
    'Start here:',
    `  ${NAME} doctor        is the sound of this machine in order?`,
    `  ${NAME} tone          hear something`,
    `  ${NAME} play --help   examples and options of a command`,
    '',
    'Exit codes: 0 fine, 1 a problem was found or it failed, 2 wrong usage, 130 ended',
    'by Ctrl-C.',
    'Environment: SDL_AUDIODRIVER chooses the audio system (dummy and disk need no',
    'sound card), NO_COLOR takes the colours away.',
    '',
  ].join('\n')
}
