//! JavaScript threads. Who holds a thing, and who may use its ring.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

/// Why data was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Another environment uses this end.
    Taken,
    Full,
    Closed,
}

/// Numbers that environments never reach, one for each native reader or writer.
const FIRST_NATIVE: u32 = 1 << 31;
const NATIVES: u32 = 1 << 30;
static NEXT_NATIVE: AtomicU32 = AtomicU32::new(0);

/// One slot of an environment, as a user of what it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn(u64);

impl Turn {
    /// `env` counts from 1.
    pub fn new(env: u32, slot: u32) -> Turn {
        Turn(u64::from(env) << 32 | u64::from(slot))
    }

    /// A turn of a native thread's own. No environment has this number: JavaScript finds the ring taken, and so does another thread.
    pub fn of_native() -> Turn {
        Turn::new(FIRST_NATIVE + NEXT_NATIVE.fetch_add(1, Ordering::Relaxed) % NATIVES, 0)
    }

    pub fn env(self) -> u32 {
        (self.0 >> 32) as u32
    }

    fn same_env(self, other: u64) -> bool {
        self.0 >> 32 == other >> 32
    }
}

#[derive(Debug)]
pub struct Holders {
    /// Whose turn it is to write (read): a `Turn`, or 0 for nobody's.
    turn: AtomicU64,
    count: AtomicU32,
}

impl Holders {
    /// The caller is the first holder.
    pub fn new() -> Holders {
        Holders { turn: AtomicU64::new(0), count: AtomicU32::new(1) }
    }

    /// One more holder; false if the last one has already let go.
    pub fn hold(&self) -> bool {
        let one_more = |holders: u32| (holders > 0).then(|| holders + 1);
        self.count.fetch_update(Ordering::AcqRel, Ordering::Acquire, one_more).is_ok()
    }

    /// One holder less, whose turn at the ring is over. True for the last one.
    pub fn let_go(&self, turn: Turn) -> bool {
        self.release(turn);
        self.count.fetch_sub(1, Ordering::AcqRel) == 1
    }

    /// Makes it `turn`'s, if it is nobody's or that of another slot on the same thread.
    pub fn claim(&self, turn: Turn) -> Result<(), Refusal> {
        match self.turn.load(Ordering::Acquire) {
            now if now == turn.0 => Ok(()),
            0 => self
                .turn
                .compare_exchange(0, turn.0, Ordering::AcqRel, Ordering::Acquire)
                .map(drop)
                .map_err(|_| Refusal::Taken),
            now if turn.same_env(now) => {
                // No other thread changes it while it is ours.
                self.turn.store(turn.0, Ordering::Release);
                Ok(())
            }
            _ => Err(Refusal::Taken),
        }
    }

    /// Gives the turn back.
    pub fn release(&self, turn: Turn) {
        let _ = self.turn.compare_exchange(turn.0, 0, Ordering::AcqRel, Ordering::Relaxed);
    }

    /// Whether another environment has the turn.
    pub fn is_used_elsewhere(&self, turn: Turn) -> bool {
        let now = self.turn.load(Ordering::Acquire);
        now != 0 && !turn.same_env(now)
    }
}
