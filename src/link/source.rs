//! JavaScript threads to audio thread: one more stream to be mixed, as samples at the device's rate and in its channels. The
//! ring is as long as it was made; nothing grows.

use std::sync::Arc;

use ringbuf::traits::{Consumer, Observer, Producer, Split};
use ringbuf::{HeapCons, HeapProd, HeapRb};

use crate::link::control::Flag;
use crate::link::frames::FrameMarks;
use crate::link::latest::LatestGain;
use crate::link::shared::SharedReader;
use crate::link::tally::{Counter, QueueTally};
use crate::units::Frames;

/// How a source is steered, and what it tells.
#[derive(Debug, Default)]
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
        SourceReader { feed, channels, marks, read: 0, delivered: 0, cleared_to: 0 }
    }

    pub fn queued(&self) -> Frames {
        self.marks.queued()
    }

    /// Steps over what was cleared; true if there was a clear since the last look.
    pub fn settle(&mut self) -> bool {
        if let Feed::Shared(ring, _) = &mut self.feed {
            self.marks.publish_written(ring.look());
        }
        let to = self.marks.discard_to();
        if to == self.cleared_to {
            return false;
        }
        self.cleared_to = to;
        let skip = to.saturating_sub(self.read);
        let samples = Frames(skip).as_len().saturating_mul(self.channels);
        self.read += match &mut self.feed {
            Feed::Ring(cons) => cons.skip(samples) / self.channels,
            Feed::Shared(ring, _) => ring.skip(Frames(skip)).as_len(),
        } as u64;
        self.publish();
        true
    }

    /// Uses up to `samples` samples, whole frames, in two pieces, and takes them out of the ring. Returns how many there were.
    pub fn take(&mut self, samples: usize, act: impl FnOnce(&[f32], &[f32])) -> usize {
        let SourceReader { feed, channels, read, delivered, .. } = self;
        let taken = match feed {
            Feed::Ring(cons) => {
                let (first, second) = cons.as_slices();
                let len = samples.min(first.len() + second.len());
                let len = len - len % *channels;
                let (first, rest) = (first.get(..len).unwrap_or(first), len.saturating_sub(first.len()));
                act(first, second.get(..rest).unwrap_or_default());
                cons.skip(len)
            }
            Feed::Shared(ring, scratch) => {
                let wanted = scratch.len().min(samples);
                let len = ring.copy(scratch.get_mut(..wanted).unwrap_or_default());
                act(scratch.get(..len).unwrap_or_default(), &[]);
                len
            }
        };
        let frames = (taken / *channels) as u64;
        (*read, *delivered) = (*read + frames, *delivered + frames);
        self.publish();
        taken
    }

    fn publish(&self) {
        self.marks.publish_read(self.read, self.delivered);
    }
}
