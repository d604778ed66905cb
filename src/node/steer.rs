//! JavaScript threads. Gain, level, position, stopping, and waits that no thread sleeps for.

use napi_derive::napi;

use crate::device::table::Entry;
use crate::device::waiting::Draining;
use crate::error::ErrorCode;
use crate::events::pump;
use crate::events::watches::{self, Until};
use crate::node::calls::{Result, closed, device};
use crate::node::env;
use crate::units::Frames;

#[napi(object)]
pub struct RawLevel {
    pub rms: f64,
    pub peak: f64,
}

#[napi(object)]
pub struct RawPosition {
    pub frames: f64,
    pub time_us: f64,
    pub latency_us: f64,
    pub drift_ppm: f64,
}

#[napi(catch_unwind)]
pub fn set_gain(slot: u32, gain: f64, over_frames: f64) -> Result<()> {
    let (gain, over) = (gain as f32, Frames(over_frames as u64));
    match env::entry(slot).ok_or_else(closed)? {
        Entry::Device(device) => device.set_gain(gain, over),
        Entry::Source(source) => source.set_gain(gain, over),
        Entry::Tap(_) => return Err(napi::Error::new(ErrorCode::NotSupported, "a tap has no gain of its own")),
    }
    Ok(())
}

/// The gain that was last asked for.
#[napi(catch_unwind)]
pub fn gain(slot: u32) -> Result<f64> {
    Ok(f64::from(match env::entry(slot).ok_or_else(closed)? {
        Entry::Source(source) => source.control.gain.get().gain,
        entry => entry.device().control.gain.get().gain,
    }))
}

#[napi(catch_unwind)]
pub fn level(slot: u32) -> Result<RawLevel> {
    let (rms, peak) = device(slot)?.tally.level.get();
    Ok(RawLevel { rms: f64::from(rms), peak: f64::from(peak) })
}

#[napi(catch_unwind)]
pub fn position(slot: u32) -> Result<RawPosition> {
    let at = device(slot)?.position();
    Ok(RawPosition { frames: at.frames, time_us: at.micros, latency_us: at.latency_micros, drift_ppm: at.drift_ppm })
}

/// Cuts off what is queued; returns the frames that will never be heard.
#[napi(catch_unwind)]
pub fn stop(slot: u32, fade_frames: f64) -> Result<f64> {
    Ok(device(slot)?.stop(Frames(fade_frames as u64)).0 as f64)
}

/// Frames that `write` would take now.
#[napi(catch_unwind)]
pub fn space_frames(slot: u32) -> Result<f64> {
    Ok(match env::entry(slot).ok_or_else(closed)? {
        Entry::Source(source) => source.space().0 as f64,
        entry => entry.device().space().0 as f64,
    })
}

/// Whether a source or tap has ended with its device.
#[napi(catch_unwind)]
pub fn is_closed(slot: u32) -> bool {
    env::entry(slot).is_none_or(|entry| match entry {
        Entry::Device(_) => false,
        Entry::Source(source) => source.is_closed(),
        Entry::Tap(tap) => tap.is_closed(),
    })
}

/// Begins a wait for room (data) for `frames`, or with none for the end of what is queued; its end is told with the token
/// that this returns.
#[napi(catch_unwind)]
pub fn watch(slot: u32, frames: Option<f64>) -> Result<u32> {
    let entry = env::entry(slot).ok_or_else(closed)?;
    let until = match frames {
        Some(frames) => Until::Has(Frames(frames as u64)),
        None => Until::Drained(Draining::new(match &entry {
            Entry::Source(source) => source.end(),
            entry => entry.device().marks.written(),
        })),
    };
    let token = watches::add(env::id(), entry, until);
    pump::bell().ring();
    Ok(token)
}

#[napi(catch_unwind)]
pub fn unwatch(token: u32) {
    watches::remove(env::id(), token);
}
