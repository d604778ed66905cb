//! Any thread. libopus as `audiopus` wants to see it: the declarations of `opusic-sys`, under the name that it asks for.
#![no_std]

pub use opusic_sys::*;
