//! The seams between threads: one file each, both halves in it.

pub mod control;
pub mod episodes;
pub mod frames;
pub mod scrap;
pub mod tally;
pub mod try_cell;
pub mod wake;
