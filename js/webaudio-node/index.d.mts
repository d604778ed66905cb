import type { pullRender, rpc, startRenderWorker, useCallbackAudio } from './index.js'

export * from './index.js'
declare const rendering: {
  readonly useCallbackAudio: typeof useCallbackAudio
  readonly startRenderWorker: typeof startRenderWorker
  readonly pullRender: typeof pullRender
  readonly rpc: typeof rpc
}
export default rendering
