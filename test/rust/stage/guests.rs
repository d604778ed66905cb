//! Sources and taps as their holders build them, and a ring in memory that JavaScript would share.

use std::cell::RefCell;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use ringbuf::HeapRb;
use ringbuf::traits::Split;
use sdl_callback_audio::format::Layout;
use sdl_callback_audio::link::episodes::{EpisodeReceiver, episode_lane};
use sdl_callback_audio::link::frames::{FrameReader, frame_ring};
use sdl_callback_audio::link::gaps::{GapReceiver, gap_lane};
use sdl_callback_audio::link::latest::GainOrder;
use sdl_callback_audio::link::marks::FrameMarks;
use sdl_callback_audio::link::scrap::{ScrapReceiver, scrap_lane};
use sdl_callback_audio::link::shared::{
    DATA_WORD, MAGIC, READ_WORD, SharedMemory, SharedReader, SharedWriter, VERSION, WRITE_WORD,
};
use sdl_callback_audio::link::source::{SourceControl, SourceReader, SourceWriter, source_ring};
use sdl_callback_audio::link::tally::QueueTally;
use sdl_callback_audio::link::tap::TapControl;
use sdl_callback_audio::link::try_cell::TryCell;
use sdl_callback_audio::link::wake::Bell;
use sdl_callback_audio::rt::mixer::CHUNK;
use sdl_callback_audio::rt::tap::{Overflow, Sink, Tap, TapLanes};
use sdl_callback_audio::rt::voice::Voice;
use sdl_callback_audio::units::Frames;

use super::random::Random;
use super::{Capture, Playback};

/// A source as JavaScript and the pump see it.
pub struct Source {
    pub writer: SourceWriter,
    pub seen: Seen,
}

pub struct Seen {
    pub control: Arc<SourceControl>,
    pub episodes: EpisodeReceiver,
}

impl Seen {
    pub fn set_gain(&self, gain: f32, over: u64) {
        self.control.gain.set(GainOrder { gain, over: Frames(over) });
    }

    pub fn close(&self) {
        self.control.closing.set(true);
    }

    pub fn marks(&self) -> &FrameMarks {
        &self.control.marks
    }
}

/// A source whose ring holds `ring` frames, and what is to join the mix.
pub fn source(channels: usize, ring: Frames) -> (Source, Box<Voice>) {
    let (writer, reader, control) = source_ring(channels, ring).expect("there is memory for it");
    let (seen, voice) = voice(reader, control);
    (Source { writer, seen }, voice)
}

/// A source that reads JavaScript's own ring.
pub fn shared_source(channels: usize, ring: &JsRing) -> (Seen, Box<Voice>) {
    let scratch = vec![0.0; CHUNK.as_len() * channels].into_boxed_slice();
    let (reader, control) = SourceReader::of_shared(SharedReader::new(ring.memory()), scratch, channels);
    voice(reader, control)
}

fn voice(reader: SourceReader, control: Arc<SourceControl>) -> (Seen, Box<Voice>) {
    let (sender, episodes) = episode_lane();
    (Seen { control, episodes }, Box::new(Voice::new(reader, sender)))
}

impl Playback {
    /// A source that joins with the next block.
    pub fn add(&mut self, ring: u64) -> Source {
        let (source, voice) = source(self.callback.layout.channels, Frames(ring));
        assert!(self.door.admit(voice).is_ok());
        source
    }

    pub fn add_shared(&mut self, ring: &JsRing) -> Seen {
        let (seen, voice) = shared_source(self.callback.layout.channels, ring);
        assert!(self.door.admit(voice).is_ok());
        seen
    }
}

/// A tap as JavaScript and the pump see it.
pub struct TapEnd {
    pub control: Arc<TapControl>,
    pub tally: Arc<QueueTally>,
    pub marks: Arc<FrameMarks>,
    pub reader: Arc<TryCell<FrameReader>>,
    pub gaps: RefCell<GapReceiver>,
    pub episodes: EpisodeReceiver,
    pub scraps: [ScrapReceiver; 2],
}

impl TapEnd {
    pub fn read(&self, into: &mut [u8]) -> usize {
        self.reader.with(|reader| {
            reader.settle();
            reader.pop(into)
        })
    }

    /// Up to where frames are missing: where in the microphone's time the first one lies, and the bytes.
    pub fn read_run(&self, into: &mut [u8], layout: Layout) -> (Frames, usize) {
        self.reader.with(|reader| {
            reader.settle();
            let run = self.gaps.borrow_mut().run(reader.passed(), self.marks.written());
            let room = into.len().min(layout.bytes_of(run.frames));
            (run.at, reader.pop(&mut into[..room]))
        })
    }
}

/// A tap with at most `max` frames queued, and what is to join the readers.
pub fn tap(layout: Layout, pump: &Arc<Bell>, overflow: Overflow, max: Frames) -> (TapEnd, Box<Tap>) {
    let (control, tally) = (Arc::<TapControl>::default(), Arc::<QueueTally>::default());
    let (sender, episodes) = episode_lane();
    let (scrap, read_ends) = scrap_lane();
    let (write_scrap, write_ends) = scrap_lane();
    let (writer, reader, marks) = frame_ring(layout, max + Frames(1_000), scrap);
    let reader = Arc::new(TryCell::new(reader));
    let (_, spares) = HeapRb::new(1).split();
    let (gaps, gaps_out) = gap_lane();
    let lanes = TapLanes { writer, reader: reader.clone(), marks: marks.clone(), gaps, spares, scrap: write_scrap };
    let signals = (control.clone(), tally.clone(), pump.clone());
    let tap = Tap::new(Sink::Queue(lanes, overflow), (layout, max), sender, signals);
    let gaps = RefCell::new(gaps_out);
    (TapEnd { control, tally, marks, reader, gaps, episodes, scraps: [read_ends, write_ends] }, Box::new(tap))
}

impl Capture {
    pub fn add(&mut self, overflow: Overflow, max: Frames) -> TapEnd {
        let (end, tap) = tap(self.callback.layout, &self.shared.pump, overflow, max);
        assert!(self.door.admit(tap).is_ok());
        end
    }

    /// A tap that fills JavaScript's own ring; how it is steered, and what it counts.
    pub fn add_shared(&mut self, ring: &JsRing) -> (Arc<TapControl>, Arc<QueueTally>) {
        let (control, tally) = (Arc::<TapControl>::default(), Arc::<QueueTally>::default());
        let layout = self.callback.layout;
        let sink = Sink::Shared(SharedWriter::new(ring.memory()), vec![0.0; 64 * layout.channels].into());
        let signals = (control.clone(), tally.clone(), self.shared.pump.clone());
        let tap = Tap::new(sink, (layout, Frames::ZERO), episode_lane().0, signals);
        assert!(self.door.admit(Box::new(tap)).is_ok());
        (control, tally)
    }
}

/// A ring as JavaScript has it: indices by `Atomics`, which are sequentially consistent, and samples by plain accesses, so that
/// the thread sanitizer sees whether the indices order them. Its memory is exactly as long as it says.
pub struct JsRing {
    pub words: Box<[AtomicU32]>,
    channels: usize,
    capacity: u32,
    lent: Mutex<Vec<Arc<SharedMemory>>>,
}

impl JsRing {
    pub fn new(channels: usize, capacity: u32) -> JsRing {
        let words: Box<[AtomicU32]> =
            (0..DATA_WORD + capacity as usize * channels).map(|_| AtomicU32::new(0)).collect();
        for (at, word) in [MAGIC, VERSION, channels as u32, capacity].into_iter().enumerate() {
            words[at].store(word, Ordering::SeqCst);
        }
        JsRing { words, channels, capacity, lent: Mutex::default() }
    }

    /// The native side's view, until `self` is dropped.
    pub fn memory(&self) -> Arc<SharedMemory> {
        // SAFETY: the words are there until `drop` has detached every view; all others reach them atomically.
        let memory = unsafe { SharedMemory::new(NonNull::from(&self.words[0]).cast(), self.words.len()) };
        let memory = memory.expect("the words describe a ring");
        self.lent.lock().expect("nobody panics").push(memory.clone());
        memory
    }

    /// The view that was lent last.
    pub fn lent(&self) -> Arc<SharedMemory> {
        self.lent.lock().expect("nobody panics").last().expect("one was lent").clone()
    }

    pub fn detach(&self) {
        for memory in self.lent.lock().expect("nobody panics").iter() {
            memory.detach();
        }
    }

    fn frame(&self, index: u32) -> &[AtomicU32] {
        let at = DATA_WORD + (index % self.capacity) as usize * self.channels;
        &self.words[at..at + self.channels]
    }

    /// Frames between the indices, by the words alone.
    pub fn queued(&self) -> u32 {
        let round = 2 * self.capacity;
        (self.words[WRITE_WORD].load(Ordering::SeqCst) + round - self.words[READ_WORD].load(Ordering::SeqCst)) % round
    }

    /// Writes the whole frames that fit; returns samples.
    pub fn write(&self, samples: &[f32]) -> usize {
        let room = (self.capacity - self.queued()) as usize;
        let mut index = self.words[WRITE_WORD].load(Ordering::SeqCst);
        let mut written = 0;
        for frame in samples.chunks_exact(self.channels).take(room) {
            for (word, sample) in self.frame(index).iter().zip(frame) {
                // SAFETY: the indices keep the other side away from this frame: that is what is tested.
                unsafe { word.as_ptr().write(sample.to_bits()) };
            }
            index = (index + 1) % (2 * self.capacity);
            written += frame.len();
        }
        self.words[WRITE_WORD].store(index, Ordering::SeqCst);
        written
    }

    /// Reads the whole frames that are there; returns samples.
    pub fn read(&self, out: &mut [f32]) -> usize {
        let queued = self.queued() as usize;
        let mut index = self.words[READ_WORD].load(Ordering::SeqCst);
        let mut read = 0;
        for frame in out.chunks_exact_mut(self.channels).take(queued) {
            for (word, sample) in self.frame(index).iter().zip(frame.iter_mut()) {
                // SAFETY: as in `write`.
                *sample = f32::from_bits(unsafe { word.as_ptr().read() });
            }
            index = (index + 1) % (2 * self.capacity);
            read += frame.len();
        }
        self.words[READ_WORD].store(index, Ordering::SeqCst);
        read
    }

    /// Writes what no ring should hold to one of its words.
    pub fn scribble(&self, random: &mut Random) {
        let word = match random.below(4) {
            0 => random.below(u64::from(2 * self.capacity)) as u32,
            1 => 2 * self.capacity + random.below(3) as u32,
            2 => u32::MAX - random.below(3) as u32,
            _ => random.next() as u32,
        };
        // Header, indices and samples alike.
        let at = [random.below(DATA_WORD as u64) as usize, WRITE_WORD, READ_WORD, DATA_WORD];
        self.words[at[random.below(4) as usize]].store(word, Ordering::Relaxed);
    }
}

impl Drop for JsRing {
    fn drop(&mut self) {
        self.detach();
    }
}
