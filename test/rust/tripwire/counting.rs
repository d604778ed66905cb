//! Counts what a thread under watch does besides computing. The allocator is this binary's; the libc functions are defined
//! here, so that the linker takes these, and forward to the real ones. A lock of std that nobody else holds is two atomic
//! operations and no call: no tripwire can hear it, and the walls of types and lints keep it out.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::ffi::{CStr, c_char, c_int, c_long, c_void};
use std::sync::atomic::{AtomicPtr, AtomicU64, Ordering};

use libc::{clockid_t, iovec, pthread_mutex_t, size_t, ssize_t, timespec};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counts {
    pub allocations: u64,
    pub frees: u64,
    pub prints: u64,
    pub locks: u64,
    /// Futex waits: a lock of std that somebody holds, a condition variable, a parked thread.
    pub waits: u64,
    /// Futex wakes.
    pub wakes: u64,
    pub sleeps: u64,
    pub other_system_calls: u64,
}

impl Counts {
    pub const NONE: Counts =
        Counts { allocations: 0, frees: 0, prints: 0, locks: 0, waits: 0, wakes: 0, sleeps: 0, other_system_calls: 0 };

    pub fn plus(self, other: Counts) -> Counts {
        Counts {
            allocations: self.allocations + other.allocations,
            frees: self.frees + other.frees,
            prints: self.prints + other.prints,
            locks: self.locks + other.locks,
            waits: self.waits + other.waits,
            wakes: self.wakes + other.wakes,
            sleeps: self.sleeps + other.sleeps,
            other_system_calls: self.other_system_calls + other.other_system_calls,
        }
    }
}

thread_local! {
    static WATCHED: Cell<bool> = const { Cell::new(false) };
    static COUNTS: Cell<Counts> = const { Cell::new(Counts::NONE) };
}

/// Futex waits of threads under watch.
pub static WAITS_BEGUN: AtomicU64 = AtomicU64::new(0);

/// Does `act`, which must not panic; returns what this thread did meanwhile.
pub fn watch<R>(act: impl FnOnce() -> R) -> (R, Counts) {
    for real in [&WRITE, &WRITEV, &MUTEX_LOCK, &CLOCK_NANOSLEEP, &SCHED_YIELD, &SYSCALL] {
        real.address();
    }
    COUNTS.set(Counts::NONE);
    WATCHED.set(true);
    let done = act();
    WATCHED.set(false);
    (done, COUNTS.get())
}

fn note(count: impl FnOnce(&mut Counts)) {
    if WATCHED.get() {
        let mut counts = COUNTS.get();
        count(&mut counts);
        COUNTS.set(counts);
    }
}

struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

// SAFETY: every call goes on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        note(|counts| counts.allocations += 1);
        // SAFETY: by the contract of this call.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        note(|counts| counts.allocations += 1);
        // SAFETY: by the contract of this call.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, place: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        note(|counts| {
            counts.allocations += 1;
            counts.frees += 1;
        });
        // SAFETY: by the contract of this call.
        unsafe { System.realloc(place, layout, size) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        note(|counts| counts.frees += 1);
        // SAFETY: by the contract of this call.
        unsafe { System.dealloc(place, layout) }
    }
}

/// The function that libc has under a name; looked up before the watch begins, since looking up allocates.
struct Real {
    name: &'static CStr,
    address: AtomicPtr<c_void>,
}

impl Real {
    const fn new(name: &'static CStr) -> Real {
        Real { name, address: AtomicPtr::new(std::ptr::null_mut()) }
    }

    fn address(&self) -> *mut c_void {
        let known = self.address.load(Ordering::Relaxed);
        if !known.is_null() {
            return known;
        }
        // SAFETY: the name ends with a NUL; the next object that has it is libc.
        let found = unsafe { libc::dlsym(libc::RTLD_NEXT, self.name.as_ptr().cast::<c_char>()) };
        assert!(!found.is_null());
        self.address.store(found, Ordering::Relaxed);
        found
    }
}

static WRITE: Real = Real::new(c"write");
static WRITEV: Real = Real::new(c"writev");
static MUTEX_LOCK: Real = Real::new(c"pthread_mutex_lock");
static CLOCK_NANOSLEEP: Real = Real::new(c"clock_nanosleep");
static SCHED_YIELD: Real = Real::new(c"sched_yield");
static SYSCALL: Real = Real::new(c"syscall");

type Write = unsafe extern "C" fn(c_int, *const c_void, size_t) -> ssize_t;
type Writev = unsafe extern "C" fn(c_int, *const iovec, c_int) -> ssize_t;
type MutexLock = unsafe extern "C" fn(*mut pthread_mutex_t) -> c_int;
type ClockNanosleep = unsafe extern "C" fn(clockid_t, c_int, *const timespec, *mut timespec) -> c_int;
type SchedYield = unsafe extern "C" fn() -> c_int;
type Syscall = unsafe extern "C" fn(c_long, c_long, c_long, c_long, c_long, c_long, c_long) -> c_long;

#[unsafe(no_mangle)]
unsafe extern "C" fn write(file: c_int, bytes: *const c_void, len: size_t) -> ssize_t {
    note(|counts| counts.prints += 1);
    // SAFETY: libc's function of this name and type; arguments go on as they came.
    unsafe { std::mem::transmute::<*mut c_void, Write>(WRITE.address())(file, bytes, len) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn writev(file: c_int, parts: *const iovec, count: c_int) -> ssize_t {
    note(|counts| counts.prints += 1);
    // SAFETY: as in `write`.
    unsafe { std::mem::transmute::<*mut c_void, Writev>(WRITEV.address())(file, parts, count) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn pthread_mutex_lock(mutex: *mut pthread_mutex_t) -> c_int {
    note(|counts| counts.locks += 1);
    // SAFETY: as in `write`.
    unsafe { std::mem::transmute::<*mut c_void, MutexLock>(MUTEX_LOCK.address())(mutex) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn clock_nanosleep(
    clock: clockid_t,
    flags: c_int,
    time: *const timespec,
    left: *mut timespec,
) -> c_int {
    note(|counts| counts.sleeps += 1);
    // SAFETY: as in `write`.
    unsafe { std::mem::transmute::<*mut c_void, ClockNanosleep>(CLOCK_NANOSLEEP.address())(clock, flags, time, left) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn sched_yield() -> c_int {
    note(|counts| counts.sleeps += 1);
    // SAFETY: as in `write`.
    unsafe { std::mem::transmute::<*mut c_void, SchedYield>(SCHED_YIELD.address())() }
}

/// Variadic in C; with integers only, x86-64 and AArch64 Linux pass these arguments no differently.
#[unsafe(no_mangle)]
unsafe extern "C" fn syscall(
    number: c_long,
    a: c_long,
    b: c_long,
    c: c_long,
    d: c_long,
    e: c_long,
    f: c_long,
) -> c_long {
    let operation = (number == libc::SYS_futex).then_some(b as c_int & libc::FUTEX_CMD_MASK);
    note(|counts| match operation {
        Some(libc::FUTEX_WAKE) => counts.wakes += 1,
        Some(libc::FUTEX_WAIT | libc::FUTEX_WAIT_BITSET) => counts.waits += 1,
        _ => counts.other_system_calls += 1,
    });
    if WATCHED.get() && matches!(operation, Some(libc::FUTEX_WAIT | libc::FUTEX_WAIT_BITSET)) {
        WAITS_BEGUN.fetch_add(1, Ordering::SeqCst);
    }
    // SAFETY: as in `write`.
    unsafe { std::mem::transmute::<*mut c_void, Syscall>(SYSCALL.address())(number, a, b, c, d, e, f) }
}
