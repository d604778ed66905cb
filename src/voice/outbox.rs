//! Voice threads and JavaScript's. Packets that were made and wait to be fetched. Its lock is never held while one is made.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::units::Frames;
use crate::voice::ladder::Mode;

/// Packets that wait to be fetched before the oldest goes: five seconds of 20 ms.
const MOST_WAITING: usize = 250;

/// What became of everything that the source gave.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SendStats {
    pub frames: u64,
    pub packets: u64,
    pub bytes: u64,
    /// Packets that nobody fetched in time.
    pub dropped: u64,
    /// Frames that could not be encoded or sealed; the next one is tried all the same.
    pub failed: u64,
}

pub struct Outbox {
    inside: Mutex<Inside>,
    changed: Condvar,
}

struct Inside {
    waiting: VecDeque<Box<[u8]>>,
    stats: SendStats,
    /// Of the packet that was made last.
    mode: Mode,
    /// Nobody came for so long that nobody is waited for.
    forsaken: bool,
    closed: bool,
}

impl Outbox {
    pub fn new(mode: Mode) -> Outbox {
        let waiting = VecDeque::with_capacity(MOST_WAITING);
        let inside = Inside { waiting, stats: SendStats::default(), mode, forsaken: false, closed: false };
        Outbox { inside: Mutex::new(inside), changed: Condvar::new() }
    }

    fn lock(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a copy of a packet behind the others; the oldest makes room for it.
    pub fn put(&self, packet: &[u8], mode: Mode) {
        let packet: Box<[u8]> = packet.into();
        let inside = &mut *self.lock();
        if inside.waiting.len() >= MOST_WAITING {
            inside.waiting.pop_front();
            inside.stats.dropped += 1;
        }
        inside.mode = mode;
        inside.stats.packets += 1;
        inside.stats.bytes += packet.len() as u64;
        inside.waiting.push_back(packet);
    }

    pub fn note_read(&self, frames: Frames) {
        self.lock().stats.frames += frames.0;
    }

    pub fn note_failure(&self) {
        self.lock().stats.failed += 1;
    }

    /// Blocks while all room is taken, for at most `patience`. If nobody fetches meanwhile, nobody is waited for until
    /// somebody does again.
    pub fn wait_for_room(&self, patience: Duration) {
        let inside = self.lock();
        let full = |inside: &mut Inside| inside.waiting.len() >= MOST_WAITING && !inside.forsaken && !inside.closed;
        let (mut inside, _) =
            self.changed.wait_timeout_while(inside, patience, full).unwrap_or_else(PoisonError::into_inner);
        inside.forsaken = inside.waiting.len() >= MOST_WAITING;
    }

    /// Nobody will fetch any more: whoever waits for room goes on.
    pub fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }

    /// The oldest packet that was not fetched yet, unless it is longer than `most` bytes: then it stays, and this is its
    /// length.
    pub fn next_within(&self, most: usize) -> Option<Result<Box<[u8]>, usize>> {
        let inside = &mut *self.lock();
        match inside.waiting.front()?.len() {
            length if length > most => Some(Err(length)),
            _ => {
                inside.forsaken = false;
                self.changed.notify_all();
                inside.waiting.pop_front().map(Ok)
            }
        }
    }

    pub fn stats(&self) -> SendStats {
        self.lock().stats
    }

    pub fn mode(&self) -> Mode {
        self.lock().mode
    }
}
