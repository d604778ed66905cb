//! Any thread. How much work is spent on a stream: steps down when the work takes too long, and up again when it has not for a
//! while. Time comes in.

use crate::units::Micros;

/// From the most work to the least.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mode {
    /// Resample, Opus, encrypt.
    Full,
    /// Opus at the rate that comes in, at no more than half the complexity; encrypt.
    Medium,
    /// 16-bit samples, encrypted.
    Minimal,
    /// 16-bit samples for anybody to read.
    Emergency,
}

impl Mode {
    pub const ALL: [Mode; 4] = [Mode::Full, Mode::Medium, Mode::Minimal, Mode::Emergency];

    pub fn name(self) -> &'static str {
        match self {
            Mode::Full => "full",
            Mode::Medium => "medium",
            Mode::Minimal => "minimal",
            Mode::Emergency => "emergency",
        }
    }

    pub fn from_name(name: &str) -> Option<Mode> {
        Mode::ALL.into_iter().find(|mode| mode.name() == name)
    }

    fn below(self) -> Option<Mode> {
        Mode::ALL.into_iter().find(|mode| *mode > self)
    }

    fn above(self) -> Option<Mode> {
        Mode::ALL.into_iter().rev().find(|mode| *mode < self)
    }
}

#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Down when the average of a frame passes this.
    pub step_down: Micros,
    /// Up after the average has stayed below half of that for so long, in time of the stream.
    pub hold: Micros,
}

/// Frames that an average counts, about; before so many nothing is decided.
const AVERAGE_FRAMES: f64 = 8.0;
/// Where a step up turned out wrong, the next one waits longer: up to so many times.
const MOST_PATIENCE: f64 = 8.0;

#[derive(Clone, Debug)]
pub struct Ladder {
    limits: Option<Limits>,
    top: Mode,
    bottom: Mode,
    mode: Mode,
    average: Micros,
    frames: f64,
    calm: Micros,
    patience: f64,
    /// Time in this mode since a step up.
    since_up: Option<Micros>,
}

impl Ladder {
    /// Begins in `top` and never goes above it, nor below `bottom`. Without limits it stays there.
    pub fn new(top: Mode, bottom: Mode, limits: Option<Limits>) -> Ladder {
        let zero = Micros(0.0);
        let bottom = bottom.max(top);
        Ladder { limits, top, bottom, mode: top, average: zero, frames: 0.0, calm: zero, patience: 1.0, since_up: None }
    }

    /// Whether its mode may ever change.
    pub fn adapts(&self) -> bool {
        self.limits.is_some()
    }

    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// The mode that it never goes below.
    pub fn bottom(&self) -> Mode {
        if self.limits.is_some() { self.bottom } else { self.mode }
    }

    /// A frame of `length` took `spent`; returns whether the mode changed.
    pub fn took(&mut self, spent: Micros, length: Micros) -> bool {
        let Some(limits) = self.limits else { return false };
        self.frames += 1.0;
        let weight = self.frames.min(AVERAGE_FRAMES);
        self.average.0 += (spent.0 - self.average.0) / weight;
        if let Some(since) = &mut self.since_up {
            since.0 += length.0;
        }
        if self.frames < AVERAGE_FRAMES {
            return false;
        }
        if self.average > limits.step_down {
            return self.step_down(limits);
        }
        // Half the limit: a mode that would only just do is not gone back to.
        if self.average.0 * 2.0 > limits.step_down.0 {
            self.calm = Micros(0.0);
            return false;
        }
        self.calm.0 += length.0;
        self.calm.0 >= limits.hold.0 * self.patience && self.step_up()
    }

    fn step_down(&mut self, limits: Limits) -> bool {
        if self.since_up.is_some_and(|since| since < limits.hold) {
            self.patience = (self.patience * 2.0).min(MOST_PATIENCE);
        }
        self.go(self.mode.below().filter(|mode| *mode <= self.bottom), false)
    }

    fn step_up(&mut self) -> bool {
        if self.since_up.is_some_and(|since| since.0 >= self.calm.0) {
            self.patience = 1.0;
        }
        self.go(self.mode.above().filter(|mode| *mode >= self.top), true)
    }

    fn go(&mut self, to: Option<Mode>, up: bool) -> bool {
        self.calm = Micros(0.0);
        let Some(mode) = to else { return false };
        (self.mode, self.frames, self.average) = (mode, 0.0, Micros(0.0));
        self.since_up = up.then_some(Micros(0.0));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: Micros = Micros(20_000.0);
    const LIMITS: Limits = Limits { step_down: Micros(1_000.0), hold: Micros(1_000_000.0) };

    /// Frames until the mode changes, at most `most`.
    fn until_change(ladder: &mut Ladder, spent: f64, most: usize) -> Option<usize> {
        (1..=most).find(|_| ladder.took(Micros(spent), FRAME))
    }

    #[test]
    fn it_goes_down_when_the_average_is_too_long_and_no_further_than_allowed() {
        let mut ladder = Ladder::new(Mode::Full, Mode::Minimal, Some(LIMITS));
        assert_eq!(until_change(&mut ladder, 1_500.0, 100), Some(8));
        assert_eq!(ladder.mode(), Mode::Medium);
        assert_eq!(until_change(&mut ladder, 1_500.0, 100), Some(8));
        assert_eq!(ladder.mode(), Mode::Minimal);
        assert_eq!(until_change(&mut ladder, 1_500.0, 10_000), None);
        let mut allowed = Ladder::new(Mode::Minimal, Mode::Emergency, Some(LIMITS));
        assert_eq!(until_change(&mut allowed, 1_500.0, 100), Some(8));
        assert_eq!(allowed.mode(), Mode::Emergency);
    }

    #[test]
    fn one_slow_frame_changes_nothing() {
        let mut ladder = Ladder::new(Mode::Full, Mode::Minimal, Some(LIMITS));
        for frame in 0..1000 {
            assert!(!ladder.took(Micros(if frame % 100 == 50 { 4_000.0 } else { 300.0 }), FRAME));
        }
    }

    #[test]
    fn it_comes_up_after_calm_and_not_from_the_middle_ground() {
        let mut ladder = Ladder::new(Mode::Full, Mode::Minimal, Some(LIMITS));
        until_change(&mut ladder, 1_500.0, 100);
        assert_eq!(until_change(&mut ladder, 700.0, 10_000), None, "between half the limit and the limit it stays");
        let frames = until_change(&mut ladder, 100.0, 100).expect("a step up");
        assert!((50..=70).contains(&frames), "{frames} frames of 20 ms for a second of calm");
        assert_eq!(ladder.mode(), Mode::Full);
        assert_eq!(until_change(&mut ladder, 100.0, 10_000), None, "never above where it began");
    }

    #[test]
    fn a_step_up_that_was_wrong_makes_it_more_patient() {
        let mut ladder = Ladder::new(Mode::Full, Mode::Minimal, Some(LIMITS));
        until_change(&mut ladder, 1_500.0, 100);
        let first = until_change(&mut ladder, 100.0, 1_000).expect("a step up");
        until_change(&mut ladder, 1_500.0, 100).expect("a step down");
        let second = until_change(&mut ladder, 100.0, 1_000).expect("a step up");
        assert!(second > first + 40, "{first} frames, then {second}");
    }

    #[test]
    fn without_limits_it_stays() {
        let mut ladder = Ladder::new(Mode::Medium, Mode::Emergency, None);
        assert_eq!(until_change(&mut ladder, 1e9, 1000), None);
        assert_eq!(ladder.mode(), Mode::Medium);
    }
}
