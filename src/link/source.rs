//! JavaScript threads to audio thread: one more stream to be mixed, as samples at the device's rate and in its channels. The
//! ring is as long as it was made; nothing grows.
//!
//! Its marks are its indices: what lies between `read` and `written` belongs to the reader, the rest to the writer. All that
//! the two halves tell each other lies in one cache line: with a thousand sources, memory is what mixing waits for.
//!
//! Behind `written` there may be a tail: frames that the writer will write in another form when more comes, and that the reader
//! takes before it runs dry.

use std::cell::UnsafeCell;
use std::mem::MaybeUninit;
use std::ops::Deref;
use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

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
    /// Frames of the tail, and above them how often there was one: nobody takes one for another.
    tail: AtomicU64,
}

const TAIL_FRAMES: u64 = u32::MAX as u64;
const NEXT_TAIL: u64 = TAIL_FRAMES + 1;

impl SourceControl {
    /// Frames behind those that are written.
    pub fn tail(&self) -> Frames {
        Frames(self.tail.load(Ordering::Acquire) & TAIL_FRAMES)
    }

    /// For the reader: with fewer than `wanted` frames there, takes what is missing from the tail, unless the writer is at it.
    fn reach_for_tail(&self, wanted: Frames) {
        let missing = |control: &SourceControl| wanted.saturating_sub(control.marks.in_rings());
        if missing(self) == Frames::ZERO {
            return;
        }
        let tail = self.tail.load(Ordering::Acquire);
        // Behind this very tail, or the exchange fails.
        let (written, taken) = (self.marks.written().0, missing(self).0.min(tail & TAIL_FRAMES));
        let exchanged = self.tail.compare_exchange(tail, tail - taken, Ordering::AcqRel, Ordering::Relaxed);
        if taken > 0 && exchanged.is_ok() {
            self.marks.raise_written(written + taken);
        }
    }
}

/// Place for one sample.
#[repr(transparent)]
struct Place(UnsafeCell<f32>);

// SAFETY: a place is touched by the half alone to whom the marks give it; `SourceWriter` and `RingEnd` hold to that.
unsafe impl Sync for Place {}

pub struct SourceWriter {
    places: Places,
    /// The place after the last sample that was written.
    at: usize,
    channels: usize,
    /// Frames that were written, what the reader took of tails included.
    written: u64,
    /// Frames of the tail as it was laid.
    laid: Frames,
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
    places: Places,
    /// The place of the next sample.
    at: usize,
}

/// The ring's memory. Where it lies is kept beside what owns it, so that the reader has one cache line less to wait for.
#[derive(Clone)]
struct Places {
    start: NonNull<[MaybeUninit<Place>]>,
    _owner: Arc<Box<[MaybeUninit<Place>]>>,
}

// SAFETY: it is a shared reference to memory that goes with it.
unsafe impl Send for Places {}
// SAFETY: as above.
unsafe impl Sync for Places {}

impl Places {
    /// `None` without the memory.
    #[expect(clippy::disallowed_methods, clippy::disallowed_types, reason = "not for the audio thread")]
    fn try_new(len: usize) -> Option<Places> {
        let mut places = Vec::new();
        places.try_reserve_exact(len).ok()?;
        // SAFETY: there is room for so many, and they may be uninitialised.
        unsafe { places.set_len(len) };
        let owner = Arc::new(places.into_boxed_slice());
        Some(Places { start: NonNull::from(&**owner), _owner: owner })
    }
}

impl Deref for Places {
    type Target = [MaybeUninit<Place>];

    fn deref(&self) -> &Self::Target {
        // SAFETY: the memory stays where it is for as long as its owner, and nobody borrows it but to share it.
        unsafe { self.start.as_ref() }
    }
}

/// A ring of `capacity` frames of `channels` samples; `None` without the memory for it. The control is of this one ring: its
/// marks are the indices.
pub fn source_ring(channels: usize, capacity: Frames) -> Option<(SourceWriter, SourceReader, Arc<SourceControl>)> {
    let control = Arc::<SourceControl>::default();
    let places = Places::try_new(capacity.as_len().max(1).saturating_mul(channels))?;
    let writer = SourceWriter {
        places: places.clone(),
        at: 0,
        channels,
        written: 0,
        laid: Frames::ZERO,
        control: control.clone(),
    };
    let feed = Feed::Ring(RingEnd { places, at: 0 });
    Some((writer, SourceReader { feed, control: control.clone(), cleared_to: 0, channels }, control))
}

impl SourceWriter {
    /// Appends as many whole frames as there is room for; returns how many. Takes back the tail.
    pub fn push(&mut self, samples: &[f32]) -> Frames {
        self.take_back_tail();
        let frames = self.room().min(Frames((samples.len() / self.channels) as u64));
        let samples = samples.get(..frames.as_len() * self.channels).unwrap_or_default();
        let (now, later) = samples.split_at(samples.len().min(self.places.len() - self.at));
        self.put(now);
        self.put(later);
        self.written += frames.0;
        self.control.marks.publish_written(self.written);
        frames
    }

    /// Lays as much of this as there is room for behind what is written, in place of an older tail.
    pub fn lay_tail(&mut self, samples: &[f32]) {
        self.take_back_tail();
        let frames = self.room().min(Frames((samples.len() / self.channels) as u64)).min(Frames(TAIL_FRAMES));
        let samples = samples.get(..frames.as_len() * self.channels).unwrap_or_default();
        let at = self.at;
        let (now, later) = samples.split_at(samples.len().min(self.places.len() - at));
        self.put(now);
        self.put(later);
        (self.at, self.laid) = (at, frames);
        let (tail, turns) = (&self.control.tail, !TAIL_FRAMES);
        tail.store((tail.load(Ordering::Relaxed) & turns).wrapping_add(NEXT_TAIL) | frames.0, Ordering::Release);
    }

    /// From here on there is no tail. Returns what the reader took of it: that is as good as written.
    pub fn take_back_tail(&mut self) -> Frames {
        let laid = std::mem::take(&mut self.laid);
        if laid == Frames::ZERO {
            return laid;
        }
        let left = self.control.tail.fetch_and(!TAIL_FRAMES, Ordering::AcqRel) & TAIL_FRAMES;
        let taken = laid - Frames(left);
        // The reader may be about to say the same.
        self.pass(taken);
        taken
    }

    /// Makes the tail a part of what is written, for good.
    pub fn keep_tail(&mut self) {
        let laid = self.laid;
        let taken = self.take_back_tail();
        self.pass(laid - taken);
    }

    /// So much of the tail is written.
    fn pass(&mut self, frames: Frames) {
        self.at = (self.at + frames.as_len() * self.channels) % self.places.len();
        self.written += frames.0;
        self.control.marks.publish_written(self.written);
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
                control.reach_for_tail(wanted);
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
