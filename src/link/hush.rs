//! Audio thread to panic hook: which threads are in a callback. A panic there is caught by the guard and told as an event;
//! the hook that Rust comes with would print it, and printing locks, allocates and may block.

use std::sync::atomic::{AtomicUsize, Ordering};

/// More devices than this share places, and then a panic may be printed after all.
const PLACES: usize = 64;

static IN_CALLBACK: [AtomicUsize; PLACES] = [const { AtomicUsize::new(NOBODY) }; PLACES];
const NOBODY: usize = 0;

/// A device's place in the list.
pub struct Hush {
    place: &'static AtomicUsize,
}

impl Hush {
    /// Not for the audio thread: the first one wraps the panic hook of this process.
    #[expect(clippy::disallowed_types, reason = "not for the audio thread")]
    pub fn new() -> Hush {
        static WRAPPED: std::sync::Once = std::sync::Once::new();
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        WRAPPED.call_once(wrap_hook);
        let index = NEXT.fetch_add(1, Ordering::Relaxed) % PLACES;
        Hush { place: IN_CALLBACK.get(index).unwrap_or(&IN_CALLBACK[0]) }
    }

    /// From here to `end`, this thread panics in silence.
    pub fn begin(&self) {
        self.place.store(this_thread(), Ordering::Relaxed);
    }

    pub fn end(&self) {
        self.place.store(NOBODY, Ordering::Relaxed);
    }
}

#[expect(clippy::disallowed_methods, reason = "not for the audio thread")]
fn wrap_hook() {
    let tell = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let me = this_thread();
        // Relaxed is enough: the one entry that matters is this thread's own.
        if !IN_CALLBACK.iter().any(|place| place.load(Ordering::Relaxed) == me) {
            tell(panic);
        }
    }));
}

#[cfg(unix)]
fn this_thread() -> usize {
    // SAFETY: has no conditions and touches no memory of ours.
    unsafe { libc::pthread_self() as usize }
}

/// Elsewhere nobody is told apart, and panics are printed.
#[cfg(not(unix))]
fn this_thread() -> usize {
    NOBODY.wrapping_sub(1)
}
