//! JavaScript threads. Node-API and nothing else: what JavaScript calls is translated here and decided elsewhere.

mod calls;
mod env;
mod hot;
mod parts;
mod stats;
mod steer;
