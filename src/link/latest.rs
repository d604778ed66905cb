//! JavaScript threads to audio thread: a value of which only the newest counts.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::units::Frames;

/// A gain to go to, and in how many frames.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GainOrder {
    pub gain: f32,
    pub over: Frames,
}

/// A gain order as it lies in its word: whether there is a new one is seen at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GainWord(u64);

impl GainWord {
    pub fn order(self) -> GainOrder {
        GainOrder { gain: f32::from_bits((self.0 >> 32) as u32), over: Frames(self.0 & u64::from(u32::MAX)) }
    }
}

/// The newest gain order, in one word: no look is torn.
#[derive(Debug)]
pub struct LatestGain(AtomicU64);

impl LatestGain {
    pub const fn new(gain: f32) -> LatestGain {
        LatestGain(AtomicU64::new((gain.to_bits() as u64) << 32))
    }

    /// Lengths beyond `u32::MAX` frames are cut to that.
    pub fn set(&self, order: GainOrder) {
        let over = u32::try_from(order.over.0).unwrap_or(u32::MAX);
        self.0.store((u64::from(order.gain.to_bits()) << 32) | u64::from(over), Ordering::Release);
    }

    pub fn get(&self) -> GainOrder {
        self.word().order()
    }

    pub fn word(&self) -> GainWord {
        GainWord(self.0.load(Ordering::Acquire))
    }
}

impl Default for LatestGain {
    fn default() -> LatestGain {
        LatestGain::new(1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_set_last_is_there_whole() {
        let latest = LatestGain::default();
        assert_eq!(latest.get(), GainOrder { gain: 1.0, over: Frames::ZERO });
        for order in
            [GainOrder { gain: 0.25, over: Frames(480) }, GainOrder { gain: -3.5, over: Frames(u64::from(u32::MAX)) }]
        {
            latest.set(order);
            assert_eq!(latest.get(), order);
        }
        latest.set(GainOrder { gain: 2.0, over: Frames(u64::MAX) });
        assert_eq!(latest.get(), GainOrder { gain: 2.0, over: Frames(u64::from(u32::MAX)) });
    }

    #[test]
    fn no_look_from_another_thread_is_torn() {
        let latest = LatestGain::new(0.0);
        std::thread::scope(|scope| {
            let setting = scope.spawn(|| {
                (1..300_000u32).for_each(|at| latest.set(GainOrder { gain: at as f32, over: Frames(u64::from(at)) }));
            });
            let mut last = 0;
            while !setting.is_finished() {
                let GainOrder { gain, over } = latest.get();
                assert!(gain == over.0 as f32 && over.0 >= last);
                last = over.0;
            }
        });
    }
}
