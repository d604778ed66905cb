//! JavaScript threads and pump. A device as its holders see it: both ends of its rings that are not the audio thread's.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use crate::device::holders::{Holders, Refusal, Turn};
use crate::device::monotonic;
use crate::device::options::{DeviceOptions, Kind, Obtained, OnLost};
use crate::device::queue::{CaptureQueue, growing_tap};
use crate::device::service::{OpenRequest, Pending, Service};
use crate::device::waiting::{self, Waited};
use crate::error::{AudioError, ErrorCode};
use crate::events::shortage::{Shortage, ShortageWatch};
use crate::link::clock::{DeviceClock, device_clock};
use crate::link::control::Control;
use crate::link::episodes::episode_lane;
use crate::link::frames::{FrameReader, FrameWriter, frame_ring};
use crate::link::guests::{Door, guest_room};
use crate::link::latest::GainOrder;
use crate::link::marks::FrameMarks;
use crate::link::scrap::{ScrapReceiver, scrap_lane};
use crate::link::tally::Tally;
use crate::link::try_cell::TryCell;
use crate::link::wake::Bell;
use crate::rt::callback::{Callback, Processor};
use crate::rt::capture::CaptureProcessor;
use crate::rt::guard::CallbackGuard;
use crate::rt::playback::PlaybackProcessor;
use crate::rt::tap::Tap;
use crate::rt::voice::Voice;
use crate::units::Frames;

/// Twice what `write` may fill, so that a producer that queues a little more does not grow the ring.
const RINGS_PER_CAPACITY: u64 = 2;
/// The first ring is touched whole when the device is opened; a longer queue grows into larger ones.
const FIRST_RING_MOST_BYTES: usize = 512 << 10;
/// Sources that a device mixes at a time.
pub const MOST_SOURCES: usize = 4096;
/// Taps of a microphone at a time.
pub const MOST_TAPS: usize = 64;

pub struct Device {
    pub id: u64,
    pub options: DeviceOptions,
    pub control: Arc<Control>,
    pub tally: Arc<Tally>,
    pub marks: Arc<FrameMarks>,
    obtained: OnceLock<Obtained>,
    clock: Arc<DeviceClock>,
    end: End,
    holders: Holders,
    shortages: Mutex<ShortageWatch>,
    pump: Arc<Bell>,
}

enum End {
    Playback {
        writer: TryCell<FrameWriter>,
        reader: Arc<TryCell<FrameReader>>,
        pump: Mutex<(ScrapReceiver, Door<Voice>)>,
    },
    Capture {
        queue: CaptureQueue,
        door: Mutex<Door<Tap>>,
    },
}

/// Where the device is: `frames` are at the speaker (microphone) at `micros` of the monotonic clock.
#[derive(Clone, Copy, Debug)]
pub struct Position {
    pub frames: f64,
    pub micros: f64,
    pub latency_micros: f64,
    pub drift_ppm: f64,
}

impl Device {
    /// Begins to open a device; the caller is its first holder once it has been told what was `obtained`.
    pub fn open(id: u64, options: DeviceOptions, service: &Service) -> (Device, Pending<Obtained>) {
        let layout = options.layout;
        let control = Arc::new(Control::default());
        let tally = Arc::new(Tally::new());
        let shared = || (control.clone(), tally.clone(), service.pump().clone());
        let (episodes, episodes_out) = episode_lane();

        let (end, marks, processor) = match options.kind {
            Kind::Playback => {
                let (scrap, scrap_out) = scrap_lane();
                let most = layout.frames_in(FIRST_RING_MOST_BYTES);
                let ring = Frames((options.capacity.0 * RINGS_PER_CAPACITY).min(most.0).max(2 * options.period.0));
                let (writer, reader, marks) = frame_ring(layout, ring, scrap);
                let reader = Arc::new(TryCell::new(reader));
                let (door, voices) = guest_room(MOST_SOURCES);
                let processor =
                    PlaybackProcessor::new(layout, options.rate, reader.clone(), episodes, voices, shared());
                let pump = Mutex::new((scrap_out, door));
                (End::Playback { writer: TryCell::new(writer), reader, pump }, marks, Processor::Playback(processor))
            }
            Kind::Capture => {
                let limits = (options.overflow, options.max_queued);
                let signals = (Arc::default(), tally.queue.clone(), service.pump().clone());
                let (own, queue) = growing_tap(&options, limits, episodes, signals);
                let (door, taps) = guest_room(MOST_TAPS);
                let processor = CaptureProcessor::new((layout, options.rate), own, taps, shared());
                let marks = queue.marks.clone();
                (End::Capture { queue, door: Mutex::new(door) }, marks, Processor::Capture(processor))
            }
        };
        let (clock_keeper, clock) = device_clock(options.rate);
        let guard = CallbackGuard::new(options.rate, clock_keeper, shared());
        let callback = Callback { layout, guard, processor };
        let device = Device {
            id,
            control: control.clone(),
            tally: tally.clone(),
            marks,
            obtained: OnceLock::new(),
            clock,
            end,
            holders: Holders::new(),
            shortages: Mutex::new(ShortageWatch::new(episodes_out)),
            pump: service.pump().clone(),
            options: options.clone(),
        };
        let pending = service.open(OpenRequest { id, options, callback, control, tally });
        (device, pending)
    }

    /// Tells what the device turned out to be.
    pub fn opened(&self, obtained: Obtained) {
        let _ = self.obtained.set(obtained);
    }

    /// The bell that wakes the pump.
    pub fn pump(&self) -> &Arc<Bell> {
        &self.pump
    }

    pub fn obtained(&self) -> Option<&Obtained> {
        self.obtained.get()
    }

    pub fn has_failed(&self) -> bool {
        self.control.failed.get() || (self.control.lost.get() && self.options.on_lost == OnLost::Fail)
    }

    /// One more holder; false if the last one has already let go.
    pub fn hold(&self) -> bool {
        self.holders.hold()
    }

    /// One holder less. True for the last one: the device is then closing, and every wait on it ends.
    pub fn let_go(&self, turn: Turn) -> bool {
        let last = self.holders.let_go(turn);
        if last {
            self.control.closing.set(true);
            self.control.closed.set(true);
            self.control.block_done.ring();
        }
        last
    }

    /// Whether another environment has the turn at the ring.
    pub fn is_used_elsewhere(&self, turn: Turn) -> bool {
        self.holders.is_used_elsewhere(turn)
    }

    /// Queues all of `bytes`, whole frames, or nothing.
    pub fn enqueue(&self, turn: Turn, bytes: &[u8]) -> Result<(), Refusal> {
        self.holders.claim(turn)?;
        let End::Playback { writer, .. } = &self.end else { return Err(Refusal::Taken) };
        let frames = self.options.layout.frames_in(bytes.len());
        let limit = self.options.max_queued;
        // What was cleared but not yet stepped over takes memory too: a device that hangs must not let it grow.
        if self.marks.queued() + frames > limit || self.marks.in_rings() + frames > Frames(2 * limit.0) {
            return Err(Refusal::Full);
        }
        if writer.with(|writer| writer.append(bytes)) { Ok(()) } else { Err(Refusal::Full) }
    }

    /// Queues the whole frames of `bytes` for which there is room within the capacity; returns how many.
    pub fn write(&self, turn: Turn, bytes: &[u8]) -> Result<Frames, Refusal> {
        self.holders.claim(turn)?;
        let End::Playback { writer, .. } = &self.end else { return Err(Refusal::Taken) };
        let layout = self.options.layout;
        let fits = self.space().min(layout.frames_in(bytes.len()));
        let now = bytes.get(..layout.bytes_of(fits)).unwrap_or_default();
        Ok(if writer.with(|writer| writer.append(now)) { fits } else { Frames::ZERO })
    }

    /// What `read` answers whatever the memory: that it is somebody else's, or that nothing is queued.
    pub fn read_at_once(&self, turn: Turn) -> Option<Result<Frames, Refusal>> {
        match self.holders.claim(turn) {
            Err(refusal) => Some(Err(refusal)),
            Ok(()) => (self.queued() == Frames::ZERO).then_some(Ok(Frames::ZERO)),
        }
    }

    /// Moves whole frames from the microphone's queue into `into`; returns how many.
    pub fn read(&self, turn: Turn, into: &mut [u8]) -> Result<Frames, Refusal> {
        self.holders.claim(turn)?;
        let End::Capture { queue, .. } = &self.end else { return Err(Refusal::Taken) };
        Ok(self.options.layout.frames_in(queue.read(into)))
    }

    /// Drops what is queued, at once.
    pub fn clear(&self) {
        self.marks.discard_all();
        // Makes the room free now; if the audio thread is at it, it does the same.
        let _ = self.reader().try_with(FrameReader::settle);
        self.control.block_done.ring();
    }

    /// Cuts off what is queued; at most `fade` of it still comes out, fading. Returns the frames that never will.
    pub fn stop(&self, fade: Frames) -> Frames {
        let sounds = self.control.playing.get() && !self.control.lost.get();
        let cut = self.reader().with(|reader| reader.cut(if sounds { fade } else { Frames::ZERO }));
        self.control.block_done.ring();
        cut
    }

    fn reader(&self) -> &TryCell<FrameReader> {
        match &self.end {
            End::Playback { reader, .. } => reader,
            End::Capture { queue, .. } => &queue.reader,
        }
    }

    pub fn queued(&self) -> Frames {
        self.marks.queued()
    }

    /// Frames that `write` would take now.
    pub fn space(&self) -> Frames {
        self.options.capacity.saturating_sub(self.queued())
    }

    /// There is room (playback) or data (capture) for `frames`.
    pub fn has(&self, frames: Frames) -> bool {
        match self.options.kind {
            Kind::Playback => self.space() >= frames,
            Kind::Capture => self.queued() >= frames,
        }
    }

    /// Blocks until there is room (playback) or data (capture) for `frames`.
    pub fn wait_for(&self, frames: Frames, timeout: Duration) -> Waited {
        waiting::wait_for(self, timeout, || self.has(frames), || false)
    }

    /// Goes to `gain` over `over` frames.
    pub fn set_gain(&self, gain: f32, over: Frames) {
        self.control.gain.set(GainOrder { gain, over });
    }

    /// Frames between the callback and the speaker (microphone), as far as this side knows.
    fn latency(&self) -> Frames {
        let period = self.obtained().map_or(self.options.period, |obtained| obtained.period);
        period.max(self.options.depth)
    }

    pub fn latency_duration(&self) -> Duration {
        Duration::from_secs_f64(self.latency().0 as f64 / f64::from(self.options.rate.0))
    }

    /// Where the device is now; before its first callback, at its beginning.
    pub fn position(&self) -> Position {
        let (now, latency, rate) = (monotonic::nanos(), self.latency(), f64::from(self.options.rate.0));
        let reading = self.clock.reading();
        let (frames, drift_ppm) = reading.map_or((0.0, 0.0), |reading| {
            let at = reading.frames_at(now);
            let frames = match self.options.kind {
                // What was asked for before this block is still on its way.
                Kind::Playback => at - latency.saturating_sub(reading.block).0 as f64,
                // The block that the callback brings was heard before it.
                Kind::Capture => at + reading.block.0 as f64,
            };
            (frames.max(0.0), self.clock.drift_ppm(&reading))
        });
        let latency_micros = latency.0 as f64 * 1.0e6 / rate;
        Position { frames, micros: now as f64 / 1000.0, latency_micros, drift_ppm }
    }

    /// Between callbacks: how many frames of the block under way are still to be played by the smooth clock (below zero while the
    /// next one is late), the length of that block, and how much faster than its rate the device runs, in parts per million.
    pub fn under_way(&self, nanos: u64) -> Option<(f64, Frames, f64)> {
        let reading = self.clock.reading()?;
        let end = (reading.at + reading.block).0 as f64;
        Some((end - reading.frames_at(nanos), reading.block, self.clock.drift_ppm(&reading)))
    }

    /// Lets a source join the mix.
    pub fn admit_voice(&self, voice: Box<Voice>) -> Result<(), AudioError> {
        let act = "createSource()";
        let End::Playback { pump, .. } = &self.end else {
            return Err(AudioError::new(ErrorCode::NotSupported, act, "a microphone mixes nothing"));
        };
        let full =
            |_| AudioError::new(ErrorCode::OutOfRange, act, format!("a device mixes at most {MOST_SOURCES} sources"));
        lock(pump).1.admit(voice).map_err(full)
    }

    /// Lets a tap join the microphone's readers.
    pub fn admit_tap(&self, tap: Box<Tap>) -> Result<(), AudioError> {
        let act = "createTap()";
        let End::Capture { door, .. } = &self.end else {
            return Err(AudioError::new(ErrorCode::NotSupported, act, "only a microphone can be tapped"));
        };
        let full =
            |_| AudioError::new(ErrorCode::OutOfRange, act, format!("a microphone has at most {MOST_TAPS} taps"));
        lock(door).admit(tap).map_err(full)
    }

    /// A source or tap is to leave, once `begin` has said so; its place is free from then on.
    pub fn dismiss(&self, begin: impl FnOnce() -> bool) {
        match &self.end {
            End::Playback { pump, .. } => {
                let door = &mut lock(pump).1;
                if begin() {
                    door.expect_home();
                }
            }
            End::Capture { door, .. } => {
                let door = &mut lock(door);
                if begin() {
                    door.expect_home();
                }
            }
        }
        self.control.block_done.ring();
    }

    /// Pump: frees what came home, keeps a larger ring at hand for a microphone that is read slowly, gives back memory.
    pub fn tidy(&self) {
        match &self.end {
            End::Playback { writer, pump, .. } => {
                let (scrap, door) = &mut *lock(pump);
                scrap.free_all();
                door.take_home();
                // Whoever writes right now will be followed by another look.
                let _ = writer.try_with(FrameWriter::shrink_if_drained);
            }
            End::Capture { queue, door } => {
                queue.tidy();
                lock(door).take_home();
            }
        }
    }

    /// Pump: tells what is new of shortages; returns when to look again at the latest.
    pub fn look_at_shortages(&self, now: Instant, tell: impl FnMut(Shortage)) -> Option<Instant> {
        let at = Frames(self.tally.frames.get());
        lock(&self.shortages).look(now, at, &self.tally.queue, tell)
    }
}

/// A poisoned lock only means that some thread panicked elsewhere: what is inside is whole.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
