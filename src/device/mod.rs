//! Devices: the service thread that owns SDL, and the halves of a device that JavaScript holds.

pub mod depth;
pub mod holders;
pub mod monotonic;
pub mod options;
pub mod owned;
pub mod owner;
pub mod priority;
pub mod queue;
pub mod receiving;
pub mod sdl;
pub mod sending;
pub mod service;
pub mod source;
pub mod table;
pub mod tap;
pub mod waiting;
