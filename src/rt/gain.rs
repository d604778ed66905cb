//! Audio thread. A gain on its way to where it was last told to go, linear over a number of frames.

use crate::link::latest::{GainWord, LatestGain};

pub struct GainRamp {
    gain: f32,
    step: f32,
    /// Frames until it is there: an order has no more than `u32::MAX`.
    left: u32,
    told: GainWord,
}

impl GainRamp {
    /// Begins where `latest` points.
    pub fn new(latest: &LatestGain) -> GainRamp {
        let told = latest.word();
        GainRamp { gain: told.order().gain, step: 0.0, left: 0, told }
    }

    /// Takes up a new order; a change takes at least `least` frames, as a step would click.
    pub fn follow(&mut self, latest: &LatestGain, least: usize) {
        if !self.is_up_to(latest) {
            self.told = latest.word();
            let order = self.told.order();
            self.left = u32::try_from(order.over.0.max(least as u64).max(1)).unwrap_or(u32::MAX);
            self.step = (order.gain - self.gain) / self.left as f32;
        }
    }

    /// There is no newer order.
    pub fn is_up_to(&self, latest: &LatestGain) -> bool {
        self.told == latest.word()
    }

    pub fn is_steady(&self) -> bool {
        self.left == 0
    }

    pub fn is_unity(&self) -> bool {
        self.left == 0 && self.gain == 1.0
    }

    pub fn gain(&self) -> f32 {
        self.gain
    }

    /// The gain of the next frame.
    pub fn advance(&mut self) -> f32 {
        if self.left > 0 {
            self.pass(1);
        }
        self.gain
    }

    /// Where the gain would be after `frames` more, with nothing to apply it to.
    pub fn pass(&mut self, frames: usize) {
        self.left = self.left.saturating_sub(u32::try_from(frames).unwrap_or(u32::MAX));
        // From its end, and not step by step: many small steps would be rounded to none.
        self.gain = self.told.order().gain - self.step * self.left as f32;
    }

    /// Applies the gain to interleaved samples.
    pub fn apply(&mut self, samples: &mut [f32], channels: usize) {
        if self.is_steady() {
            samples.iter_mut().for_each(|sample| *sample *= self.gain);
            return;
        }
        for frame in samples.chunks_exact_mut(channels) {
            let gain = self.advance();
            frame.iter_mut().for_each(|sample| *sample *= gain);
        }
    }
}
