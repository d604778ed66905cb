//! JavaScript threads. The calls that need not be quick. JavaScript has checked every argument before it calls.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use napi::bindgen_prelude::{Env, Function, JsValue, Object};
use napi_derive::napi;

use crate::device::options::{DeviceOptions, Echo, Kind, OnLost};
use crate::device::owner::Device;
use crate::device::priority::{self, Priority};
use crate::device::service::{AudioInfo, service};
use crate::device::{depth, table, table::Entry};
use crate::error::{AudioError, ErrorCode};
use crate::events::pump;
use crate::format::{Layout, SampleFormat};
use crate::node::env::{self, Asked, EventArgs};
use crate::node::stats::{self, RawStats};
use crate::node::{codec, hot, packets, playout, receiving, sending, voice};
use crate::rt::tap::Overflow;
use crate::units::{Frames, Hz};

impl AsRef<str> for ErrorCode {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

pub(super) type Result<T> = std::result::Result<T, napi::Error<ErrorCode>>;

impl From<AudioError> for napi::Error<ErrorCode> {
    fn from(error: AudioError) -> Self {
        napi::Error::new(error.code, error.to_string())
    }
}

pub(super) fn closed() -> napi::Error<ErrorCode> {
    napi::Error::new(ErrorCode::Closed, "instance is closed")
}

/// The device of an instance, or the one that a source or tap belongs to.
pub(super) fn device(slot: u32) -> Result<Arc<Device>> {
    env::entry(slot).map(|entry| entry.device().clone()).ok_or_else(closed)
}

#[napi(module_exports)]
pub fn load(exports: Object, env: Env) -> napi::Result<()> {
    depth::prepare();
    env::enter(env.raw());
    // SAFETY: both belong to the load in progress.
    unsafe {
        hot::export(env.raw(), exports.raw());
        codec::export(env.raw(), exports.raw());
        packets::export(env.raw(), exports.raw());
        playout::export(env.raw(), exports.raw());
        receiving::export(env.raw(), exports.raw());
        voice::export(env.raw(), exports.raw());
        sending::export(env.raw(), exports.raw());
    }
    Ok(())
}

#[napi(object)]
pub struct RawOptions {
    pub recording: bool,
    pub name: Option<String>,
    pub frequency: u32,
    pub channels: u32,
    pub format: String,
    /// As the caller spelt it: an alias of `format`, perhaps.
    pub format_name: String,
    pub buffered: u32,
    pub period_frames: u32,
    pub depth_frames: u32,
    pub capacity_frames: f64,
    pub max_queued_frames: f64,
    pub drop_newest: bool,
    pub fail_when_lost: bool,
}

#[napi(object)]
pub struct RawDevice {
    pub slot: u32,
    pub id: f64,
    pub recording: bool,
    pub name: Option<String>,
    pub frequency: u32,
    pub channels: u32,
    pub format: String,
    pub buffered: u32,
    pub capacity_frames: f64,
    pub max_queued_frames: f64,
}

#[napi(object)]
pub struct RawPriority {
    pub policy: String,
    pub level: i32,
}

#[napi(object)]
pub struct RawObtained {
    pub frequency: u32,
    pub channels: u32,
    pub format: String,
    pub period_frames: u32,
    pub driver: String,
    pub policy: String,
    pub level: i32,
}

#[napi(object)]
pub struct RawInfo {
    pub drivers: Vec<String>,
    pub current: Option<String>,
    pub version: Vec<u32>,
}

#[napi(object)]
pub struct RawNames {
    pub playback: Vec<String>,
    pub recording: Vec<String>,
}

/// Begins to open a device: `opened` has the answer.
#[napi(catch_unwind)]
pub fn ask_open(options: RawOptions) -> Result<()> {
    let format = SampleFormat::from_name(&options.format)
        .ok_or_else(|| napi::Error::new(ErrorCode::InvalidArg, format!("invalid format: {}", options.format)))?;
    let options = DeviceOptions {
        kind: if options.recording { Kind::Capture } else { Kind::Playback },
        name: options.name,
        rate: Hz(options.frequency),
        layout: Layout { format, channels: (options.channels as usize).clamp(1, Layout::MAX_CHANNELS) },
        period: Frames(u64::from(options.period_frames)),
        capacity: Frames(options.capacity_frames as u64),
        max_queued: Frames(options.max_queued_frames as u64),
        overflow: if options.drop_newest { Overflow::DropNewest } else { Overflow::DropOldest },
        on_lost: if options.fail_when_lost { OnLost::Fail } else { OnLost::Reopen },
        depth: Frames(u64::from(options.depth_frames)),
        echo: Echo { format: options.format_name, buffered: options.buffered },
    };
    env::ask(Asked::Open(Box::new(table::open(options, pump::bell()))));
    Ok(())
}

/// Blocks for at most `slice_ms`: what `ask_open` asked for, or nothing yet.
#[napi(catch_unwind)]
pub fn opened(slice_ms: f64) -> Result<Option<RawDevice>> {
    let answer = env::answer(|asked| match asked {
        Asked::Open(opening) => opening.wait_for(slice(slice_ms)),
        _ => None,
    });
    let described = |entry: Entry| describe(entry.device(), env::keep(entry.clone(), std::ptr::null_mut()));
    Ok(answer.transpose()?.map(described))
}

pub(super) fn describe(device: &Device, slot: u32) -> RawDevice {
    let options = &device.options;
    RawDevice {
        slot,
        id: device.id as f64,
        recording: options.kind == Kind::Capture,
        name: options.name.clone(),
        frequency: options.rate.0,
        channels: options.layout.channels as u32,
        format: options.echo.format.clone(),
        buffered: options.echo.buffered,
        capacity_frames: options.capacity.0 as f64,
        max_queued_frames: options.max_queued.0 as f64,
    }
}

/// Lets go of an instance; returns at once.
#[napi(catch_unwind)]
pub fn close(env: Env, slot: u32) {
    env::let_go(slot, env.raw());
}

#[napi(catch_unwind)]
pub fn play(slot: u32, playing: bool) -> Result<()> {
    let device = device(slot)?;
    device.control.playing.set(playing);
    if device.options.kind == Kind::Capture {
        service(pump::bell()).set_running(device.id, playing);
    }
    Ok(())
}

#[napi(catch_unwind)]
pub fn clear(slot: u32) -> Result<()> {
    match env::entry(slot).ok_or_else(closed)? {
        Entry::Device(device) => device.clear(),
        Entry::Source(source) => source.clear(),
        Entry::Tap(tap) => tap.clear(),
    }
    Ok(())
}

/// Whether somebody, in whichever environment, has told the device to run.
#[napi(catch_unwind)]
pub fn is_playing(slot: u32) -> bool {
    env::entry(slot).is_some_and(|entry| entry.device().control.playing.get())
}

/// Whether another environment writes (reads) the device.
#[napi(catch_unwind)]
pub fn is_used_elsewhere(slot: u32) -> bool {
    env::with(slot, |entry, turn, _| entry.is_used_elsewhere(turn)).unwrap_or(false)
}

/// "failed", "lost", or nothing for a device that is well.
#[napi(catch_unwind)]
pub fn trouble(slot: u32) -> Option<String> {
    let entry = env::entry(slot)?;
    let device = entry.device();
    let (failed, lost) = (device.control.failed.get(), device.control.lost.get());
    (failed || lost).then(|| if failed { "failed" } else { "lost" }.to_owned())
}

/// Blocks for at most `timeout_ms`: "ready", "timeout", "closed" or "lost".
#[napi(catch_unwind)]
pub fn wait_for(slot: u32, frames: f64, timeout_ms: f64) -> Result<String> {
    let (frames, timeout) = (Frames(frames as u64), slice(timeout_ms));
    let waited = match env::entry(slot).ok_or_else(closed)? {
        Entry::Device(device) => device.wait_for(frames, timeout),
        Entry::Source(source) => source.wait_for(frames, timeout),
        Entry::Tap(tap) => tap.wait_for(frames, timeout),
    };
    Ok(waited.word().to_owned())
}

#[napi(catch_unwind)]
pub fn stats(slot: u32) -> Result<RawStats> {
    env::entry(slot).map(|entry| stats::of(&entry)).ok_or_else(closed)
}

/// How the device's callbacks were spaced: from and to in µs and how many, one after the other for every range that was met.
#[napi(catch_unwind)]
pub fn callback_intervals(slot: u32) -> Result<Vec<f64>> {
    env::entry(slot).map(|entry| stats::intervals_of(&entry)).ok_or_else(closed)
}

/// Makes the calling thread a real-time one where that is allowed, or takes it back; returns what it is then.
#[napi(catch_unwind)]
pub fn set_realtime(wanted: bool) -> RawPriority {
    priority::set_renderer(wanted);
    let (policy, level) = words(priority::of_this_thread());
    RawPriority { policy: policy.to_owned(), level }
}

fn words(priority: Priority) -> (&'static str, i32) {
    match priority {
        Priority::Unknown => ("unknown", 0),
        Priority::Shared { nice } => ("other", i32::from(nice)),
        Priority::Fifo { level } => ("fifo", i32::from(level)),
        Priority::RoundRobin { level } => ("rr", i32::from(level)),
    }
}

#[napi(catch_unwind)]
pub fn obtained(slot: u32) -> Result<RawObtained> {
    let device = device(slot)?;
    let got = device.obtained().ok_or_else(closed)?;
    let (policy, level) = words(Priority::unpack(device.tally.priority.load(Ordering::Relaxed)));
    Ok(RawObtained {
        frequency: got.rate.0,
        channels: got.layout.channels as u32,
        format: got.layout.format.name().to_owned(),
        period_frames: got.period.0 as u32,
        driver: got.driver.clone(),
        policy: policy.to_owned(),
        level,
    })
}

#[napi(catch_unwind)]
pub fn ask_info() {
    env::ask(Asked::Info(service(pump::bell()).info()));
}

/// As `opened`.
#[napi(catch_unwind)]
pub fn info(slice_ms: f64) -> Result<Option<RawInfo>> {
    let answer = env::answer(|asked| match asked {
        Asked::Info(pending) => pending.wait_for(slice(slice_ms)),
        _ => None,
    });
    let described = |info: AudioInfo| {
        let (major, minor, patch) = info.version;
        let version = vec![major.into(), minor.into(), patch.into()];
        RawInfo { drivers: info.drivers, current: info.current, version }
    };
    Ok(answer.transpose()?.map(described))
}

#[napi(catch_unwind)]
pub fn ask_devices() {
    env::ask(Asked::Devices(service(pump::bell()).device_names()));
}

/// As `opened`.
#[napi(catch_unwind)]
pub fn devices(slice_ms: f64) -> Result<Option<RawNames>> {
    let answer = env::answer(|asked| match asked {
        Asked::Devices(pending) => pending.wait_for(slice(slice_ms)),
        _ => None,
    });
    Ok(answer.transpose()?.map(|names| RawNames { playback: names.playback, recording: names.recording }))
}

/// No call blocks for longer than this may be.
fn slice(ms: f64) -> Duration {
    Duration::from_secs_f64((ms / 1000.0).clamp(0.0, 1.0))
}

#[napi(catch_unwind)]
pub fn listen(listener: Function<EventArgs, ()>) -> napi::Result<()> {
    env::listen(&listener)
}

/// Waits until what was closed is gone, for a process that is about to end.
#[napi(catch_unwind)]
pub fn settle(limit_ms: f64) {
    service(pump::bell()).settle(slice(limit_ms));
}
