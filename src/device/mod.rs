//! Devices: the service thread that owns SDL, and the halves of a device that JavaScript holds.

pub mod depth;
pub mod options;
pub mod owner;
pub mod priority;
pub mod sdl;
pub mod service;
pub mod table;
