//! Any thread. From packets to sound, and when to show a frame: pure, time comes in with every call.

mod arrive;
pub mod buffer;
pub mod clock;
pub mod conceal;
pub mod decode;
pub mod delay;
pub mod drift;
mod gap;
pub mod jitter;
pub mod line;
pub mod options;
mod pace;
pub mod serial;
pub mod store;
pub mod stretch;
