//! Audio thread. A gain on its way to where it was last told to go, linear over a number of frames.

use crate::link::latest::{GainOrder, LatestGain};

pub struct GainRamp {
    gain: f32,
    step: f32,
    /// Frames until it is there.
    left: u64,
    order: GainOrder,
}

impl GainRamp {
    /// Begins where `latest` points.
    pub fn new(latest: &LatestGain) -> GainRamp {
        let order = latest.get();
        GainRamp { gain: order.gain, step: 0.0, left: 0, order }
    }

    /// Takes up a new order; a change takes at least `least` frames, as a step would click.
    pub fn follow(&mut self, latest: &LatestGain, least: usize) {
        let order = latest.get();
        if order != self.order {
            self.order = order;
            self.left = order.over.0.max(least as u64).max(1);
            self.step = (order.gain - self.gain) / self.left as f32;
        }
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
        self.left = self.left.saturating_sub(frames as u64);
        // From its end, and not step by step: many small steps would be rounded to none.
        self.gain = self.order.gain - self.step * self.left as f32;
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
