//! JavaScript and the audio thread: a ring that lies in a `SharedArrayBuffer`. JavaScript fills or drains it without a native
//! call; the other end is here. The index words are whatever a script writes there: each is checked, and nothing outside
//! the ring is ever touched. The memory belongs to JavaScript: `SharedMemory::detach` takes it away before it may go.
//!
//! Words of 32 bits, at byte 0: magic, version, channels, capacity in frames; at byte 64 the write index, at byte 128 the read
//! index; samples (`f32`, interleaved) from byte 192. Indices count frames modulo twice the capacity, so that full and
//! empty differ.

use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use crate::link::try_cell::TryCell;
use crate::units::Frames;

pub const MAGIC: u32 = 0x5241_4353;
pub const VERSION: u32 = 1;
pub const WRITE_WORD: usize = 16;
pub const READ_WORD: usize = 32;
pub const DATA_WORD: usize = 48;

/// No ring is so long.
const NO_INDEX: u32 = u32::MAX;

/// The ring itself, as long as it is there.
#[derive(Clone, Copy)]
struct Words {
    start: NonNull<AtomicU32>,
    capacity: u32,
    channels: usize,
}

// SAFETY: only atomics are reached through it, and only under the turn of the cell that it lies in.
unsafe impl Send for Words {}

/// What a ring holds: frames that were cleared and that nobody has stepped over yet, and those behind them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Inside {
    pub cleared: Frames,
    pub queued: Frames,
}

/// A ring in JavaScript's memory, until it is detached.
pub struct SharedMemory {
    /// For the audio thread, which must never find its turn taken but by `detach`.
    words: TryCell<Option<Words>>,
    /// For everybody else.
    outside: TryCell<Option<Words>>,
    /// The index up to which everything is to be dropped, or `NO_INDEX`.
    clear_to: AtomicU32,
    /// Index words that made no sense, and samples that were no numbers.
    faults: AtomicU64,
}

pub struct SharedReader {
    memory: Arc<SharedMemory>,
    read: u32,
    total: u64,
}

pub struct SharedWriter {
    memory: Arc<SharedMemory>,
    written: u32,
}

impl SharedMemory {
    /// `None` if the words do not describe a ring that fits into `len` words.
    ///
    /// # Safety
    /// `start` must be aligned to four bytes, and `len` words from there on must stay readable and writable until `detach`
    /// returns. Everybody else who reaches them must do so atomically, or be JavaScript.
    #[expect(clippy::disallowed_methods, reason = "not for the audio thread")]
    pub unsafe fn new(start: NonNull<u32>, len: usize) -> Option<Arc<SharedMemory>> {
        if len < DATA_WORD {
            return None;
        }
        let start = start.cast::<AtomicU32>();
        // SAFETY: by the contract, as `DATA_WORD` words are there.
        let word = |at: usize| unsafe { start.add(at).as_ref() }.load(Ordering::Acquire);
        let (channels, capacity) = (word(2) as usize, word(3));
        let fits = (capacity as usize).checked_mul(channels).is_some_and(|samples| samples <= len - DATA_WORD);
        let sound = word(0) == MAGIC && word(1) == VERSION && (1..=8).contains(&channels);
        if !sound || !fits || capacity == 0 || capacity > u32::MAX / 2 {
            return None;
        }
        let words = Some(Words { start, capacity, channels });
        let (words, outside) = (TryCell::new(words), TryCell::new(words));
        Some(Arc::new(SharedMemory { words, outside, clear_to: AtomicU32::new(NO_INDEX), faults: AtomicU64::new(0) }))
    }

    /// Takes the memory away: when this returns nobody touches it any more. Returns what was inside. Not for the audio thread.
    pub fn detach(&self) -> Inside {
        self.outside.with(|words| *words = None);
        self.words.with(|words| words.take().map(|words| self.look(&words)).unwrap_or_default())
    }

    pub fn faults(&self) -> u64 {
        self.faults.load(Ordering::Acquire)
    }

    /// Channels and capacity; `None` once detached. Not for the audio thread.
    pub fn shape(&self) -> Option<(usize, Frames)> {
        self.outside.with(|words| words.as_ref().map(|words| (words.channels, Frames(u64::from(words.capacity)))))
    }

    /// An index as it stands, if it can be one. Not for the audio thread.
    fn index_at(&self, word: usize) -> u32 {
        let index = |words: &mut Option<Words>| {
            let words = words.as_ref()?;
            let index = words.word(word).load(Ordering::Acquire);
            words.is_index(index).then_some(index)
        };
        self.outside.with(index).unwrap_or(0)
    }

    /// Drops everything that is in the ring now: what is written from here on stays. Not for the audio thread.
    pub fn clear(&self) {
        let end = |words: &Words| Some(words.word(WRITE_WORD).load(Ordering::Acquire)).filter(|at| words.is_index(*at));
        let end = self.outside.with(|words| words.as_ref().and_then(end));
        self.clear_to.store(end.unwrap_or(NO_INDEX), Ordering::Release);
    }

    /// What is in the ring, as far as its indices make sense; nothing once detached. Not for the audio thread.
    pub fn inside(&self) -> Inside {
        self.outside.with(|words| words.as_ref().map(|words| self.look(words))).unwrap_or_default()
    }

    fn look(&self, words: &Words) -> Inside {
        let index = |at| words.word(at).load(Ordering::Acquire);
        let (clear_to, read) = (self.clear_to.load(Ordering::Acquire), index(READ_WORD));
        let there = words.between(read, index(WRITE_WORD)).unwrap_or(0);
        let cleared = words.before(read, clear_to, there);
        Inside { cleared: Frames(u64::from(cleared)), queued: Frames(u64::from(there - cleared)) }
    }

    /// Drops everything that is in the ring now, in the place of the one who reads it in JavaScript; returns how much. Not for
    /// the audio thread.
    pub fn skip(&self) -> Frames {
        let skip = |words: &mut Option<Words>| {
            let words = words.as_ref()?;
            let written = words.word(WRITE_WORD).load(Ordering::Acquire);
            let skipped = words.between(words.word(READ_WORD).load(Ordering::Acquire), written)?;
            words.word(READ_WORD).store(written, Ordering::Release);
            Some(Frames(u64::from(skipped)))
        };
        self.outside.with(skip).unwrap_or(Frames::ZERO)
    }

    fn fault(&self) {
        // One writer.
        self.faults.store(self.faults.load(Ordering::Relaxed) + 1, Ordering::Release);
    }
}

impl Words {
    /// A word by its place; places beyond the data are the caller's fault and answered by the header.
    fn word(&self, at: usize) -> &AtomicU32 {
        let words = DATA_WORD + self.capacity as usize * self.channels;
        let at = if at < words { at } else { 0 };
        // SAFETY: the ring has so many words (checked when it was made), and they are there as long as `self` is.
        unsafe { self.start.add(at).as_ref() }
    }

    fn sample(&self, index: u32, channel: usize) -> &AtomicU32 {
        self.word(DATA_WORD + (index % self.capacity) as usize * self.channels + channel)
    }

    fn is_index(&self, index: u32) -> bool {
        index < 2 * self.capacity
    }

    /// How many of the `there` frames from `read` on lie before the index `end`; none if it is behind us.
    fn before(&self, read: u32, end: u32, there: u32) -> u32 {
        self.between(read, end).filter(|ahead| *ahead <= there).unwrap_or(0)
    }

    /// Frames between two indices; `None` if they make no sense.
    fn between(&self, read: u32, write: u32) -> Option<u32> {
        if !self.is_index(read) || !self.is_index(write) {
            return None;
        }
        let queued = if write >= read { write - read } else { 2 * self.capacity - read + write };
        (queued <= self.capacity).then_some(queued)
    }

    fn next(&self, index: u32) -> u32 {
        self.moved(index, 1)
    }

    /// `index`, at most the capacity further on.
    fn moved(&self, index: u32, by: u32) -> u32 {
        let left = 2 * self.capacity - index;
        if by < left { index + by } else { by - left }
    }
}

impl SharedReader {
    /// Begins where the ring's last reader ended. Not for the audio thread.
    pub fn new(memory: Arc<SharedMemory>) -> SharedReader {
        let read = memory.index_at(READ_WORD);
        SharedReader { memory, read, total: 0 }
    }

    /// Frames that were ever written, as far as they can be seen now.
    pub fn look(&mut self) -> u64 {
        let (memory, read) = (&self.memory, self.read);
        let queued = memory.words.try_with(|words| words.as_ref().map_or(0, |words| queued_of(words, read, memory)));
        self.total + u64::from(queued.unwrap_or(0))
    }

    /// Moves whole frames into `out`; returns samples. What is no number becomes silence, and is counted.
    pub fn copy(&mut self, out: &mut [f32]) -> usize {
        let SharedReader { memory, read, total } = self;
        let moved = memory.words.try_with(|words| {
            let Some(words) = words.as_ref() else { return 0 };
            let frames = (queued_of(words, *read, memory) as usize).min(out.len() / words.channels);
            for frame in out.chunks_exact_mut(words.channels).take(frames) {
                for (channel, sample) in frame.iter_mut().enumerate() {
                    let value = f32::from_bits(words.sample(*read, channel).load(Ordering::Relaxed));
                    *sample = if value.is_finite() { value } else { 0.0 };
                    if !value.is_finite() {
                        memory.fault();
                    }
                }
                *read = words.next(*read);
            }
            words.word(READ_WORD).store(*read, Ordering::Release);
            *total += frames as u64;
            frames * words.channels
        });
        moved.unwrap_or(0)
    }

    /// Steps over what was cleared; returns how many frames, or `None` if there was no clear since the last look.
    pub fn step_over_cleared(&mut self) -> Option<Frames> {
        let SharedReader { memory, read, total } = self;
        let clear_to = memory.clear_to.load(Ordering::Acquire);
        if clear_to == NO_INDEX {
            return None;
        }
        memory.words.try_with(|words| {
            // A later clear stays for the next look.
            let _ = memory.clear_to.compare_exchange(clear_to, NO_INDEX, Ordering::AcqRel, Ordering::Relaxed);
            let Some(words) = words.as_ref() else { return Frames::ZERO };
            let skip = words.before(*read, clear_to, queued_of(words, *read, memory));
            *read = words.moved(*read, skip);
            words.word(READ_WORD).store(*read, Ordering::Release);
            *total += u64::from(skip);
            Frames(u64::from(skip))
        })
    }
}

fn queued_of(words: &Words, read: u32, memory: &SharedMemory) -> u32 {
    words.between(read, words.word(WRITE_WORD).load(Ordering::Acquire)).unwrap_or_else(|| {
        memory.fault();
        0
    })
}

impl SharedWriter {
    /// Begins where the ring's last writer ended. Not for the audio thread.
    pub fn new(memory: Arc<SharedMemory>) -> SharedWriter {
        let written = memory.index_at(WRITE_WORD);
        SharedWriter { memory, written }
    }

    /// Writes as many whole frames of `samples` as there is room for; returns how many.
    pub fn push(&mut self, samples: &[f32]) -> Frames {
        let SharedWriter { memory, written } = self;
        let pushed = memory.words.try_with(|words| {
            let Some(words) = words.as_ref() else { return 0 };
            let queued = words.between(words.word(READ_WORD).load(Ordering::Acquire), *written).unwrap_or_else(|| {
                memory.fault();
                words.capacity
            });
            let frames = ((words.capacity - queued) as usize).min(samples.len() / words.channels);
            for frame in samples.chunks_exact(words.channels).take(frames) {
                for (channel, sample) in frame.iter().enumerate() {
                    words.sample(*written, channel).store(sample.to_bits(), Ordering::Relaxed);
                }
                *written = words.next(*written);
            }
            words.word(WRITE_WORD).store(*written, Ordering::Release);
            frames
        });
        Frames(pushed.unwrap_or(0) as u64)
    }
}
