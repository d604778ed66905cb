//! Any thread. What a resampler still holds, as far as it can be told without what comes next: the end of a sound, for an output
//! that cannot wait. Interpolated between neighbours (Catmull-Rom) where the filter would look further ahead.

use crate::codec::resample::Resampler;

/// The last of what went into a resampler.
pub struct Preview {
    past: Vec<f32>,
    channels: usize,
    /// Samples that a preview may look back to.
    reach: usize,
}

impl Preview {
    pub fn new(resampler: &Resampler) -> Preview {
        let channels = resampler.channels();
        Preview { past: Vec::new(), channels, reach: resampler.most_held().as_len() * channels }
    }

    /// These went into the resampler.
    pub fn note(&mut self, samples: &[f32]) {
        self.past.extend(&samples[samples.len().saturating_sub(self.reach)..]);
        self.past.drain(..self.past.len().saturating_sub(self.reach));
    }

    /// The resampler was reset.
    pub fn reset(&mut self) {
        self.past.clear();
    }

    /// Writes to `out` all frames that `resampler` holds, but for the first `skip`.
    pub fn write(&self, resampler: &Resampler, skip: usize, out: &mut Vec<f32>) {
        out.clear();
        let (first, step) = resampler.next_frame_at();
        for frame in skip..resampler.frames_left().as_len() {
            // From the end of the input, in its frames: below zero.
            let at = first + step * frame as f64;
            let (whole, part) = (at.floor(), (at - at.floor()) as f32);
            out.extend((0..self.channels).map(|channel| {
                let [a, b, c, d] = [-1.0, 0.0, 1.0, 2.0].map(|near| self.sample(whole + near, channel));
                let slope = part * (3.0 * (b - c) + d - a) + 2.0 * a - 5.0 * b + 4.0 * c - d;
                b + 0.5 * part * (c - a + part * slope)
            }));
        }
    }

    /// Before the beginning there is silence; beyond the end the last frame goes on.
    fn sample(&self, from_end: f64, channel: usize) -> f32 {
        let back = (-from_end).max(1.0) as usize * self.channels;
        self.past.len().checked_sub(back).and_then(|start| self.past.get(start + channel)).copied().unwrap_or(0.0)
    }
}
