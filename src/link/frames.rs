//! Two threads, one stream of frames: a writer and a reader joined by a `ringbuf` ring, both halves here. When the ring is
//! too small the writer goes on in a larger one and sends its reading end after it on a lane; the reader follows when it
//! has drained the first, so nothing is copied twice and order holds. Playback writes from JavaScript and reads on the audio
//! thread; capture is the other way round, and its writer takes larger rings from a spare lane that the pump fills.
//!
//! Clearing publishes a mark: frames before it no longer count, whether or not the reader ever runs.

use std::mem::MaybeUninit;
use std::sync::Arc;

use ringbuf::traits::{Consumer, Observer, Producer, Raw, Split};
use ringbuf::{HeapCons, HeapProd, HeapRb};

use crate::format::Layout;
use crate::link::marks::FrameMarks;
use crate::link::scrap::{Retired, ScrapSender};
use crate::units::Frames;

/// Rings in flight at once. Each is at least twice the one before, so this is never reached in practice.
const RINGS_IN_FLIGHT: usize = 48;

/// A queue that outgrows its first ring gets one that huge pages can back: a page fault for every 4 KiB costs more than
/// the copy. Only what is used takes memory.
const LEAST_GROWTH_BYTES: usize = 3 * HUGE_PAGE;
const HUGE_PAGE: usize = 2 << 20;

/// A fresh ring, its ends not yet in use.
pub struct SpareRing {
    prod: HeapProd<u8>,
    cons: HeapCons<u8>,
    bytes: usize,
}

impl SpareRing {
    #[expect(clippy::disallowed_methods, reason = "not for the audio thread")]
    pub fn new(layout: Layout, capacity: Frames) -> SpareRing {
        SpareRing::of(HeapRb::new(Self::size(layout, capacity)))
    }

    /// For sizes that callers choose: `None` without the memory.
    #[expect(clippy::disallowed_methods, reason = "not for the audio thread")]
    pub fn try_new(layout: Layout, capacity: Frames) -> Option<SpareRing> {
        HeapRb::try_new(Self::size(layout, capacity)).ok().map(SpareRing::of)
    }

    fn size(layout: Layout, capacity: Frames) -> usize {
        layout.bytes_of(capacity).max(layout.frame_bytes())
    }

    fn of(ring: HeapRb<u8>) -> SpareRing {
        let bytes = ring.capacity().get();
        let (mut prod, mut cons) = ring.split();
        let skipped = prefer_huge_pages(prod.vacant_slices_mut().0);
        // SAFETY: bytes that are never read: they are skipped before the ring has another user. The ring begins where its
        // first huge page does.
        unsafe { prod.advance_write_index(skipped) };
        cons.skip(skipped);
        SpareRing { prod, cons, bytes }
    }

    /// Writes every byte once, so that the first use does not wait for pages.
    fn touched(mut self) -> SpareRing {
        let (first, second) = self.prod.vacant_slices_mut();
        for place in first.iter_mut().chain(second).step_by(1024) {
            place.write(0);
        }
        self
    }
}

pub struct FrameWriter {
    prod: HeapProd<u8>,
    ring_bytes: usize,
    first_ring_bytes: usize,
    lane: HeapProd<HeapCons<u8>>,
    layout: Layout,
    marks: Arc<FrameMarks>,
    written: u64,
}

pub struct FrameReader {
    cons: HeapCons<u8>,
    next: Option<HeapCons<u8>>,
    lane: HeapCons<HeapCons<u8>>,
    scrap: ScrapSender,
    layout: Layout,
    marks: Arc<FrameMarks>,
    read: u64,
    delivered: u64,
    dropped: u64,
    /// Nothing may come out before this is reached.
    cleared_to: u64,
    cut: Option<Cut>,
}

/// The end of a queue that was cut: the frames from `from` to `to` still come out, the first of a fade over so many.
struct Cut {
    from: u64,
    to: u64,
    over: Frames,
}

/// How far the fade of a queue that was cut has got: `done` of `over` frames, and `left` still come out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fading {
    pub done: Frames,
    pub over: Frames,
    pub left: Frames,
}

/// A ring of `capacity` frames. What the reader no longer needs goes home through `scrap`.
#[expect(clippy::disallowed_methods, reason = "not for the audio thread")]
pub fn frame_ring(layout: Layout, capacity: Frames, scrap: ScrapSender) -> (FrameWriter, FrameReader, Arc<FrameMarks>) {
    let ring = SpareRing::new(layout, capacity).touched();
    let (lane_in, lane_out) = HeapRb::new(RINGS_IN_FLIGHT).split();
    let marks = Arc::new(FrameMarks::default());
    let writer = FrameWriter {
        prod: ring.prod,
        ring_bytes: ring.bytes,
        first_ring_bytes: ring.bytes,
        lane: lane_in,
        layout,
        marks: marks.clone(),
        written: 0,
    };
    let reader = FrameReader {
        cons: ring.cons,
        next: None,
        lane: lane_out,
        scrap,
        layout,
        marks: marks.clone(),
        read: 0,
        delivered: 0,
        dropped: 0,
        cleared_to: 0,
        cut: None,
    };
    (writer, reader, marks)
}

impl FrameWriter {
    /// Appends the whole frames of `bytes` that fit into the ring in use; returns the rest. Neither waits nor allocates.
    pub fn push<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let frames = self.layout.frames_in(self.prod.vacant_len().min(bytes.len()));
        let (now, rest) = bytes.split_at_checked(self.layout.bytes_of(frames)).unwrap_or((&[], bytes));
        self.prod.push_slice(now);
        self.written += frames.0;
        self.marks.publish_written(self.written);
        rest
    }

    /// Appends all of `bytes`, in a larger ring where the one in use is full. Not for the audio thread. Returns `false`,
    /// with nothing taken, if there is no memory for that.
    #[expect(clippy::disallowed_methods, reason = "not for the audio thread")]
    pub fn append(&mut self, bytes: &[u8]) -> bool {
        let vacant = self.prod.vacant_len();
        if bytes.len() > vacant {
            let least = (self.ring_bytes * 2).max(bytes.len() - vacant).max(LEAST_GROWTH_BYTES);
            let spare = SpareRing::try_new(self.layout, self.layout.frames_in(least) + Frames(1));
            let Some(spare) = spare.filter(|_| self.lane.vacant_len() > 0) else { return false };
            let rest = self.push(bytes);
            drop(self.move_to(spare));
            self.push(rest);
        } else {
            self.push(bytes);
        }
        true
    }

    /// Goes back to a ring of the first size once a larger one has been drained. Not for the audio thread.
    #[expect(clippy::disallowed_methods, reason = "not for the audio thread")]
    pub fn shrink_if_drained(&mut self) {
        let oversized = self.ring_bytes >= 4 * self.first_ring_bytes;
        if oversized && self.prod.is_empty() && self.lane.vacant_len() > 0 {
            let size = self.layout.frames_in(self.first_ring_bytes);
            drop(self.move_to(SpareRing::new(self.layout, size)));
        }
    }

    /// Goes on in `spare`; the lane must have room. Returns the old end: dropping it frees nothing while the reader's end
    /// lives, and memory otherwise.
    fn move_to(&mut self, spare: SpareRing) -> HeapProd<u8> {
        let old = std::mem::replace(&mut self.prod, spare.prod);
        self.ring_bytes = spare.bytes;
        if let Err(unsent) = self.lane.try_push(spare.cons) {
            // Unreachable by the callers' check of the lane; leaking is the one answer that no thread regrets.
            #[expect(clippy::mem_forget, reason = "as said")]
            std::mem::forget(unsent);
        }
        old
    }

    /// For the audio thread: goes on in a ring from `spares` if there is one and the old end can go home on `scrap`.
    pub fn adopt(&mut self, spares: &mut HeapCons<SpareRing>, scrap: &mut ScrapSender) -> bool {
        if self.lane.vacant_len() == 0 || !scrap.has_room() {
            return false;
        }
        match spares.try_pop() {
            Some(spare) => {
                let old = self.move_to(spare);
                scrap.retire(Retired::WriteEnd(old));
                true
            }
            None => false,
        }
    }

    /// True when less than half of the ring in use is free: time to ask for a larger one.
    pub fn runs_low(&self) -> bool {
        self.prod.vacant_len() < self.ring_bytes / 2
    }

    pub fn ring_frames(&self) -> Frames {
        self.layout.frames_in(self.ring_bytes)
    }
}

impl FrameReader {
    /// Fills as much of `out` as there are whole frames; returns the bytes filled. Neither waits nor allocates. `settle`
    /// first, or cleared frames come out.
    pub fn pop(&mut self, out: &mut [u8]) -> usize {
        if self.read < self.cleared_to {
            return 0;
        }
        let most = self.fading().map_or(u64::MAX, |fading| fading.left.0);
        let wanted = self.layout.bytes_of(self.layout.frames_in(out.len()).min(Frames(most)));
        let mut filled = 0;
        while filled < wanted {
            let got = out.get_mut(filled..wanted).map_or(0, |rest| self.cons.pop_slice(rest));
            filled += got;
            if got == 0 && !self.follow() {
                break;
            }
        }
        let frames = self.layout.frames_in(filled).0;
        self.read += frames;
        self.delivered += frames;
        self.publish();
        filled
    }

    /// Steps over what was cleared. Returns up to where that reaches: a value that moves with every clear that had something
    /// to drop, whichever thread stepped over it.
    pub fn settle(&mut self) -> Frames {
        if self.fading().is_some_and(|fading| fading.left > Frames::ZERO) {
            return Frames(self.cleared_to);
        }
        self.cut = None;
        self.cleared_to = self.marks.discard_to();
        if self.cleared_to > self.read {
            self.skip(Frames(self.cleared_to - self.read));
            self.publish();
        }
        // A drained ring goes home now: while nothing plays, nothing else would send it.
        self.follow();
        Frames(self.cleared_to)
    }

    pub fn queued(&self) -> Frames {
        self.marks.queued()
    }

    /// Cuts off what is queued: the first frames of it, at most `over`, still come out, to be faded. Returns how many of those
    /// that were queued, or were left of an earlier cut, never will.
    pub fn cut(&mut self, over: Frames) -> Frames {
        if self.fading().is_some_and(|fading| fading.left > Frames::ZERO && fading.left <= over) {
            // It fades already, and soon enough. What was written since goes, too.
            let cleared_to = self.marks.discard_to();
            self.marks.discard_all();
            return Frames(self.marks.discard_to().saturating_sub(cleared_to));
        }
        let given_up = self.finish_cut();
        // What was cleared before is not ours to count.
        self.settle();
        let first = self.read.max(self.cleared_to);
        self.marks.discard_all();
        let queued = Frames(self.marks.discard_to().saturating_sub(first));
        // Nothing comes out while what was cleared is still in the way.
        let kept = if first == self.read { over.min(queued) } else { Frames::ZERO };
        if kept > Frames::ZERO {
            self.cut = Some(Cut { from: self.read, to: self.read + kept.0, over });
        } else {
            self.settle();
        }
        given_up + queued - kept
    }

    /// The fade of a queue that was cut, until the next `settle` after its end.
    pub fn fading(&self) -> Option<Fading> {
        let Cut { from, to, over } = self.cut.as_ref()?;
        Some(Fading { done: Frames(self.read - from), over: *over, left: Frames(to.saturating_sub(self.read)) })
    }

    /// Gives up what is left of a queue that was cut; returns how many frames.
    pub fn finish_cut(&mut self) -> Frames {
        let left = self.fading().map_or(Frames::ZERO, |fading| fading.left);
        self.cut = None;
        left
    }

    /// Gives up the `frames` oldest frames for newer ones; returns how many were there.
    pub fn drop_oldest(&mut self, frames: Frames) -> Frames {
        self.finish_cut();
        self.settle();
        let dropped = if self.read < self.cleared_to { Frames::ZERO } else { self.skip(frames) };
        self.dropped += dropped.0;
        self.publish();
        dropped
    }

    /// Frames that have left the rings, read or not.
    pub fn passed(&self) -> Frames {
        Frames(self.read)
    }

    fn skip(&mut self, frames: Frames) -> Frames {
        let wanted = self.layout.bytes_of(frames);
        let mut skipped = 0;
        while skipped < wanted {
            let got = self.cons.skip(wanted - skipped);
            skipped += got;
            if got == 0 && !self.follow() {
                break;
            }
        }
        let skipped = self.layout.frames_in(skipped);
        self.read += skipped.0;
        skipped
    }

    /// Goes on to the writer's next ring once the one in use is drained for good.
    fn follow(&mut self) -> bool {
        if self.next.is_none() {
            self.next = self.lane.try_pop();
        }
        // Having seen the next ring we also see all that was written to this one before it.
        if self.next.is_none() || !self.cons.is_empty() {
            return self.next.is_some();
        }
        if !self.scrap.has_room() {
            return false;
        }
        if let Some(next) = self.next.take() {
            self.scrap.retire(Retired::ReadEnd(std::mem::replace(&mut self.cons, next)));
        }
        true
    }

    fn publish(&self) {
        self.marks.publish_read(self.read, self.delivered, self.dropped);
    }
}

/// Asks for huge pages behind a large ring; whether they come is the system's choice. Returns where the first one begins.
fn prefer_huge_pages(ring: &mut [MaybeUninit<u8>]) -> usize {
    #[cfg(target_os = "linux")]
    if ring.len() >= LEAST_GROWTH_BYTES {
        let start = ring.as_ptr().align_offset(HUGE_PAGE).min(ring.len());
        let whole = ring.len().saturating_sub(start) & !(HUGE_PAGE - 1);
        // SAFETY: the range lies within the ring, which is ours alone and holds nothing yet; the advice changes no content.
        unsafe { libc::madvise(ring.as_mut_ptr().add(start).cast(), whole, libc::MADV_HUGEPAGE) };
        return start;
    }
    let _ = ring;
    0
}
