//! A ring as anybody would write it who had one thread and no hurry.

use std::collections::VecDeque;

use sdl_callback_audio::format::Layout;
use sdl_callback_audio::link::frames::FrameCount;
use sdl_callback_audio::units::Frames;

/// What a ring must do, in the plainest words.
#[derive(Default)]
pub struct Model {
    /// Written and not yet stepped over.
    pub held: VecDeque<u8>,
    pub count: FrameCount,
    cleared_to: Frames,
}

impl Model {
    pub fn wrote(&mut self, layout: Layout, bytes: &[u8]) {
        self.held.extend(bytes);
        self.count.written = self.count.written + layout.frames_in(bytes.len());
        self.count.queued = self.count.queued + layout.frames_in(bytes.len());
    }

    pub fn clear(&mut self) {
        self.cleared_to = self.count.written;
        self.count.discarded = self.count.discarded + self.count.queued;
        self.count.queued = Frames::ZERO;
    }

    pub fn settle(&mut self, layout: Layout) -> Frames {
        let kept = layout.bytes_of(self.count.queued);
        self.held.drain(..self.held.len() - kept);
        self.cleared_to
    }

    pub fn take(&mut self, layout: Layout, frames: Frames) -> Vec<u8> {
        self.settle(layout);
        let frames = frames.min(self.count.queued);
        self.count.queued = self.count.queued - frames;
        self.held.drain(..layout.bytes_of(frames)).collect()
    }
}
