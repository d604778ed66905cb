//! Any thread but the audio thread's. Every open device of the process by its id, whichever environment opened it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, PoisonError, RwLock};
use std::time::Duration;

use crate::device::options::{DeviceOptions, Obtained};
use crate::device::owner::{Device, Turn};
use crate::device::service::{Pending, service};
use crate::error::{AudioError, ErrorCode};
use crate::link::wake::Bell;

static DEVICES: LazyLock<RwLock<HashMap<u64, Arc<Device>>>> = LazyLock::new(RwLock::default);
static NEXT_ID: AtomicU64 = AtomicU64::new(1);

/// A device that is being opened. Dropped before that is done, it is closed again.
pub struct Opening {
    device: Option<Device>,
    pending: Pending<Obtained>,
    pump: &'static Arc<Bell>,
}

/// Begins to open a device.
pub fn open(options: DeviceOptions, pump: &'static Arc<Bell>) -> Opening {
    let id = NEXT_ID.fetch_add(1, Ordering::Relaxed);
    let (device, pending) = Device::open(id, options, service(pump));
    Opening { device: Some(device), pending, pump }
}

impl Opening {
    /// Blocks for at most `slice`; `None` if it is not done yet. Enters the open device; the caller is its first holder.
    pub fn wait_for(&mut self, slice: Duration) -> Option<Result<Arc<Device>, AudioError>> {
        let obtained = match self.pending.wait_for(slice)? {
            Ok(obtained) => obtained,
            Err(error) => return Some(Err(error)),
        };
        let device = Arc::new(self.device.take()?);
        device.opened(obtained);
        DEVICES.write().unwrap_or_else(PoisonError::into_inner).insert(device.id, device.clone());
        Some(Ok(device))
    }
}

impl Drop for Opening {
    fn drop(&mut self) {
        if let Some(device) = &self.device {
            service(self.pump).close(device.id);
        }
    }
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
