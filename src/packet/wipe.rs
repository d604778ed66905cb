//! Any thread. Keys leave nothing behind them: what is expanded on the stack and moved elsewhere stays there, and may be copied
//! on as the padding of whatever is built on that stack next.

use std::hint::black_box;

use zeroize::Zeroize;

/// More than the expansion of any key takes, its callees included.
const STACK_BYTES: usize = 16 << 10;

/// Calls `make` and overwrites what its frames have left on the stack. What it gives back must not hold the key itself, but
/// point to it.
pub fn leaving_nothing<R>(make: impl FnOnce() -> R) -> R {
    let made = call(make);
    overwrite();
    made
}

/// Not inlined, nor is the other: both begin where the caller's frame ends.
#[inline(never)]
fn call<R>(make: impl FnOnce() -> R) -> R {
    make()
}

#[inline(never)]
fn overwrite() {
    let mut frame = [0u8; STACK_BYTES];
    frame.zeroize();
    black_box(&frame);
}
