'use strict'

const { channel } = require('node:diagnostics_channel')

// What happens to devices, for whoever watches from outside: on channels of `node:diagnostics_channel`, which index.d.ts describes.
// Publishers ask `hasSubscribers` first: what nobody hears is not made.

const KINDS = ['open', 'close', 'lost', 'restored', 'underrun', 'overrun', 'error']

/** kind → its channel */
const channels = Object.fromEntries(KINDS.map((kind) => [kind, channel(`sdl-callback-audio:${kind}`)]))

/** What every message says: whose it is. */
const whose = (instance, type) => ({ type, name: instance.name ?? null, handle: instance.handle })

/** An instance was made, by opening a device or by attaching to one. */
const opened = (instance, type, attached) => {
  if (channels.open.hasSubscribers) channels.open.publish({ ...whose(instance, type), attached, obtained: instance.obtained })
}

/** No device was opened. */
const refused = (error, { type, name = null }) => {
  if (channels.error.hasSubscribers) channels.error.publish({ type, name, handle: null, error })
}

/** What an instance, source or tap is told while it lives: `detail` is added to the message. */
const told = (kind, instance, type, detail) => {
  if (channels[kind].hasSubscribers) channels[kind].publish({ ...whose(instance, type), ...detail })
}

/** It is about to close, and can still be asked. */
const closing = (instance, type) => {
  if (channels.close.hasSubscribers) channels.close.publish({ ...whose(instance, type), stats: instance.stats() })
}

module.exports = { KINDS, closing, opened, refused, told }
