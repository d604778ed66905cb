//! Any thread but the audio thread's. Every open device of the process by its id, whichever environment opened it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, PoisonError, RwLock};

use crate::device::options::DeviceOptions;
use crate::device::owner::{Device, Turn};
use crate::device::service::service;
use crate::error::{AudioError, ErrorCode};
use crate::link::wake::Bell;

static DEVICES: LazyLock<RwLock<HashMap<u64, Arc<Device>>>> = LazyLock::new(RwLock::default);
static NEXT_ID: AtomicU64 = AtomicU64::new(1);

/// Opens a device and enters it; the caller is its first holder.
pub fn open(options: DeviceOptions, pump: &Arc<Bell>) -> Result<Arc<Device>, AudioError> {
    let id = NEXT_ID.fetch_add(1, Ordering::Relaxed);
    let device = Arc::new(Device::open(id, options, service(pump))?);
    DEVICES.write().unwrap_or_else(PoisonError::into_inner).insert(id, device.clone());
    Ok(device)
}

/// One more holder for an open device.
pub fn attach(id: u64) -> Result<Arc<Device>, AudioError> {
    let found = DEVICES.read().unwrap_or_else(PoisonError::into_inner).get(&id).cloned();
    found.filter(|device| device.hold()).ok_or_else(|| {
        AudioError::new(
            ErrorCode::DeviceNotFound,
            "attach()",
            "no open device has this handle: it was closed, or never was",
        )
    })
}

/// One holder less; the last one closes the device.
pub fn let_go(device: &Device, turn: Turn, pump: &Arc<Bell>) {
    if device.let_go(turn) {
        DEVICES.write().unwrap_or_else(PoisonError::into_inner).remove(&device.id);
        service(pump).close(device.id);
        pump.ring();
    }
}

pub fn all() -> Vec<Arc<Device>> {
    DEVICES.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
}
