//! Audio thread, once per device, workers that render, and voice threads: a real-time priority, and which one the thread has obtained. One
//! number, so that it fits an atomic.

/// Policy of the thread and, for the time-shared ones, its nice value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Priority {
    Unknown,
    Shared { nice: i8 },
    Fifo { level: u8 },
    RoundRobin { level: u8 },
}

impl Priority {
    pub fn pack(self) -> u64 {
        match self {
            Priority::Unknown => 0,
            Priority::Shared { nice } => 0x100 | u64::from(nice as u8),
            Priority::Fifo { level } => 0x200 | u64::from(level),
            Priority::RoundRobin { level } => 0x300 | u64::from(level),
        }
    }

    pub fn unpack(packed: u64) -> Priority {
        let level = packed as u8;
        match packed >> 8 {
            1 => Priority::Shared { nice: level as i8 },
            2 => Priority::Fifo { level },
            3 => Priority::RoundRobin { level },
            _ => Priority::Unknown,
        }
    }
}

/// Above PulseAudio's own threads, below those of the kernel and of JACK.
#[cfg(target_os = "linux")]
const AUDIO_LEVEL: i32 = 10;
/// Below the audio threads: they hand on what a renderer has made, and never wait for it.
#[cfg(target_os = "linux")]
const RENDERER_LEVEL: i32 = 8;

/// Below those that render: they have a few ms more in hand.
#[cfg(target_os = "linux")]
const VOICE_LEVEL: i32 = 6;
/// Beside a busy thread of JavaScript ten times its share.
#[cfg(target_os = "linux")]
const VOICE_NICE: i32 = -10;

/// Makes the calling audio thread a real-time one where that is allowed, and leaves it as it was elsewhere. (SDL has asked for
/// what there is on other systems.)
pub fn raise() {
    #[cfg(target_os = "linux")]
    set(libc::SCHED_FIFO | libc::SCHED_RESET_ON_FORK, AUDIO_LEVEL);
}

/// The same for a thread of JavaScript that renders, or back to the time-shared class.
#[cfg(target_os = "linux")]
pub fn set_renderer(realtime: bool) {
    let (policy, level) = if realtime { (libc::SCHED_FIFO, RENDERER_LEVEL) } else { (libc::SCHED_OTHER, 0) };
    set(policy | libc::SCHED_RESET_ON_FORK, level);
}

#[cfg(not(target_os = "linux"))]
pub fn set_renderer(_realtime: bool) {}

/// The same for a thread that decodes for many streams. As a real-time thread it could keep the processor: it has to see to it that it
/// does not. Otherwise it goes ahead of JavaScript where that is allowed.
#[cfg(target_os = "linux")]
pub fn set_voice(realtime: bool) {
    let (policy, level) = if realtime { (libc::SCHED_FIFO, VOICE_LEVEL) } else { (libc::SCHED_OTHER, 0) };
    set(policy | libc::SCHED_RESET_ON_FORK, level);
    // SAFETY: has no conditions; names the calling thread.
    unsafe {
        libc::setpriority(libc::PRIO_PROCESS, libc::gettid() as libc::id_t, VOICE_NICE);
    }
}

#[cfg(not(target_os = "linux"))]
pub fn set_voice(_realtime: bool) {}

/// Threads that the calling one starts do not inherit this. (musl has the functions of these names refuse: the kernel is asked.)
#[cfg(target_os = "linux")]
fn set(policy: i32, level: i32) {
    // SAFETY: 0 names the calling thread; the kernel reads one int, the level, which is live.
    unsafe { libc::syscall(libc::SYS_sched_setscheduler, 0, policy, &raw const level) };
}

/// The calling thread's priority.
#[cfg(target_os = "linux")]
pub fn of_this_thread() -> Priority {
    let mut level: i32 = 0;
    // SAFETY: 0 names the calling thread; the kernel writes one int, the level, which is live.
    let (policy, nice) = unsafe {
        libc::syscall(libc::SYS_sched_getparam, 0, &raw mut level);
        let policy = libc::syscall(libc::SYS_sched_getscheduler, 0) as i32;
        (policy, libc::getpriority(libc::PRIO_PROCESS, libc::gettid() as libc::id_t))
    };
    match policy & !libc::SCHED_RESET_ON_FORK {
        libc::SCHED_FIFO => Priority::Fifo { level: level as u8 },
        libc::SCHED_RR => Priority::RoundRobin { level: level as u8 },
        _ => Priority::Shared { nice: nice as i8 },
    }
}

#[cfg(not(target_os = "linux"))]
pub fn of_this_thread() -> Priority {
    Priority::Unknown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_priority_survives_packing() {
        for priority in [
            Priority::Unknown,
            Priority::Shared { nice: -20 },
            Priority::Shared { nice: 19 },
            Priority::Fifo { level: 10 },
            Priority::RoundRobin { level: 99 },
        ] {
            assert_eq!(Priority::unpack(priority.pack()), priority);
        }
    }
}
