import type * as ours from '../index'

// The names that the types of `@kmamal/sdl` have for its audio part, for programs written against them. Its `'close'` is
// declared with an event there; neither package passes one.

export namespace Events {
  namespace Audio {
    interface Close { readonly type: 'close' }
    type Any = Close
  }
  namespace AudioDevice {
    type Add = ours.DeviceEvent<'deviceAdd'>
    type Remove = ours.DeviceEvent<'deviceRemove'>
    type Any = Add | Remove
  }
}

export namespace Sdl {
  type Info = ours.Info
  namespace Audio {
    type Format = ours.Format
    type Device = ours.Device
    type PlaybackDevice = ours.PlaybackDevice
    type RecordingDevice = ours.RecordingDevice
    type AudioOptions = ours.AudioOptions
    type AudioInstance = ours.AudioInstance
    type AudioPlaybackInstance = ours.AudioPlaybackInstance
    type AudioRecordingInstance = ours.AudioRecordingInstance
    type Module = ours.AudioModule
  }
}

export namespace SdlHelpers {
  namespace Audio {
    type Format = ours.Format
    type Module = ours.FormatHelpers
  }
}
