//! Pump thread: one per process. It sleeps until an audio thread or the service rings, or until something is due.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, LazyLock, OnceLock};
use std::time::{Duration, Instant};

use crate::device::owner::Device;
use crate::device::service::LIST_CHANGED;
use crate::device::table::{self, Entry};
use crate::device::waiting::Waited;
use crate::events::shortage::Shortage;
use crate::events::watches;
use crate::link::wake::Bell;
use crate::units::Frames;

/// An environment that had no room for an event is tried again after this long.
const TELL_AGAIN_AFTER: Duration = Duration::from_millis(20);
/// Memory of drained rings is looked after this often while devices are open.
const TIDY_EVERY: Duration = Duration::from_secs(1);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    DevicesChanged,
    /// An underrun (playback) or overrun (capture), once per episode; `id` is that of the device, source or tap.
    Shortage {
        id: u64,
        shortage: Shortage,
    },
    Lost {
        device: u64,
    },
    /// The device is back; it was gone for `gap` frames.
    Restored {
        device: u64,
        gap: Frames,
    },
    Failed {
        device: u64,
    },
    /// A source or tap has ended with its device.
    Ended {
        id: u64,
    },
    /// A wait is over, that `env` knows by `token`.
    Waited {
        env: u32,
        token: u32,
        waited: Waited,
    },
}

static BELL: LazyLock<Arc<Bell>> = LazyLock::new(|| Arc::new(Bell::new()));

/// The bell that wakes the pump.
pub fn bell() -> &'static Arc<Bell> {
    &BELL
}

/// Starts the pump, once per process; both are called on its thread. `catch_up` tries again to tell what found no room, and is
/// true when there is nothing of that kind.
pub fn start(deliver: fn(Event), catch_up: fn() -> bool) {
    static STARTED: OnceLock<()> = OnceLock::new();
    STARTED.get_or_init(|| {
        let mut pump = Pump { told: HashMap::new(), deliver, catch_up };
        // Without the thread there are no events; sound flows all the same.
        let _ = std::thread::Builder::new().name("audio-pump".into()).spawn(move || pump.run());
    });
}

/// What was told of a device.
#[derive(Default)]
struct Told {
    lost: bool,
    failed: bool,
    gap_frames: u64,
}

struct Pump {
    told: HashMap<u64, Told>,
    deliver: fn(Event),
    catch_up: fn() -> bool,
}

impl Pump {
    fn run(&mut self) {
        loop {
            let heard = bell().listen();
            let caught_up = (self.catch_up)();
            if LIST_CHANGED.take() {
                (self.deliver)(Event::DevicesChanged);
            }
            let sleep = self.look();
            bell().wait(heard, if caught_up { sleep } else { sleep.min(TELL_AGAIN_AFTER) });
        }
    }

    /// Tells what is new; returns how long to sleep at the most.
    fn look(&mut self) -> Duration {
        let now = Instant::now();
        let (over, mut due) = watches::take_over(now);
        for (env, token, waited) in over {
            (self.deliver)(Event::Waited { env, token, waited });
        }
        let entries = table::all();
        let ids: HashSet<u64> = entries.iter().map(Entry::id).collect();
        self.told.retain(|id, _| ids.contains(id));
        for entry in &entries {
            let (id, deliver) = (entry.id(), self.deliver);
            if !matches!(entry, Entry::Device(_)) && entry.device().control.closed.get() {
                table::forget(id);
                deliver(Event::Ended { id });
                continue;
            }
            let tell = |shortage| deliver(Event::Shortage { id, shortage });
            let again = match entry {
                Entry::Device(device) => {
                    device.tidy();
                    self.look_at(device);
                    device.look_at_shortages(now, tell)
                }
                Entry::Source(source) => source.look_at_shortages(now, tell),
                Entry::Tap(tap) => {
                    tap.tidy();
                    tap.look_at_shortages(now, tell)
                }
            };
            due = [due, again].into_iter().flatten().min();
        }
        let most = if entries.is_empty() { Duration::from_secs(3600) } else { TIDY_EVERY };
        due.map_or(most, |due| most.min(due.saturating_duration_since(now)))
    }

    /// Tells what became of a device.
    fn look_at(&mut self, device: &Device) {
        let (id, control) = (device.id, &device.control);
        let told = self.told.entry(id).or_default();
        let lost = control.lost.get();
        let restored = control.restored.take();
        if (lost || restored) && !std::mem::replace(&mut told.lost, true) {
            (self.deliver)(Event::Lost { device: id });
        }
        if restored {
            let gap_frames = device.tally.gap_frames.get();
            let gap = Frames(gap_frames - std::mem::replace(&mut told.gap_frames, gap_frames));
            told.lost = false;
            (self.deliver)(Event::Restored { device: id, gap });
        }
        if control.failed.get() && !std::mem::replace(&mut told.failed, true) {
            (self.deliver)(Event::Failed { device: id });
        }
    }
}
