//! Audio thread. Everything that runs in SDL's callback, and nothing else. Code here allocates nothing, frees nothing,
//! takes no lock, prints nothing and cannot panic; four walls hold it to that (see `src/README.md`).
#![deny(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::disallowed_macros,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::mem_forget
)]

pub mod callback;
pub mod capture;
pub mod gain;
pub mod guard;
pub mod meter;
pub mod mixer;
pub mod playback;
pub mod ramp;
pub mod tap;
pub mod voice;

#[cfg(fence_probe)]
mod fence_probe;
