//! Any thread but the audio thread's. Every open device, source and tap of the process by its id, whichever environment opened
//! it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, PoisonError, RwLock};

use crate::device::options::DeviceOptions;
use crate::device::owner::Device;
use crate::device::service::service;
use crate::device::source::{Source, SourceOptions};
use crate::device::tap::{Tap, TapOptions};
use crate::error::{AudioError, ErrorCode};
use crate::link::shared::SharedMemory;
use crate::link::wake::Bell;

/// What an id stands for.
#[derive(Clone)]
pub enum Entry {
    Device(Arc<Device>),
    Source(Arc<Source>),
    Tap(Arc<Tap>),
}

static ENTRIES: LazyLock<RwLock<HashMap<u64, Entry>>> = LazyLock::new(RwLock::default);
static NEXT_ID: AtomicU64 = AtomicU64::new(1);

impl Entry {
    pub fn id(&self) -> u64 {
        match self {
            Entry::Device(device) => device.id,
            Entry::Source(source) => source.id,
            Entry::Tap(tap) => tap.id,
        }
    }

    /// The device itself, or the one that the source or tap belongs to.
    pub fn device(&self) -> &Arc<Device> {
        match self {
            Entry::Device(device) => device,
            Entry::Source(source) => &source.device,
            Entry::Tap(tap) => &tap.device,
        }
    }

    fn hold(&self) -> bool {
        match self {
            Entry::Device(device) => device.hold(),
            Entry::Source(source) => !source.is_closed() && source.holders.hold(),
            Entry::Tap(tap) => !tap.is_closed() && tap.holders.hold(),
        }
    }
}

/// Opens a device and enters it; the caller is its first holder.
pub fn open(options: DeviceOptions, pump: &Arc<Bell>) -> Result<Entry, AudioError> {
    let id = next_id();
    Ok(enter(Entry::Device(Arc::new(Device::open(id, options, service(pump))?))))
}

pub fn open_source(
    device: Arc<Device>,
    options: SourceOptions,
    memory: Option<(Arc<SharedMemory>, u64)>,
) -> Result<Entry, AudioError> {
    Ok(enter(Entry::Source(Arc::new(Source::open(next_id(), device, options, memory)?))))
}

pub fn open_tap(
    device: Arc<Device>,
    options: TapOptions,
    memory: Option<(Arc<SharedMemory>, u64)>,
) -> Result<Entry, AudioError> {
    Ok(enter(Entry::Tap(Arc::new(Tap::open(next_id(), device, options, memory)?))))
}

fn next_id() -> u64 {
    NEXT_ID.fetch_add(1, Ordering::Relaxed)
}

fn enter(entry: Entry) -> Entry {
    ENTRIES.write().unwrap_or_else(PoisonError::into_inner).insert(entry.id(), entry.clone());
    entry
}

/// One more holder of what an id stands for.
pub fn attach(id: u64) -> Result<Entry, AudioError> {
    let found = ENTRIES.read().unwrap_or_else(PoisonError::into_inner).get(&id).cloned();
    found.filter(Entry::hold).ok_or_else(|| {
        AudioError::new(
            ErrorCode::DeviceNotFound,
            "attach()",
            "no open device, source or tap has this handle: it was closed, or never was",
        )
    })
}

/// One holder less; the last one closes it.
pub fn let_go(entry: &Entry, env: u64, pump: &Arc<Bell>) {
    let last = match entry {
        Entry::Device(device) => device.let_go(env),
        Entry::Source(source) => source.let_go(env),
        Entry::Tap(tap) => tap.let_go(env),
    };
    if last {
        ENTRIES.write().unwrap_or_else(PoisonError::into_inner).remove(&entry.id());
        if let Entry::Device(device) = entry {
            service(pump).close(device.id);
        }
        pump.ring();
    }
}

pub fn all() -> Vec<Entry> {
    ENTRIES.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
}
