//! Service thread. A device that SDL runs for us, or that is gone and is to come back.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::device::monotonic;
use crate::device::options::{DeviceOptions, Kind, Obtained, OnLost};
use crate::device::sdl::{self, OpenDevice, Sdl};
use crate::error::AudioError;
use crate::link::control::Control;
use crate::link::tally::Tally;
use crate::rt::callback::Callback;

/// A device that is gone is asked for at once, then after pauses that double up to the longest, and whenever the list of
/// devices changes.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// A device that has run for so long is no broken one.
const STEADY_AFTER: Duration = Duration::from_secs(2);
/// A microphone that gives nothing for so long, and three periods, after it was opened is opened again.
const FIRST_DATA_WITHIN: Duration = Duration::from_millis(150);

pub struct Owned {
    held: Held,
    pub options: DeviceOptions,
    pub control: Arc<Control>,
    tally: Arc<Tally>,
    pub three_periods: Duration,
    opened_at: Instant,
    /// Since when the device is gone, in monotonic nanoseconds.
    lost_since: u64,
    pause: Duration,
    /// A microphone that has not given anything yet: how many callbacks there had been, and when to lose patience.
    awaited: Option<(u64, Instant)>,
}

enum Held {
    Open(OpenDevice),
    /// Its callback waits; when to try next.
    Gone(Box<Callback>, Instant),
    /// For the moment in which one becomes the other.
    Between,
}

impl Owned {
    pub fn open(
        sdl: &Sdl,
        options: DeviceOptions,
        callback: Callback,
        (control, tally): (Arc<Control>, Arc<Tally>),
    ) -> Result<(Owned, Obtained), AudioError> {
        let (device, obtained) = sdl.open(&options, callback, tally.clone()).map_err(|refused| refused.0)?;
        let (held, pause) = (Held::Open(device), FIRST_PAUSE);
        let (three_periods, opened_at) = (Duration::ZERO, Instant::now());
        let mut owned =
            Owned { held, options, control, tally, three_periods, opened_at, lost_since: 0, pause, awaited: None };
        owned.note_opened(sdl, &obtained);
        Ok((owned, obtained))
    }

    fn note_opened(&mut self, sdl: &Sdl, obtained: &Obtained) {
        self.opened_at = Instant::now();
        self.three_periods = Duration::from_millis(3 * obtained.period.to_millis(obtained.rate));
        let awaits = self.options.kind == Kind::Capture && sdl.may_be_stuck();
        let patience = (FIRST_DATA_WITHIN + self.three_periods).max(self.pause);
        self.awaited = awaits.then(|| (self.tally.callbacks.get(), Instant::now() + patience));
    }

    pub fn is_open(&self) -> bool {
        matches!(self.held, Held::Open(_))
    }

    /// The device, to be closed; none if it is gone.
    pub fn into_device(self) -> Option<OpenDevice> {
        match self.held {
            Held::Open(device) => Some(device),
            _ => None,
        }
    }

    pub fn set_running(&self, sdl: &Sdl, running: bool) {
        if let Held::Open(device) = &self.held {
            sdl.set_running(device, running);
        }
    }

    /// Nothing sounds that would have to fade before the device may be closed.
    pub fn has_faded(&self) -> bool {
        let control = &self.control;
        !self.is_open()
            || self.options.kind == Kind::Capture
            || control.faded.get()
            || control.lost.get()
            || control.failed.get()
    }

    /// After devices came or went: looks whether this one did. Asked of the device itself: an event may tell of one that has
    /// gone meanwhile, and whose id another has.
    pub fn look(&mut self) {
        match &mut self.held {
            Held::Open(device) if !self.control.lost.get() && sdl::is_gone(device) => {
                self.note_lost();
                if self.options.on_lost == OnLost::Reopen {
                    // One that breaks as soon as it is back is given time.
                    if self.opened_at.elapsed() > STEADY_AFTER {
                        self.pause = FIRST_PAUSE;
                        self.let_go(Instant::now());
                    } else {
                        self.let_go(Instant::now() + self.pause);
                        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
                    }
                }
            }
            // What came may be it.
            Held::Gone(_, at) if self.opened_at.elapsed() > STEADY_AFTER => *at = Instant::now(),
            _ => {}
        }
    }

    fn note_lost(&mut self) {
        if self.control.lost.raise() {
            self.lost_since = monotonic::nanos();
        }
    }

    /// Closes the device and keeps its callback, to open it again at `at`.
    fn let_go(&mut self, at: Instant) {
        self.awaited = None;
        self.held = match std::mem::replace(&mut self.held, Held::Between) {
            Held::Open(device) => {
                let callback = Box::new(sdl::close(device));
                self.tally.level.set(0.0, 0.0);
                Held::Gone(callback, at)
            }
            other => other,
        };
    }

    /// When there is something to do; `None` for a device that is well.
    pub fn due(&self) -> Option<Instant> {
        match (&self.held, self.awaited) {
            (Held::Gone(_, at), _) => Some(*at),
            (_, Some((_, at))) => Some(at),
            _ => None,
        }
    }

    /// Does what is due: opens again what is gone, or what was opened and gives nothing.
    pub fn mend(&mut self, sdl: &Sdl, now: Instant) {
        if self.due().is_none_or(|due| due > now) {
            return;
        }
        if let Some((callbacks, _)) = self.awaited.take() {
            if self.tally.callbacks.get() != callbacks {
                return;
            }
            self.pause = (self.pause * 2).min(LONGEST_PAUSE);
            self.let_go(now);
        }
        let Held::Gone(callback, _) = std::mem::replace(&mut self.held, Held::Between) else { return };
        match sdl.open(&self.options, *callback, self.tally.clone()) {
            Ok((device, obtained)) => {
                if self.control.lost.get() {
                    self.control.come_back(self.lost_since);
                }
                if self.control.playing.get() {
                    sdl.set_running(&device, true);
                }
                self.held = Held::Open(device);
                self.note_opened(sdl, &obtained);
            }
            Err(refused) => {
                // One that gave nothing, and now is not there: that is a loss too.
                self.note_lost();
                let mut callback = Box::new(refused.1);
                callback.rest();
                self.held = Held::Gone(callback, Instant::now() + self.pause);
                self.pause = (self.pause * 2).min(LONGEST_PAUSE);
            }
        }
    }
}
