//! Any thread. Nanoseconds on the clock that `process.hrtime` shows.

#[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd"))]
const CLOCK: libc::clockid_t = libc::CLOCK_MONOTONIC;
/// The one that goes on while the machine sleeps: libuv reads it too.
#[cfg(target_os = "macos")]
const CLOCK: libc::clockid_t = libc::CLOCK_MONOTONIC_RAW;

#[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd", target_os = "macos"))]
pub fn nanos() -> u64 {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the timespec is ours. On the audio thread this reads shared memory and is no system call.
    unsafe { libc::clock_gettime(CLOCK, &raw mut now) };
    u64::try_from(now.tv_sec).unwrap_or(0) * 1_000_000_000 + u64::try_from(now.tv_nsec).unwrap_or(0)
}

/// Elsewhere the origin is ours: differences are right, absolute times are not those of `process.hrtime`.
#[cfg(not(any(target_os = "linux", target_os = "android", target_os = "freebsd", target_os = "macos")))]
pub fn nanos() -> u64 {
    static ORIGIN: std::sync::OnceLock<std::time::Instant> = std::sync::OnceLock::new();
    u64::try_from(ORIGIN.get_or_init(std::time::Instant::now).elapsed().as_nanos()).unwrap_or(u64::MAX)
}
