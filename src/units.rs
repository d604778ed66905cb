//! Any thread. The units that audio is counted in; the only place where they convert.

use std::ops::{Add, Sub};

/// A number of frames: one sample of every channel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Frames(pub u64);

/// A sample rate, in frames per second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hz(pub u32);

/// A duration, or a moment on a clock that its giver knows, in µs.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd)]
pub struct Micros(pub f64);

impl Frames {
    pub const ZERO: Frames = Frames(0);

    /// Rounds up, so that a duration of any length is never cut to nothing.
    pub fn of_millis(ms: u64, rate: Hz) -> Frames {
        Frames((ms * u64::from(rate.0)).div_ceil(1000))
    }

    /// Whole milliseconds, rounded up.
    pub fn to_millis(self, rate: Hz) -> u64 {
        (self.0 * 1000).div_ceil(u64::from(rate.0.max(1)))
    }

    #[must_use]
    pub fn saturating_sub(self, other: Frames) -> Frames {
        Frames(self.0.saturating_sub(other.0))
    }

    /// As a count of things in memory.
    pub fn as_len(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

impl Add for Frames {
    type Output = Frames;
    fn add(self, other: Frames) -> Frames {
        Frames(self.0 + other.0)
    }
}

impl Sub for Frames {
    type Output = Frames;
    fn sub(self, other: Frames) -> Frames {
        Frames(self.0 - other.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_round_up_and_come_back() {
        assert_eq!(Frames::of_millis(200, Hz(48_000)), Frames(9_600));
        assert_eq!(Frames::of_millis(1, Hz(44_100)), Frames(45));
        assert_eq!(Frames(45).to_millis(Hz(44_100)), 2);
        assert_eq!(Frames(9_600).to_millis(Hz(48_000)), 200);
    }
}
