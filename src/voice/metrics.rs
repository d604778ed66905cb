//! Any thread. What the work on a stream takes. Time comes in.

use crate::units::Micros;

/// The frames that p99 is taken over: ten seconds of 20 ms.
const RECENT: usize = 512;

#[derive(Debug)]
pub struct Metrics {
    frames: u64,
    first: Micros,
    last: Micros,
    sum: f64,
    min: f64,
    max: f64,
    before: Option<f64>,
    jitter: f64,
    recent: Box<[f32; RECENT]>,
}

/// Zeros before the first frame.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Summary {
    pub frames: u64,
    /// Over the time between the first and the last frame.
    pub frames_per_second: f64,
    pub average: Micros,
    pub min: Micros,
    pub max: Micros,
    /// Of the last 512 frames.
    pub p99: Micros,
    /// How much a frame's time differs from that of the frame before, smoothed as in RFC 3550, 6.4.1.
    pub jitter: Micros,
}

impl Metrics {
    pub fn new() -> Metrics {
        let zero = Micros(0.0);
        let recent = Box::new([0.0; RECENT]);
        Metrics {
            frames: 0,
            first: zero,
            last: zero,
            sum: 0.0,
            min: f64::MAX,
            max: 0.0,
            before: None,
            jitter: 0.0,
            recent,
        }
    }

    /// What it has allocated.
    pub fn memory_bytes(&self) -> usize {
        size_of_val(&*self.recent)
    }

    /// A frame was done at `now`, which took `spent`.
    pub fn note(&mut self, now: Micros, spent: Micros) {
        if self.frames == 0 {
            self.first = now;
        }
        self.recent[(self.frames % RECENT as u64) as usize] = spent.0 as f32;
        self.frames += 1;
        self.last = now;
        self.sum += spent.0;
        self.min = self.min.min(spent.0);
        self.max = self.max.max(spent.0);
        if let Some(before) = self.before.replace(spent.0) {
            self.jitter += ((spent.0 - before).abs() - self.jitter) / 16.0;
        }
    }

    pub fn summary(&self) -> Summary {
        if self.frames == 0 {
            return Summary::default();
        }
        let seconds = (self.last.0 - self.first.0) / 1e6;
        let mut recent: Vec<f32> = self.recent[..RECENT.min(self.frames as usize)].to_vec();
        recent.sort_unstable_by(f32::total_cmp);
        let rank = (recent.len() as f64 * 0.99).ceil() as usize - 1;
        Summary {
            frames: self.frames,
            frames_per_second: if seconds > 0.0 { (self.frames - 1) as f64 / seconds } else { 0.0 },
            average: Micros(self.sum / self.frames as f64),
            min: Micros(self.min),
            max: Micros(self.max),
            p99: Micros(f64::from(recent[rank])),
            jitter: Micros(self.jitter),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_sums_up_what_it_was_told() {
        let mut metrics = Metrics::new();
        assert_eq!(metrics.summary(), Summary::default());
        for frame in 0..500 {
            metrics.note(Micros(f64::from(frame) * 20_000.0), Micros(if frame % 50 == 7 { 900.0 } else { 100.0 }));
        }
        let summary = metrics.summary();
        assert_eq!((summary.frames, summary.min.0, summary.max.0, summary.p99.0), (500, 100.0, 900.0, 900.0));
        assert!((summary.frames_per_second - 50.0).abs() < 1e-9 && (summary.average.0 - 116.0).abs() < 1e-9);
        assert!(summary.jitter.0 > 0.0);
    }
}
