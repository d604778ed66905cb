'use strict'

// Every error of this package has a stable `code`; the values that were refused are its own properties.

const codedError = (code, message, fields) => Object.assign(new Error(message), fields, { code: `ERR_AUDIO_${code}` })

const invalid = (message, fields) => codedError('INVALID_ARG', message, fields)
const outOfRange = (message, fields) => codedError('OUT_OF_RANGE', message, fields)
const closed = (id) => codedError('CLOSED', 'instance is closed', { id })

module.exports = { codedError, invalid, outOfRange, closed }
