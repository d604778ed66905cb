// Main thread. What stands behind a command: checked against its spec, with a reason that says what was expected.
import { parseArgs } from 'node:util'

/** Wrong usage: exit code 2. */
export class UsageError extends Error {}

/**
 * `spec.options`: name → `{ says, takes?, fallback?, short?, number: { min, max, whole? }?, words?, many? }`; without `takes` it is a
 * switch. `spec.operands`: names of what stands without a dash.
 */
const forParseArgs = ({ options = {} }) =>
  Object.fromEntries(Object.entries(options).map(([name, { takes, short }]) => [name, { type: takes ? 'string' : 'boolean', ...(short && { short }) }]))

const readNumber = (name, text, { min, max, whole = false }) => {
  const value = Number(text)
  const fits = text.trim() !== '' && (whole ? Number.isInteger(value) : Number.isFinite(value))
  if (!fits) throw new UsageError(`expected ${whole ? 'a whole number' : 'a number'} for --${name} but received "${text}"`)
  if (value < min || value > max) throw new UsageError(`expected --${name} from ${min} to ${max} but received ${text}`)
  return value
}

const readOption = (name, text, { number, words, many }) => {
  if (many) return text.split(',').map((part) => readNumber(name, part, number))
  if (number) return readNumber(name, text, number)
  if (words && !words.includes(text)) throw new UsageError(`expected ${words.join(' or ')} for --${name} but received "${text}"`)
  return text
}

const parsed = (spec, words) => {
  try {
    return parseArgs({ args: words, options: forParseArgs(spec), allowPositionals: true })
  } catch (error) {
    // Its first sentence says what is wrong; the rest speaks of the shell.
    throw new UsageError(error.message.split('. ')[0])
  }
}

/** Turns words into `{ operand, option… }`, options by their name in camel case; throws a `UsageError`. */
export const interpret = (spec, words) => {
  const { values, positionals } = parsed(spec, words)
  const { operands = [], options = {} } = spec
  if (positionals.length > operands.length) throw new UsageError(`"${positionals[operands.length]}" is one argument too many`)
  const missing = operands.slice(positionals.length)
  if (missing.length > 0) throw new UsageError(`${missing.join(' and ')} is missing`)

  const found = Object.fromEntries(operands.map((operand, index) => [operand.toLowerCase(), positionals[index]]))
  for (const [name, option] of Object.entries(options)) {
    const key = name.replace(/-(\w)/g, (_, letter) => letter.toUpperCase())
    if (!option.takes) found[key] = values[name] ?? false
    else found[key] = values[name] === undefined ? option.fallback : readOption(name, values[name], option)
  }
  return found
}

/** Options that several commands have. */
export const DEVICE = { takes: 'NAME', says: 'a device of "devices", or a part of its name; the default one without' }
export const JSON_SWITCH = { says: 'JSON on stdout instead of text; { "error": { "message", "code" } } where it fails' }
export const FREQUENCY = { takes: 'HZ', number: { min: 1000, max: 384000, whole: true }, says: 'frames per second' }
export const CHANNELS = { takes: 'N', number: { min: 1, max: 8, whole: true }, says: 'channels' }
export const PERIOD = {
  takes: 'FRAMES', number: { min: 16, max: 32768, whole: true }, says: 'frames that the device asks for at a time',
}
