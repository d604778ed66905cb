//! Pump thread. What is told of a queue's shortages: once per episode, at its end or after it has lasted a while.

use std::time::{Duration, Instant};

use crate::link::episodes::{Episode, EpisodeReceiver};
use crate::link::tally::QueueTally;
use crate::units::Frames;

/// A shortage that lasts is told after this long instead of at its end, which may never come.
const TELL_AFTER: Duration = Duration::from_millis(200);

/// An underrun (playback) or overrun (capture); `ended` is false where it still goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shortage {
    pub from: Frames,
    pub to: Frames,
    pub frames: Frames,
    pub ended: bool,
}

pub struct ShortageWatch {
    lane: EpisodeReceiver,
    /// An episode that has begun and was not told yet: where, what was lost before it, and when we heard.
    open: Option<(Frames, Frames, Instant)>,
    /// The episode in progress was told before its end.
    told_early: bool,
}

impl ShortageWatch {
    pub fn new(lane: EpisodeReceiver) -> ShortageWatch {
        ShortageWatch { lane, open: None, told_early: false }
    }

    /// Tells what is new; `at` is the device's position. Returns when to look again at the latest.
    pub fn look(
        &mut self,
        now: Instant,
        at: Frames,
        tally: &QueueTally,
        mut tell: impl FnMut(Shortage),
    ) -> Option<Instant> {
        while let Some(episode) = self.lane.try_next() {
            match episode {
                Episode::Began { from, before } => (self.open, self.told_early) = (Some((from, before, now)), false),
                Episode::Ended { from, to, frames } => {
                    if !std::mem::take(&mut self.told_early) {
                        tell(Shortage { from, to, frames, ended: true });
                    }
                    self.open = None;
                }
            }
        }
        if let Some((from, before, since)) = self.open
            && now >= since + TELL_AFTER
        {
            let frames = Frames(tally.episode_frames.get()).saturating_sub(before);
            tell(Shortage { from, to: at, frames, ended: false });
            (self.told_early, self.open) = (true, None);
        }
        self.open.map(|(_, _, since)| since + TELL_AFTER)
    }
}
