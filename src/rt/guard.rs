//! Audio thread. The outermost layer of a callback: timing, counting, and the last line against a panic. Time comes in.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crate::link::clock::ClockKeeper;
use crate::link::control::Control;
use crate::link::hush::Hush;
use crate::link::tally::Tally;
use crate::link::wake::Bell;
use crate::units::{Frames, Hz};

pub struct CallbackGuard {
    control: Arc<Control>,
    tally: Arc<Tally>,
    pump: Arc<Bell>,
    hush: Hush,
    clock: ClockKeeper,
    rate: Hz,
    previous_start: Option<u64>,
}

impl CallbackGuard {
    pub fn new(
        rate: Hz,
        clock: ClockKeeper,
        (control, tally, pump): (Arc<Control>, Arc<Tally>, Arc<Bell>),
    ) -> CallbackGuard {
        CallbackGuard { control, tally, pump, hush: Hush::new(), clock, rate, previous_start: None }
    }

    /// Runs `work` once, for a block of `frames`. `now` gives monotonic nanoseconds. Returns false if the block is not to be
    /// trusted: `work` panicked, now or before.
    pub fn run(&mut self, frames: Frames, now: impl Fn() -> u64, work: impl FnOnce()) -> bool {
        let start = now();
        let lost = self.control.lost.get();
        if lost {
            // Some drivers go on calling for a device that is gone.
            self.clock.unlock();
        } else {
            self.clock.tick(start, Frames(self.tally.frames.get()), frames);
            if let Some(since) = self.control.take_lost_since() {
                let gap = start.saturating_sub(since) as f64 * f64::from(self.rate.0) / 1.0e9;
                self.tally.gap_frames.add(gap as u64);
                self.control.restored.set(true);
                self.pump.ring();
                self.previous_start = None;
            }
        }
        if let Some(previous) = self.previous_start.replace(start) {
            self.tally.interval_nanos.note(start.saturating_sub(previous));
        }
        let sound = !self.control.failed.get() && self.catch(work);
        self.tally.callbacks.add(1);
        self.tally.duration_nanos.note(now().saturating_sub(start));
        self.control.block_done.ring();
        if self.control.watched.get() {
            self.pump.ring();
        }
        sound
    }

    fn catch(&mut self, work: impl FnOnce()) -> bool {
        self.hush.begin();
        let outcome = catch_unwind(AssertUnwindSafe(work));
        self.hush.end();
        match outcome {
            Ok(()) => true,
            Err(payload) => {
                // Freeing it here would be a free on the audio thread; a device fails once, so one leak is the bound.
                #[expect(clippy::mem_forget, reason = "see above")]
                std::mem::forget(payload);
                if self.control.failed.raise() {
                    self.pump.ring();
                }
                false
            }
        }
    }
}
