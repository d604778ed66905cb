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
    /// Runs one block; `now` gives monotonic nanoseconds.
    pub fn run(&mut self, block: &mut [u8], now: impl Fn() -> u64) {
        let Callback { layout, guard, processor } = self;
        match processor {
            Processor::Playback(playback) => {
                if !guard.run(now, || playback.process(block)) {
                    layout.format.silence(block);
                }
            }
            Processor::Capture(capture) => {
                guard.run(now, || capture.process(block));
            }
        }
    }
}
