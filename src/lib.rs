//! Real-time audio for Node.js in which JavaScript never sits on the timing path. `src/README.md` is the map.

pub mod codec;
#[cfg(feature = "sdl")]
pub mod device;
pub mod error;
#[cfg(feature = "sdl")]
pub mod events;
pub mod format;
pub mod link;
#[cfg(feature = "node")]
mod node;
pub mod packet;
pub mod playout;
pub mod rt;
pub mod units;
pub mod voice;
