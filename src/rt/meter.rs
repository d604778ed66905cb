//! Audio thread. The level of what the device is given or gives: root mean square and peak of windows of 50 ms.

use std::sync::Arc;

use crate::format::Layout;
use crate::link::tally::Tally;
use crate::units::{Frames, Hz};

const WINDOWS_PER_SECOND: u32 = 20;
/// Samples that are read at a time.
const CHUNK: usize = 256;

pub struct Meter {
    layout: Layout,
    window_samples: usize,
    seen: usize,
    squares: f64,
    peak: f32,
    tally: Arc<Tally>,
}

impl Meter {
    pub fn new(layout: Layout, rate: Hz, tally: Arc<Tally>) -> Meter {
        let window_samples = (rate.0 / WINDOWS_PER_SECOND).max(1) as usize * layout.channels;
        Meter { layout, window_samples, seen: 0, squares: 0.0, peak: 0.0, tally }
    }

    /// Takes in one block, in the device's format.
    pub fn note(&mut self, block: &[u8]) {
        let format = self.layout.format;
        let mut samples = [0.0f32; CHUNK];
        for bytes in block.chunks(CHUNK * format.sample_bytes()) {
            let count = bytes.len() / format.sample_bytes();
            let samples = samples.get_mut(..count).unwrap_or_default();
            format.decode(bytes, samples);
            self.note_samples(samples);
        }
    }

    /// Takes in a block that nobody gets.
    pub fn note_silence(&mut self, frames: Frames) {
        self.count(frames.as_len() * self.layout.channels);
    }

    fn note_samples(&mut self, samples: &mut [f32]) {
        // What is no number is no sound.
        samples.iter_mut().for_each(|sample| *sample = if sample.is_finite() { *sample } else { 0.0 });
        // Eight sums at a time: the compiler may then use vectors.
        let (mut squares, mut peaks) = ([0.0f32; 8], [0.0f32; 8]);
        let mut chunks = samples.chunks_exact(8);
        for chunk in &mut chunks {
            for ((square, peak), sample) in squares.iter_mut().zip(&mut peaks).zip(chunk) {
                *square += sample * sample;
                *peak = peak.max(sample.abs());
            }
        }
        for sample in chunks.remainder() {
            self.squares += f64::from(sample * sample);
            self.peak = self.peak.max(sample.abs());
        }
        self.squares += squares.iter().map(|square| f64::from(*square)).sum::<f64>();
        self.peak = peaks.into_iter().fold(self.peak, f32::max);
        self.count(samples.len());
    }

    /// So many samples more have been seen; tells when a window is full.
    fn count(&mut self, samples: usize) {
        self.seen += samples;
        if self.seen >= self.window_samples {
            let rms = (self.squares / self.seen as f64).sqrt() as f32;
            self.tally.level.set(rms, self.peak);
            (self.seen, self.squares, self.peak) = (0, 0.0, 0.0);
        }
    }
}
