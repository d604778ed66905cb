// Main thread. The demo's last words: what was lost, in plain language.

const FRAMES_PER_MS = 48

const seconds = (ms) => `${(ms / 1000).toFixed(1)} s`
const lost = (frames, times) => `${(frames / FRAMES_PER_MS).toFixed(0)} ms (${frames} frames, ${times} times)`

/** Returns the verdict's text, and `ok`: whether a job that ran in a worker lost nothing. */
export function verdict (result) {
  const { onMain, lastedMs, blockedMs, underruns, underrunFrames, overruns, overrunFrames, hasMicrophone, file } = result
  const where = onMain ? 'on the main thread' : 'in a worker'
  const lines = [
    '',
    `Rendered ${where} for ${seconds(lastedMs)}, the main thread blocked for ${seconds(blockedMs)} of it.`,
    underrunFrames === 0 ? 'Playback: not a frame was lost.' : `Playback: ${lost(underrunFrames, underruns)} of sound did not arrive in time.`,
  ]
  if (hasMicrophone) {
    lines.push(overrunFrames === 0 ? 'Microphone: the device lost not a frame.' : `Microphone: ${lost(overrunFrames, overruns)} were lost.`)
  }
  if (file) lines.push(`${file.name}: ${seconds(file.lengthMs)} of sound, ${file.gapMs.toFixed(0)} ms of silence between its first and its last.`)
  const unbroken = underrunFrames === 0 && overrunFrames === 0 && !(file?.gapMs > 0)
  if (unbroken) lines.push('Verdict: the sound was whole.')
  else if (onMain) lines.push('Verdict: the sound broke, because the thread that makes it was blocked. In a worker it does not: npm run demo')
  else lines.push('Verdict: the sound broke.')
  return { text: lines.join('\n'), ok: unbroken || onMain }
}
