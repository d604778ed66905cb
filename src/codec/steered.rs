//! Any thread. From one sample rate to another that is steered while it runs, by parts per million: a stream follows a device
//! whose clock is not quite its own.

use audioadapter_buffers::direct::InterleavedSlice;
use rubato::{
    Adjustable, Async, FixedAsync, Indexing, Resampler, SincInterpolationParameters, SincInterpolationType, Slip,
    WindowFunction,
};

use crate::error::{AudioError, ErrorCode};
use crate::units::{Frames, Hz};

/// Of the filter, at the narrower rate: 0.7 ms of delay at 48 kHz, and flat up to 0.89 of half the rate.
const TAPS: f64 = 64.0;
const TAPS_STEP: usize = 8;
/// From the cutoff to the start of the stopband, in 1/taps of half the rate: measured for this window.
const FALLOFF: f64 = 7.3;
/// Phases between which neighbours are interpolated: the error stays below -90 dB for voice.
const PHASES: usize = 256;
/// No clock is nearly so far off; a driver that sleeps whole milliseconds is.
const MOST: f64 = 0.15;

/// Steers one block of a fixed number of frames after the other.
pub struct Steered {
    inner: Inner,
    nominal: f64,
    channels: usize,
    block: usize,
    out: Box<[f32]>,
}

enum Inner {
    /// The same rate but for a drift: now and then one frame more or less, spread over 128. A filter would take longer than
    /// Opus does.
    Slip(Slip<f32>),
    Sinc(Box<Async<f32>>),
}

impl Steered {
    /// For blocks of `block` frames. Allocates; nothing after it does.
    pub fn new(block: Frames, from: Hz, to: Hz, channels: usize) -> Result<Steered, AudioError> {
        let refused = |detail: String| {
            AudioError::new(ErrorCode::OutOfRange, "resample", format!("{from:?} to {to:?}: {detail}"))
        };
        let nominal = f64::from(to.0) / f64::from(from.0.max(1));
        let block = block.as_len().max(1);
        let (inner, most) = if from == to {
            let slip = Slip::new(block, channels, FixedAsync::Input).map_err(|error| refused(error.to_string()))?;
            let most = slip.output_frames_max();
            (Inner::Slip(slip), most)
        } else {
            let narrowing = (1.0 / nominal).max(1.0);
            let taps = ((TAPS * narrowing) as usize).next_multiple_of(TAPS_STEP);
            let parameters = SincInterpolationParameters {
                sinc_len: taps,
                f_cutoff: Some((1.0 - FALLOFF * narrowing / taps as f64) as f32),
                oversampling_factor: PHASES,
                interpolation: SincInterpolationType::Linear,
                window: WindowFunction::BlackmanHarris,
            };
            let sinc = Async::new_sinc(nominal, 1.0 + MOST, &parameters, block, channels, FixedAsync::Input)
                .map_err(|error| refused(error.to_string()))?;
            let most = sinc.output_frames_max();
            (Inner::Sinc(Box::new(sinc)), most)
        };
        Ok(Steered { inner, nominal, channels, block, out: vec![0.0; most * channels].into() })
    }

    /// From the next block on `faster` times as many frames come out, beyond what the rates make of them; no step is heard. Where
    /// the rates are the same, half a percent at most: a driver that is further off is for time-stretching.
    pub fn steer(&mut self, faster: f64) {
        let _ = match &mut self.inner {
            // It takes what it can.
            Inner::Slip(slip) => slip.set_resample_ratio(faster, false),
            Inner::Sinc(sinc) => {
                let faster = faster.clamp(1.0 - MOST * 0.8, 1.0 + MOST * 0.8);
                sinc.set_resample_ratio(self.nominal * faster, true)
            }
        };
    }

    /// Resamples one block, interleaved; empty if it has another length.
    pub fn process(&mut self, block: &[f32]) -> &[f32] {
        let most = self.out.len() / self.channels;
        let input = InterleavedSlice::new(block, self.channels, self.block);
        let output = InterleavedSlice::new_mut(&mut self.out, self.channels, most);
        let (Ok(input), Ok(mut output)) = (input, output) else { return &[] };
        let done = match &mut self.inner {
            Inner::Slip(slip) => slip.process_into_buffer(&input, &mut output, None::<&Indexing>),
            Inner::Sinc(sinc) => sinc.process_into_buffer(&input, &mut output, None::<&Indexing>),
        };
        let frames = done.map_or(0, |(_, frames)| frames);
        &self.out[..frames * self.channels]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::TAU;

    /// What a tone of `hertz` becomes, steered as told; without its first blocks.
    fn tone(from: u32, to: u32, hertz: f64, faster: impl Fn(usize) -> f64) -> Vec<f32> {
        let block = from as usize / 100;
        let mut steered = Steered::new(Frames(block as u64), Hz(from), Hz(to), 1).expect("rates in range");
        let mut out = Vec::new();
        for number in 0..200 {
            let sine = |i: usize| (0.5 * (TAU * hertz * (number * block + i) as f64 / f64::from(from)).sin()) as f32;
            let samples: Vec<f32> = (0..block).map(sine).collect();
            steered.steer(faster(number));
            out.extend_from_slice(steered.process(&samples));
        }
        out.split_off(to as usize / 10)
    }

    #[test]
    fn as_many_frames_come_out_as_the_steering_asks_for() {
        for (from, to) in [(48_000, 48_000), (48_000, 44_100), (16_000, 48_000), (48_000, 16_000), (8_000, 44_100)] {
            for ppm in [-5_000.0, -200.0, 0.0, 200.0, 5_000.0] {
                let wanted = f64::from(to) * 2.0 * (1.0 + ppm * 1e-6) - f64::from(to) / 10.0;
                let got = tone(from, to, 440.0, |_| 1.0 + ppm * 1e-6).len() as f64;
                // Steering begins with a ramp over the first block.
                assert!(
                    (got - wanted).abs() < 20.0 + 480.0 * ppm.abs() * 1e-6,
                    "{from} {to} {ppm}: {got} for {wanted}"
                );
            }
        }
    }

    #[test]
    fn no_step_is_heard_while_it_is_steered_back_and_forth() {
        for to in [48_000, 44_100] {
            let steered = tone(48_000, to, 300.0, |block| 1.0 + if block % 20 < 10 { 3e-4 } else { -3e-4 });
            let apart = TAU * 300.0 / f64::from(to);
            let step = steered.windows(2).map(|pair| f64::from((pair[1] - pair[0]).abs())).fold(0.0, f64::max);
            assert!(step < 0.5 * apart * 1.01, "{step} at {to}");
            // What bends it much more than a sine bends is heard as a click.
            let bend = |w: &[f32]| f64::from((w[2] - 2.0 * w[1] + w[0]).abs());
            let most = steered.windows(3).map(bend).fold(0.0, f64::max);
            assert!(most < 0.5 * apart * apart * 1.5, "{most} at {to}");
        }
    }
}
