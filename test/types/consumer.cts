// How TypeScript users hold it in a CommonJS module. Compiled, never run; what has to be refused says so.

import sdl = require('sdl-callback-audio')
import helpers = require('sdl-callback-audio/helpers')

const { audio, info }: typeof sdl = sdl

const speaker: sdl.AudioPlaybackInstance = audio.openDevice({ type: 'playback' }, { channels: 2, format: 's16', capacityMs: 40 })
speaker.enqueue(Buffer.alloc(8))
speaker.enqueue(Buffer.alloc(8), 4)
const frames: number = speaker.write(new Int16Array(4)) + speaker.spaceFrames + speaker.queuedFrames
const ready: boolean = speaker.waitForSpace(frames, 100)
speaker.on('underrun', ({ frames, from, to, ended }) => console.log(frames + from + to, ended))
speaker.on('lost', ({ type }) => console.log(type))
speaker.on('*', (type) => console.log(type))
speaker.ref().unref().close()

const microphone: sdl.AudioRecordingInstance = audio.openDevice({ type: 'recording', name: null }, { onOverflow: 'drop-newest' })
const bytes: number = microphone.dequeue(Buffer.alloc(8)) + microphone.read(new Float32Array(2))
microphone.on('overrun', ({ type, source }) => console.log(type, source))
const { recordedFrames, readFrames, overruns, queueFrames: { mean } }: sdl.RecordingStats = microphone.stats()

const options: sdl.AudioOptions = { frequency: 44100, buffered: 1024, periodFrames: 128, maxQueuedMs: 1000, onLost: 'fail' }
const attached = audio.attach(audio.openDevice({ type: 'playback' }, options).handle)
if (attached.device.type === 'playback') attached.play(ready)

const formats: sdl.FormatHelpers = helpers.audio
const size: number = formats.bytesPerSample('u16msb') + audio.bytesPerSample('f32sys')
const driver: string | null = info.drivers.audio.current

const encoder: sdl.OpusEncoder = new sdl.OpusEncoder({ frequency: 24000, bitrate: 24000, signal: 'voice' })
const packet: Buffer = encoder.encode(new Int16Array(480))
const decoded: Float32Array = new sdl.OpusDecoder({ frequency: 24000 }).decode(null, { frames: 480 })
const sealed: number = new sdl.PacketSealer({ format: 'xiaozhi', key: packet }).sealInto(packet, Buffer.alloc(400), { timestamp: 1 })
const { payload, sequence }: { payload: Buffer, sequence: number } = new sdl.PacketOpener({ format: 'seq-pts', key: packet }).open(packet)
const view: Float32Array = new sdl.AesCtr(packet).apply(decoded, packet)
const pool = new sdl.AudioProcessorPool({ threads: 1 })
pool.on('packets', (packets) => packets.forEach(({ stream, data, micros }) => console.log(stream.mode, data?.length, micros)))
const stream: sdl.AudioProcessor = pool.open({ key: packet, adaptive: { stepDownMs: 5 } })
pool.on('packets', (packets) => packets.forEach((done) => {
  if (done.error === null) console.log(done.mode.length + done.micros)
  else console.log(done.error.code, done.data satisfies null)
  // @ts-expect-error what failed has no mode
  console.log(done.mode.length)
}))
const { data: plain }: sdl.ProcessedFrame = new sdl.AudioProcessor({ allowPlaintext: true }).process(view)
const heard: boolean = stream.emit('mode', { type: 'mode', mode: 'full', from: 'medium' })
stream.on('mode', ({ mode, from }) => console.log(mode === 'full', from))
const resampled: Float32Array = new sdl.Resampler({ from: 48000, to: 24000 }).process(view)
// @ts-expect-error Opus does not run at this rate
new sdl.OpusEncoder({ frequency: 44100 })
// @ts-expect-error no such suite
new sdl.PacketSealer({ format: 'xiaozhi', key: packet, suite: 'aes-128-cbc' })

// @ts-expect-error a speaker has nothing to read
speaker.dequeue(Buffer.alloc(8))
// @ts-expect-error a microphone does not underrun
microphone.on('underrun', () => {})
// @ts-expect-error no such format
audio.openDevice({ type: 'playback' }, { format: 'f64' })
// @ts-expect-error no such device
audio.openDevice({ type: 'loudspeaker' })
// @ts-expect-error enqueue takes bytes
speaker.enqueue(new Float32Array(2))
// @ts-expect-error what it runs at is told, not set
speaker.frequency = 48000
// @ts-expect-error SDL's other parts are not here
sdl.video

export { payload, sequence, sealed, resampled, bytes, recordedFrames, readFrames, overruns, mean, size, driver }
