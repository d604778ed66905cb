//! Any thread. How far a queue has come: one count for each thing that may become of a frame, written by the one half that does
//! it.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::units::Frames;

/// A look that is disturbed so often is taken as it is: each time, a whole block has passed.
const LOOKS: usize = 4;

/// Where the two halves stand, readable by anyone. `written = delivered + dropped + discarded + queued`, always.
#[derive(Debug, Default)]
pub struct FrameMarks {
    written: AtomicU64,
    read: AtomicU64,
    delivered: AtomicU64,
    dropped: AtomicU64,
    /// Cleared frames that the reader has stepped over.
    discarded: AtomicU64,
    discard_to: AtomicU64,
}

/// One look at the marks, consistent in itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FrameCount {
    pub written: Frames,
    pub delivered: Frames,
    /// Lost to an overflow.
    pub dropped: Frames,
    /// Cleared before they were delivered.
    pub discarded: Frames,
    pub queued: Frames,
}

impl FrameMarks {
    pub fn queued(&self) -> Frames {
        self.written_beyond(|| self.passed().0)
    }

    /// Frames that still take room, cleared ones included.
    pub fn in_rings(&self) -> Frames {
        self.written_beyond(|| self.read.load(Ordering::Acquire))
    }

    /// Frames between `read` and what is written. Both move: who is held up between the two looks would see more than there ever
    /// was.
    fn written_beyond(&self, read: impl Fn() -> u64) -> Frames {
        let mut before = read();
        for _ in 0..LOOKS {
            let written = self.written.load(Ordering::Acquire);
            let after = read();
            if after == before {
                return Frames(written.saturating_sub(after));
            }
            before = after;
        }
        Frames(self.written.load(Ordering::Acquire).saturating_sub(before))
    }

    /// Drops everything written so far. Takes effect at once for every count, and for the sound with the next block.
    pub fn discard_all(&self) {
        self.discard_to.fetch_max(self.written.load(Ordering::Acquire), Ordering::AcqRel);
    }

    /// For the writer's half of a seam.
    pub(super) fn publish_written(&self, written: u64) {
        self.written.store(written, Ordering::Release);
    }

    /// For a reader's half that took what the writer will count too.
    pub(super) fn raise_written(&self, written: u64) {
        self.written.fetch_max(written, Ordering::AcqRel);
    }

    /// For the reader's half of a seam: what left the ring, and what of that was delivered and dropped; the rest was cleared.
    pub(super) fn publish_read(&self, read: u64, delivered: u64, dropped: u64) {
        self.delivered.store(delivered, Ordering::Release);
        self.dropped.store(dropped, Ordering::Release);
        self.discarded.store(read - delivered - dropped, Ordering::Release);
        self.read.store(read, Ordering::Release);
    }

    /// For a reader's half that keeps no count of its own: so many frames more left the ring, to be heard.
    pub(super) fn deliver(&self, frames: Frames) {
        self.delivered.store(self.delivered.load(Ordering::Relaxed) + frames.0, Ordering::Release);
        self.read.store(self.read.load(Ordering::Relaxed) + frames.0, Ordering::Release);
    }

    /// The same for frames that were cleared.
    pub(super) fn discard(&self, frames: Frames) {
        self.discarded.store(self.discarded.load(Ordering::Relaxed) + frames.0, Ordering::Release);
        self.read.store(self.read.load(Ordering::Relaxed) + frames.0, Ordering::Release);
    }

    /// Frames that have left the ring.
    pub(super) fn read(&self) -> u64 {
        self.read.load(Ordering::Acquire)
    }

    /// Every frame that was ever written.
    pub fn written(&self) -> Frames {
        Frames(self.written.load(Ordering::Acquire))
    }

    /// Frames that have left the queue, delivered or not.
    pub fn passed(&self) -> Frames {
        Frames(self.read.load(Ordering::Acquire).max(self.discard_to.load(Ordering::Acquire)))
    }

    pub fn discard_to(&self) -> u64 {
        self.discard_to.load(Ordering::Acquire)
    }

    /// One look. Each count has one writer and only grows, and what has left the rings is their sum: no look is torn.
    pub fn count(&self) -> FrameCount {
        // Before the counts, so that they show whatever the reader did after the clear.
        let discard_to = self.discard_to.load(Ordering::Acquire);
        let delivered = self.delivered.load(Ordering::Acquire);
        let dropped = self.dropped.load(Ordering::Acquire);
        let discarded = self.discarded.load(Ordering::Acquire);
        let read = delivered + dropped + discarded;
        let cleared = discard_to.saturating_sub(read);
        // The reader may have got frames that the writer is just about to count. A script that writes an index of its own
        // ring back takes frames away that were cleared.
        let written = self.written.load(Ordering::Acquire).max(read + cleared);
        FrameCount {
            written: Frames(written),
            delivered: Frames(delivered),
            dropped: Frames(dropped),
            discarded: Frames(discarded + cleared),
            queued: Frames(written - read - cleared),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_adds_up_while_the_reader_is_ahead_of_what_the_writer_has_told() {
        let marks = FrameMarks::default();
        marks.written.store(5, Ordering::Relaxed);
        marks.delivered.store(8, Ordering::Relaxed);
        let count = marks.count();
        assert_eq!((count.written, count.delivered, count.queued), (Frames(8), Frames(8), Frames::ZERO));
    }
}
