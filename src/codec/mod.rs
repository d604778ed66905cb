//! Any thread. Conversion, resampling and Opus: pure, with no clock, thread or I/O of their own.

pub mod convert;
pub mod opus;
pub mod preview;
pub mod resample;
pub mod steered;
