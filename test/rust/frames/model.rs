//! A ring as anybody would write it who had one thread and no hurry.

use std::collections::VecDeque;

use sdl_callback_audio::format::Layout;
use sdl_callback_audio::link::marks::FrameCount;
use sdl_callback_audio::units::Frames;

/// What a ring must do, in the plainest words.
#[derive(Default)]
pub struct Model {
    /// Written and not yet stepped over.
    pub held: VecDeque<u8>,
    pub count: FrameCount,
    cleared_to: Frames,
    settled_to: Frames,
    /// Frames that still come out of a queue that was cut; all that counts as discarded until it does.
    pub fading: Frames,
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

    /// What was cleared is gone, up to where that had reached when nothing faded. Returns up to where.
    pub fn settle(&mut self, layout: Layout) -> Frames {
        if self.fading == Frames::ZERO {
            let kept = layout.bytes_of(self.count.queued);
            self.held.drain(..self.held.len() - kept);
            self.settled_to = self.cleared_to;
        }
        self.settled_to
    }

    /// Returns how many frames will never come out that would have.
    pub fn cut(&mut self, layout: Layout, over: Frames) -> Frames {
        let queued = self.count.queued;
        if self.fading > Frames::ZERO && self.fading <= over {
            self.clear();
            return queued;
        }
        let given_up = std::mem::take(&mut self.fading);
        self.settle(layout);
        self.clear();
        self.fading = over.min(queued);
        self.settle(layout);
        given_up + queued - self.fading
    }

    pub fn finish_cut(&mut self) -> Frames {
        std::mem::take(&mut self.fading)
    }

    pub fn take(&mut self, layout: Layout, frames: Frames) -> Vec<u8> {
        self.settle(layout);
        if self.fading > Frames::ZERO {
            let frames = frames.min(self.fading);
            self.fading = self.fading - frames;
            self.count.discarded = self.count.discarded - frames;
            return self.held.drain(..layout.bytes_of(frames)).collect();
        }
        let frames = frames.min(self.count.queued);
        self.count.queued = self.count.queued - frames;
        self.held.drain(..layout.bytes_of(frames)).collect()
    }
}
