//! Any thread. Between two rates in a ratio of small numbers: one set of taps for each phase, so that frames lie exactly where they should
//! for good, and the inner loop is a sum of products and nothing else.

use std::f64::consts::{PI, TAU};

use rubato::WindowFunction;

/// Sums that are kept side by side, so that none waits for the one before.
const LANES: usize = 16;

pub struct Polyphase {
    channels: usize,
    /// Input frames that one output frame depends on.
    taps: usize,
    /// Phases: output frames per `down` input frames.
    up: usize,
    down: usize,
    /// Phase by phase. Phase 0 is an output frame that lies on an input frame.
    table: Box<[f32]>,
    /// Channel by channel: input that is still needed, and room for more.
    line: Box<[f32]>,
    /// Frames of each channel in `line`.
    room: usize,
    filled: usize,
    /// Where the next output frame begins in `line`, and its phase.
    start: usize,
    phase: usize,
    fused: bool,
}

/// A windowed sinc, its cutoff relative to half the input rate.
pub struct Sinc {
    pub taps: usize,
    pub cutoff: f32,
    pub window: WindowFunction,
}

impl Polyphase {
    /// From `down` frames to `up`, pushed at most `block` at a time.
    pub fn new((up, down): (usize, usize), channels: usize, block: usize, sinc: &Sinc) -> Polyphase {
        let taps = sinc.taps;
        let room = taps + block + block.max(taps);
        let mut polyphase = Polyphase {
            channels,
            taps,
            up,
            down,
            table: table(up, sinc),
            line: vec![0.0; room * channels].into(),
            room,
            filled: 0,
            start: 0,
            phase: 0,
            fused: has_fused(),
        };
        polyphase.reset();
        polyphase
    }

    /// Input frames by which the output lags behind.
    pub fn delay(&self) -> f64 {
        self.taps as f64 / 2.0
    }

    /// Numbers that it keeps.
    pub fn memory_samples(&self) -> usize {
        self.table.len() + self.line.len()
    }

    /// As if only silence had come so far.
    pub fn reset(&mut self) {
        for channel in self.line.chunks_exact_mut(self.room) {
            channel[..self.taps].fill(0.0);
        }
        (self.filled, self.start, self.phase) = (self.taps, 0, 0);
    }

    /// Takes whole interleaved frames.
    pub fn push(&mut self, input: &[f32]) {
        let frames = input.len() / self.channels;
        if self.filled + frames > self.room {
            for channel in self.line.chunks_exact_mut(self.room) {
                channel.copy_within(self.start..self.filled, 0);
            }
            (self.filled, self.start) = (self.filled - self.start, 0);
        }
        for (index, channel) in self.line.chunks_exact_mut(self.room).enumerate() {
            let room = &mut channel[self.filled..self.filled + frames];
            if self.channels == 1 {
                room.copy_from_slice(input);
                continue;
            }
            for (place, frame) in room.iter_mut().zip(input.chunks_exact(self.channels)) {
                *place = frame[index];
            }
        }
        self.filled += frames;
    }

    /// Makes the next frames: those that lie before the end of what was pushed are ready.
    pub fn pull(&mut self, out: &mut [f32]) {
        #[cfg(target_arch = "x86_64")]
        if self.fused {
            // SAFETY: the processor has what the function needs: `has_fused` asked it.
            return unsafe { self.pull_fused(out) };
        }
        if self.fused { self.pull_by::<true>(out) } else { self.pull_by::<false>(out) }
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2,fma")]
    unsafe fn pull_fused(&mut self, out: &mut [f32]) {
        self.pull_by::<true>(out);
    }

    #[inline(always)]
    fn pull_by<const FUSED: bool>(&mut self, out: &mut [f32]) {
        for frame in out.chunks_exact_mut(self.channels) {
            let taps = &self.table[self.phase * self.taps..][..self.taps];
            let start = self.start + usize::from(self.phase > 0);
            for (sample, channel) in frame.iter_mut().zip(self.line.chunks_exact(self.room)) {
                *sample = sum_of_products::<FUSED>(taps, &channel[start..start + self.taps]);
            }
            self.phase += self.down;
            self.start += self.phase / self.up;
            self.phase %= self.up;
        }
    }
}

fn table(phases: usize, sinc: &Sinc) -> Box<[f32]> {
    let Sinc { taps, cutoff, window } = *sinc;
    let points = taps * phases;
    let curve = |point: usize| {
        let x = (point as f64 / phases as f64 - taps as f64 / 2.0) * f64::from(cutoff) * PI;
        let sinc = if x == 0.0 { 1.0 } else { x.sin() / x };
        sinc * height(window, point as f64 / points as f64)
    };
    let curve: Vec<f64> = (0..points).map(curve).collect();
    let sum: f64 = curve.iter().sum();
    let tap = |(phase, tap): (usize, usize)| {
        // Phase 0 lies on an input frame; the others begin one frame later, and lie so far before it.
        let point = tap * phases + if phase == 0 { 0 } else { phases - phase };
        (curve[point] * phases as f64 / sum) as f32
    };
    (0..phases).flat_map(|phase| (0..taps).map(move |index| (phase, index))).map(tap).collect()
}

/// Of a window, from 0 to 1 of its width.
fn height(window: WindowFunction, at: f64) -> f64 {
    let blackman_harris =
        0.35875 - 0.48829 * (TAU * at).cos() + 0.14128 * (2.0 * TAU * at).cos() - 0.01168 * (3.0 * TAU * at).cos();
    match window {
        WindowFunction::BlackmanHarris2 => blackman_harris * blackman_harris,
        _ => blackman_harris,
    }
}

/// Whether products are added without rounding in between, at no cost.
fn has_fused() -> bool {
    #[cfg(target_arch = "x86_64")]
    return is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
    #[cfg(not(target_arch = "x86_64"))]
    cfg!(target_arch = "aarch64")
}

#[inline(always)]
fn sum_of_products<const FUSED: bool>(taps: &[f32], sound: &[f32]) -> f32 {
    let add = |sum: &mut f32, tap: f32, sample: f32| {
        *sum = if FUSED { tap.mul_add(sample, *sum) } else { *sum + tap * sample };
    };
    let mut sums = [0.0; LANES];
    let (taps, sounds) = (taps.chunks_exact(LANES), sound.chunks_exact(LANES));
    let (last_taps, last_sounds) = (taps.remainder(), sounds.remainder());
    for (taps, sounds) in taps.zip(sounds) {
        for lane in 0..LANES {
            add(&mut sums[lane], taps[lane], sounds[lane]);
        }
    }
    for (lane, (tap, sample)) in last_taps.iter().zip(last_sounds).enumerate() {
        add(&mut sums[lane], *tap, *sample);
    }
    let mut width = LANES / 2;
    while width > 0 {
        for lane in 0..width {
            sums[lane] += sums[lane + width];
        }
        width /= 2;
    }
    sums[0]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_gives_the_same_with_and_without_fused_products() {
        let sound: Vec<f32> = (0..960).map(|n| (n as f32 * 0.37).sin()).collect();
        for (up, down) in [(1, 2), (160, 147), (3, 1)] {
            let sinc = Sinc { taps: 72, cutoff: 0.45, window: WindowFunction::BlackmanHarris };
            let [fused, plain] = [has_fused(), false].map(|fused| {
                let mut filter = Polyphase::new((up, down), 2, sound.len() / 2, &sinc);
                filter.fused = fused;
                let mut out = vec![0.0; sound.len() / 2 * up / down * 2];
                filter.push(&sound);
                filter.pull(&mut out);
                out
            });
            assert!(fused.iter().any(|sample| sample.abs() > 0.1));
            assert!(fused.iter().zip(&plain).all(|(a, b)| (a - b).abs() < 1e-5), "{up} to {down}");
        }
    }
}
