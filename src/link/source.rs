//! JavaScript threads to audio thread: one more stream to be mixed, as samples at the device's rate and in its channels. The
//! ring is as long as it was made; nothing grows.

use std::sync::Arc;

use ringbuf::traits::{Consumer, Observer, Producer, Split};
use ringbuf::wrap::Wrap;
use ringbuf::{HeapCons, HeapProd, HeapRb};

use crate::link::ahead::bring_near;
use crate::link::control::Flag;
use crate::link::latest::LatestGain;
use crate::link::marks::FrameMarks;
use crate::link::shared::SharedReader;
use crate::link::tally::{Counter, QueueTally};
use crate::units::Frames;

/// How a source is steered, and what it tells. What every block looks at comes first, in one cache line.
#[derive(Debug, Default)]
#[repr(C, align(64))]
pub struct SourceControl {
    pub gain: LatestGain,
    /// Wanted: an end. The source fades out and leaves the mix.
    pub closing: Flag,
    /// Told by the audio thread: the last of its sound is out.
    pub faded: Flag,
    pub tally: QueueTally,
    /// Samples that were no numbers, and became silence.
    pub faulty: Counter,
}

impl SourceControl {
    /// Bytes, from the first on.
    pub const USED_IN_EVERY_BLOCK: usize = 16;
}

pub struct SourceWriter {
    prod: HeapProd<f32>,
    channels: usize,
    marks: Arc<FrameMarks>,
    written: u64,
}

pub struct SourceReader {
    feed: Feed,
    channels: usize,
    marks: Arc<FrameMarks>,
    read: u64,
    delivered: u64,
    cleared_to: u64,
    /// Frames that were in the ring when it was last looked at.
    there: Frames,
    /// Where the samples begin that come next, and how many bytes were used last time.
    next: (usize, usize),
}

/// Where the samples come from.
pub enum Feed {
    Ring(HeapCons<f32>),
    /// A ring that JavaScript writes, and what was copied out of it for this block.
    Shared(SharedReader, Box<[f32]>),
}

/// A ring of `capacity` frames of `channels` samples.
#[expect(clippy::disallowed_methods, reason = "not for the audio thread")]
pub fn source_ring(channels: usize, capacity: Frames) -> (SourceWriter, SourceReader, Arc<FrameMarks>) {
    let (prod, cons) = HeapRb::new(capacity.as_len().saturating_mul(channels).max(channels)).split();
    let marks = Arc::new(FrameMarks::default());
    let writer = SourceWriter { prod, channels, marks: marks.clone(), written: 0 };
    (writer, SourceReader::new(Feed::Ring(cons), channels, marks.clone()), marks)
}

impl SourceWriter {
    /// Appends as many whole frames as there is room for; returns how many.
    pub fn push(&mut self, samples: &[f32]) -> Frames {
        let frames = self.prod.vacant_len().min(samples.len()) / self.channels;
        self.prod.push_slice(samples.get(..frames * self.channels).unwrap_or_default());
        self.written += frames as u64;
        self.marks.publish_written(self.written);
        Frames(frames as u64)
    }

    /// Frames that still fit, cleared ones counted as what takes room until the reader has stepped over them.
    pub fn room(&self) -> Frames {
        Frames((self.prod.vacant_len() / self.channels) as u64)
    }
}

impl SourceReader {
    pub fn new(feed: Feed, channels: usize, marks: Arc<FrameMarks>) -> SourceReader {
        SourceReader { feed, channels, marks, read: 0, delivered: 0, cleared_to: 0, there: Frames::ZERO, next: (0, 0) }
    }

    /// Frames that were queued before the last `take`.
    pub fn queued(&self) -> Frames {
        self.there
    }

    /// Steps over what was cleared; true if there was a clear since the last look.
    pub fn settle(&mut self) -> bool {
        if let Feed::Shared(ring, _) = &mut self.feed {
            let cleared = ring.step_over_cleared();
            self.read += cleared.unwrap_or(Frames::ZERO).0;
            let seen = ring.look();
            self.there = Frames(seen.saturating_sub(self.read));
            self.marks.publish_written(seen);
            self.publish();
            return cleared.is_some();
        }
        let to = self.marks.discard_to();
        if to == self.cleared_to {
            return false;
        }
        self.cleared_to = to;
        let skip = to.saturating_sub(self.read);
        let samples = Frames(skip).as_len().saturating_mul(self.channels);
        if let Feed::Ring(cons) = &mut self.feed {
            self.read += (cons.skip(samples) / self.channels) as u64;
        }
        self.publish();
        true
    }

    /// Uses the samples of up to `wanted` frames, in two pieces, and takes them out of the ring. Returns how many frames there
    /// were.
    pub fn take(&mut self, wanted: Frames, act: impl FnOnce(&[f32], &[f32])) -> Frames {
        let SourceReader { feed, channels, read, delivered, there, next, .. } = self;
        let taken = match feed {
            Feed::Ring(cons) => {
                let (first, second) = cons.as_slices();
                *there = frames_in(first.len() + second.len(), *channels);
                let frames = wanted.min(*there);
                let len = frames.as_len() * *channels;
                let (first, rest) = (first.get(..len).unwrap_or(first), len.saturating_sub(first.len()));
                let second = second.get(..rest).unwrap_or_default();
                act(first, second);
                let last = if second.is_empty() { first } else { second };
                *next = (last.as_ptr_range().end.addr(), len * size_of::<f32>());
                cons.skip(len);
                frames
            }
            Feed::Shared(ring, scratch) => {
                let wanted = scratch.len().min(wanted.as_len() * *channels);
                let len = ring.copy(scratch.get_mut(..wanted).unwrap_or_default());
                act(scratch.get(..len).unwrap_or_default(), &[]);
                frames_in(len, *channels)
            }
        };
        (*read, *delivered) = (*read + taken.0, *delivered + taken.0);
        self.publish();
        taken
    }

    /// Its turn comes soon: asks for the memory that it will use.
    pub fn bring_near(&self) {
        bring_near(Arc::as_ptr(&self.marks).addr(), size_of::<FrameMarks>());
        if let Feed::Ring(cons) = &self.feed {
            let ring: &HeapRb<f32> = cons.rb_ref();
            bring_near(std::ptr::from_ref(ring).addr(), size_of_val(ring));
            bring_near(self.next.0, self.next.1);
        }
    }

    fn publish(&self) {
        self.marks.publish_read(self.read, self.delivered, 0);
    }
}

/// Whole frames in so many samples. Mostly a shift will do: a division takes as long as a tenth of the mixing.
fn frames_in(samples: usize, channels: usize) -> Frames {
    let frames = if channels.is_power_of_two() { samples >> channels.trailing_zeros() } else { samples / channels };
    Frames(frames as u64)
}
