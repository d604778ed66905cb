//! JavaScript threads and pump. Waiting for room, for data, or for the end of what is queued.

use std::time::{Duration, Instant};

use crate::device::owner::Device;
use crate::units::Frames;

/// How a wait ended. JavaScript knows the numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waited {
    Ready,
    TimedOut,
    Closed,
    /// The device is gone for good, or its callback failed.
    Lost,
}

impl Waited {
    pub fn word(self) -> &'static str {
        match self {
            Waited::Ready => "ready",
            Waited::TimedOut => "timeout",
            Waited::Closed => "closed",
            Waited::Lost => "lost",
        }
    }
}

/// Blocks until `enough`, at most for `timeout`. Looks after every block of the device.
pub fn wait_for(device: &Device, timeout: Duration, enough: impl Fn() -> bool, closed: impl Fn() -> bool) -> Waited {
    let deadline = Instant::now() + timeout;
    let over = || device.control.closed.get() || closed();
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let done = device.control.block_done.wait_until(left, || enough() || over() || device.has_failed());
        if over() {
            return Waited::Closed;
        }
        if device.has_failed() {
            return Waited::Lost;
        }
        if done {
            return Waited::Ready;
        }
        if Instant::now() >= deadline {
            return Waited::TimedOut;
        }
    }
}

/// The end of what is queued now: reached when all of it has left the queue, and heard when the device has had the time for it.
#[derive(Debug)]
pub struct Draining {
    to: Frames,
    heard_at: Option<Instant>,
}

impl Draining {
    pub fn new(to: Frames) -> Draining {
        Draining { to, heard_at: None }
    }

    /// `None` until the end of the queue `has_passed`; then when it will have been heard.
    pub fn heard_at(
        &mut self,
        has_passed: impl Fn(Frames) -> bool,
        now: Instant,
        latency: Duration,
    ) -> Option<Instant> {
        if self.heard_at.is_none() && has_passed(self.to) {
            self.heard_at = Some(now + latency);
        }
        self.heard_at
    }
}
