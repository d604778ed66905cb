//! JavaScript threads and pump. A device as its holders see it: both ends of its rings that are not the audio thread's.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use ringbuf::traits::{Observer, Producer, Split};
use ringbuf::{HeapProd, HeapRb};

use crate::device::options::{DeviceOptions, Kind, Obtained, OnLost};
use crate::device::service::{OpenRequest, Pending, Service};
use crate::link::control::Control;
use crate::link::episodes::{Episode, EpisodeReceiver, episode_lane};
use crate::link::frames::{Fate, FrameMarks, FrameReader, FrameWriter, SpareRing, frame_ring};
use crate::link::scrap::{ScrapReceiver, scrap_lane};
use crate::link::tally::Tally;
use crate::link::try_cell::TryCell;
use crate::rt::callback::{Callback, Processor};
use crate::rt::capture::{CaptureLanes, CaptureProcessor};
use crate::rt::guard::CallbackGuard;
use crate::rt::playback::PlaybackProcessor;
use crate::units::Frames;

/// Twice what `write` may fill, so that a producer that queues a little more does not grow the ring.
const RINGS_PER_CAPACITY: u64 = 2;
/// The first ring is touched whole when the device is opened; a longer queue grows into larger ones.
const FIRST_RING_MOST_BYTES: usize = 512 << 10;
const FIRST_CAPTURE_RING_MS: u64 = 500;
/// Room beyond the limit, for the blocks that come while the reader holds its end.
const RESERVE_PERIODS: u64 = 8;

pub struct Device {
    pub id: u64,
    pub options: DeviceOptions,
    pub control: Arc<Control>,
    pub tally: Arc<Tally>,
    pub marks: Arc<FrameMarks>,
    obtained: OnceLock<Obtained>,
    end: End,
    /// Whose turn it is to write (playback) or read (capture): a `Turn`, or 0 for nobody's.
    turn: AtomicU64,
    holders: AtomicU32,
    backstage: Mutex<Backstage>,
}

enum End {
    Playback(TryCell<FrameWriter>, Arc<TryCell<FrameReader>>),
    Capture(Arc<TryCell<FrameReader>>),
}

/// The pump's ends.
struct Backstage {
    scraps: Vec<ScrapReceiver>,
    episodes: EpisodeReceiver,
    spares: Option<(HeapProd<SpareRing>, Frames)>,
}

/// One instance of an environment, as a user of a device's data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn(u64);

impl Turn {
    /// `env` counts from 1.
    pub fn new(env: u32, slot: u32) -> Turn {
        Turn(u64::from(env) << 32 | u64::from(slot))
    }

    fn same_env(self, other: u64) -> bool {
        self.0 >> 32 == other >> 32
    }
}

/// Why data was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Another environment uses this end.
    Taken,
    Full,
}

/// How a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waited {
    Ready,
    TimedOut,
    Closed,
    /// The device is gone, or its callback failed.
    Lost,
}

impl Device {
    /// Begins to open a device; the caller is its first holder once it has been told what was `obtained`.
    pub fn open(id: u64, options: DeviceOptions, service: &Service) -> (Device, Pending<Obtained>) {
        let layout = options.layout;
        let control = Arc::new(Control::default());
        let tally = Arc::new(Tally::new());
        let shared = || (control.clone(), tally.clone(), service.pump().clone());
        let (episodes, episodes_out) = episode_lane();
        let (scrap, scrap_out) = scrap_lane();

        let (end, marks, processor, backstage) = match options.kind {
            Kind::Playback => {
                let most = layout.frames_in(FIRST_RING_MOST_BYTES);
                let ring = Frames((options.capacity.0 * RINGS_PER_CAPACITY).min(most.0).max(2 * options.period.0));
                let (writer, reader, marks) = frame_ring(layout, ring, scrap);
                let reader = Arc::new(TryCell::new(reader));
                let processor = PlaybackProcessor::new(layout, options.rate, reader.clone(), episodes, shared());
                let backstage = Backstage { scraps: vec![scrap_out], episodes: episodes_out, spares: None };
                (End::Playback(TryCell::new(writer), reader), marks, Processor::Playback(processor), backstage)
            }
            Kind::Capture => {
                let first = Frames::of_millis(FIRST_CAPTURE_RING_MS, options.rate).min(options.max_queued)
                    + Frames(RESERVE_PERIODS * options.period.0);
                let (writer, reader, marks) = frame_ring(layout, first, scrap);
                let reader = Arc::new(TryCell::new(reader));
                let (spares_in, spares) = HeapRb::new(1).split();
                let (scrap, write_ends) = scrap_lane();
                let lanes =
                    CaptureLanes { writer, reader: reader.clone(), marks: marks.clone(), spares, scrap, episodes };
                let limits = (options.overflow, options.max_queued);
                let processor = CaptureProcessor::new(layout, lanes, limits, shared());
                let backstage = Backstage {
                    scraps: vec![scrap_out, write_ends],
                    episodes: episodes_out,
                    spares: Some((spares_in, first)),
                };
                (End::Capture(reader), marks, Processor::Capture(processor), backstage)
            }
        };
        let (guard_control, guard_tally, pump) = shared();
        let guard = CallbackGuard::new(guard_control, guard_tally, pump);
        let callback = Callback { layout, guard, processor };
        let device = Device {
            id,
            control: control.clone(),
            tally: tally.clone(),
            marks,
            obtained: OnceLock::new(),
            end,
            turn: AtomicU64::new(0),
            holders: AtomicU32::new(1),
            backstage: Mutex::new(backstage),
            options: options.clone(),
        };
        let pending = service.open(OpenRequest { id, options, callback, control, tally });
        (device, pending)
    }

    /// Tells what the device turned out to be.
    pub fn opened(&self, obtained: Obtained) {
        let _ = self.obtained.set(obtained);
    }

    pub fn obtained(&self) -> Option<&Obtained> {
        self.obtained.get()
    }

    pub fn has_failed(&self) -> bool {
        self.control.failed.get() || (self.control.lost.get() && self.options.on_lost == OnLost::Fail)
    }

    /// One more holder; false if the last one has already let go.
    pub fn hold(&self) -> bool {
        let one_more = |holders: u32| (holders > 0).then(|| holders + 1);
        self.holders.fetch_update(Ordering::AcqRel, Ordering::Acquire, one_more).is_ok()
    }

    /// One holder less. True for the last one: the device is then closing, and every wait on it ends.
    pub fn let_go(&self, turn: Turn) -> bool {
        let _ = self.turn.compare_exchange(turn.0, 0, Ordering::AcqRel, Ordering::Relaxed);
        let last = self.holders.fetch_sub(1, Ordering::AcqRel) == 1;
        if last {
            self.control.closing.set(true);
            self.control.closed.set(true);
            self.control.block_done.ring();
        }
        last
    }

    /// Makes it `turn`'s, if it is nobody's or that of another instance on the same thread.
    fn claim(&self, turn: Turn) -> Result<(), Refusal> {
        match self.turn.load(Ordering::Acquire) {
            now if now == turn.0 => Ok(()),
            0 => self
                .turn
                .compare_exchange(0, turn.0, Ordering::AcqRel, Ordering::Acquire)
                .map(drop)
                .map_err(|_| Refusal::Taken),
            now if turn.same_env(now) => {
                // No other thread changes it while it is ours.
                self.turn.store(turn.0, Ordering::Release);
                Ok(())
            }
            _ => Err(Refusal::Taken),
        }
    }

    /// Whether another environment has the turn.
    pub fn is_used_elsewhere(&self, turn: Turn) -> bool {
        let now = self.turn.load(Ordering::Acquire);
        now != 0 && !turn.same_env(now)
    }

    /// Queues all of `bytes`, whole frames, or nothing.
    pub fn enqueue(&self, turn: Turn, bytes: &[u8]) -> Result<(), Refusal> {
        self.claim(turn)?;
        let End::Playback(writer, _) = &self.end else { return Err(Refusal::Taken) };
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
        self.claim(turn)?;
        let End::Playback(writer, _) = &self.end else { return Err(Refusal::Taken) };
        let layout = self.options.layout;
        let fits = self.space().min(layout.frames_in(bytes.len()));
        let now = bytes.get(..layout.bytes_of(fits)).unwrap_or_default();
        Ok(if writer.with(|writer| writer.append(now)) { fits } else { Frames::ZERO })
    }

    /// What `read` answers whatever the memory: that it is somebody else's, or that nothing is queued.
    pub fn read_at_once(&self, turn: Turn) -> Option<Result<Frames, Refusal>> {
        match self.claim(turn) {
            Err(refusal) => Some(Err(refusal)),
            Ok(()) => (self.queued() == Frames::ZERO).then_some(Ok(Frames::ZERO)),
        }
    }

    /// Moves whole frames from the microphone's queue into `into`; returns how many.
    pub fn read(&self, turn: Turn, into: &mut [u8]) -> Result<Frames, Refusal> {
        self.claim(turn)?;
        let End::Capture(reader) = &self.end else { return Err(Refusal::Taken) };
        if self.queued() == Frames::ZERO {
            return Ok(Frames::ZERO);
        }
        let bytes = reader.with(|reader| {
            reader.settle();
            reader.pop(into, Fate::Delivered)
        });
        Ok(self.options.layout.frames_in(bytes))
    }

    /// Drops what is queued, at once.
    pub fn clear(&self) {
        self.marks.discard_all();
        let (End::Playback(_, reader) | End::Capture(reader)) = &self.end;
        // Makes the room free now; if the audio thread is at it, it does the same.
        let _ = reader.try_with(|reader| reader.settle());
        self.control.block_done.ring();
    }

    pub fn queued(&self) -> Frames {
        self.marks.queued()
    }

    /// Frames that `write` would take now.
    pub fn space(&self) -> Frames {
        self.options.capacity.saturating_sub(self.queued())
    }

    /// Blocks until there is room (playback) or data (capture) for `frames`.
    pub fn wait_for(&self, frames: Frames, timeout: Duration) -> Waited {
        let deadline = Instant::now() + timeout;
        let enough = || match self.end {
            End::Playback(..) => self.space() >= frames,
            End::Capture(_) => self.queued() >= frames,
        };
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let over =
                self.control.block_done.wait_until(left, || enough() || self.control.closed.get() || self.has_failed());
            if self.control.closed.get() {
                return Waited::Closed;
            }
            if self.has_failed() {
                return Waited::Lost;
            }
            if over {
                return Waited::Ready;
            }
            if Instant::now() >= deadline {
                return Waited::TimedOut;
            }
        }
    }

    /// Pump: frees what came home, keeps a larger ring at hand for a microphone that is read slowly, gives back memory.
    pub fn tidy(&self) {
        let mut backstage = lock(&self.backstage);
        for scrap in &mut backstage.scraps {
            scrap.free_all();
        }
        if let Some((spares, size)) = &mut backstage.spares
            && spares.is_empty()
            && self.marks.queued().0 * 2 > size.0
        {
            let most = self.options.max_queued + Frames(RESERVE_PERIODS * self.options.period.0);
            *size = Frames(size.0 * 2).min(most);
            // Without memory for it the overflow policy decides.
            let _ = SpareRing::try_new(self.options.layout, *size).map(|spare| spares.try_push(spare));
        }
        if let End::Playback(writer, _) = &self.end {
            writer.with(FrameWriter::shrink_if_drained);
        }
    }

    /// Pump: the next thing that the audio thread told of a shortage.
    pub fn next_episode(&self) -> Option<Episode> {
        lock(&self.backstage).episodes.try_next()
    }
}

/// A poisoned lock only means that some thread panicked elsewhere: what is inside is whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
