'use strict'

// Writes down what a call gave, in JSON by which two implementations can be compared: what JSON has no word for stands
// in angle brackets.

/** Longer buffers are told by their length alone. */
const SHOWN_BYTES = 32

const describeNumber = (value) => {
  if (Object.is(value, -0)) return '<-0>'
  return Number.isFinite(value) ? value : `<${value}>`
}

const describeObject = (value) => {
  if (value === null) return null
  if (Array.isArray(value)) return value.map(describe)
  if (Buffer.isBuffer(value)) {
    return value.length <= SHOWN_BYTES ? `<Buffer ${value.toString('hex')}>` : `<Buffer, ${value.length} bytes>`
  }
  const prototype = Object.getPrototypeOf(value)
  if (prototype === Object.prototype || prototype === null) {
    return Object.fromEntries(Object.entries(value).map(([key, held]) => [key, describe(held)]))
  }
  return `<${value.constructor.name}>`
}

const describe = (value) => {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value
    case 'number':
      return describeNumber(value)
    case 'bigint':
      return `<${value}n>`
    case 'object':
      return describeObject(value)
    case 'function':
      return `<function ${value.name}>`
    default:
      return `<${String(value)}>`
  }
}

/** The class of an error, its message, and the names and values of the fields that it carries besides. */
const describeError = (error) => {
  if (!(error instanceof Error)) return describe(error)
  const { constructor, message } = error
  const fields = {}
  for (const field of Object.getOwnPropertyNames(error)) {
    if (field === 'stack' || field === 'message') continue
    // Which number an instance gets is nobody's contract; that an error names its instance has a row of its own.
    fields[field] = field === 'id' && typeof error.id === 'number' ? '<id>' : describe(error[field])
  }
  return { class: constructor.name, message, fields }
}

module.exports = { describe, describeError }
