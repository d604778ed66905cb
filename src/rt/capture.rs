//! Audio thread. Puts what the microphone gives into the frame ring, and decides what goes when there is no room.

use std::sync::Arc;

use ringbuf::HeapCons;
use ringbuf::traits::Observer;

use crate::format::Layout;
use crate::link::control::Control;
use crate::link::episodes::EpisodeSender;
use crate::link::frames::{FrameMarks, FrameReader, FrameWriter, SpareRing};
use crate::link::scrap::ScrapSender;
use crate::link::tally::Tally;
use crate::link::try_cell::TryCell;
use crate::link::wake::Bell;
use crate::units::Frames;

/// What to give up when the queue is as long as it may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overflow {
    DropOldest,
    DropNewest,
}

/// The ends of the lanes that a capture processor holds.
pub struct CaptureLanes {
    pub writer: FrameWriter,
    /// Shared by turns with JavaScript, so that the oldest frames can be dropped from here.
    pub reader: Arc<TryCell<FrameReader>>,
    pub marks: Arc<FrameMarks>,
    pub spares: HeapCons<SpareRing>,
    pub scrap: ScrapSender,
    pub episodes: EpisodeSender,
}

pub struct CaptureProcessor {
    lanes: CaptureLanes,
    layout: Layout,
    overflow: Overflow,
    max_queued: Frames,
    control: Arc<Control>,
    tally: Arc<Tally>,
    pump: Arc<Bell>,
}

impl CaptureProcessor {
    pub fn new(
        layout: Layout,
        lanes: CaptureLanes,
        (overflow, max_queued): (Overflow, Frames),
        (control, tally, pump): (Arc<Control>, Arc<Tally>, Arc<Bell>),
    ) -> CaptureProcessor {
        CaptureProcessor { lanes, layout, overflow, max_queued, control, tally, pump }
    }

    /// Takes `block`, interleaved in the device's format.
    pub fn process(&mut self, block: &[u8]) {
        let at = Frames(self.tally.frames.get());
        let frames = self.layout.frames_in(block.len());
        let flows = self.control.playing.get() && !self.control.closing.get() && !self.control.lost.get();
        if flows {
            self.keep(block, at);
        } else {
            self.end_episode(at);
        }
        self.tally.frames.add(frames.0);
    }

    fn keep(&mut self, block: &[u8], at: Frames) {
        let frames = self.layout.frames_in(block.len());
        let over = (self.lanes.marks.queued() + frames).saturating_sub(self.max_queued);
        let mut lost = Frames::ZERO;
        let mut take = block;
        if over > Frames::ZERO {
            match self.overflow {
                // With the reader at work right now room is coming: the ring's reserve holds this block.
                Overflow::DropOldest => {
                    let max_queued = self.max_queued;
                    // Of a block longer than the queue may be only the end is kept.
                    let beyond = frames.saturating_sub(max_queued);
                    take = block.get(self.layout.bytes_of(beyond)..).unwrap_or_default();
                    // Looked at again when it is our turn: the reader may have made room since.
                    let make_room = |reader: &mut FrameReader| {
                        reader.drop_oldest((reader.queued() + frames.min(max_queued)).saturating_sub(max_queued))
                    };
                    lost = beyond + self.lanes.reader.try_with(make_room).unwrap_or_default();
                }
                Overflow::DropNewest => {
                    let keep = self.layout.bytes_of(frames.saturating_sub(over));
                    take = block.get(..keep).unwrap_or_default();
                    lost = frames.saturating_sub(self.layout.frames_in(keep));
                }
            }
        }
        if self.lanes.writer.runs_low() {
            // What was cleared still takes room until somebody steps over it.
            let _ = self.lanes.reader.try_with(|reader| reader.settle());
        }
        let mut rest = self.lanes.writer.push(take);
        if !rest.is_empty() && self.lanes.writer.adopt(&mut self.lanes.spares, &mut self.lanes.scrap) {
            rest = self.lanes.writer.push(rest);
        }
        if self.lanes.writer.runs_low() && self.lanes.spares.is_empty() {
            self.pump.ring();
        }
        lost = lost + self.layout.frames_in(rest.len());
        if lost > Frames::ZERO {
            self.tally.episode_frames.add(lost.0);
            if self.lanes.episodes.lose(at, lost) {
                self.tally.episodes.add(1);
                self.pump.ring();
            }
        } else {
            self.end_episode(at);
        }
        self.tally.depth.note(self.lanes.marks.queued());
    }

    fn end_episode(&mut self, at: Frames) {
        if self.lanes.episodes.end(at) {
            self.pump.ring();
        }
    }
}
