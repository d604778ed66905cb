//! Audio thread to anyone: what a device has done so far. One writer, relaxed atomics, no reader ever holds it up.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use crate::units::Frames;

/// A counter with a single writer.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    pub fn add(&self, amount: u64) {
        // One writer: a load and a store are enough, and cheaper than a locked add.
        self.0.store(self.0.load(Ordering::Relaxed).wrapping_add(amount), Ordering::Release);
    }

    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Acquire)
    }
}

/// What is counted of each queue.
#[derive(Debug, Default)]
pub struct QueueTally {
    /// Episodes in which data was short (playback) or room was (capture).
    pub episodes: Counter,
    pub episode_frames: Counter,
    pub depth: Depth,
}

#[derive(Debug)]
pub struct Tally {
    pub callbacks: Counter,
    /// Frames that the device has run, sounding or not.
    pub frames: Counter,
    /// Of the device's own queue.
    pub queue: Arc<QueueTally>,
    pub level: Level,
    /// Frames for which a lost device was gone, in all.
    pub gap_frames: Counter,
    pub interval_nanos: Histogram,
    pub duration_nanos: Histogram,
    /// Priority of the audio thread, packed by whoever knows the platform; 0 until the first callback.
    pub priority: AtomicU64,
}

impl Tally {
    pub fn new() -> Tally {
        Tally {
            callbacks: Counter::default(),
            frames: Counter::default(),
            queue: Arc::default(),
            level: Level::default(),
            gap_frames: Counter::default(),
            interval_nanos: Histogram::new(),
            duration_nanos: Histogram::new(),
            priority: AtomicU64::new(0),
        }
    }
}

impl Default for Tally {
    fn default() -> Tally {
        Tally::new()
    }
}

/// How full the queue was when callbacks began.
#[derive(Debug)]
pub struct Depth {
    min: AtomicU64,
    max: AtomicU64,
    sum: Counter,
    seen: Counter,
}

impl Default for Depth {
    fn default() -> Depth {
        let (sum, seen) = (Counter::default(), Counter::default());
        Depth { min: AtomicU64::new(u64::MAX), max: AtomicU64::new(0), sum, seen }
    }
}

/// What the one who notes a depth in every block keeps by itself, to publish it now and then: to touch what others read costs
/// more than to note it.
#[derive(Debug)]
pub struct DepthNotes {
    min: u64,
    max: u64,
    sum: u64,
    seen: u64,
}

/// The mean may be behind by so many blocks; least and greatest are not.
const BLOCKS_PER_NEWS: u64 = 16;

impl DepthNotes {
    pub fn new() -> DepthNotes {
        DepthNotes { min: u64::MAX, max: 0, sum: 0, seen: 0 }
    }

    pub fn note(&mut self, queued: Frames, depth: &Depth) {
        let extreme = queued.0 < self.min || queued.0 > self.max;
        (self.min, self.max) = (self.min.min(queued.0), self.max.max(queued.0));
        (self.sum, self.seen) = (self.sum + queued.0, self.seen + 1);
        if extreme || self.seen == BLOCKS_PER_NEWS {
            depth.min.store(self.min, Ordering::Relaxed);
            depth.max.store(self.max, Ordering::Relaxed);
            depth.sum.add(self.sum);
            depth.seen.add(self.seen);
            (self.sum, self.seen) = (0, 0);
        }
    }
}

/// Root mean square and peak of the last window, in one word.
#[derive(Debug, Default)]
pub struct Level(AtomicU64);

impl Level {
    pub fn set(&self, rms: f32, peak: f32) {
        self.0.store((u64::from(rms.to_bits()) << 32) | u64::from(peak.to_bits()), Ordering::Release);
    }

    /// rms, peak
    pub fn get(&self) -> (f32, f32) {
        let word = self.0.load(Ordering::Acquire);
        (f32::from_bits((word >> 32) as u32), f32::from_bits(word as u32))
    }
}

impl Depth {
    pub fn note(&self, queued: Frames) {
        if queued.0 < self.min.load(Ordering::Relaxed) {
            self.min.store(queued.0, Ordering::Relaxed);
        }
        if queued.0 > self.max.load(Ordering::Relaxed) {
            self.max.store(queued.0, Ordering::Relaxed);
        }
        self.sum.add(queued.0);
        self.seen.add(1);
    }

    /// Least, mean and greatest depth in frames; zeros before the first callback.
    pub fn summary(&self) -> (f64, f64, f64) {
        let seen = self.seen.get();
        if seen == 0 {
            return (0.0, 0.0, 0.0);
        }
        let (min, max) = (self.min.load(Ordering::Relaxed), self.max.load(Ordering::Relaxed));
        (min as f64, self.sum.get() as f64 / seen as f64, max as f64)
    }
}

/// Buckets an eighth of an octave wide: a quantile is right to within 9 %, from 1 ns to 18 s.
const STEPS_PER_OCTAVE: u32 = 8;
const BUCKETS: usize = 34 * STEPS_PER_OCTAVE as usize;

#[derive(Debug)]
pub struct Histogram {
    buckets: [AtomicU32; BUCKETS],
    max: AtomicU64,
}

impl Histogram {
    fn new() -> Histogram {
        Histogram { buckets: [const { AtomicU32::new(0) }; BUCKETS], max: AtomicU64::new(0) }
    }

    pub fn note(&self, value: u64) {
        if let Some(bucket) = self.buckets.get(Self::bucket_of(value)) {
            bucket.store(bucket.load(Ordering::Relaxed).saturating_add(1), Ordering::Relaxed);
        }
        if value > self.max.load(Ordering::Relaxed) {
            self.max.store(value, Ordering::Relaxed);
        }
    }

    fn bucket_of(value: u64) -> usize {
        let value = value.max(1);
        let octave = value.ilog2();
        // The three bits below the leading one divide the octave evenly.
        let step = if octave >= 3 { (value >> (octave - 3)) & 7 } else { (value << (3 - octave)) & 7 };
        ((octave * STEPS_PER_OCTAVE) as usize + step as usize).min(BUCKETS - 1)
    }

    /// Where a bucket begins; the one after the last would begin where the last ends.
    fn edge_below(index: usize) -> u64 {
        let (octave, step) = (index as u32 / STEPS_PER_OCTAVE, index as u64 % 8);
        u64::try_from(((u128::from(step) + 8) << octave) >> 3).unwrap_or(u64::MAX)
    }

    /// From, to, how many: of the buckets that hold something, least values first.
    pub fn filled(&self) -> impl Iterator<Item = (u64, u64, u32)> {
        let counts = self.buckets.iter().map(|bucket| bucket.load(Ordering::Relaxed));
        counts
            .enumerate()
            .filter(|(_, count)| *count > 0)
            .map(|(index, count)| (Self::edge_below(index), Self::edge_below(index + 1), count))
    }

    /// The upper edge of the bucket in which the quantile `q` lies, at most the greatest value seen; 0 before the first.
    pub fn quantile(&self, q: f64) -> u64 {
        let total: u64 = self.buckets.iter().map(|bucket| u64::from(bucket.load(Ordering::Relaxed))).sum();
        let rank = (total as f64 * q).ceil().max(1.0) as u64;
        let mut seen = 0;
        for (index, bucket) in self.buckets.iter().enumerate() {
            seen += u64::from(bucket.load(Ordering::Relaxed));
            if total > 0 && seen >= rank {
                return Self::edge_below(index + 1).min(self.max());
            }
        }
        self.max()
    }

    pub fn max(&self) -> u64 {
        self.max.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_right_to_within_a_bucket() {
        let histogram = Histogram::new();
        (1..=100_000u64).for_each(|value| histogram.note(value));
        for q in [0.01, 0.5, 0.99] {
            let (exact, found) = (100_000.0 * q, histogram.quantile(q) as f64);
            assert!((found / exact - 1.0).abs() < 0.13, "{q}: {found} for {exact}");
        }
        assert_eq!(histogram.quantile(1.0), 100_000);
        assert_eq!(histogram.max(), 100_000);
    }

    #[test]
    fn the_buckets_that_hold_something_say_what_and_how_much() {
        let histogram = Histogram::new();
        assert_eq!(histogram.filled().count(), 0);
        let values = [8, 9, 1_000, 2_666_667, 2_700_000, 40_000_000];
        values.iter().for_each(|value| histogram.note(*value));
        for value in values {
            let of_value = histogram.filled().filter(|(from, to, _)| (*from..*to).contains(&value)).count();
            assert_eq!(of_value, 1, "{value}");
        }
        assert_eq!(histogram.filled().map(|(_, _, count)| count as usize).sum::<usize>(), values.len());
        assert!(histogram.filled().zip(histogram.filled().skip(1)).all(|((_, end, _), (next, _, _))| end <= next));
    }

    #[test]
    fn an_empty_histogram_answers_zero_and_extremes_stay_inside() {
        let histogram = Histogram::new();
        assert_eq!(histogram.quantile(0.5), 0);
        histogram.note(0);
        histogram.note(u64::MAX);
        assert_eq!(histogram.max(), u64::MAX);
    }

    #[test]
    fn depths_that_are_kept_back_arrive_soon_and_the_extremes_at_once() {
        let (tally, mut notes) = (QueueTally::default(), DepthNotes::new());
        let mut noted = Vec::new();
        for frames in (0..100).map(|at: u64| at * 37 % 50).chain([50; 1_000]) {
            notes.note(Frames(frames), &tally.depth);
            noted.push(frames as f64);
            let (min, mean, max) = tally.depth.summary();
            assert_eq!((min, max), noted.iter().fold((50.0, 0.0), |(min, max), at| (at.min(min), at.max(max))));
            let told = &noted[..tally.depth.seen.get() as usize];
            assert!(noted.len() - told.len() < BLOCKS_PER_NEWS as usize);
            assert_eq!(mean, told.iter().sum::<f64>() / told.len() as f64);
        }
    }

    #[test]
    fn depth_keeps_least_mean_and_greatest() {
        let tally = QueueTally::default();
        assert_eq!(tally.depth.summary(), (0.0, 0.0, 0.0));
        for frames in [10, 20, 60] {
            tally.depth.note(Frames(frames));
        }
        assert_eq!(tally.depth.summary(), (10.0, 30.0, 60.0));
    }
}
