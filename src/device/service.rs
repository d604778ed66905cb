//! Service thread: the one thread of the process that talks to SDL. Others send it commands and ring its bell; SDL's own
//! events ring the same bell, so nothing is polled.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded, unbounded};

use crate::device::monotonic;
use crate::device::options::{DeviceOptions, Kind, Obtained, OnLost};
use crate::device::sdl::{self, OpenDevice, Sdl};
use crate::error::{AudioError, ErrorCode};
use crate::link::control::Control;
use crate::link::tally::Tally;
use crate::link::wake::Bell;
use crate::rt::callback::Callback;

/// A hung audio server must not hang its caller for ever.
const ANSWER_WITHIN: Duration = Duration::from_secs(15);
/// A device that does not run its callback within this and three periods is closed without a fade.
const FADE_WITHIN: Duration = Duration::from_millis(100);

#[derive(Clone, Debug, Default)]
pub struct AudioInfo {
    pub drivers: Vec<String>,
    pub current: Option<String>,
    pub version: (u8, u8, u8),
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeviceNames {
    pub playback: Vec<String>,
    pub recording: Vec<String>,
}

pub struct OpenRequest {
    pub id: u64,
    pub options: DeviceOptions,
    pub callback: Callback,
    pub control: Arc<Control>,
    pub tally: Arc<Tally>,
}

enum Command {
    Info(Sender<AudioInfo>),
    List(Sender<Result<DeviceNames, AudioError>>),
    Open(Box<OpenRequest>, Sender<Result<Obtained, AudioError>>),
    SetRunning(u64, bool),
    Close(u64),
    /// Answered when every device that was closed before is gone.
    Settle(Sender<()>),
}

pub struct Service {
    commands: Sender<Command>,
    pump: Arc<Bell>,
}

static DOORBELL: Bell = Bell::new();
static SERVICE: OnceLock<Service> = OnceLock::new();

/// The service of this process, started at the first call. It rings `pump` when a device is lost or the list changed.
pub fn service(pump: &Arc<Bell>) -> &'static Service {
    SERVICE.get_or_init(|| {
        let (commands, inbox) = unbounded();
        let bell = pump.clone();
        let run = move || {
            let (open, closing, settling) = (HashMap::new(), Vec::new(), Vec::new());
            Worker { sdl: None, open, closing, settling, pump: bell }.run(&inbox);
        };
        // Without the thread every request below answers with an error.
        let _ = std::thread::Builder::new().name("audio-service".into()).spawn(run);
        Service { commands, pump: pump.clone() }
    })
}

/// Set when the list of devices may have changed; the pump takes it.
pub static LIST_CHANGED: crate::link::control::Flag = crate::link::control::Flag::new();

impl Service {
    pub fn pump(&self) -> &Arc<Bell> {
        &self.pump
    }

    pub fn info(&self) -> Result<AudioInfo, AudioError> {
        self.ask(Command::Info)
    }

    pub fn device_names(&self) -> Result<DeviceNames, AudioError> {
        self.ask(Command::List)?
    }

    /// Blocks until the device is open or refused.
    pub fn open(&self, request: OpenRequest) -> Result<Obtained, AudioError> {
        let id = request.id;
        let answer = self.ask(|answer| Command::Open(Box::new(request), answer));
        if answer.is_err() {
            self.close(id);
        }
        answer?
    }

    pub fn set_running(&self, id: u64, running: bool) {
        self.tell(Command::SetRunning(id, running));
    }

    /// Returns at once; the device fades out, its thread ends and its memory is freed soon after.
    pub fn close(&self, id: u64) {
        self.tell(Command::Close(id));
    }

    /// Waits until all that was closed is gone, at most `limit`.
    pub fn settle(&self, limit: Duration) {
        let (answer, settled) = bounded(1);
        self.tell(Command::Settle(answer));
        let _ = settled.recv_timeout(limit);
    }

    fn tell(&self, command: Command) {
        let _ = self.commands.send(command);
        DOORBELL.ring();
    }

    fn ask<T>(&self, command: impl FnOnce(Sender<T>) -> Command) -> Result<T, AudioError> {
        let (answer, answered) = bounded(1);
        self.tell(command(answer));
        answered.recv_timeout(ANSWER_WITHIN).map_err(|_| {
            AudioError::new(
                ErrorCode::OpenFailed,
                "asking the audio service",
                "no answer within 15 s: the audio server hangs",
            )
        })
    }
}

struct Owned {
    device: Held,
    options: DeviceOptions,
    control: Arc<Control>,
    tally: Arc<Tally>,
    three_periods: Duration,
}

enum Held {
    Open(OpenDevice),
    /// It is gone; its callback waits for it to come back.
    Lost(Box<Callback>, Retry),
    /// For the moment in which one becomes the other.
    Between,
}

#[derive(Clone, Copy)]
struct Retry {
    at: Instant,
    pause: Duration,
}

/// A device that is gone is asked for at once, then after pauses that double up to the longest, and whenever the list of
/// devices changes.
const FIRST_RETRY: Duration = Duration::from_millis(50);
const LONGEST_RETRY: Duration = Duration::from_secs(1);

struct Worker {
    sdl: Option<Sdl>,
    open: HashMap<u64, Owned>,
    closing: Vec<(Owned, Instant)>,
    settling: Vec<Sender<()>>,
    pump: Arc<Bell>,
}

impl Worker {
    fn run(&mut self, inbox: &Receiver<Command>) {
        loop {
            while let Ok(command) = inbox.try_recv() {
                self.handle(command);
            }
            self.take_events();
            self.finish_closing(|owned, deadline, now| owned.has_faded() || now >= deadline);
            if self.closing.is_empty() {
                self.settling.drain(..).for_each(|answer| {
                    let _ = answer.try_send(());
                });
            }
            self.bring_back();
            let until_retry = self.retries().map(|retry| retry.at.saturating_duration_since(Instant::now())).min();
            let idle = if self.closing.is_empty() { Duration::from_secs(3600) } else { Duration::from_millis(1) };
            let idle = until_retry.map_or(idle, |until| until.min(idle));
            DOORBELL.wait_until(idle, || !inbox.is_empty() || sdl::has_events());
        }
    }

    fn sdl(&mut self) -> Result<&Sdl, AudioError> {
        match &mut self.sdl {
            Some(sdl) => Ok(sdl),
            empty => Ok(empty.insert(Sdl::init(&DOORBELL)?)),
        }
    }

    fn handle(&mut self, command: Command) {
        match command {
            Command::Info(answer) => {
                let current = self.sdl().ok().map(Sdl::driver);
                let _ = answer.try_send(AudioInfo { drivers: sdl::drivers(), current, version: sdl::version() });
            }
            Command::List(answer) => {
                let names = self.sdl().map(|sdl| DeviceNames {
                    playback: sdl.device_names(Kind::Playback),
                    recording: sdl.device_names(Kind::Capture),
                });
                let _ = answer.try_send(names);
            }
            Command::Open(request, answer) => {
                let id = request.id;
                let opened = self.open(*request);
                if answer.send(opened).is_err() {
                    self.close(id);
                }
            }
            Command::SetRunning(id, running) => {
                if let (Some(sdl), Some(Owned { device: Held::Open(device), .. })) = (&self.sdl, self.open.get(&id)) {
                    sdl.set_running(device, running);
                }
            }
            Command::Close(id) => self.close(id),
            Command::Settle(answer) => self.settling.push(answer),
        }
    }

    fn open(&mut self, request: OpenRequest) -> Result<Obtained, AudioError> {
        // Some drivers have one device only, and the one before may still be fading.
        if !self.closing.is_empty() {
            while self.closing.iter().any(|(owned, until)| !owned.has_faded() && Instant::now() < *until) {
                std::thread::sleep(Duration::from_millis(1));
            }
            self.finish_closing(|_, _, _| true);
        }
        let OpenRequest { id, options, callback, control, tally } = request;
        let (device, obtained) = self.sdl()?.open(&options, callback, tally.clone()).map_err(|refused| refused.0)?;
        let three_periods = Duration::from_millis(3 * obtained.period.to_millis(obtained.rate));
        self.open.insert(id, Owned { device: Held::Open(device), options, control, tally, three_periods });
        Ok(obtained)
    }

    fn retries(&self) -> impl Iterator<Item = Retry> {
        self.open.values().filter_map(|owned| match owned.device {
            Held::Lost(_, retry) => Some(retry),
            _ => None,
        })
    }

    /// Tries to open again what is gone and due.
    fn bring_back(&mut self) {
        let now = Instant::now();
        if !self.retries().any(|retry| retry.at <= now) {
            return;
        }
        let Some(sdl) = &self.sdl else { return };
        // An audio system that went away takes all devices with it; SDL must be told to look for it again.
        if !self.open.values().any(|owned| matches!(owned.device, Held::Open(_))) && self.closing.is_empty() {
            sdl.restart();
        }
        for owned in self.open.values_mut() {
            owned.device = match std::mem::replace(&mut owned.device, Held::Between) {
                Held::Lost(callback, retry) if retry.at <= now => owned.reopen(sdl, *callback, retry),
                other => other,
            };
        }
    }

    fn close(&mut self, id: u64) {
        if let Some(owned) = self.open.remove(&id) {
            owned.control.closing.set(true);
            let until = Instant::now() + FADE_WITHIN + owned.three_periods;
            self.closing.push((owned, until));
        }
    }

    fn finish_closing(&mut self, done: impl Fn(&Owned, Instant, Instant) -> bool) {
        let now = Instant::now();
        let (ended, still) =
            std::mem::take(&mut self.closing).into_iter().partition(|(owned, deadline)| done(owned, *deadline, now));
        self.closing = still;
        let ended: Vec<(Owned, Instant)> = ended;
        if let Some(sdl) = &self.sdl {
            for (owned, _) in ended {
                if let Held::Open(device) = owned.device {
                    drop(sdl.close(device));
                }
            }
        }
    }

    fn take_events(&mut self) {
        let (lost, changed) = sdl::take_events();
        let now = Instant::now();
        for owned in self.open.values_mut() {
            match &mut owned.device {
                Held::Open(device) if lost.contains(&device.sdl_id) => {
                    owned.control.lose(monotonic::nanos());
                    if let (OnLost::Reopen, Some(sdl)) = (owned.options.on_lost, &self.sdl) {
                        self.pump.ring();
                        owned.park(sdl, now);
                    }
                }
                Held::Lost(_, retry) if changed => retry.at = now,
                _ => {}
            }
        }
        if changed {
            LIST_CHANGED.set(true);
            self.pump.ring();
        }
    }
}

impl Owned {
    /// Closes the device, which is gone, and keeps its callback.
    fn park(&mut self, sdl: &Sdl, now: Instant) {
        if let Held::Open(device) = std::mem::replace(&mut self.device, Held::Between) {
            let retry = Retry { at: now, pause: FIRST_RETRY };
            self.device = Held::Lost(Box::new(sdl.close(device)), retry);
        }
    }

    /// Opens the device again, or says when to try next.
    fn reopen(&mut self, sdl: &Sdl, callback: Callback, retry: Retry) -> Held {
        match sdl.open(&self.options, callback, self.tally.clone()) {
            Ok((device, obtained)) => {
                self.three_periods = Duration::from_millis(3 * obtained.period.to_millis(obtained.rate));
                self.control.lost.set(false);
                if self.options.kind == Kind::Capture && self.control.playing.get() {
                    sdl.set_running(&device, true);
                }
                Held::Open(device)
            }
            Err(refused) => {
                let at = Instant::now() + retry.pause;
                Held::Lost(Box::new(refused.1), Retry { at, pause: (retry.pause * 2).min(LONGEST_RETRY) })
            }
        }
    }

    fn has_faded(&self) -> bool {
        !matches!(self.device, Held::Open(_))
            || self.options.kind == Kind::Capture
            || self.control.faded.get()
            || self.control.lost.get()
            || self.control.failed.get()
    }
}
