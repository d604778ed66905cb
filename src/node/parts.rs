//! JavaScript threads. Sources and taps: how they come to be, and what is attached by a handle.

use std::ptr::{self, NonNull};
use std::sync::Arc;

use napi::bindgen_prelude::{Env, JsValue, Unknown};
use napi::sys;
use napi_derive::napi;

use crate::device::source::{Source, SourceOptions};
use crate::device::table::{self, Entry};
use crate::device::tap::{Tap, TapOptions};
use crate::error::ErrorCode;
use crate::link::shared::SharedMemory;
use crate::node::calls::{RawDevice, Result, closed, describe, device};
use crate::node::env;
use crate::rt::tap::Overflow;
use crate::units::{Frames, Hz};

#[napi(object)]
pub struct RawSourceOptions {
    pub frequency: u32,
    pub channels: u32,
    pub target_frames: f64,
    pub gain: f64,
}

#[napi(object)]
pub struct RawTapOptions {
    pub max_queued_frames: f64,
    pub drop_newest: bool,
}

#[napi(object)]
pub struct RawSource {
    pub slot: u32,
    pub id: f64,
    pub device: f64,
    pub frequency: u32,
    pub channels: u32,
    pub target_frames: f64,
}

#[napi(object)]
pub struct RawTap {
    pub slot: u32,
    pub id: f64,
    pub device: f64,
    pub frequency: u32,
    pub channels: u32,
    pub format: String,
    pub max_queued_frames: f64,
}

/// One of them is there.
#[napi(object)]
pub struct RawAttached {
    pub device: Option<RawDevice>,
    pub source: Option<RawSource>,
    pub tap: Option<RawTap>,
}

/// One more holder of what has this handle.
#[napi(catch_unwind)]
pub fn attach(id: f64) -> Result<RawAttached> {
    let entry = table::attach(id as u64)?;
    let slot = env::keep(entry.clone(), ptr::null_mut());
    Ok(match entry {
        Entry::Device(device) => RawAttached { device: Some(describe(&device, slot)), source: None, tap: None },
        Entry::Source(source) => RawAttached { device: None, source: Some(of_source(&source, slot)), tap: None },
        Entry::Tap(tap) => RawAttached { device: None, source: None, tap: Some(of_tap(&tap, slot)) },
    })
}

/// `ring` is the `Int32Array` over the whole of a shared ring's memory, or undefined.
#[napi(catch_unwind)]
pub fn create_source(env: Env, slot: u32, options: RawSourceOptions, ring: Unknown) -> Result<RawSource> {
    let device = device(slot)?;
    let shared = Shared::of(&env, &ring, device.options.layout.channels)?;
    let options = SourceOptions {
        rate: Hz(options.frequency),
        channels: (options.channels as usize).clamp(1, 8),
        target: Frames(options.target_frames as u64),
        gain: options.gain as f32,
    };
    let Shared { memory, reference } = shared;
    let entry = table::open_source(device, options, memory).inspect_err(|_| drop_reference(&env, reference))?;
    let Entry::Source(source) = &entry else { return Err(closed()) };
    Ok(of_source(source, env::keep(entry.clone(), reference)))
}

/// `ring` as in `create_source`.
#[napi(catch_unwind)]
pub fn create_tap(env: Env, slot: u32, options: RawTapOptions, ring: Unknown) -> Result<RawTap> {
    let device = device(slot)?;
    let shared = Shared::of(&env, &ring, device.options.layout.channels)?;
    let overflow = if options.drop_newest { Overflow::DropNewest } else { Overflow::DropOldest };
    let options = TapOptions { overflow, max_queued: Frames(options.max_queued_frames as u64) };
    let Shared { memory, reference } = shared;
    let entry = table::open_tap(device, options, memory).inspect_err(|_| drop_reference(&env, reference))?;
    let Entry::Tap(tap) = &entry else { return Err(closed()) };
    Ok(of_tap(tap, env::keep(entry.clone(), reference)))
}

fn of_source(source: &Source, slot: u32) -> RawSource {
    RawSource {
        slot,
        id: source.id as f64,
        device: source.device.id as f64,
        frequency: source.options.rate.0,
        channels: source.options.channels as u32,
        target_frames: source.options.target.0 as f64,
    }
}

fn of_tap(tap: &Tap, slot: u32) -> RawTap {
    let device = &tap.device.options;
    RawTap {
        slot,
        id: tap.id as f64,
        device: tap.device.id as f64,
        frequency: device.rate.0,
        channels: device.layout.channels as u32,
        format: device.echo.format.clone(),
        max_queued_frames: tap.options.max_queued.0 as f64,
    }
}

fn drop_reference(env: &Env, reference: sys::napi_ref) {
    if !reference.is_null() {
        // SAFETY: the reference was made in this environment a moment ago, and the memory has no native user.
        unsafe { sys::napi_delete_reference(env.raw(), reference) };
    }
}

/// A shared ring as JavaScript hands it in.
struct Shared {
    memory: Option<Arc<SharedMemory>>,
    reference: sys::napi_ref,
}

impl Shared {
    fn of(env: &Env, ring: &Unknown, channels: usize) -> Result<Shared> {
        let (mut kind, mut length, mut data) = (0, 0usize, ptr::null_mut());
        let (mut buffer, mut owned) = (ptr::null_mut(), false);
        // SAFETY: `env` and `ring` are those of the call in progress; out parameters are live locals.
        let status = unsafe {
            let status = sys::napi_get_typedarray_info(
                env.raw(),
                ring.raw(),
                &raw mut kind,
                &raw mut length,
                &raw mut data,
                &raw mut buffer,
                ptr::null_mut(),
            );
            if status == sys::Status::napi_ok {
                sys::napi_is_arraybuffer(env.raw(), buffer, &raw mut owned);
            }
            status
        };
        if status != sys::Status::napi_ok {
            return Ok(Shared { memory: None, reference: ptr::null_mut() });
        }
        let invalid = |what: &str| napi::Error::new(ErrorCode::InvalidArg, what.to_owned());
        let start = NonNull::new(data.cast::<u32>()).filter(|start| start.is_aligned());
        // An ArrayBuffer of one thread may be transferred away, whoever refers to a view of it.
        let start = start.filter(|_| kind == sys::TypedarrayType::int32_array && !owned);
        // SAFETY: Node vouches for the memory as long as it is referenced, which it is until it has been detached: by
        // `let_go`, at the latest when the environment ends. JavaScript reaches it by its own rules.
        let memory = start.and_then(|start| unsafe { SharedMemory::new(start, length) });
        let memory = memory.ok_or_else(|| invalid("ring is no shared ring"))?;
        if memory.shape().is_none_or(|shape| shape.0 != channels) {
            return Err(invalid(&format!("ring must have {channels} channels")));
        }
        let mut reference = ptr::null_mut();
        // SAFETY: as above.
        let status = unsafe { sys::napi_create_reference(env.raw(), ring.raw(), 1, &raw mut reference) };
        if status != sys::Status::napi_ok {
            return Err(invalid("ring cannot be kept"));
        }
        Ok(Shared { memory: Some(memory), reference })
    }
}
