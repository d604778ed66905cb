//! JavaScript threads and pump. A tap of a microphone as its holders see it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::device::holders::{Holders, Refusal, Turn};
use crate::device::owner::{Device, lock};
use crate::device::queue::{CaptureQueue, growing_tap};
use crate::device::waiting::{self, Waited};
use crate::error::AudioError;
use crate::events::shortage::{Shortage, ShortageWatch};
use crate::link::episodes::episode_lane;
use crate::link::gaps::Run;
use crate::link::marks::FrameCount;
use crate::link::shared::{Inside, SharedMemory, SharedWriter};
use crate::link::tally::QueueTally;
use crate::link::tap::TapControl;
use crate::rt::tap::{Overflow, Sink, Tap as TapEnd};
use crate::units::Frames;

#[derive(Clone, Debug)]
pub struct TapOptions {
    pub overflow: Overflow,
    pub max_queued: Frames,
}

pub struct Tap {
    pub id: u64,
    pub device: Arc<Device>,
    pub options: TapOptions,
    pub control: Arc<TapControl>,
    pub tally: Arc<QueueTally>,
    pub holders: Holders,
    output: Output,
    /// Of a ring of JavaScript's own: frames that were cleared, or went away with it.
    discarded: AtomicU64,
    shortages: Mutex<ShortageWatch>,
}

pub enum Output {
    Queue(CaptureQueue),
    /// JavaScript reads the ring by itself.
    Shared(Arc<SharedMemory>),
}

impl Tap {
    /// Joins the readers of the microphone `device`. With `memory` the tap fills that ring, and no more than that is queued.
    pub fn open(
        id: u64,
        device: Arc<Device>,
        mut options: TapOptions,
        memory: Option<Arc<SharedMemory>>,
    ) -> Result<Tap, AudioError> {
        let (control, tally) = (Arc::<TapControl>::default(), Arc::<QueueTally>::default());
        let (episodes, episodes_out) = episode_lane();
        let signals = (control.clone(), tally.clone(), device.pump().clone());
        let layout = device.options.layout;
        let (end, output) = match memory {
            Some(memory) => {
                options.max_queued = memory.shape().map_or(options.max_queued, |(_, frames)| frames);
                let room = device.options.period.as_len().min(4096) * layout.channels;
                let sink = Sink::Shared(SharedWriter::new(memory.clone()), vec![0.0; room].into());
                (TapEnd::new(sink, (layout, options.max_queued), episodes, signals), Output::Shared(memory))
            }
            None => {
                let limits = (options.overflow, options.max_queued);
                let (end, queue) = growing_tap(&device.options, limits, episodes, signals);
                (end, Output::Queue(queue))
            }
        };
        device.admit_tap(Box::new(end))?;
        let shortages = Mutex::new(ShortageWatch::new(episodes_out));
        Ok(Tap {
            id,
            device,
            options,
            control,
            tally,
            holders: Holders::new(),
            output,
            discarded: AtomicU64::new(0),
            shortages,
        })
    }

    pub fn is_closed(&self) -> bool {
        self.control.closing.get() || self.device.control.closed.get()
    }

    /// Whoever brought its ring has let go: nothing comes any more.
    pub fn has_lost_ring(&self) -> bool {
        matches!(&self.output, Output::Shared(memory) if memory.shape().is_none())
    }

    /// One holder less. True for the last one: the tap gets nothing more.
    /// `brought` says that this holder brought the ring: without that it gets nothing.
    pub fn let_go(&self, turn: Turn, brought: bool) -> bool {
        if brought && let Output::Shared(memory) = &self.output {
            let Inside { cleared, queued } = memory.detach();
            self.discarded.fetch_add((cleared + queued).0, Ordering::AcqRel);
        }
        let last = self.holders.let_go(turn);
        if last {
            self.device.dismiss(|| self.control.closing.raise());
        }
        last
    }

    /// The queue, if it is not JavaScript's own ring.
    pub fn queue(&self) -> Option<&CaptureQueue> {
        match &self.output {
            Output::Queue(queue) => Some(queue),
            Output::Shared(..) => None,
        }
    }

    pub fn queued(&self) -> Frames {
        match &self.output {
            Output::Queue(queue) => queue.marks.queued(),
            Output::Shared(memory) => memory.inside().queued,
        }
    }

    /// Of a ring of JavaScript's own, what went in and neither is there nor was cleared was read.
    pub fn count(&self) -> FrameCount {
        let Output::Shared(memory) = &self.output else {
            return self.queue().map(|queue| queue.marks.count()).unwrap_or_default();
        };
        // First what is inside: what comes meanwhile looks as if it were read.
        let (queued, discarded) = (memory.inside().queued, Frames(self.discarded.load(Ordering::Acquire)));
        let written = Frames(self.control.written.get());
        // There may have been something in it before.
        let (discarded, queued) = (discarded.min(written), queued.min(written.saturating_sub(discarded)));
        FrameCount { written, delivered: written - discarded - queued, discarded, queued, ..FrameCount::default() }
    }

    pub fn read(&self, turn: Turn, into: &mut [u8]) -> Result<Frames, Refusal> {
        if self.is_closed() {
            return Err(Refusal::Closed);
        }
        self.holders.claim(turn)?;
        let queue = self.queue().ok_or(Refusal::Taken)?;
        Ok(self.device.options.layout.frames_in(queue.read(into)))
    }

    /// The same up to where frames are missing, and where in the microphone's time they lie.
    pub fn read_run(&self, turn: Turn, into: &mut [u8]) -> Result<Run, Refusal> {
        if self.is_closed() {
            return Err(Refusal::Closed);
        }
        self.holders.claim(turn)?;
        Ok(self.queue().ok_or(Refusal::Taken)?.read_run(into))
    }

    pub fn clear(&self) {
        match &self.output {
            Output::Queue(queue) => queue.marks.discard_all(),
            Output::Shared(memory) => {
                self.discarded.fetch_add(memory.skip().0, Ordering::AcqRel);
            }
        }
        self.device.control.block_done.ring();
    }

    /// Blocks until there are `frames`.
    pub fn wait_for(&self, frames: Frames, timeout: Duration) -> Waited {
        waiting::wait_for(
            &self.device,
            timeout,
            || self.queued() >= frames,
            || self.is_closed() || self.has_lost_ring(),
        )
    }

    pub fn faults(&self) -> u64 {
        if let Output::Shared(memory) = &self.output { memory.faults() } else { 0 }
    }

    /// Pump: frees what came home.
    pub fn tidy(&self) {
        if let Some(queue) = self.queue() {
            queue.tidy();
        }
    }

    /// Pump: tells what is new of shortages; returns when to look again at the latest.
    pub fn look_at_shortages(&self, now: Instant, tell: impl FnMut(Shortage)) -> Option<Instant> {
        let at = Frames(self.device.tally.frames.get());
        lock(&self.shortages).look(now, at, &self.tally, tell)
    }
}
