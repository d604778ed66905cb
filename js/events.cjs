'use strict'

const native = require('./binding.cjs')

// What the native pump tells this environment, handed to the instances and to `audio`. Nothing here keeps a process alive.

/** id of a device, source or tap → its instances in this environment */
const instances = new Map()
const devicesListeners = new Set()
let listening = false
let waitedListener = () => {}

/** Calls `emit`; what a listener throws is uncaught, as it would be without the other listeners that have to hear it too. */
const tell = (emit) => {
  try {
    emit()
  } catch (error) {
    process.nextTick(() => { throw error })
  }
}

const deliver = (kind, device, from, to, frames, ended) => {
  if (kind === 'waited') {
    waitedListener(device, from)
    return
  }
  if (kind === 'devices') {
    for (const listener of devicesListeners) tell(listener)
    return
  }
  for (const instance of [...(instances.get(device) ?? [])]) tell(() => instance.onNative(kind, { from, to, frames, ended }))
}

const listen = () => {
  if (listening) return
  native.listen(deliver)
  listening = true
}

const add = (device, listener) => {
  listen()
  if (!instances.has(device)) instances.set(device, new Set())
  instances.get(device).add(listener)
}

const remove = (device, listener) => {
  const ofDevice = instances.get(device)
  ofDevice?.delete(listener)
  if (ofDevice?.size === 0) instances.delete(device)
}

/** Calls `listener` when the list of devices may have changed. */
const onDevices = (listener) => {
  listen()
  devicesListeners.add(listener)
}

/** Calls `listener` with a wait's token and how it ended. */
const onWaited = (listener) => { waitedListener = listener }

const referenced = new Set()
let keepAlive = null

/** Keeps the process alive for as long as `owner` is referenced. The timer never fires; it only holds the event loop. */
const reference = (owner, wanted) => {
  if (wanted) referenced.add(owner)
  else referenced.delete(owner)
  if (referenced.size > 0) keepAlive ??= setInterval(() => {}, 2 ** 31 - 1)
  else if (keepAlive) {
    clearInterval(keepAlive)
    keepAlive = null
  }
}

module.exports = { add, remove, tell, onDevices, onWaited, reference }
