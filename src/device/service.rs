//! Service thread: the one thread of the process that talks to SDL. Others send it commands and ring its bell; SDL's own
//! events ring the same bell, so nothing is polled.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded, unbounded};

use crate::device::options::{DeviceOptions, Kind, Obtained};
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
    device: OpenDevice,
    control: Arc<Control>,
    kind: Kind,
    three_periods: Duration,
}

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
            let idle = if self.closing.is_empty() { Duration::from_secs(3600) } else { Duration::from_millis(1) };
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
                if let (Some(sdl), Some(owned)) = (&self.sdl, self.open.get(&id)) {
                    sdl.set_running(&owned.device, running);
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
        let (device, obtained) = self.sdl()?.open(&options, callback, tally)?;
        let three_periods = Duration::from_millis(3 * obtained.period.to_millis(obtained.rate));
        self.open.insert(id, Owned { device, control, kind: options.kind, three_periods });
        Ok(obtained)
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
            ended.into_iter().for_each(|(owned, _)| sdl.close(owned.device));
        }
    }

    fn take_events(&mut self) {
        if !sdl::take_events() {
            return;
        }
        for owned in self.open.values() {
            // Asked of the device itself: an event may tell of one that has gone meanwhile, and whose id another has.
            if !owned.control.lost.get() && sdl::is_gone(&owned.device) {
                owned.control.lost.set(true);
            }
        }
        LIST_CHANGED.set(true);
        self.pump.ring();
    }
}

impl Owned {
    fn has_faded(&self) -> bool {
        self.kind == Kind::Capture || self.control.faded.get() || self.control.lost.get() || self.control.failed.get()
    }
}
