'use strict'
// Opens, attaches from a worker, fails to open, and closes: what SDL_CALLBACK_AUDIO_DEBUG tells of is looked at.

const { Worker, isMainThread, workerData } = require('node:worker_threads')
const { audio } = require('../..')

if (isMainThread) {
  const speaker = audio.openDevice({ type: 'playback', name: 'tape' })
  try {
    audio.openDevice({ type: 'recording', name: '/nowhere' })
  } catch {}
  new Worker(__filename, { workerData: speaker.handle }).once('exit', () => speaker.close())
} else {
  audio.attach(workerData).close()
}
