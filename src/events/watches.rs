//! JavaScript threads to pump: waits that no thread sleeps for. The pump looks at them after every block of their device, and
//! tells the environment that asked.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use crate::device::table::Entry;
use crate::device::waiting::{Draining, Waited};
use crate::units::Frames;

/// What is waited for.
#[derive(Debug)]
pub enum Until {
    /// Room (playback) or data (capture) for so many frames.
    Has(Frames),
    Drained(Draining),
}

struct Watch {
    env: u32,
    token: u32,
    entry: Entry,
    until: Until,
}

static WATCHES: Mutex<Vec<Watch>> = Mutex::new(Vec::new());

fn watches() -> std::sync::MutexGuard<'static, Vec<Watch>> {
    WATCHES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Begins a wait of an environment, which knows it by the token from then on; the pump must be rung afterwards.
pub fn add(env: u32, entry: Entry, until: Until) -> u32 {
    static NEXT_TOKEN: AtomicU32 = AtomicU32::new(1);
    let token = NEXT_TOKEN.fetch_add(1, Ordering::Relaxed);
    let mut watches = watches();
    entry.device().control.watched.set(true);
    watches.push(Watch { env, token, entry, until });
    token
}

/// Ends a wait that nobody is interested in any more.
pub fn remove(env: u32, token: u32) {
    watches().retain(|watch| (watch.env, watch.token) != (env, token));
}

/// Ends all waits of an environment.
pub fn remove_all(env: u32) {
    watches().retain(|watch| watch.env != env);
}

/// Pump: takes out the waits that are over, and says of the others when to look again at the latest.
pub fn take_over(now: Instant) -> (Vec<(u32, u32, Waited)>, Option<Instant>) {
    let mut watches = watches();
    let (mut over, mut due) = (Vec::new(), None::<Instant>);
    for watch in watches.iter() {
        watch.entry.device().control.watched.set(false);
    }
    watches.retain_mut(|watch| match watch.look(now) {
        Ok(waited) => {
            over.push((watch.env, watch.token, waited));
            false
        }
        Err(again) => {
            watch.entry.device().control.watched.set(true);
            due = [due, again].into_iter().flatten().min();
            true
        }
    });
    (over, due)
}

impl Watch {
    /// How the wait ended, or when to look again at the latest.
    fn look(&mut self, now: Instant) -> Result<Waited, Option<Instant>> {
        let device = self.entry.device();
        let (closed, has): (bool, &dyn Fn(Frames) -> bool) = match &self.entry {
            Entry::Device(device) => (device.control.closed.get(), &|frames| device.has(frames)),
            Entry::Source(source) => (source.is_closed() || source.has_lost_ring(), &|frames| source.space() >= frames),
            Entry::Tap(tap) => (tap.is_closed() || tap.has_lost_ring(), &|frames| tap.queued() >= frames),
        };
        if closed {
            return Ok(Waited::Closed);
        }
        if device.has_failed() {
            return Ok(Waited::Lost);
        }
        match &mut self.until {
            Until::Has(frames) if has(*frames) => Ok(Waited::Ready),
            Until::Has(_) => Err(None),
            Until::Drained(draining) => {
                let has_passed = |end| match &self.entry {
                    Entry::Source(source) => source.has_passed(end),
                    entry => entry.device().marks.passed() >= end,
                };
                match draining.heard_at(has_passed, now, device.latency_duration()) {
                    Some(at) if at <= now => Ok(Waited::Ready),
                    again => Err(again),
                }
            }
        }
    }
}
