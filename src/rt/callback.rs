//! Audio thread. What SDL calls: one block in or out, guarded.

use crate::format::Layout;
use crate::rt::capture::CaptureProcessor;
use crate::rt::guard::CallbackGuard;
use crate::rt::playback::PlaybackProcessor;

pub enum Processor {
    Playback(PlaybackProcessor),
    Capture(CaptureProcessor),
}

pub struct Callback {
    pub layout: Layout,
    pub guard: CallbackGuard,
    pub processor: Processor,
}

impl Callback {
    /// For the service thread, which keeps the callback while there is no device to run it: sources and taps come and go.
    pub fn rest(&mut self) {
        match &mut self.processor {
            Processor::Playback(playback) => playback.rest(),
            Processor::Capture(capture) => capture.rest(),
        }
    }

    /// Runs one block; `now` gives monotonic nanoseconds.
    pub fn run(&mut self, block: &mut [u8], now: impl Fn() -> u64) {
        let Callback { layout, guard, processor } = self;
        let frames = layout.frames_in(block.len());
        match processor {
            Processor::Playback(playback) => {
                if !guard.run(frames, now, || playback.process(block)) {
                    layout.format.silence(block);
                }
            }
            Processor::Capture(capture) => {
                guard.run(frames, now, || capture.process(block));
            }
        }
    }
}
