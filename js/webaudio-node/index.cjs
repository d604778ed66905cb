'use strict'

const sdl = require('../index.cjs')
const { invalid } = require('../errors.cjs')
const here = require('./here.cjs')
const { pullRender } = require('./pull.cjs')
const { startRenderWorker } = require('./render-worker.cjs')

const useCallbackAudio = (webaudio) => {
  if (typeof webaudio?.setSdl !== 'function') throw invalid('webaudio must be the module webaudio-node, which has setSdl', { webaudio })
  webaudio.setSdl(sdl)
}

module.exports = { useCallbackAudio, startRenderWorker, pullRender, get rpc () { return here.rpc } }
