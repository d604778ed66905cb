//! Any thread. A value that two threads share by turns: the audio thread only ever tries, JavaScript waits for the few
//! microseconds that the audio thread may hold it.

use std::cell::UnsafeCell;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// About as long as the audio thread's turns take.
const SPINS: u32 = 64;
const NAP: Duration = Duration::from_micros(50);

#[derive(Debug)]
pub struct TryCell<T> {
    busy: AtomicBool,
    value: UnsafeCell<T>,
}

// SAFETY: `busy` hands the value to one thread at a time, with acquire and release on each turn.
unsafe impl<T: Send> Sync for TryCell<T> {}

struct Turn<'a>(&'a AtomicBool);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

impl<T> TryCell<T> {
    pub const fn new(value: T) -> TryCell<T> {
        TryCell { busy: AtomicBool::new(false), value: UnsafeCell::new(value) }
    }

    /// Uses the value, or returns `None` at once while another thread does.
    pub fn try_with<R>(&self, act: impl FnOnce(&mut T) -> R) -> Option<R> {
        if self.busy.swap(true, Ordering::Acquire) {
            return None;
        }
        let _turn = Turn(&self.busy);
        // SAFETY: `busy` was free and is ours until `_turn` drops.
        Some(act(unsafe { &mut *self.value.get() }))
    }

    /// Uses the value as soon as the other thread is done with it. Not for the audio thread.
    #[expect(clippy::disallowed_methods, reason = "not for the audio thread")]
    pub fn with<R>(&self, act: impl FnOnce(&mut T) -> R) -> R {
        let mut tries = 0u32;
        while self.busy.swap(true, Ordering::Acquire) {
            tries += 1;
            if tries < SPINS {
                std::hint::spin_loop();
            } else {
                // To yield would not do: a real-time thread would keep the processor from whoever has the turn.
                std::thread::sleep(NAP);
            }
        }
        let _turn = Turn(&self.busy);
        // SAFETY: as in `try_with`.
        act(unsafe { &mut *self.value.get() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_user_is_turned_away_and_the_first_keeps_its_turn() {
        let cell = TryCell::new(1);
        let inner = cell.try_with(|value| {
            *value += 1;
            cell.try_with(|_| ())
        });
        assert_eq!(inner, Some(None));
        assert_eq!(cell.with(|value| *value), 2);
    }
}
