//! Any thread. What a device is asked to be, and what it turned out to be.

use crate::format::Layout;
use crate::rt::tap::Overflow;
use crate::units::{Frames, Hz};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Playback,
    Capture,
}

/// What becomes of a device's instances when it is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnLost {
    Reopen,
    Fail,
}

#[derive(Clone, Debug)]
pub struct DeviceOptions {
    pub kind: Kind,
    /// SDL's name of the device; the default one without.
    pub name: Option<String>,
    pub rate: Hz,
    pub layout: Layout,
    pub period: Frames,
    /// What bounded writes and waits count against.
    pub capacity: Frames,
    /// The most that may ever be queued.
    pub max_queued: Frames,
    pub overflow: Overflow,
    pub on_lost: OnLost,
    /// Playback: what an audio server is to keep beyond its least; zero for the least.
    pub depth: Frames,
    pub echo: Echo,
}

/// What JavaScript asked for in its own words, kept for whoever attaches.
#[derive(Clone, Debug)]
pub struct Echo {
    pub format: String,
    pub buffered: u32,
}

#[derive(Clone, Debug)]
pub struct Obtained {
    pub rate: Hz,
    pub layout: Layout,
    pub period: Frames,
    pub driver: String,
}
