//! Pump thread: turns counters and flags into events, and frees what the audio threads retired.

pub mod pump;
pub mod shortage;
pub mod watches;
