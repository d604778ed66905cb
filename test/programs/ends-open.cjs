'use strict'

const { speaker, microphone } = require('./stage.cjs')

// node ends-open.cjs [linked]: ends with two devices open, neither of them busy. Linked, each closes the other with it.

const devices = [speaker(), microphone({}, '/dev/zero')]
for (const device of devices) {
  device.on('close', () => {
    console.log(`${device.device.type} closed`)
    if (process.argv[2] === 'linked') for (const other of devices) if (!other.closed) other.close()
  })
}
