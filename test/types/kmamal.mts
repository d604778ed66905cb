// A program written for @kmamal/sdl's types, by their names. Compiled against ours; against the real ones it compiles as well.

import sdl from '@kmamal/sdl'
import type { Events, Sdl } from '@kmamal/sdl'
import { audio as formats, type SdlHelpers } from '@kmamal/sdl/helpers'

const { audio }: { audio: Sdl.Audio.Module } = sdl
const info: Sdl.Info = sdl.info

const format: Sdl.Audio.Format = 's16'
const options: Sdl.Audio.AudioOptions = { channels: 2, frequency: 44100, format, buffered: 1024 }
const helpers: SdlHelpers.Audio.Module = formats
const width = (name: SdlHelpers.Audio.Format): number => helpers.bytesPerSample(name) + audio.bytesPerSample(name)

class Player {
  readonly #device: Sdl.Audio.PlaybackDevice = { type: 'playback' }
  readonly #output: Sdl.Audio.AudioPlaybackInstance = audio.openDevice(this.#device, options)
  readonly #input: Sdl.Audio.AudioRecordingInstance = audio.openDevice({ type: 'recording' } satisfies Sdl.Audio.RecordingDevice)

  get instances (): Sdl.Audio.AudioInstance[] {
    return [this.#output, this.#input]
  }

  pass (buffer: Buffer): void {
    this.#output.enqueue(buffer, this.#input.dequeue(buffer))
    if (!this.#output.playing) this.#output.play()
  }

  end (): void {
    for (const instance of this.instances) {
      instance.on('close', () => console.log(instance.id, instance.queued))
      instance.close()
    }
  }
}

const names = (devices: Sdl.Audio.Device[]): string[] => devices.map(({ type, name }) => `${type} ${name ?? ''}`)
const onAdd = ({ type, device }: Events.AudioDevice.Add): void => console.log(type, names([device]))
audio.on('deviceAdd', onAdd)
audio.on('deviceRemove', ({ device }: Events.AudioDevice.Remove) => console.log(device.type))
audio.on('*', (type: string, event: Events.AudioDevice.Any) => console.log(type, event.type))

const closing: Events.Audio.Any['type'] = 'close'

export { Player, closing, info, width }
