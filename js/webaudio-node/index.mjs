import rendering from './index.cjs'

export const { useCallbackAudio, startRenderWorker, pullRender, rpc } = rendering
export default rendering
