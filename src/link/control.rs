//! Any thread. The flags by which a device is steered, and those by which it tells how it is.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::link::latest::LatestGain;
use crate::link::wake::Bell;

/// A flag with one writer or one direction: once set, the answer is acted upon with the next block.
#[derive(Debug, Default)]
pub struct Flag(AtomicBool);

impl Flag {
    pub const fn new() -> Flag {
        Flag(AtomicBool::new(false))
    }

    pub fn get(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }

    pub fn set(&self, on: bool) {
        self.0.store(on, Ordering::Release);
    }

    /// Clears the flag; returns what it was.
    pub fn take(&self) -> bool {
        self.0.swap(false, Ordering::AcqRel)
    }

    /// Sets the flag; returns true for the one caller that changed it.
    pub fn raise(&self) -> bool {
        !self.0.swap(true, Ordering::AcqRel)
    }
}

#[derive(Debug, Default)]
pub struct Control {
    /// Wanted: sound flows. Otherwise playback fades to silence and capture lets its input go.
    pub playing: Flag,
    /// Wanted: an end. Playback fades out and stays silent.
    pub closing: Flag,
    /// Wanted: how loud.
    pub gain: LatestGain,
    /// Wanted: that the pump is woken after every block, for those who wait without a thread.
    pub watched: Flag,
    /// Told by the service: the device is gone.
    pub lost: Flag,
    /// Since when it had been, in monotonic nanoseconds, for the first callback of the device that came back; or zero.
    lost_since: AtomicU64,
    /// Told by the callback: the device is back. The pump takes it.
    pub restored: Flag,
    /// Told by the callback: it caught a panic and stays silent.
    pub failed: Flag,
    /// Told by the callback: it has seen that the device is closing, and gave it the last of the sound.
    pub faded: Flag,
    /// Told by the device's owner: nobody holds it any more; every wait ends.
    pub closed: Flag,
    /// Rung after every block, for those who wait for room or data.
    pub block_done: Bell,
}

impl Control {
    /// For the service: the device is back, and was gone since `nanos`. No callback of the old one runs any more.
    pub fn come_back(&self, nanos: u64) {
        self.lost_since.store(nanos.max(1), Ordering::Release);
        self.lost.set(false);
    }

    /// Since when the device had been gone, once it is back.
    pub fn take_lost_since(&self) -> Option<u64> {
        match self.lost_since.load(Ordering::Acquire) {
            0 => None,
            nanos => {
                self.lost_since.store(0, Ordering::Release);
                Some(nanos)
            }
        }
    }
}
