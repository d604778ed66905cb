//! Audio thread. One reader's share of a microphone: puts what comes into its ring, and decides what goes when there is no
//! room.

use std::sync::Arc;

use ringbuf::HeapCons;
use ringbuf::traits::Observer;

use crate::format::Layout;
use crate::link::episodes::EpisodeSender;
use crate::link::frames::{FrameReader, FrameWriter, SpareRing};
use crate::link::gaps::GapSender;
use crate::link::guests::Guest;
use crate::link::marks::FrameMarks;
use crate::link::scrap::ScrapSender;
use crate::link::shared::SharedWriter;
use crate::link::tally::QueueTally;
use crate::link::tap::TapControl;
use crate::link::try_cell::TryCell;
use crate::link::wake::Bell;
use crate::units::Frames;

/// What to give up when the queue is as long as it may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overflow {
    DropOldest,
    DropNewest,
}

/// The ends of the lanes of a tap whose ring grows.
pub struct TapLanes {
    pub writer: FrameWriter,
    /// Shared by turns with JavaScript, so that the oldest frames can be dropped from here.
    pub reader: Arc<TryCell<FrameReader>>,
    pub marks: Arc<FrameMarks>,
    /// What never came into the ring.
    pub gaps: GapSender,
    pub spares: HeapCons<SpareRing>,
    pub scrap: ScrapSender,
}

pub enum Sink {
    Queue(TapLanes, Overflow),
    /// A ring that JavaScript reads, and room for one block of samples.
    Shared(SharedWriter, Box<[f32]>),
}

pub struct Tap {
    sink: Sink,
    layout: Layout,
    max_queued: Frames,
    episodes: EpisodeSender,
    control: Arc<TapControl>,
    tally: Arc<QueueTally>,
    pump: Arc<Bell>,
}

impl Tap {
    pub fn new(
        sink: Sink,
        (layout, max_queued): (Layout, Frames),
        episodes: EpisodeSender,
        (control, tally, pump): (Arc<TapControl>, Arc<QueueTally>, Arc<Bell>),
    ) -> Tap {
        Tap { sink, layout, max_queued, episodes, control, tally, pump }
    }

    /// Takes `block`, whose first frame is the device's frame `at`.
    pub fn keep(&mut self, block: &[u8], at: Frames) {
        let Tap { sink, layout, max_queued, pump, .. } = self;
        let lost = match sink {
            Sink::Queue(lanes, overflow) => lanes.keep(block, *layout, *overflow, *max_queued, pump),
            Sink::Shared(writer, samples) => {
                let room = samples.len() * layout.format.sample_bytes();
                let mut lost = Frames::ZERO;
                for bytes in block.chunks(room.max(1)) {
                    let count = bytes.len() / layout.format.sample_bytes();
                    let samples = samples.get_mut(..count).unwrap_or_default();
                    layout.format.decode(bytes, samples);
                    let pushed = writer.push(samples);
                    self.control.written.add(pushed.0);
                    lost = lost + layout.frames_in(bytes.len()).saturating_sub(pushed);
                }
                lost
            }
        };
        if lost > Frames::ZERO {
            self.tally.episode_frames.add(lost.0);
            if self.episodes.lose(at, lost) {
                self.tally.episodes.add(1);
                self.pump.ring();
            }
        } else {
            self.end_episode(at);
        }
        if let Sink::Queue(lanes, _) = &self.sink {
            self.tally.depth.note(lanes.marks.queued());
        }
    }

    /// `frames` never came: the device was gone.
    pub fn miss(&mut self, frames: Frames) {
        if let Sink::Queue(lanes, _) = &mut self.sink {
            lanes.miss(frames);
        }
    }

    /// Nothing comes for now: a shortage of room is over.
    pub fn end_episode(&mut self, at: Frames) {
        if self.episodes.end(at) {
            self.pump.ring();
        }
    }
}

impl Guest for Tap {
    fn has_ended(&self) -> bool {
        self.control.closing.get()
    }
}

impl TapLanes {
    /// `frames` do not come into the ring.
    fn miss(&mut self, frames: Frames) {
        if frames > Frames::ZERO {
            self.gaps.note(self.marks.written(), frames);
        }
    }

    /// Returns what was lost.
    fn keep(&mut self, block: &[u8], layout: Layout, overflow: Overflow, max_queued: Frames, pump: &Bell) -> Frames {
        let frames = layout.frames_in(block.len());
        let over = (self.marks.queued() + frames).saturating_sub(max_queued);
        let mut lost = Frames::ZERO;
        let mut take = block;
        // Of `lost`, what comes before the frames that are taken, and what after them.
        let (mut before, mut after) = (Frames::ZERO, Frames::ZERO);
        if over > Frames::ZERO {
            match overflow {
                // With the reader at work right now room is coming: the ring's reserve holds this block.
                Overflow::DropOldest => {
                    // Of a block longer than the queue may be only the end is kept.
                    before = frames.saturating_sub(max_queued);
                    take = block.get(layout.bytes_of(before)..).unwrap_or_default();
                    // Looked at again when it is our turn: the reader may have made room since.
                    let make_room = |reader: &mut FrameReader| {
                        reader.drop_oldest((reader.queued() + frames.min(max_queued)).saturating_sub(max_queued))
                    };
                    lost = before + self.reader.try_with(make_room).unwrap_or_default();
                }
                Overflow::DropNewest => {
                    let keep = layout.bytes_of(frames.saturating_sub(over));
                    take = block.get(..keep).unwrap_or_default();
                    after = frames.saturating_sub(layout.frames_in(keep));
                    lost = after;
                }
            }
        }
        if self.writer.runs_low() {
            // What was cleared still takes room until somebody steps over it.
            let _ = self.reader.try_with(|reader| reader.settle());
        }
        self.miss(before);
        if !take.is_empty() {
            self.gaps.tell();
        }
        let mut rest = self.writer.push(take);
        if !rest.is_empty() && self.writer.adopt(&mut self.spares, &mut self.scrap) {
            rest = self.writer.push(rest);
        }
        if self.writer.runs_low() && self.spares.is_empty() {
            pump.ring();
        }
        let unwritten = layout.frames_in(rest.len());
        self.miss(after + unwritten);
        lost + unwritten
    }
}
