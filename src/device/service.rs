//! Service thread: the one thread of the process that talks to SDL, but for closing, which takes its time and has a thread for
//! each device. Others send it commands and ring its bell; SDL's own events ring the same bell, so nothing is polled.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded, unbounded};

use crate::device::options::{DeviceOptions, Kind, Obtained};
use crate::device::owned::Owned;
use crate::device::sdl::{self, Sdl};
use crate::error::{AudioError, ErrorCode};
use crate::link::control::{Control, Flag};
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

/// Since when the audio system has had the time to answer: what we wait for by ourselves is not its fault.
type Since = Arc<Mutex<Instant>>;

/// An answer that the service owes.
pub struct Pending<T> {
    answered: Receiver<Result<T, AudioError>>,
    since: Since,
}

impl<T> Pending<T> {
    /// Blocks for at most `slice`; `None` if there is no answer yet.
    pub fn wait_for(&self, slice: Duration) -> Option<Result<T, AudioError>> {
        match self.answered.recv_timeout(slice) {
            Ok(answer) => Some(answer),
            Err(RecvTimeoutError::Timeout) if lock(&self.since).elapsed() < ANSWER_WITHIN => None,
            Err(_) => {
                let detail = "no answer within 15 s: the audio server hangs";
                Some(Err(AudioError::new(ErrorCode::OpenFailed, "asking the audio service", detail)))
            }
        }
    }
}

type Answer<T> = Sender<Result<T, AudioError>>;

enum Command {
    Info(Answer<AudioInfo>),
    List(Answer<DeviceNames>),
    Open(Opening),
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
            let (waiting, closing, leaving, settling) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
            let open = HashMap::new();
            Worker { sdl: None, open, waiting, closing, leaving, settling, pump: bell }.run(&inbox);
        };
        // Without the thread every request below answers with an error.
        let _ = std::thread::Builder::new().name("audio-service".into()).spawn(run);
        Service { commands, pump: pump.clone() }
    })
}

/// Set when the list of devices may have changed; the pump takes it.
pub static LIST_CHANGED: Flag = Flag::new();

impl Service {
    pub fn pump(&self) -> &Arc<Bell> {
        &self.pump
    }

    pub fn info(&self) -> Pending<AudioInfo> {
        self.ask(|answer, _| Command::Info(answer))
    }

    pub fn device_names(&self) -> Pending<DeviceNames> {
        self.ask(|answer, _| Command::List(answer))
    }

    /// Begins to open a device. Who no longer wants the answer closes the id.
    pub fn open(&self, request: OpenRequest) -> Pending<Obtained> {
        self.ask(|answer, since| Command::Open(Opening { request: Box::new(request), answer, since }))
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

    fn ask<T>(&self, command: impl FnOnce(Answer<T>, Since) -> Command) -> Pending<T> {
        let (answer, answered) = bounded(1);
        let since = Arc::new(Mutex::new(Instant::now()));
        self.tell(command(answer, since.clone()));
        Pending { answered, since }
    }
}

struct Opening {
    request: Box<OpenRequest>,
    answer: Answer<Obtained>,
    since: Since,
}

/// A device that SDL is closing, on a thread of its own: that takes two periods, which may be seconds.
struct Leaving {
    kind: Kind,
    name: Option<String>,
    /// When it should have gone.
    until: Instant,
    gone: Arc<Flag>,
}

struct Worker {
    sdl: Option<Sdl>,
    open: HashMap<u64, Owned>,
    /// Not opened before the device that is in their way has gone.
    waiting: Vec<Opening>,
    closing: Vec<(Owned, Instant)>,
    leaving: Vec<Leaving>,
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
            self.finish_closing();
            for opening in std::mem::take(&mut self.waiting) {
                self.open(opening);
            }
            if self.closing.is_empty() && self.leaving.is_empty() {
                self.settling.drain(..).for_each(|answer| {
                    let _ = answer.try_send(());
                });
            }
            self.mend();
            let now = Instant::now();
            let due = self.open.values().filter_map(Owned::due).min();
            let idle = if self.closing.is_empty() { Duration::from_secs(3600) } else { Duration::from_millis(1) };
            let idle = due.map_or(idle, |due| idle.min(due.saturating_duration_since(now)));
            let gone = |leaving: &Leaving| leaving.gone.get();
            DOORBELL.wait_until(idle, || !inbox.is_empty() || sdl::has_events() || self.leaving.iter().any(gone));
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
                let _ = answer.try_send(Ok(AudioInfo { drivers: sdl::drivers(), current, version: sdl::version() }));
            }
            Command::List(answer) => {
                let names = self.sdl().map(|sdl| DeviceNames {
                    playback: sdl.device_names(Kind::Playback),
                    recording: sdl.device_names(Kind::Capture),
                });
                let _ = answer.try_send(names);
            }
            Command::Open(opening) => self.open(opening),
            Command::SetRunning(id, running) => {
                if let (Some(sdl), Some(owned)) = (&self.sdl, self.open.get(&id)) {
                    owned.set_running(sdl, running);
                }
            }
            Command::Close(id) => self.close(id),
            Command::Settle(answer) => self.settling.push(answer),
        }
    }

    fn open(&mut self, opening: Opening) {
        if let Some(until) = self.in_the_way_until(&opening.request.options) {
            let mut since = lock(&opening.since);
            *since = until.max(*since);
            drop(since);
            self.waiting.push(opening);
            return;
        }
        let Opening { request, answer, .. } = opening;
        let id = request.id;
        let opened = self.open_now(*request);
        if answer.send(opened).is_err() {
            self.close(id);
        }
    }

    fn open_now(&mut self, request: OpenRequest) -> Result<Obtained, AudioError> {
        let OpenRequest { id, options, callback, control, tally } = request;
        let (owned, obtained) = Owned::open(self.sdl()?, options, callback, (control, tally))?;
        self.open.insert(id, owned);
        Ok(obtained)
    }

    /// Opens again what is gone.
    fn mend(&mut self) {
        let now = Instant::now();
        let Some(sdl) = &self.sdl else { return };
        if !self.open.values().any(|owned| owned.due().is_some_and(|due| due <= now)) {
            return;
        }
        // An audio system that went away takes all devices with it; SDL must be told to look for it again.
        let idle = self.closing.is_empty() && self.leaving.is_empty();
        if idle && !self.open.values().any(Owned::is_open) {
            sdl.restart();
        }
        self.open.values_mut().for_each(|owned| owned.mend(sdl, now));
        self.pump.ring();
    }

    /// Until when a device that is going may keep this one from being opened; `None` if the way is free.
    fn in_the_way_until(&self, wanted: &DeviceOptions) -> Option<Instant> {
        let driver = self.sdl.as_ref()?.driver();
        let keeps = |kind: Kind, name: &Option<String>| {
            kind == wanted.kind
                && match driver.as_str() {
                    // Servers mix: a device more is no matter to them.
                    "pulseaudio" | "pipewire" | "jack" | "coreaudio" | "wasapi" | "directsound" => false,
                    // A file, or a card that may have one user.
                    "disk" | "alsa" => *name == wanted.name,
                    // Those that have one device at all.
                    _ => true,
                }
        };
        let fading = self.closing.iter().filter(|(owned, _)| keeps(owned.options.kind, &owned.options.name));
        let fading = fading.map(|(owned, until)| *until + owned.three_periods);
        let leaving = self.leaving.iter().filter(|leaving| keeps(leaving.kind, &leaving.name));
        fading.chain(leaving.map(|leaving| leaving.until)).max()
    }

    fn close(&mut self, id: u64) {
        self.waiting.retain(|opening| opening.request.id != id);
        if let Some(owned) = self.open.remove(&id) {
            owned.control.closing.set(true);
            let until = Instant::now() + FADE_WITHIN + owned.three_periods;
            self.closing.push((owned, until));
        }
    }

    fn finish_closing(&mut self) {
        self.leaving.retain(|leaving| !leaving.gone.get());
        let now = Instant::now();
        let faded = |(owned, deadline): &mut (Owned, Instant)| owned.has_faded() || now >= *deadline;
        for (owned, _) in self.closing.extract_if(.., faded) {
            let (kind, name, three_periods) = (owned.options.kind, owned.options.name.clone(), owned.three_periods);
            let Some(device) = owned.into_device() else { continue };
            let gone = Arc::new(Flag::new());
            self.leaving.push(Leaving { kind, name, until: now + three_periods, gone: gone.clone() });
            let (hand_over, handed_over) = bounded(1);
            let close = move |device| {
                drop(sdl::close(device));
                gone.set(true);
                DOORBELL.ring();
            };
            let closer = close.clone();
            let run = move || {
                let _ = handed_over.recv().map(closer);
            };
            match std::thread::Builder::new().name("audio-close".into()).spawn(run) {
                Ok(_) => {
                    let _ = hand_over.send(device);
                }
                Err(_) => close(device),
            }
        }
    }

    fn take_events(&mut self) {
        if !sdl::take_events() {
            return;
        }
        self.open.values_mut().for_each(|owned| {
            owned.look();
        });
        LIST_CHANGED.set(true);
        self.pump.ring();
    }
}

/// A poisoned lock only means that some thread panicked elsewhere: what is inside is whole.
fn lock(since: &Since) -> MutexGuard<'_, Instant> {
    since.lock().unwrap_or_else(PoisonError::into_inner)
}
