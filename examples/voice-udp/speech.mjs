// Speech for who has no microphone: a recording, over and over, as a file that SDL's disk driver reads at the pace of a microphone.
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import sdl from 'sdl-callback-audio'

const HZ = 48_000

export const recordSpeech = async (seconds) => {
  const { default: raw } = await import('audio-lena/raw')
  const resampler = new sdl.Resampler({ from: 44_100, to: HZ })
  const speech = resampler.process(new Float32Array(raw.buffer ?? raw, raw.byteOffset ?? 0))
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'voice-udp-'))
  const file = path.join(dir, 'speech.f32')
  for (let frames = 0; frames < seconds * HZ; frames += speech.length) fs.appendFileSync(file, Buffer.from(speech.buffer, speech.byteOffset, speech.byteLength))
  return { file, remove: () => fs.rmSync(dir, { recursive: true }) }
}
