// What stands behind an example's name: checked, with a line that says what was expected, and exit code 2 where it is something else.
import { parseArgs } from 'node:util'

/** Ends the example with a line on stderr instead of a stack trace. */
export const giveUp = (message, code = 1) => {
  console.error(message)
  process.exit(code)
}

/** A number where the one that stands for it is a number: 0 or more. */
const read = (name, text, fallback) => {
  if (text === undefined || text === '') return fallback
  if (typeof fallback !== 'number') return text
  const value = Number(text)
  if (!(value >= 0 && value < Infinity)) throw new RangeError(`Expected a number of 0 or more for ${name} but received "${text}"`)
  return value
}

/** `operands`, in their order, and `options`: name → what it is where it is not given. Returns all of them by name. */
export const readCommandLine = (usage, { operands = {}, options = {} }) => {
  try {
    const types = Object.entries(options).map(([name, fallback]) => [name, { type: typeof fallback === 'boolean' ? 'boolean' : 'string' }])
    const { values, positionals } = parseArgs({ options: Object.fromEntries(types), allowPositionals: true })
    const names = Object.keys(operands)
    if (positionals.length > names.length) throw new RangeError(`"${positionals[names.length]}" is one argument too many`)
    return Object.fromEntries([
      ...names.map((name, index) => [name, read(name.toUpperCase(), positionals[index], operands[name])]),
      ...Object.entries(options).map(([name, fallback]) => [name, read(`--${name}`, values[name], fallback)]),
    ])
  } catch (error) {
    // The first sentence of what parseArgs says; the rest speaks of the shell.
    return giveUp(`${error.message.split('. ')[0]}; usage: node examples/${usage}`, 2)
  }
}
