//! Pump thread: one per process. It sleeps until an audio thread or the service rings, or until an episode that is still
//! open has lasted long enough to be told.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, OnceLock};
use std::time::{Duration, Instant};

use crate::device::owner::Device;
use crate::device::service::LIST_CHANGED;
use crate::device::table;
use crate::link::episodes::Episode;
use crate::link::wake::Bell;
use crate::units::Frames;

/// A shortage that lasts is told after this long instead of at its end, which may never come.
const TELL_AFTER: Duration = Duration::from_millis(200);
/// An environment that had no room for an event is tried again after this long.
const TELL_AGAIN_AFTER: Duration = Duration::from_millis(20);
/// Memory of drained rings is looked after this often while devices are open.
const TIDY_EVERY: Duration = Duration::from_secs(1);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    DevicesChanged,
    /// An underrun (playback) or overrun (capture), once per episode; `ended` is false where it still goes on.
    Shortage {
        device: u64,
        from: Frames,
        to: Frames,
        frames: Frames,
        ended: bool,
    },
    Lost {
        device: u64,
    },
    Failed {
        device: u64,
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

#[derive(Default)]
struct Told {
    lost: bool,
    failed: bool,
    /// An episode that has begun and was not told yet: where, what was lost before it, and when we heard.
    open: Option<(Frames, Frames, Instant)>,
    /// The episode in progress was told before its end.
    told_early: bool,
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
            let devices = table::all();
            self.told.retain(|id, _| devices.iter().any(|device| device.id == *id));
            let now = Instant::now();
            let mut sleep = if devices.is_empty() { Duration::from_secs(3600) } else { TIDY_EVERY };
            for device in &devices {
                device.tidy();
                if let Some(due) = self.look_at(device, now) {
                    sleep = sleep.min(due.saturating_duration_since(now));
                }
            }
            drop(devices);
            if !caught_up {
                sleep = sleep.min(TELL_AGAIN_AFTER);
            }
            bell().wait(heard, sleep);
        }
    }

    /// Tells what is new of one device; returns when to look again at the latest.
    fn look_at(&mut self, device: &Device, now: Instant) -> Option<Instant> {
        let told = self.told.entry(device.id).or_default();
        let id = device.id;
        while let Some(episode) = device.next_episode() {
            match episode {
                Episode::Began { from, before } => {
                    told.open = Some((from, before, now));
                    told.told_early = false;
                }
                Episode::Ended { from, to, frames } => {
                    if !std::mem::take(&mut told.told_early) {
                        (self.deliver)(Event::Shortage { device: id, from, to, frames, ended: true });
                    }
                    told.open = None;
                }
            }
        }
        if let Some((from, before, since)) = told.open
            && now >= since + TELL_AFTER
        {
            let to = Frames(device.tally.frames.get());
            let frames = Frames(device.tally.episode_frames.get()).saturating_sub(before);
            (self.deliver)(Event::Shortage { device: id, from, to, frames, ended: false });
            told.told_early = true;
            told.open = None;
        }
        if device.control.lost.get() && !std::mem::replace(&mut told.lost, true) {
            (self.deliver)(Event::Lost { device: id });
        }
        if device.control.failed.get() && !std::mem::replace(&mut told.failed, true) {
            (self.deliver)(Event::Failed { device: id });
        }
        told.open.map(|(_, _, since)| since + TELL_AFTER)
    }
}
