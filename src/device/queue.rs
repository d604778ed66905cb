//! JavaScript threads and pump. The queue of a microphone, or of a tap of one, as its reader and the pump see it.

use std::sync::{Arc, Mutex};

use ringbuf::traits::{Observer, Producer, Split};
use ringbuf::{HeapProd, HeapRb};

use crate::device::options::DeviceOptions;
use crate::device::owner::lock;
use crate::format::Layout;
use crate::link::episodes::EpisodeSender;
use crate::link::frames::{FrameReader, SpareRing, frame_ring};
use crate::link::gaps::{GapReceiver, Run, gap_lane};
use crate::link::marks::FrameMarks;
use crate::link::scrap::{ScrapReceiver, scrap_lane};
use crate::link::tally::QueueTally;
use crate::link::tap::TapControl;
use crate::link::try_cell::TryCell;
use crate::link::wake::Bell;
use crate::rt::tap::{Overflow, Sink, Tap, TapLanes};
use crate::units::Frames;

const FIRST_RING_MS: u64 = 500;
/// Room beyond the limit, for the blocks that come while the reader holds its end.
const RESERVE_PERIODS: u64 = 8;

pub struct CaptureQueue {
    pub reader: Arc<TryCell<FrameReader>>,
    pub marks: Arc<FrameMarks>,
    layout: Layout,
    most: Frames,
    gaps: Mutex<GapReceiver>,
    pump: Mutex<Backstage>,
}

/// The pump's ends.
struct Backstage {
    scraps: [ScrapReceiver; 2],
    spares: HeapProd<SpareRing>,
    /// Of the largest ring so far.
    size: Frames,
}

/// A tap with a queue of its own that grows, for a microphone that was opened with `options`.
pub fn growing_tap(
    options: &DeviceOptions,
    (overflow, max_queued): (Overflow, Frames),
    episodes: EpisodeSender,
    signals: (Arc<TapControl>, Arc<QueueTally>, Arc<Bell>),
) -> (Tap, CaptureQueue) {
    let layout = options.layout;
    let (scrap, read_ends) = scrap_lane();
    let (write_scrap, write_ends) = scrap_lane();
    let reserve = Frames(RESERVE_PERIODS * options.period.0);
    let first = Frames::of_millis(FIRST_RING_MS, options.rate).min(max_queued) + reserve;
    let (writer, reader, marks) = frame_ring(layout, first, scrap);
    let reader = Arc::new(TryCell::new(reader));
    let (spares_in, spares) = HeapRb::new(1).split();
    let (gaps, gaps_out) = gap_lane();
    let lanes = TapLanes { writer, reader: reader.clone(), marks: marks.clone(), gaps, spares, scrap: write_scrap };
    let tap = Tap::new(Sink::Queue(lanes, overflow), (layout, max_queued), episodes, signals);
    let pump = Mutex::new(Backstage { scraps: [read_ends, write_ends], spares: spares_in, size: first });
    let (most, gaps) = (max_queued + reserve, Mutex::new(gaps_out));
    (tap, CaptureQueue { reader, marks, layout, most, gaps, pump })
}

impl CaptureQueue {
    /// Moves whole frames into `into`; returns bytes.
    pub fn read(&self, into: &mut [u8]) -> usize {
        if self.marks.queued() == Frames::ZERO {
            return 0;
        }
        self.reader.with(|reader| {
            reader.settle();
            reader.pop(into)
        })
    }

    /// The same up to where frames are missing, and where they lie in the time of the microphone: what was lost counts there,
    /// pauses do not.
    pub fn read_run(&self, into: &mut [u8]) -> Run {
        let gaps = &mut *lock(&self.gaps);
        self.reader.with(|reader| {
            reader.settle();
            let run = gaps.run(reader.passed(), self.marks.written());
            let room = into.len().min(self.layout.bytes_of(run.frames));
            let filled = reader.pop(into.get_mut(..room).unwrap_or_default());
            Run { frames: self.layout.frames_in(filled), ..run }
        })
    }

    /// Pump: frees what came home, and keeps a larger ring at hand when it is read slowly.
    pub fn tidy(&self) {
        let Backstage { scraps, spares, size } = &mut *lock(&self.pump);
        for scrap in scraps {
            scrap.free_all();
        }
        if spares.is_empty() && self.marks.queued().0 * 2 > size.0 {
            *size = Frames(size.0 * 2).min(self.most);
            // Without memory for it the overflow policy decides.
            let _ = SpareRing::try_new(self.layout, *size).map(|spare| spares.try_push(spare));
        }
    }
}
