//! Any thread but the audio thread's. Every open device, source and tap of the process by its id, whichever environment opened
//! it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, PoisonError, RwLock};
use std::time::Duration;

use crate::device::holders::Turn;
use crate::device::options::{DeviceOptions, Obtained};
use crate::device::owner::Device;
use crate::device::service::{Pending, service};
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

    /// Whether another environment has the turn at its ring.
    pub fn is_used_elsewhere(&self, turn: Turn) -> bool {
        match self {
            Entry::Device(device) => device.is_used_elsewhere(turn),
            Entry::Source(source) => source.holders.is_used_elsewhere(turn),
            Entry::Tap(tap) => tap.holders.is_used_elsewhere(turn),
        }
    }
}

/// A device that is being opened. Dropped before that is done, it is closed again.
pub struct Opening {
    device: Option<Device>,
    pending: Pending<Obtained>,
    pump: &'static Arc<Bell>,
}

/// Begins to open a device.
pub fn open(options: DeviceOptions, pump: &'static Arc<Bell>) -> Opening {
    let (device, pending) = Device::open(next_id(), options, service(pump));
    Opening { device: Some(device), pending, pump }
}

impl Opening {
    /// Blocks for at most `slice`; `None` if it is not done yet. Enters the open device; the caller is its first holder.
    pub fn wait_for(&mut self, slice: Duration) -> Option<Result<Entry, AudioError>> {
        let obtained = match self.pending.wait_for(slice)? {
            Ok(obtained) => obtained,
            Err(error) => return Some(Err(error)),
        };
        let device = Arc::new(self.device.take()?);
        device.opened(obtained);
        Some(Ok(enter(Entry::Device(device))))
    }
}

impl Drop for Opening {
    fn drop(&mut self) {
        if let Some(device) = &self.device {
            service(self.pump).close(device.id);
        }
    }
}

/// A source of an open device; the ring is JavaScript's own, if there is one.
pub fn open_source(
    device: Arc<Device>,
    options: SourceOptions,
    ring: Option<Arc<SharedMemory>>,
) -> Result<Entry, AudioError> {
    Ok(enter(Entry::Source(Arc::new(Source::open(next_id(), device, options, ring)?))))
}

/// A tap of an open microphone; `ring` as for a source.
pub fn open_tap(
    device: Arc<Device>,
    options: TapOptions,
    ring: Option<Arc<SharedMemory>>,
) -> Result<Entry, AudioError> {
    Ok(enter(Entry::Tap(Arc::new(Tap::open(next_id(), device, options, ring)?))))
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

/// One holder less, who may have brought a ring; the last one closes it.
pub fn let_go(entry: &Entry, turn: Turn, brought_ring: bool, pump: &Arc<Bell>) {
    let last = match entry {
        Entry::Device(device) => device.let_go(turn),
        Entry::Source(source) => source.let_go(turn, brought_ring),
        Entry::Tap(tap) => tap.let_go(turn, brought_ring),
    };
    if last {
        ENTRIES.write().unwrap_or_else(PoisonError::into_inner).remove(&entry.id());
        if let Entry::Device(device) = entry {
            service(pump).close(device.id);
        }
    }
    // Waits on it end, with the ring too.
    if last || brought_ring {
        pump.ring();
    }
}

/// Takes out what ended with its device; its holders let go by themselves.
pub fn forget(id: u64) {
    ENTRIES.write().unwrap_or_else(PoisonError::into_inner).remove(&id);
}

pub fn all() -> Vec<Entry> {
    ENTRIES.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
}
