'use strict'

const { speaker } = require('./stage.cjs')

// node referenced.cjs unref|close: stays for as long as its device is referenced, though nothing else holds it.

const device = speaker({ periodFrames: 48 })
device.enqueue(Buffer.alloc(480))
device.play()
device.ref().ref()
// It is told 200 ms after the data has run out, when nobody waits for the queue any more.
device.on('underrun', () => {
  console.log('heard the underrun')
  device[process.argv[2]]()
})
