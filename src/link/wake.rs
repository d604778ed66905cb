//! Any thread. A bell that a thread sleeps on and any other may ring, the audio thread included: ringing is two atomic
//! operations while nobody sleeps, and one futex wake when somebody does. It never waits and never allocates.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

#[derive(Debug, Default)]
pub struct Bell {
    rung: AtomicU32,
    sleepers: AtomicU32,
}

/// How often a bell had been rung when somebody began to listen.
#[derive(Clone, Copy, Debug)]
pub struct Heard(u32);

impl Bell {
    pub const fn new() -> Bell {
        Bell { rung: AtomicU32::new(0), sleepers: AtomicU32::new(0) }
    }

    /// Wakes every sleeper whose condition may have changed. Call it after the change.
    pub fn ring(&self) {
        // Sequentially consistent on both sides: either we see the sleeper, or it sees this ring and does not sleep.
        self.rung.fetch_add(1, Ordering::SeqCst);
        if self.sleepers.load(Ordering::SeqCst) != 0 {
            futex::wake_all(&self.rung);
        }
    }

    /// Rings from now on end the next `wait`, even those that come before it. Look at the condition after this.
    pub fn listen(&self) -> Heard {
        Heard(self.rung.load(Ordering::SeqCst))
    }

    /// Sleeps until a ring after `heard` or until `timeout` is over; may also wake for no reason. Not for the audio thread.
    pub fn wait(&self, heard: Heard, timeout: Duration) {
        if !timeout.is_zero() {
            self.sleepers.fetch_add(1, Ordering::SeqCst);
            futex::wait(&self.rung, heard.0, timeout);
            self.sleepers.fetch_sub(1, Ordering::SeqCst);
        }
    }

    /// Sleeps as `wait` does unless `ready` says that there is no need; returns what `ready` says at the end. Not for the
    /// audio thread.
    pub fn wait_until(&self, timeout: Duration, mut ready: impl FnMut() -> bool) -> bool {
        let heard = self.listen();
        ready() || {
            self.wait(heard, timeout);
            ready()
        }
    }
}

#[cfg(target_os = "linux")]
mod futex {
    use std::sync::atomic::AtomicU32;
    use std::time::Duration;

    pub fn wake_all(word: &AtomicU32) {
        // SAFETY: the word is a live, aligned u32; FUTEX_WAKE only uses its address.
        unsafe {
            libc::syscall(libc::SYS_futex, word.as_ptr(), libc::FUTEX_WAKE | libc::FUTEX_PRIVATE_FLAG, i32::MAX);
        }
    }

    pub fn wait(word: &AtomicU32, seen: u32, timeout: Duration) {
        let limit = libc::timespec {
            tv_sec: timeout.as_secs().min(86_400) as libc::time_t,
            tv_nsec: timeout.subsec_nanos() as libc::c_long,
        };
        // SAFETY: the word and the timespec outlive the call, which returns on wake, timeout, signal or a changed word.
        unsafe {
            let op = libc::FUTEX_WAIT | libc::FUTEX_PRIVATE_FLAG;
            libc::syscall(libc::SYS_futex, word.as_ptr(), op, seen, &raw const limit);
        }
    }
}

/// Elsewhere the sleeper looks again every millisecond: no wake from the audio thread is needed.
#[cfg(not(target_os = "linux"))]
mod futex {
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::time::{Duration, Instant};

    pub fn wake_all(_word: &AtomicU32) {}

    #[expect(clippy::disallowed_methods, reason = "not for the audio thread")]
    pub fn wait(word: &AtomicU32, seen: u32, timeout: Duration) {
        let start = Instant::now();
        while word.load(Ordering::Acquire) == seen && start.elapsed() < timeout {
            std::thread::sleep(Duration::from_millis(1).min(timeout));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::AtomicBool;

    #[test]
    fn a_ring_is_never_missed() {
        let bell = Arc::new(Bell::new());
        let turn = Arc::new(AtomicU32::new(0));
        let other = std::thread::spawn({
            let (bell, turn) = (bell.clone(), turn.clone());
            move || {
                for round in 0..5_000 {
                    while !bell.wait_until(Duration::from_secs(20), || turn.load(Ordering::Acquire) == 2 * round + 1) {}
                    turn.store(2 * round + 2, Ordering::Release);
                    bell.ring();
                }
            }
        });
        for round in 0..5_000 {
            turn.store(2 * round + 1, Ordering::Release);
            bell.ring();
            while !bell.wait_until(Duration::from_secs(20), || turn.load(Ordering::Acquire) == 2 * round + 2) {}
        }
        assert!(other.join().is_ok());
    }

    #[test]
    fn a_wait_ends_without_a_ring() {
        let never = AtomicBool::new(false);
        assert!(!Bell::new().wait_until(Duration::from_millis(2), || never.load(Ordering::Relaxed)));
    }
}
