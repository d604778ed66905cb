//! Voice threads. What a stream goes through on its way out, and the few threads that do it for many streams.

pub mod ladder;
pub mod metrics;
pub mod outbox;
pub mod pool;
pub mod processor;
pub mod send;
