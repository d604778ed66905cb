//! Service thread. How much sound PulseAudio keeps for a device. SDL asks it for one period, so that any delay of the server
//! longer than that is a gap; who asks for a large `buffered` wants depth, not latency. The one way past SDL is the variable
//! that libpulse reads whenever a stream is connected.

use std::cell::UnsafeCell;
#[cfg(target_os = "linux")]
use std::ffi::CStr;
use std::sync::Once;

use crate::units::{Frames, Hz};

/// One more than the largest value needs: ours begins with a zero, which tells it from what a user would write.
const DIGITS: usize = 5;
const NAME: &[u8] = b"PULSE_LATENCY_MSEC=";

/// The variable's memory: part of the environment for good, so that changing it moves nothing that others may be reading.
struct Variable(UnsafeCell<[u8; NAME.len() + DIGITS + 1]>);

// SAFETY: written by `prepare` before anybody else knows of it, then by the service thread alone.
unsafe impl Sync for Variable {}

static VARIABLE: Variable = Variable(UnsafeCell::new(*b"PULSE_LATENCY_MSEC=00000\0"));
static PREPARED: Once = Once::new();

/// Puts the variable into the environment, unless the user has set it: then it stays as it is. What a process of ours has
/// handed down to its child is no wish of the user's. Call it while few threads run; zero means nothing to libpulse.
#[cfg(target_os = "linux")]
pub fn prepare() {
    PREPARED.call_once(|| {
        // SAFETY: both are static C strings, and ours stays in the environment as long as the process lives.
        unsafe {
            let found = libc::getenv(c"PULSE_LATENCY_MSEC".as_ptr());
            if found.is_null() || is_ours(CStr::from_ptr(found).to_bytes()) {
                libc::putenv(VARIABLE.0.get().cast());
            }
        }
    });
}

#[cfg(target_os = "linux")]
fn is_ours(value: &[u8]) -> bool {
    value.len() == DIGITS && value[0] == b'0' && value.iter().all(u8::is_ascii_digit)
}

#[cfg(not(target_os = "linux"))]
pub fn prepare() {
    PREPARED.call_once(|| ());
}

/// Runs `open` with a depth of `frames` asked for, or with what SDL asks for where that is zero. Service thread only.
pub fn with_depth<R>(frames: Frames, rate: Hz, open: impl FnOnce() -> R) -> R {
    set(frames.to_millis(rate));
    let opened = open();
    set(0);
    opened
}

fn set(millis: u64) {
    // SAFETY: the service thread is the only one that writes, and libpulse reads on it.
    let variable = unsafe { &mut *VARIABLE.0.get() };
    let mut left = millis.min(9_999);
    for digit in variable[NAME.len()..NAME.len() + DIGITS].iter_mut().rev() {
        *digit = b'0' + (left % 10) as u8;
        left /= 10;
    }
}
