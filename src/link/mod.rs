//! The seams between threads: one file each, both halves in it. What is not for the audio thread says so where it lifts the
//! ban: everything else here obeys the rules of `rt/`.
#![cfg_attr(
    not(test),
    deny(
        clippy::disallowed_methods,
        clippy::disallowed_types,
        clippy::disallowed_macros,
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::mem_forget
    )
)]

pub mod ahead;
pub mod clock;
pub mod control;
pub mod episodes;
pub mod frames;
pub mod gaps;
pub mod guests;
pub mod hush;
pub mod latest;
pub mod marks;
pub mod packets;
pub mod scrap;
pub mod shared;
pub mod source;
pub mod tally;
pub mod tap;
pub mod try_cell;
pub mod wake;

#[cfg(fence_probe)]
mod fence_probe;
