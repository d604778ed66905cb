//! JavaScript threads to audio thread: one more stream to be mixed, as samples at the device's rate and in its channels. The
//! ring is as long as it was made; nothing grows.
//!
//! Its marks are its indices: what lies between `read` and `written` belongs to the reader, the rest to the writer. All that
//! the two halves tell each other lies in one cache line: with a thousand sources, memory is what mixing waits for.

use std::cell::UnsafeCell;
use std::mem::MaybeUninit;
use std::sync::Arc;

use crate::link::ahead::bring_line_near;
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
    pub marks: FrameMarks,
    pub gain: LatestGain,
    /// Wanted: an end. The source fades out and leaves the mix.
    pub closing: Flag,
    /// Told by the audio thread: the last of its sound is out.
    pub faded: Flag,
    pub tally: QueueTally,
    /// Samples that were no numbers, and became silence.
    pub faulty: Counter,
}

/// Place for one sample.
#[repr(transparent)]
struct Place(UnsafeCell<f32>);

// SAFETY: a place is touched by the half alone to whom the marks give it; `SourceWriter` and `RingEnd` hold to that.
unsafe impl Sync for Place {}

pub struct SourceWriter {
    places: Arc<[MaybeUninit<Place>]>,
    /// The place after the last sample that was written.
    at: usize,
    channels: usize,
    control: Arc<SourceControl>,
}

pub struct SourceReader {
    feed: Feed,
    control: Arc<SourceControl>,
    cleared_to: u64,
    channels: usize,
}

/// Where the samples come from.
enum Feed {
    Ring(RingEnd),
    /// In a box, so that it takes no room in the cache lines of the others.
    Shared(Box<SharedEnd>),
}

/// A ring that JavaScript writes, and what was copied out of it for this block.
struct SharedEnd {
    ring: SharedReader,
    scratch: Box<[f32]>,
}

/// The end that is read.
struct RingEnd {
    places: Arc<[MaybeUninit<Place>]>,
    /// The place of the next sample.
    at: usize,
}

/// A ring of `capacity` frames of `channels` samples. The control is of this one ring: its marks are the indices.
#[expect(clippy::disallowed_methods, reason = "not for the audio thread")]
pub fn source_ring(channels: usize, capacity: Frames) -> (SourceWriter, SourceReader, Arc<SourceControl>) {
    let control = Arc::<SourceControl>::default();
    let len = capacity.as_len().max(1).saturating_mul(channels);
    let places: Arc<[MaybeUninit<Place>]> = Arc::new_uninit_slice(len);
    let writer = SourceWriter { places: places.clone(), at: 0, channels, control: control.clone() };
    let feed = Feed::Ring(RingEnd { places, at: 0 });
    (writer, SourceReader { feed, control: control.clone(), cleared_to: 0, channels }, control)
}

impl SourceWriter {
    /// Appends as many whole frames as there is room for; returns how many.
    pub fn push(&mut self, samples: &[f32]) -> Frames {
        let frames = self.room().min(Frames((samples.len() / self.channels) as u64));
        let samples = samples.get(..frames.as_len() * self.channels).unwrap_or_default();
        let (now, later) = samples.split_at(samples.len().min(self.places.len() - self.at));
        self.put(now);
        self.put(later);
        let marks = &self.control.marks;
        marks.publish_written(marks.written().0 + frames.0);
        frames
    }

    /// Frames that still fit, cleared ones counted as what takes room until the reader has stepped over them.
    pub fn room(&self) -> Frames {
        Frames((self.places.len() / self.channels) as u64).saturating_sub(self.control.marks.in_rings())
    }

    /// Writes what fits up to the ring's end.
    fn put(&mut self, samples: &[f32]) {
        for (place, sample) in self.places.get(self.at..).unwrap_or_default().iter().zip(samples) {
            // SAFETY: the reader has told by its mark that it is done with these places, and looks at them again only when
            // `written` has passed them.
            unsafe { UnsafeCell::raw_get(place.as_ptr().cast::<UnsafeCell<f32>>()).write(*sample) };
        }
        self.at += samples.len();
        if self.at == self.places.len() {
            self.at = 0;
        }
    }
}

impl RingEnd {
    /// Up to `len` samples from the next on, in two pieces.
    ///
    /// # Safety
    /// They have been written, and `read` does not pass them while they are in use.
    unsafe fn samples(&self, len: usize) -> (&[f32], &[f32]) {
        let (wrapped, first) = self.places.split_at_checked(self.at).unwrap_or_default();
        let first_len = len.min(first.len());
        let first = first.get(..first_len).unwrap_or_default();
        let second = wrapped.get(..len - first_len).unwrap_or_default();
        // SAFETY: `Place` is an `f32` in memory; by the contract they are there, and the writer keeps off.
        let samples = |places: &[MaybeUninit<Place>]| unsafe { &*(std::ptr::from_ref(places) as *const [f32]) };
        (samples(first), samples(second))
    }

    fn pass(&mut self, len: usize) {
        self.at += len;
        if self.at >= self.places.len() {
            self.at -= self.places.len();
        }
    }
}

impl SourceReader {
    /// Reads a ring that JavaScript writes; `scratch` takes one block of it. Not for the audio thread.
    #[expect(clippy::disallowed_methods, reason = "not for the audio thread")]
    pub fn of_shared(ring: SharedReader, scratch: Box<[f32]>, channels: usize) -> (SourceReader, Arc<SourceControl>) {
        let control = Arc::<SourceControl>::default();
        let feed = Feed::Shared(Box::new(SharedEnd { ring, scratch }));
        (SourceReader { feed, control: control.clone(), cleared_to: 0, channels }, control)
    }

    pub fn control(&self) -> &SourceControl {
        &self.control
    }

    pub fn channels(&self) -> usize {
        self.channels
    }

    /// Frames that were there at the last look.
    pub fn there(&self) -> Frames {
        self.control.marks.in_rings()
    }

    /// Steps over what was cleared; true if there was a clear since the last look.
    pub fn settle(&mut self) -> bool {
        let SourceReader { feed, control, cleared_to, channels } = self;
        let marks = &control.marks;
        let ring = match feed {
            Feed::Ring(ring) => ring,
            Feed::Shared(shared) => {
                let cleared = shared.ring.step_over_cleared();
                marks.discard(cleared.unwrap_or(Frames::ZERO));
                marks.publish_written(shared.ring.look());
                return cleared.is_some();
            }
        };
        let to = marks.discard_to();
        if to == *cleared_to {
            return false;
        }
        *cleared_to = to;
        let skipped = Frames(to.saturating_sub(marks.read())).min(marks.in_rings());
        ring.pass(skipped.as_len() * *channels);
        marks.discard(skipped);
        true
    }

    /// Uses the samples of up to `wanted` frames, in two pieces, and takes them out of the ring. Returns how many frames there
    /// were.
    #[inline(always)]
    pub fn take(&mut self, wanted: Frames, act: impl FnOnce(&[f32], &[f32])) -> Frames {
        let SourceReader { feed, control, channels, .. } = self;
        let taken = match feed {
            Feed::Ring(ring) => {
                let frames = wanted.min(control.marks.in_rings());
                let len = frames.as_len() * *channels;
                // SAFETY: so many are there, and none is passed before `deliver`.
                let (first, second) = unsafe { ring.samples(len) };
                act(first, second);
                ring.pass(len);
                frames
            }
            Feed::Shared(shared) => {
                let SharedEnd { ring, scratch } = &mut **shared;
                let wanted = scratch.len().min(wanted.as_len() * *channels);
                let len = ring.copy(scratch.get_mut(..wanted).unwrap_or_default());
                act(scratch.get(..len).unwrap_or_default(), &[]);
                Frames((len / *channels) as u64)
            }
        };
        control.marks.deliver(taken);
        taken
    }

    /// The samples of `wanted` frames, if so many are there in one piece and none was cleared.
    pub fn whole(&self, wanted: Frames) -> Option<&[f32]> {
        let Feed::Ring(ring) = &self.feed else { return None };
        let marks = &self.control.marks;
        if marks.discard_to() != self.cleared_to || marks.in_rings() < wanted {
            return None;
        }
        let len = wanted.as_len() * self.channels;
        // SAFETY: so many are there, and none is passed while `self` is borrowed.
        let (samples, _) = unsafe { ring.samples(len) };
        (samples.len() == len).then_some(samples)
    }

    /// Its turn comes soon: asks for what it shares with the writer.
    pub fn bring_near(&self) {
        bring_line_near(Arc::as_ptr(&self.control).addr());
    }

    /// Where the samples will lie that come next.
    pub fn next_address(&self) -> usize {
        match &self.feed {
            Feed::Ring(ring) => ring.places.as_ptr().wrapping_add(ring.at).addr(),
            Feed::Shared(shared) => shared.scratch.as_ptr().addr(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link::ahead::LINE;

    #[test]
    fn what_every_block_looks_at_lies_in_one_cache_line() {
        assert!(std::mem::offset_of!(SourceControl, tally) <= LINE && align_of::<SourceControl>() == LINE);
    }
}
