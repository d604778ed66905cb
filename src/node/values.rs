//! JavaScript threads. What the quick calls of the codecs have in common: numbers and memory from JavaScript, numbers and
//! errors to it, and the slots in which a thread keeps the objects that JavaScript calls by number.

use std::cell::{Cell, RefCell};
use std::ffi::{CStr, CString, c_void};
use std::ptr::{self, NonNull};

use napi::sys;

use crate::error::{AudioError, ErrorCode, guarded};

pub type Callback = unsafe extern "C" fn(sys::napi_env, sys::napi_callback_info) -> sys::napi_value;

/// Adds `calls` to `exports`.
///
/// # Safety
/// `env` and `exports` must be those of the addon that is loading.
pub unsafe fn export(env: sys::napi_env, exports: sys::napi_value, calls: &[(&CStr, Callback)]) {
    for (name, call) in calls {
        let mut function = ptr::null_mut();
        // SAFETY: by the contract of this function; the name is a static C string with its length.
        unsafe {
            let length = name.to_bytes().len() as isize;
            sys::napi_create_function(env, name.as_ptr(), length, Some(*call), ptr::null_mut(), &raw mut function);
            sys::napi_set_named_property(env, exports, name.as_ptr(), function);
        }
    }
}

thread_local! {
    /// The environment of this thread, while it lives.
    static HERE: Cell<sys::napi_env> = const { Cell::new(ptr::null_mut()) };
}

/// Called when an environment begins, and with null when it ends.
pub fn set_environment(env: sys::napi_env) {
    HERE.set(env);
}

/// Tells V8 of memory that objects of JavaScript keep alive, so that it collects them before that becomes too much; returns all
/// that it knows of.
pub fn tell_of_memory(bytes: i64) -> i64 {
    let mut all = 0;
    let env = HERE.get();
    if !env.is_null() {
        // SAFETY: `env` is the environment of this thread and alive.
        unsafe { sys::napi_adjust_external_memory(env, bytes, &raw mut all) };
    }
    all
}

struct Kept<T> {
    object: T,
    bytes: i64,
}

/// The objects of one kind that a thread holds. A panic in a call of theirs costs the object, not the process.
pub struct Slots<T> {
    held: RefCell<Vec<Option<Kept<T>>>>,
}

impl<T> Slots<T> {
    pub const fn new() -> Slots<T> {
        Slots { held: RefCell::new(Vec::new()) }
    }

    /// Keeps `object`; the answer is the number that JavaScript calls it by.
    pub fn keep(&self, object: T) -> u32 {
        self.keep_with(object, 0)
    }

    /// The same for one that has `more_bytes` of memory besides itself.
    pub fn keep_with(&self, object: T, more_bytes: usize) -> u32 {
        let bytes = (size_of::<T>() + more_bytes) as i64;
        let mut held = self.held.borrow_mut();
        let free = held.iter().position(Option::is_none).unwrap_or_else(|| {
            held.push(None);
            held.len() - 1
        });
        held[free] = Some(Kept { object, bytes });
        drop(held);
        tell_of_memory(bytes);
        free as u32
    }

    /// Frees what is in a slot; nothing happens for one that is empty.
    pub fn let_go(&self, slot: u32) {
        drop(self.take(slot));
    }

    /// Takes the object out of a slot, for somebody else to hold.
    pub fn take(&self, slot: u32) -> Option<T> {
        let Kept { object, bytes } = self.held.borrow_mut().get_mut(slot as usize).and_then(Option::take)?;
        tell_of_memory(-bytes);
        Some(object)
    }

    pub fn with<R>(&self, slot: u32, act: impl FnOnce(&mut T) -> Result<R, AudioError>) -> Result<R, AudioError> {
        let closed = || AudioError::new(ErrorCode::Closed, "call", "it is closed; open another");
        let mut held = self.held.borrow_mut();
        let place = held.get_mut(slot as usize).ok_or_else(closed)?;
        let object = &mut place.as_mut().ok_or_else(closed)?.object;
        let mut whole = false;
        let done = guarded(|| {
            let done = act(object);
            whole = true;
            done
        });
        if !whole {
            // Nobody knows what state it is in: to free it might panic again.
            std::mem::forget(place.take());
        }
        done
    }
}

/// The arguments of the call in progress. Memory that they name stays where it is until the call returns, since no JavaScript
/// runs meanwhile.
pub struct Arguments<const N: usize> {
    env: sys::napi_env,
    values: [sys::napi_value; N],
}

impl<const N: usize> Arguments<N> {
    /// # Safety
    /// `env` and `info` must be those of the call in progress.
    pub unsafe fn of(env: sys::napi_env, info: sys::napi_callback_info) -> Arguments<N> {
        let (mut count, mut values) = (N, [ptr::null_mut(); N]);
        // SAFETY: by the contract; `values` has room for `count` values, and missing ones become undefined.
        unsafe {
            sys::napi_get_cb_info(env, info, &raw mut count, values.as_mut_ptr(), ptr::null_mut(), ptr::null_mut());
        }
        Arguments { env, values }
    }

    /// A small whole number; what is none is no slot either.
    pub fn small(&self, index: usize) -> u32 {
        let mut small = u32::MAX;
        // SAFETY: `env` and the value are those of the call in progress.
        unsafe { sys::napi_get_value_uint32(self.env, self.values[index], &raw mut small) };
        small
    }

    pub fn number(&self, index: usize) -> f64 {
        let mut number = f64::NAN;
        // SAFETY: as in `small`.
        unsafe { sys::napi_get_value_double(self.env, self.values[index], &raw mut number) };
        number
    }

    /// The memory of a typed array whose elements have `N` bytes or more. JavaScript has found out the type: asking Node for it
    /// takes as long as the rest.
    pub fn memory<T: Element>(&self, index: usize) -> Result<Memory<T>, AudioError> {
        let (mut length, mut data, mut buffer, mut owned) = (0usize, ptr::null_mut::<c_void>(), ptr::null_mut(), false);
        // SAFETY: as in `small`; out parameters are live locals. SharedArrayBuffers are not `ArrayBuffer`s.
        let status = unsafe {
            let status = sys::napi_get_typedarray_info(
                self.env,
                self.values[index],
                ptr::null_mut(),
                &raw mut length,
                &raw mut data,
                &raw mut buffer,
                ptr::null_mut(),
            );
            if status == sys::Status::napi_ok {
                sys::napi_is_arraybuffer(self.env, buffer, &raw mut owned);
            }
            status
        };
        if status != sys::Status::napi_ok {
            return Err(AudioError::new(
                ErrorCode::InvalidArg,
                "call",
                "a typed array is expected; pass one, not its buffer",
            ));
        }
        if !owned {
            let detail = "the memory is shared with other threads, which may write it meanwhile; pass a copy";
            return Err(AudioError::new(ErrorCode::InvalidArg, "call", detail));
        }
        let data = NonNull::new(data.cast()).filter(|data: &NonNull<T>| data.is_aligned() && length > 0);
        Ok(Memory { data: data.unwrap_or(NonNull::dangling()), length: if data.is_some() { length } else { 0 } })
    }
}

/// What typed arrays hold and any bits are valid for.
pub trait Element: Copy {}
impl Element for u8 {}
impl Element for i16 {}
impl Element for f32 {}
impl Element for f64 {}

/// Memory of JavaScript, until the call returns. Two of them may overlap.
#[derive(Clone, Copy)]
pub struct Memory<T> {
    pub data: NonNull<T>,
    pub length: usize,
}

impl<T: Element> Memory<T> {
    fn range(self) -> std::ops::Range<usize> {
        let start = self.data.as_ptr() as usize;
        start..start + self.length * size_of::<T>()
    }

    /// To be read, while nothing else writes it.
    ///
    /// # Safety
    /// The element type is that of the typed array, and no mutable slice of the same memory is alive.
    pub unsafe fn read<'a>(self) -> &'a [T] {
        // SAFETY: by the contract; Node vouches for the memory until the call returns.
        unsafe { std::slice::from_raw_parts(self.data.as_ptr(), self.length) }
    }

    /// To be written.
    ///
    /// # Safety
    /// As for `read`, and no other slice of the same memory is alive.
    pub unsafe fn write<'a>(self) -> &'a mut [T] {
        // SAFETY: by the contract; Node vouches for the memory until the call returns.
        unsafe { std::slice::from_raw_parts_mut(self.data.as_ptr(), self.length) }
    }
}

/// Input and output that do not overlap.
///
/// # Safety
/// The element types are those of the typed arrays, and no other slices of their memory are alive.
pub unsafe fn apart<'a, A: Element, B: Element>(
    input: Memory<A>,
    output: Memory<B>,
) -> Result<(&'a [A], &'a mut [B]), AudioError> {
    let (from, to) = (input.range(), output.range());
    if from.start < to.end && to.start < from.end {
        return Err(AudioError::new(
            ErrorCode::InvalidArg,
            "call",
            "the output lies in the memory of the input; pass memory apart from it",
        ));
    }
    // SAFETY: by the contract; they are apart.
    Ok(unsafe { (input.read(), output.write()) })
}

/// What a call gives back; an error is thrown.
///
/// # Safety
/// `env` must be that of the call in progress.
pub unsafe fn answer(env: sys::napi_env, result: Result<f64, AudioError>) -> sys::napi_value {
    match result {
        Ok(value) => {
            let mut number = ptr::null_mut();
            // SAFETY: by the contract. Small integers take the quick way.
            unsafe {
                if value == f64::from(value as i32) {
                    sys::napi_create_int32(env, value as i32, &raw mut number);
                } else {
                    sys::napi_create_double(env, value, &raw mut number);
                }
            }
            number
        }
        Err(error) => {
            let code = CString::new(error.code.as_str()).unwrap_or_default();
            let message = CString::new(error.to_string()).unwrap_or_default();
            // SAFETY: by the contract; both are C strings that outlive the call.
            unsafe { sys::napi_throw_error(env, code.as_ptr(), message.as_ptr()) };
            ptr::null_mut()
        }
    }
}

/// For the calls whose answer is undefined.
///
/// # Safety
/// `env` must be that of the call in progress.
pub unsafe fn done(env: sys::napi_env, result: Result<(), AudioError>) -> sys::napi_value {
    match result {
        Ok(()) => ptr::null_mut(),
        // SAFETY: by the contract.
        Err(error) => unsafe { answer(env, Err(error)) },
    }
}
