//! Voice threads. When a stream's next block is due: just ahead of the device, by a clock that runs as evenly as the device's own
//! however late its thread wakes.

use crate::units::Micros;

pub const BLOCK_MS: f64 = 10.0;
/// A thread looks so often.
pub const LOOK: Micros = Micros(5_000.0);
/// The same where nothing is to be done in time.
pub const REST: Micros = Micros(20_000.0);
/// What is ahead beyond the device's period: a look, and as much for a thread that is late.
const MARGIN_MS: f64 = 10.0;
/// More after each shortage, and less after so long without one.
const MORE_MS: f64 = 10.0;
const MOST_MARGIN_MS: f64 = 80.0;
const CALM_MS: f64 = 30_000.0;
/// A device that takes nothing for so long, beside two of its periods, is paused, stalled or gone.
const PAUSE_MS: f64 = 100.0;

/// Where a device is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Standing {
    /// Sound that it has and has not played yet by its smooth clock.
    pub ahead_ms: f64,
    /// Grows as it takes sound.
    pub taken: u64,
    /// Times that it found less than it needed.
    pub shortages: u64,
    /// What it takes at a time.
    pub period_ms: f64,
    /// Between it and the ear.
    pub latency_ms: f64,
    /// How much faster than its rate it runs.
    pub ppm: f64,
    /// How long the thread takes for all of its streams: what it may be late for one of them.
    pub round_ms: f64,
    /// Sound that it can have at most.
    pub most_ms: f64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Due {
    /// A block, as of this moment.
    At(Micros),
    /// Nothing before so long from now.
    In(Micros),
}

/// All times in ms but those of its interface.
#[derive(Clone, Debug)]
pub struct Pace {
    margin: f64,
    /// How much it had taken when that last grew, and when that was.
    taken: Option<(u64, f64)>,
    shortages: u64,
    /// Since when there has been no shortage.
    calm: f64,
    /// When the last block was due.
    last: f64,
}

impl Pace {
    pub fn new() -> Pace {
        Pace { margin: MARGIN_MS, taken: None, shortages: 0, calm: 0.0, last: f64::MIN }
    }

    /// Sound that is kept ahead of the device.
    pub fn depth_ms(&self, standing: &Standing) -> f64 {
        (standing.period_ms + standing.round_ms + self.margin).min(standing.most_ms - BLOCK_MS)
    }

    /// Learns from where the device is; false where it takes nothing.
    pub fn observe(&mut self, standing: &Standing, now: Micros) -> bool {
        let now = now.0 / 1000.0;
        let (taken, at) = *self.taken.get_or_insert_with(|| {
            (self.shortages, self.calm) = (standing.shortages, now);
            (standing.taken, now)
        });
        if taken != standing.taken {
            self.taken = Some((standing.taken, now));
        } else if now - at > PAUSE_MS + 2.0 * standing.period_ms {
            (self.shortages, self.calm) = (standing.shortages, now);
            return false;
        }
        if standing.shortages != self.shortages {
            (self.shortages, self.calm) = (standing.shortages, now);
            self.margin = (self.margin + MORE_MS).min(MOST_MARGIN_MS);
        } else if now - self.calm > CALM_MS {
            self.calm = now;
            self.margin = (self.margin - MORE_MS / 2.0).max(MARGIN_MS);
        }
        true
    }

    /// `ahead_ms` counts what was written since the device was looked at, too.
    pub fn due(&mut self, standing: &Standing, ahead_ms: f64, now: Micros) -> Due {
        let over = ahead_ms - self.depth_ms(standing);
        if over > 0.0 {
            return Due::In(Micros(over * 1000.0));
        }
        // It was due when the depth was reached, however long ago that is; time never goes back.
        let at = (now.0 / 1000.0 + over).max(self.last);
        self.last = at;
        Due::At(Micros(at * 1000.0))
    }
}
