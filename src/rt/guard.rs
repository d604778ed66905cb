//! Audio thread. The outermost layer of a callback: timing, counting, and the last line against a panic. Time comes in.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crate::link::control::Control;
use crate::link::hush::Hush;
use crate::link::tally::Tally;
use crate::link::wake::Bell;

pub struct CallbackGuard {
    control: Arc<Control>,
    tally: Arc<Tally>,
    pump: Arc<Bell>,
    hush: Hush,
    previous_start: Option<u64>,
}

impl CallbackGuard {
    pub fn new(control: Arc<Control>, tally: Arc<Tally>, pump: Arc<Bell>) -> CallbackGuard {
        CallbackGuard { control, tally, pump, hush: Hush::new(), previous_start: None }
    }

    /// Runs `work` once. `now` gives monotonic nanoseconds. Returns false if the block is not to be trusted: `work`
    /// panicked, now or before.
    pub fn run(&mut self, now: impl Fn() -> u64, work: impl FnOnce()) -> bool {
        let start = now();
        if let Some(previous) = self.previous_start.replace(start) {
            self.tally.interval_nanos.note(start.saturating_sub(previous));
        }
        let sound = !self.control.failed.get() && self.catch(work);
        self.tally.callbacks.add(1);
        self.tally.duration_nanos.note(now().saturating_sub(start));
        self.control.block_done.ring();
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
