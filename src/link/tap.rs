//! JavaScript threads to audio thread and back: how a tap of a microphone is steered, and what it tells.

use crate::link::control::Flag;
use crate::link::tally::Counter;

#[derive(Debug, Default)]
pub struct TapControl {
    /// Wanted: an end. The tap gets nothing more and goes home.
    pub closing: Flag,
    /// Frames that went into a ring of JavaScript's own; other rings count by themselves.
    pub written: Counter,
}
