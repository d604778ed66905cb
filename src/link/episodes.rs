//! Audio thread to pump: when a shortage began and when it was over.

use ringbuf::traits::{Consumer, Producer, Split};
use ringbuf::{HeapCons, HeapProd, HeapRb};

use crate::units::Frames;

const ROOM: usize = 128;

/// Positions count the frames that the device has run since it was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Episode {
    /// `before` is what earlier episodes had lost in all.
    Began {
        from: Frames,
        before: Frames,
    },
    Ended {
        from: Frames,
        to: Frames,
        frames: Frames,
    },
}

pub struct EpisodeSender {
    lane: HeapProd<Episode>,
    open: Option<(Frames, Frames)>,
    lost: Frames,
}

pub struct EpisodeReceiver {
    lane: HeapCons<Episode>,
}

#[expect(clippy::disallowed_methods, reason = "not for the audio thread")]
pub fn episode_lane() -> (EpisodeSender, EpisodeReceiver) {
    let (sender, receiver) = HeapRb::new(ROOM).split();
    (EpisodeSender { lane: sender, open: None, lost: Frames::ZERO }, EpisodeReceiver { lane: receiver })
}

impl EpisodeSender {
    /// Counts `frames` lost at position `at`; true if an episode begins with them.
    pub fn lose(&mut self, at: Frames, frames: Frames) -> bool {
        let before = self.lost;
        self.lost = before + frames;
        match &mut self.open {
            Some((_, lost)) => {
                *lost = *lost + frames;
                false
            }
            None => {
                self.open = Some((at, frames));
                // A full lane loses the message, never the count.
                let _ = self.lane.try_push(Episode::Began { from: at, before });
                true
            }
        }
    }

    /// Ends the episode, if there is one, at position `at`; true if there was.
    pub fn end(&mut self, at: Frames) -> bool {
        match self.open.take() {
            Some((from, frames)) => {
                let _ = self.lane.try_push(Episode::Ended { from, to: at, frames });
                true
            }
            None => false,
        }
    }
}

impl EpisodeReceiver {
    pub fn try_next(&mut self) -> Option<Episode> {
        self.lane.try_pop()
    }
}
