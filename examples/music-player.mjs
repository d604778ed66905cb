// Plays a file through webaudio-node in a render worker: what decodes and renders is not the thread that you block.
//   node examples/music-player.mjs [FILE] [SECONDS]     mp3, flac, ogg, wav, aac: what webaudio-node decodes
import fs from 'node:fs'
import { isMainThread } from 'node:worker_threads'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { startRenderWorker } from 'sdl-callback-audio/webaudio-node'
import { giveUp, readCommandLine } from './command-line.mjs'

let context, source, volume

/** In the worker: called by the main thread, as everything that this module exports. */
export const play = async (file) => {
  const { AudioContext } = await import('webaudio-node')
  context = new AudioContext({ sampleRate: 48000 })
  source = context.createBufferSource()
  source.buffer = await context.decodeAudioData(new Uint8Array(fs.readFileSync(file)).buffer)
  volume = context.createGain()
  source.connect(volume)
  volume.connect(context.destination)
  source.start()
  await context.resume()
  return source.buffer.duration
}
export const fade = (gain, seconds) => { volume.gain.linearRampToValueAtTime(gain, context.currentTime + seconds) }
export const position = () => context.currentTime
export const close = () => context.close()

if (isMainThread) {
  const { default: lena } = await import('audio-lena')
  const { file, seconds } = readCommandLine('music-player.mjs [FILE] [SECONDS]', { operands: { file: fileURLToPath(lena.url('mp3')), seconds: Infinity } })
  const player = startRenderWorker(import.meta.url, { targetMs: 20 })
  const { methods } = player.rpc
  const length = await methods.play(file).catch(({ message }) => giveUp(`${file} cannot be played: ${message}`))
  const duration = Math.min(length, seconds)
  for (let at = 0; at < duration; at = await methods.position()) {
    console.log(`${at.toFixed(1)} of ${duration.toFixed(1)} s`)
    await sleep(Math.min(1000, Math.max(0, (duration - at) * 1000)))
  }
  await methods.fade(0, 0.1)
  await sleep(150)
  await methods.close()
  const { underruns } = player.stats()
  console.log(`the end, ${underruns} gaps`)
  await player.stop()
}
