//! Any thread. Packets on their way to and from a network that nobody trusts: layouts, encryption, and the rules by which a
//! keystream is never used twice and a packet never accepted twice. Pure, with no clock, thread or I/O.

pub mod aes_ctr;
pub mod fresh;
pub mod header;
pub mod open;
pub mod replay;
pub mod seal;
pub mod suite;
pub mod wipe;
