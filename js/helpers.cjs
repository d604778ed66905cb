'use strict'

const { formatHelpers } = require('./formats.cjs')

module.exports = { audio: formatHelpers }
