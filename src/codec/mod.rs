//! Any thread. Conversion, resampling and Opus: pure, with no clock, thread or I/O of their own.

pub mod convert;
pub mod filter;
pub mod opus;
pub mod polyphase;
pub mod preview;
pub mod resample;
pub mod steered;
