//! Voice threads. What a stream goes through on its way out and in, and the few threads that do it for many streams.

pub mod door;
pub mod ladder;
pub mod metrics;
pub mod outbox;
pub mod pace;
pub mod pool;
pub mod processor;
pub mod receive;
pub mod send;
