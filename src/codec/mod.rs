//! Pure: samples and packets in, samples and packets out. No clock, no thread, no input or output of their own.

pub mod resample;
