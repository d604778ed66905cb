//! Audio thread to anyone: where the device is on the monotonic clock. Callback times jitter; a delay-locked loop of second
//! order smooths them (F. Adriaensen, "Using a DLL to filter time", 2005), and what it says is published as one look.

use std::f64::consts::{PI, SQRT_2};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering, fence};

use crate::units::{Frames, Hz};

/// The loop begins wide, to find the rate, and grows narrow, to hold it.
const WIDEST_HZ: f64 = 2.0;
const NARROWEST_HZ: f64 = 0.05;
/// A callback that is further off than this belongs to another time: the device was paused, lost or stalled.
const LOCK_NANOS: f64 = 150.0e6;

/// One look: at `nanos` the device began with frame `at`, and takes `nanos_per_frame` for each in the long run.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ClockReading {
    pub nanos: f64,
    pub at: Frames,
    pub block: Frames,
    pub nanos_per_frame: f64,
    /// What each takes in this block, so that it ends where the next one begins.
    pub slope: f64,
}

/// The reader's half.
#[derive(Debug)]
pub struct DeviceClock {
    /// Odd while the audio thread writes.
    turn: AtomicU32,
    nanos: AtomicU64,
    at: AtomicU64,
    block: AtomicU64,
    nanos_per_frame: AtomicU64,
    slope: AtomicU64,
    nominal: f64,
}

/// The audio thread's half.
pub struct ClockKeeper {
    shared: Arc<DeviceClock>,
    locked: bool,
    /// When the next callback is due, and how long a frame takes.
    due: f64,
    nanos_per_frame: f64,
    locked_at: f64,
    next_at: Frames,
}

#[expect(clippy::disallowed_methods, reason = "not for the audio thread")]
pub fn device_clock(rate: Hz) -> (ClockKeeper, Arc<DeviceClock>) {
    let nominal = 1.0e9 / f64::from(rate.0.max(1));
    let zero = || AtomicU64::new(0);
    let shared = DeviceClock {
        turn: AtomicU32::new(0),
        nanos: zero(),
        at: zero(),
        block: zero(),
        nanos_per_frame: zero(),
        slope: zero(),
        nominal,
    };
    let shared = Arc::new(shared);
    let keeper = ClockKeeper {
        shared: shared.clone(),
        locked: false,
        due: 0.0,
        nanos_per_frame: nominal,
        locked_at: 0.0,
        next_at: Frames::ZERO,
    };
    (keeper, shared)
}

impl ClockKeeper {
    /// A callback began at `now` (monotonic nanoseconds) and will take the frames from `at` on, `block` of them.
    pub fn tick(&mut self, now: u64, at: Frames, block: Frames) {
        if block == Frames::ZERO {
            return;
        }
        let (now, frames, nominal) = (now as f64, block.0 as f64, self.shared.nominal);
        let off = now - self.due;
        if !self.locked || at != self.next_at || off.abs() > LOCK_NANOS {
            // The rate found so far is the best guess for the next lock.
            (self.locked, self.due, self.locked_at) = (true, now, now);
        }
        let off = now - self.due;
        let width = (1.0e9 / (now - self.locked_at).max(1.0)).clamp(NARROWEST_HZ, WIDEST_HZ);
        let omega = (2.0 * PI * width * frames * nominal / 1.0e9).min(0.5);
        let begun = self.due;
        self.due += SQRT_2 * omega * off + frames * self.nanos_per_frame;
        self.nanos_per_frame =
            (self.nanos_per_frame + omega * omega * off / frames).clamp(nominal * 0.5, nominal * 2.0);
        self.next_at = at + block;
        // A callback that came much too early or late bends the line no further than this.
        let slope = ((self.due - begun) / frames).clamp(nominal * 0.25, nominal * 4.0);
        let nanos_per_frame = self.nanos_per_frame;
        self.publish(ClockReading { nanos: begun, at, block, nanos_per_frame, slope });
    }

    /// Forgets the lock: the next callback begins a new one.
    pub fn unlock(&mut self) {
        self.locked = false;
    }

    fn publish(&self, reading: ClockReading) {
        let shared = &self.shared;
        let turn = shared.turn.load(Ordering::Relaxed);
        shared.turn.store(turn.wrapping_add(1), Ordering::Relaxed);
        fence(Ordering::Release);
        shared.nanos.store(reading.nanos.to_bits(), Ordering::Relaxed);
        shared.at.store(reading.at.0, Ordering::Relaxed);
        shared.block.store(reading.block.0, Ordering::Relaxed);
        shared.nanos_per_frame.store(reading.nanos_per_frame.to_bits(), Ordering::Relaxed);
        shared.slope.store(reading.slope.to_bits(), Ordering::Relaxed);
        shared.turn.store(turn.wrapping_add(2), Ordering::Release);
    }
}

impl DeviceClock {
    /// `None` before the first callback. Not for the audio thread.
    pub fn reading(&self) -> Option<ClockReading> {
        loop {
            let turn = self.turn.load(Ordering::Acquire);
            let reading = ClockReading {
                nanos: f64::from_bits(self.nanos.load(Ordering::Relaxed)),
                at: Frames(self.at.load(Ordering::Relaxed)),
                block: Frames(self.block.load(Ordering::Relaxed)),
                nanos_per_frame: f64::from_bits(self.nanos_per_frame.load(Ordering::Relaxed)),
                slope: f64::from_bits(self.slope.load(Ordering::Relaxed)),
            };
            fence(Ordering::Acquire);
            if turn.is_multiple_of(2) && self.turn.load(Ordering::Relaxed) == turn {
                return (turn != 0).then_some(reading);
            }
            std::hint::spin_loop();
        }
    }

    /// How much faster than its nominal rate the device runs, in parts per million.
    pub fn drift_ppm(&self, reading: &ClockReading) -> f64 {
        (self.nominal / reading.nanos_per_frame - 1.0) * 1.0e6
    }
}

impl ClockReading {
    /// The frame that the device has reached at `now`, between callbacks too; a device that stalls gets no further than two
    /// blocks.
    pub fn frames_at(&self, now: u64) -> f64 {
        let since = (now as f64 - self.nanos) / self.slope;
        self.at.0 as f64 + since.clamp(0.0, 2.0 * self.block.0 as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOMINAL: f64 = 1.0e9 / 48_000.0;

    /// Callbacks of `block` frames with a drift and a jitter that alternates; returns the errors of the clock in µs and
    /// the drift that it found.
    fn run(block: u64, drift_ppm: f64, jitter_nanos: f64, seconds: f64) -> (f64, f64) {
        let (mut keeper, clock) = device_clock(Hz(48_000));
        let per_frame = NOMINAL / (1.0 + drift_ppm * 1.0e-6);
        let (mut at, mut worst, mut seed) = (0u64, 0.0f64, 1u64);
        while (at as f64) < seconds * 48_000.0 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let jitter = (seed >> 40) as f64 / f64::from(1 << 24) * jitter_nanos;
            let true_start = 1.0e9 + at as f64 * per_frame;
            keeper.tick((true_start + jitter) as u64, Frames(at), Frames(block));
            let reading = clock.reading().expect("it has ticked");
            if (at as f64) > seconds * 24_000.0 {
                let middle = true_start + jitter_nanos / 2.0;
                worst = worst.max((reading.nanos - middle).abs() / 1000.0);
            }
            at += block;
        }
        let reading = clock.reading().expect("it has ticked");
        (worst, clock.drift_ppm(&reading))
    }

    #[test]
    fn jitter_is_smoothed_and_drift_is_found() {
        for (block, drift) in [(128, 0.0), (512, 120.0), (512, -300.0), (2048, 50.0)] {
            let (worst_micros, found) = run(block, drift, 2.0e6, 120.0);
            assert!(worst_micros < 250.0, "{block} {drift}: {worst_micros} µs of 2000");
            assert!((found - drift).abs() < 20.0, "{block} {drift}: {found} ppm");
        }
    }

    #[test]
    fn where_one_block_ends_the_next_begins_and_time_never_stands_still() {
        let (mut keeper, clock) = device_clock(Hz(48_000));
        let (mut at, mut seed, mut before) = (0u64, 1u64, None::<ClockReading>);
        for block in [128, 512, 1, 4_096].into_iter().cycle().take(40_000) {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let now = 1.0e9 + at as f64 * NOMINAL + (seed >> 40) as f64 / f64::from(1 << 24) * 2.0e6;
            keeper.tick(now as u64, Frames(at), Frames(block));
            let reading = clock.reading().expect("it has ticked");
            if let Some(before) = before {
                let end = before.at.0 as f64 + (reading.nanos - before.nanos) / before.slope;
                assert!((end - at as f64).abs() < 1.0e-3, "{end} for {at}");
            }
            assert!(reading.slope > 0.0 && reading.frames_at(now as u64 + 1_000) >= at as f64);
            (at, before) = (at + block, Some(reading));
        }
    }

    #[test]
    fn whatever_times_come_the_reading_is_a_number_and_the_rate_within_an_octave() {
        let (mut keeper, clock) = device_clock(Hz(48_000));
        keeper.tick(5, Frames(0), Frames::ZERO);
        assert_eq!(clock.reading(), None, "an empty block tells nothing");
        let mut at = 0;
        for now in
            [0, 0, 1, u64::MAX, 0, 7, 7, 7, 1 << 40, (1 << 40) - 1_000_000, 1 << 40].into_iter().cycle().take(999)
        {
            keeper.tick(now, Frames(at), Frames(64));
            at += if now == 7 { 1_000 } else { 64 };
            let reading = clock.reading().expect("it has ticked");
            let per_frame = reading.nanos_per_frame / NOMINAL;
            assert!((0.5..=2.0).contains(&per_frame) && reading.slope > 0.0, "{reading:?}");
            assert!(reading.frames_at(now).is_finite() && clock.drift_ppm(&reading).is_finite());
        }
        keeper.unlock();
        keeper.tick(9_000_000_000, Frames(at), Frames(64));
        assert_eq!(clock.reading().map(|reading| (reading.nanos, reading.at)), Some((9.0e9, Frames(at))));
    }

    #[test]
    fn a_reading_from_another_thread_is_never_torn() {
        let (mut keeper, clock) = device_clock(Hz(48_000));
        // Every part of a reading tells which one it is; block lengths keep the loop from drifting.
        let writing = std::thread::spawn(move || {
            (1..200_000u64).for_each(|tick| keeper.tick(tick * 1_000_000_000, Frames(tick * 10_000_000), Frames(tick)));
        });
        let mut looks = 0;
        while !writing.is_finished() {
            if let Some(reading) = clock.reading() {
                assert_eq!(
                    (reading.at.0, reading.nanos),
                    (reading.block.0 * 10_000_000, reading.block.0 as f64 * 1.0e9)
                );
                looks += 1;
            }
        }
        assert!(looks > 0 && writing.join().is_ok());
    }

    #[test]
    fn a_pause_begins_a_new_lock_at_once() {
        let (mut keeper, clock) = device_clock(Hz(48_000));
        assert_eq!(clock.reading(), None);
        (0..100u64).for_each(|block| keeper.tick(block * 10_000_000, Frames(block * 480), Frames(480)));
        keeper.tick(5_000_000_000, Frames(48_000), Frames(480));
        let reading = clock.reading().expect("it has ticked");
        assert_eq!((reading.nanos, reading.at), (5.0e9, Frames(48_000)));
        assert_eq!(reading.frames_at(5_005_000_000).round(), 48_240.0);
        assert_eq!(reading.frames_at(9_000_000_000).round(), 48_960.0);
    }
}
