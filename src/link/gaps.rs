//! Audio thread to a reader of a queue: where frames are missing that never came into it.

use ringbuf::traits::{Consumer, Observer, Producer, Split};
use ringbuf::{HeapCons, HeapProd, HeapRb};

use crate::units::Frames;

const ROOM: usize = 64;

#[derive(Clone, Copy, Debug)]
struct Gap {
    /// Frames of the queue that came before it.
    at: Frames,
    missing: Frames,
}

pub struct GapSender {
    lane: HeapProd<Gap>,
    /// Not told yet: it may still grow.
    open: Option<Gap>,
}

pub struct GapReceiver {
    lane: HeapCons<Gap>,
    next: Option<Gap>,
    /// Of all gaps that were passed.
    missing: Frames,
}

/// Frames of a queue between which none is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// Of the first one, in a count that includes what is missing.
    pub at: Frames,
    pub frames: Frames,
}

#[expect(clippy::disallowed_methods, reason = "not for the audio thread")]
pub fn gap_lane() -> (GapSender, GapReceiver) {
    let (sender, receiver) = HeapRb::new(ROOM).split();
    (GapSender { lane: sender, open: None }, GapReceiver { lane: receiver, next: None, missing: Frames::ZERO })
}

impl GapSender {
    /// `missing` frames come after the first `at` of the queue.
    pub fn note(&mut self, at: Frames, missing: Frames) {
        if self.open.is_some_and(|gap| gap.at != at) {
            self.tell();
        }
        // One that finds no room goes with the next: the time is right again after that.
        let gap = self.open.get_or_insert(Gap { at, missing: Frames::ZERO });
        gap.missing = gap.missing + missing;
    }

    /// To be called before more frames come into the queue.
    pub fn tell(&mut self) {
        if !self.lane.is_full()
            && let Some(gap) = self.open.take()
        {
            let _ = self.lane.try_push(gap);
        }
    }
}

impl GapReceiver {
    /// What comes in a queue from which `read` frames were taken, of `written`, which was looked at before this call.
    pub fn run(&mut self, read: Frames, written: Frames) -> Run {
        loop {
            self.next = self.next.or_else(|| self.lane.try_pop());
            match self.next {
                Some(gap) if gap.at <= read => {
                    self.missing = self.missing + gap.missing;
                    self.next = None;
                }
                _ => break,
            }
        }
        let end = self.next.map_or(written, |gap| gap.at.min(written));
        Run { at: read + self.missing, frames: end.saturating_sub(read) }
    }
}
