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

#[derive(Debug)]
pub struct Holders {
    /// The environment that writes (reads); 0 for none yet.
    user: AtomicU64,
    count: AtomicU32,
}

impl Holders {
    /// The caller is the first holder.
    pub fn new() -> Holders {
        Holders { user: AtomicU64::new(0), count: AtomicU32::new(1) }
    }

    /// One more holder; false if the last one has already let go.
    pub fn hold(&self) -> bool {
        let one_more = |holders: u32| (holders > 0).then(|| holders + 1);
        self.count.fetch_update(Ordering::AcqRel, Ordering::Acquire, one_more).is_ok()
    }

    /// One holder less, whose turn at the ring is over. True for the last one.
    pub fn let_go(&self, env: u64) -> bool {
        let _ = self.user.compare_exchange(env, 0, Ordering::AcqRel, Ordering::Relaxed);
        self.count.fetch_sub(1, Ordering::AcqRel) == 1
    }

    /// Makes `env` the one user of the ring, if there is none or it is it already.
    pub fn claim(&self, env: u64) -> Result<(), Refusal> {
        match self.user.load(Ordering::Acquire) {
            user if user == env => Ok(()),
            0 => self
                .user
                .compare_exchange(0, env, Ordering::AcqRel, Ordering::Acquire)
                .map(drop)
                .map_err(|_| Refusal::Taken),
            _ => Err(Refusal::Taken),
        }
    }
}
