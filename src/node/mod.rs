//! JavaScript threads. Node-API and nothing else: what JavaScript calls is translated here and decided elsewhere.

mod calls;
mod codec;
mod env;
mod hot;
mod packets;
mod parts;
mod playout;
mod receiving;
mod sending;
mod stats;
mod steer;
mod values;
mod voice;
