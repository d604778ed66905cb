//! Any thread. What a jitter buffer is told, and what it tells.

pub use crate::playout::decode::Codec;
use crate::units::Hz;

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Mode {
    Auto { min_ms: f64, max_ms: f64 },
    Fixed { ms: f64 },
}

impl Default for Mode {
    fn default() -> Mode {
        Mode::Auto { min_ms: 20.0, max_ms: 500.0 }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Estimator {
    /// The delay of least cost.
    #[default]
    Cost,
    /// Three times the jitter of RFC 3550: for comparison.
    Rfc3550,
}

#[derive(Clone, Copy, Debug)]
pub struct Options {
    pub rate: Hz,
    pub channels: usize,
    pub codec: Codec,
    pub mode: Mode,
    pub estimator: Estimator,
}

/// What a block is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pull {
    Play,
    /// At least part of it was made up.
    Conceal,
    /// Silence: there is no sound yet, or none is meant to be.
    Fill,
}

/// Totals, in frames or packets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    pub concealed: u64,
    pub concealments: u64,
    /// From the redundancy of the packet behind.
    pub recovered: u64,
    pub accelerated: u64,
    pub expanded: u64,
    pub discarded: u64,
    pub late: u64,
    pub duplicate: u64,
    pub lost: u64,
    /// No packets of this stream.
    pub refused: u64,
    /// Times that another timeline was followed.
    pub restarts: u64,
}
