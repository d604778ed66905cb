//! JavaScript threads. The calls that run for every buffer, written against Node-API itself: a macro's call costs more than
//! the work that these do. JavaScript has checked the arguments' types; lengths are checked again, since memory is at stake.

use std::cell::Cell;
use std::ffi::c_void;
use std::ptr;
use std::time::Duration;

use napi::sys;

use crate::device::holders::{Refusal, Turn};
use crate::device::table::Entry;
use crate::device::waiting::Waited;
use crate::node::env::{self, Memory};
use crate::units::Frames;

/// Answers below zero, in place of a count.
const CLOSED: i64 = -1;
const TAKEN: i64 = -2;
const FULL: i64 = -3;
const TOO_SHORT: i64 = -4;
const LOST: i64 = -5;
/// The view is on shared memory, which other threads may write: JavaScript copies it and calls again.
const SHARED: i64 = -6;

type Callback = unsafe extern "C" fn(sys::napi_env, sys::napi_callback_info) -> sys::napi_value;

/// Adds the calls to `exports`.
///
/// # Safety
/// `env` and `exports` must be those of the addon that is loading.
pub unsafe fn export(env: sys::napi_env, exports: sys::napi_value) {
    let calls: [(&std::ffi::CStr, Callback); 9] = [
        (c"enqueue", enqueue),
        (c"dequeue", dequeue),
        (c"enqueueAgain", enqueue_again),
        (c"dequeueAgain", dequeue_again),
        (c"write", write),
        (c"read", read),
        (c"queuedBytes", queued_bytes),
        (c"queuedFrames", queued_frames),
        (c"waitForRoom", wait_for_room),
    ];
    for (name, call) in calls {
        let mut function = ptr::null_mut();
        // SAFETY: by the contract of this function; the name is a static C string with its length.
        unsafe {
            let length = name.to_bytes().len() as isize;
            sys::napi_create_function(env, name.as_ptr(), length, Some(call), ptr::null_mut(), &raw mut function);
            sys::napi_set_named_property(env, exports, name.as_ptr(), function);
        }
    }
}

/// `enqueue(slot, bytes, byteCount)`: undefined, or why not.
unsafe extern "C" fn enqueue(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    // SAFETY: Node calls us with a live `env` and `info`, and the memory of the view stays put until we return.
    unsafe { refusal(env, answer::<true>(env, info, view_of_bytes, |_, _| None, enqueue_bytes)) }
}

/// `enqueueAgain(slot, byteCount)`: the same from the memory of the `enqueue` before.
unsafe extern "C" fn enqueue_again(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    // SAFETY: as in `enqueue`; JavaScript has seen that the memory is still there.
    unsafe { refusal(env, answer_again(env, info, enqueue_bytes)) }
}

fn enqueue_bytes(entry: &Entry, turn: Turn, bytes: &mut [u8]) -> i64 {
    match entry.device().enqueue(turn, bytes) {
        Ok(()) => 0,
        Err(refusal) => code_of(refusal),
    }
}

/// `dequeue(slot, into, byteCount)`: bytes moved, whole frames.
unsafe extern "C" fn dequeue(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    // SAFETY: as in `enqueue`.
    unsafe { number(env, answer::<true>(env, info, view_of_bytes, |_, _| None, dequeue_bytes)) }
}

/// `dequeueAgain(slot, byteCount)`: the same into the memory of the `dequeue` before.
unsafe extern "C" fn dequeue_again(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    // SAFETY: as in `enqueue_again`.
    unsafe { number(env, answer_again(env, info, dequeue_bytes)) }
}

fn dequeue_bytes(entry: &Entry, turn: Turn, into: &mut [u8]) -> i64 {
    let device = entry.device();
    match device.read(turn, into) {
        Ok(frames) => device.options.layout.bytes_of(frames) as i64,
        Err(refusal) => code_of(refusal),
    }
}

/// `write(slot, samples, byteCount)`: frames taken.
unsafe extern "C" fn write(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    let act = |entry: &Entry, turn, bytes: &mut [u8]| {
        frames_or_code(match entry {
            Entry::Source(source) => source.write(turn, bytes),
            Entry::Device(device) => device.write(turn, bytes),
            Entry::Tap(_) => Err(Refusal::Taken),
        })
    };
    // SAFETY: as in `enqueue`.
    unsafe { number(env, answer::<false>(env, info, view_of, |_, _| None, act)) }
}

/// `read(slot, into, byteCount)`: frames moved.
unsafe extern "C" fn read(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    let act = |entry: &Entry, turn, into: &mut [u8]| {
        frames_or_code(match entry {
            Entry::Tap(tap) => tap.read(turn, into),
            Entry::Device(device) => device.read(turn, into),
            Entry::Source(_) => Err(Refusal::Taken),
        })
    };
    // SAFETY: as in `enqueue`.
    unsafe { number(env, answer::<false>(env, info, view_of, read_at_once, act)) }
}

/// `queuedBytes(slot)`.
unsafe extern "C" fn queued_bytes(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    // SAFETY: as in `enqueue`.
    unsafe { count(env, info, |entry| entry.device().options.layout.bytes_of(queued(entry)) as i64) }
}

/// `queuedFrames(slot)`.
unsafe extern "C" fn queued_frames(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    // SAFETY: as in `enqueue`.
    unsafe { count(env, info, |entry| queued(entry).0 as i64) }
}

/// `waitForRoom(slot, frames, timeoutMs)`: blocks until a device or source has room. 1 if it has, 0 when the time is over. What
/// renders waits so hundreds of times a second, and must leave nothing for the garbage collector.
unsafe extern "C" fn wait_for_room(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    // SAFETY: as in `enqueue`; a value of the wrong type leaves `timeout_ms` as it is.
    let (slot, frames, timeout_ms) = unsafe {
        let args = arguments::<3>(env, info);
        let mut timeout_ms = 0f64;
        sys::napi_get_value_double(env, args[2], &raw mut timeout_ms);
        (small(env, args[0]), Frames(u64::from(small(env, args[1]))), timeout_ms)
    };
    let timeout = Duration::from_secs_f64((timeout_ms / 1000.0).clamp(0.0, 1.0));
    let code = env::entry(slot).map_or(CLOSED, |entry| {
        let waited = match entry {
            Entry::Device(device) => device.wait_for(frames, timeout),
            Entry::Source(source) => source.wait_for(frames, timeout),
            Entry::Tap(_) => Waited::Closed,
        };
        match waited {
            Waited::Ready => 1,
            Waited::TimedOut => 0,
            Waited::Closed => CLOSED,
            Waited::Lost => LOST,
        }
    });
    // SAFETY: as in `enqueue`.
    unsafe { number(env, code) }
}

fn read_at_once(entry: &Entry, turn: Turn) -> Option<i64> {
    let Entry::Device(device) = entry else { return None };
    device.read_at_once(turn).map(frames_or_code)
}

fn queued(entry: &Entry) -> Frames {
    match entry {
        Entry::Device(device) => device.queued(),
        Entry::Source(source) => source.queued(),
        Entry::Tap(tap) => tap.queued(),
    }
}

fn code_of(refusal: Refusal) -> i64 {
    match refusal {
        Refusal::Taken => TAKEN,
        Refusal::Full => FULL,
        Refusal::Closed => CLOSED,
    }
}

fn frames_or_code(frames: Result<Frames, Refusal>) -> i64 {
    frames.map_or_else(code_of, |frames| frames.0 as i64)
}

/// Runs `act` on the device and the memory that the arguments name, unless `at_once` has the answer without the memory:
/// asking Node for it is what these calls spend most of their time on. With `REMEMBER` the slot keeps where it lies.
///
/// # Safety
/// `env` and `info` must be those of the call in progress.
unsafe fn answer<const REMEMBER: bool>(
    env: sys::napi_env,
    info: sys::napi_callback_info,
    view_of: unsafe fn(sys::napi_env, sys::napi_value) -> View,
    at_once: impl FnOnce(&Entry, Turn) -> Option<i64>,
    act: impl FnOnce(&Entry, Turn, &mut [u8]) -> i64,
) -> i64 {
    // SAFETY: by the contract.
    let args = unsafe { arguments::<3>(env, info) };
    let on_memory = |entry: &Entry, turn, memory: &Cell<Memory>| {
        let mut wanted = 0f64;
        // SAFETY: by the contract; a value of the wrong type leaves `wanted` as it is.
        unsafe { sys::napi_get_value_double(env, args[2], &raw mut wanted) };
        // SAFETY: by the contract.
        match unsafe { view_of(env, args[1]) } {
            View::Shared => SHARED,
            View::Bytes { data, length } if wanted >= 0.0 && wanted <= length as f64 => {
                let start = if data.is_null() { ptr::NonNull::dangling().as_ptr() } else { data };
                if REMEMBER {
                    memory.set(Memory { data: start, length });
                }
                // SAFETY: Node vouches for `length` bytes at `data` until the call returns, and no JavaScript runs
                // meanwhile; views on shared memory never come here.
                act(entry, turn, unsafe { std::slice::from_raw_parts_mut(start, wanted as usize) })
            }
            View::Bytes { .. } => TOO_SHORT,
        }
    };
    // SAFETY: by the contract.
    let slot = unsafe { small(env, args[0]) };
    let code = env::with(slot, |entry, turn, memory| {
        if entry.device().has_failed() {
            return LOST;
        }
        at_once(entry, turn).unwrap_or_else(|| on_memory(entry, turn, memory))
    });
    code.unwrap_or(CLOSED)
}

/// The same on the memory that the slot remembers: Node is asked for nothing but two numbers.
///
/// # Safety
/// As for `answer`; the memory that the slot remembers must still be there.
unsafe fn answer_again(
    env: sys::napi_env,
    info: sys::napi_callback_info,
    act: impl FnOnce(&Entry, Turn, &mut [u8]) -> i64,
) -> i64 {
    // SAFETY: by the contract.
    let args = unsafe { arguments::<2>(env, info) };
    // SAFETY: by the contract.
    let (slot, wanted) = unsafe { (small(env, args[0]), small(env, args[1]) as usize) };
    let code = env::with(slot, |entry, turn, memory| {
        if entry.device().has_failed() {
            return LOST;
        }
        let Memory { data, length } = memory.get();
        if wanted > length {
            return TOO_SHORT;
        }
        // SAFETY: by the contract; no JavaScript runs meanwhile.
        act(entry, turn, unsafe { std::slice::from_raw_parts_mut(data, wanted) })
    });
    code.unwrap_or(CLOSED)
}

/// # Safety
/// `env` and `info` must be those of the call in progress.
unsafe fn count(env: sys::napi_env, info: sys::napi_callback_info, act: impl FnOnce(&Entry) -> i64) -> sys::napi_value {
    // SAFETY: by the contract.
    unsafe {
        let slot = small(env, arguments::<1>(env, info)[0]);
        number(env, env::with(slot, |entry, _, _| act(entry)).unwrap_or(CLOSED))
    }
}

/// # Safety
/// `env` and `info` must be those of the call in progress.
unsafe fn arguments<const N: usize>(env: sys::napi_env, info: sys::napi_callback_info) -> [sys::napi_value; N] {
    let (mut count, mut args) = (N, [ptr::null_mut(); N]);
    // SAFETY: by the contract; `args` has room for `count` values, and missing ones become undefined.
    unsafe {
        sys::napi_get_cb_info(env, info, &raw mut count, args.as_mut_ptr(), ptr::null_mut(), ptr::null_mut());
    }
    args
}

/// The memory of a typed array.
enum View {
    Bytes { data: *mut u8, length: usize },
    Shared,
}

/// Anything that is no typed array has no bytes.
///
/// # Safety
/// `env` must be live and `value` one of its values.
unsafe fn view_of(env: sys::napi_env, value: sys::napi_value) -> View {
    let mut kind = sys::TypedarrayType::uint8_array;
    // SAFETY: by the contract.
    let view = unsafe { view_with(env, value, &raw mut kind) };
    let bytes_each = match kind {
        sys::TypedarrayType::int16_array | sys::TypedarrayType::uint16_array => 2,
        sys::TypedarrayType::int32_array | sys::TypedarrayType::uint32_array | sys::TypedarrayType::float32_array => 4,
        sys::TypedarrayType::float64_array
        | sys::TypedarrayType::bigint64_array
        | sys::TypedarrayType::biguint64_array => 8,
        _ => 1,
    };
    match view {
        View::Bytes { data, length } => View::Bytes { data, length: length * bytes_each },
        View::Shared => View::Shared,
    }
}

/// The same for a view that JavaScript has found to be of bytes. Asking Node for the type costs as much as the rest; for
/// any other view this sees too little memory, never too much.
///
/// # Safety
/// As for `view_of`.
unsafe fn view_of_bytes(env: sys::napi_env, value: sys::napi_value) -> View {
    // SAFETY: by the contract.
    unsafe { view_with(env, value, ptr::null_mut()) }
}

/// `length` counts elements here.
///
/// # Safety
/// As for `view_of`; `kind` must be null or writable.
unsafe fn view_with(env: sys::napi_env, value: sys::napi_value, kind: *mut sys::napi_typedarray_type) -> View {
    let (mut length, mut data, mut buffer, mut owned) = (0usize, ptr::null_mut::<c_void>(), ptr::null_mut(), false);
    // SAFETY: by the contract; out parameters are live locals. SharedArrayBuffers are not `ArrayBuffer`s.
    let status = unsafe {
        let status = sys::napi_get_typedarray_info(
            env,
            value,
            kind,
            &raw mut length,
            &raw mut data,
            &raw mut buffer,
            ptr::null_mut(),
        );
        if status == sys::Status::napi_ok {
            sys::napi_is_arraybuffer(env, buffer, &raw mut owned);
        }
        status
    };
    if status != sys::Status::napi_ok {
        return View::Bytes { data: ptr::null_mut(), length: 0 };
    }
    if owned { View::Bytes { data: data.cast(), length } } else { View::Shared }
}

/// # Safety
/// `env` must be live and `value` one of its values.
unsafe fn small(env: sys::napi_env, value: sys::napi_value) -> u32 {
    let mut small = u32::MAX;
    // SAFETY: by the contract.
    unsafe { sys::napi_get_value_uint32(env, value, &raw mut small) };
    small
}

/// Undefined for 0: a number costs Node as much as a short copy.
///
/// # Safety
/// `env` must be live.
unsafe fn refusal(env: sys::napi_env, code: i64) -> sys::napi_value {
    // SAFETY: by the contract.
    if code == 0 { ptr::null_mut() } else { unsafe { number(env, code) } }
}

/// # Safety
/// `env` must be live.
unsafe fn number(env: sys::napi_env, value: i64) -> sys::napi_value {
    let mut result = ptr::null_mut();
    // SAFETY: by the contract. Small integers take the quick way.
    unsafe {
        match i32::try_from(value) {
            Ok(small) => sys::napi_create_int32(env, small, &raw mut result),
            Err(_) => sys::napi_create_int64(env, value, &raw mut result),
        };
    }
    result
}
