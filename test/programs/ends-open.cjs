'use strict'

const { speaker, microphone } = require('./stage.cjs')

// Ends with two devices open, neither of them busy.

for (const device of [speaker(), microphone({}, '/dev/zero')]) {
  device.on('close', () => console.log(`${device.device.type} closed`))
}
