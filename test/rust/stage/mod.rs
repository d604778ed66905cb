//! Devices without SDL: the callback as the service builds it, and in our hands every end that other threads hold.
#![allow(dead_code, reason = "each test binary uses the parts that it needs")]

pub mod conditions;
mod floods;
pub mod guests;
pub mod random;

use std::cell::Cell;
use std::sync::Arc;

use ringbuf::traits::{Observer, Producer, Split};
use ringbuf::{HeapProd, HeapRb};
use sdl_callback_audio::format::{Layout, SampleFormat};
use sdl_callback_audio::link::clock::device_clock;
use sdl_callback_audio::link::control::Control;
use sdl_callback_audio::link::episodes::{Episode, EpisodeReceiver, episode_lane};
use sdl_callback_audio::link::frames::{FrameReader, FrameWriter, SpareRing, frame_ring};
use sdl_callback_audio::link::gaps::gap_lane;
use sdl_callback_audio::link::guests::{Door, guest_room};
use sdl_callback_audio::link::marks::FrameMarks;
use sdl_callback_audio::link::scrap::{ScrapReceiver, scrap_lane};
use sdl_callback_audio::link::tally::Tally;
use sdl_callback_audio::link::try_cell::TryCell;
use sdl_callback_audio::link::wake::Bell;
use sdl_callback_audio::rt::callback::{Callback, Processor};
use sdl_callback_audio::rt::capture::CaptureProcessor;
use sdl_callback_audio::rt::guard::CallbackGuard;
use sdl_callback_audio::rt::playback::PlaybackProcessor;
use sdl_callback_audio::rt::tap::{Overflow, Sink, Tap, TapLanes};
use sdl_callback_audio::rt::voice::Voice;
use sdl_callback_audio::units::{Frames, Hz};

pub const RATE: Hz = Hz(48_000);
pub const SECOND: Frames = Frames(48_000);
const MOST_SOURCES: usize = 1024;
const MOST_TAPS: usize = 16;
pub const STEREO: Layout = Layout { format: SampleFormat::S16Lsb, channels: 2 };

/// What both kinds of device share with the rest of the process.
#[derive(Clone)]
pub struct Shared {
    pub control: Arc<Control>,
    pub tally: Arc<Tally>,
    pub pump: Arc<Bell>,
    pub marks: Arc<FrameMarks>,
    /// JavaScript's end of a capture device; of playback, what a clear uses.
    pub reader: Arc<TryCell<FrameReader>>,
}

impl Shared {
    /// As `Device::clear`: the counts at once, the room if the audio thread is not at it.
    pub fn clear(&self) {
        self.marks.discard_all();
        let _ = self.reader.try_with(FrameReader::settle);
    }

    /// Moves whole frames into `into`; returns the bytes.
    pub fn read(&self, into: &mut [u8]) -> usize {
        self.reader.with(|reader| {
            reader.settle();
            reader.pop(into)
        })
    }
}

/// The pump's ends.
pub struct Backstage {
    pub episodes: EpisodeReceiver,
    pub scraps: Vec<ScrapReceiver>,
}

impl Backstage {
    pub fn free_all(&mut self) -> usize {
        self.scraps.iter_mut().map(ScrapReceiver::free_all).sum()
    }

    pub fn episodes(&mut self) -> Vec<Episode> {
        std::iter::from_fn(|| self.episodes.try_next()).collect()
    }
}

pub struct Playback {
    pub callback: Callback,
    pub writer: FrameWriter,
    pub backstage: Backstage,
    pub shared: Shared,
    pub door: Door<Voice>,
}

pub struct Capture {
    pub callback: Callback,
    pub spares: HeapProd<SpareRing>,
    pub backstage: Backstage,
    pub shared: Shared,
    pub door: Door<Tap>,
}

/// A playing device whose first ring holds `ring` frames.
pub fn playback(layout: Layout, ring: Frames) -> Playback {
    playback_with(layout, ring, MOST_SOURCES)
}

/// One that mixes at most so many sources.
pub fn playback_with(layout: Layout, ring: Frames, most_sources: usize) -> Playback {
    let (scrap, scraps) = scrap_lane();
    let (writer, reader, marks) = frame_ring(layout, ring, scrap);
    let (sender, episodes) = episode_lane();
    let shared = share(reader, marks);
    let (door, voices) = guest_room(most_sources);
    let processor = PlaybackProcessor::new(layout, RATE, shared.reader.clone(), sender, voices, signals(&shared));
    let callback = Callback { layout, guard: guard(&shared), processor: Processor::Playback(processor) };
    Playback { callback, writer, backstage: Backstage { episodes, scraps: vec![scraps] }, shared, door }
}

/// A recording device with at most `max` frames queued, in rings that begin with `ring` frames.
pub fn capture(layout: Layout, ring: Frames, overflow: Overflow, max: Frames) -> Capture {
    let (scrap, scraps) = scrap_lane();
    let (writer, reader, marks) = frame_ring(layout, ring, scrap);
    let (sender, episodes) = episode_lane();
    let (write_scrap, write_ends) = scrap_lane();
    let (spares, spares_out) = HeapRb::new(1).split();
    let shared = share(reader, marks);
    let lanes = TapLanes {
        writer,
        reader: shared.reader.clone(),
        marks: shared.marks.clone(),
        gaps: gap_lane().0,
        spares: spares_out,
        scrap: write_scrap,
    };
    let tap_signals = (Arc::default(), shared.tally.queue.clone(), shared.pump.clone());
    let own = Tap::new(Sink::Queue(lanes, overflow), (layout, max), sender, tap_signals);
    let (door, taps) = guest_room(MOST_TAPS);
    let processor = CaptureProcessor::new((layout, RATE), own, taps, signals(&shared));
    let callback = Callback { layout, guard: guard(&shared), processor: Processor::Capture(processor) };
    Capture { callback, spares, backstage: Backstage { episodes, scraps: vec![scraps, write_ends] }, shared, door }
}

impl Playback {
    /// Runs one block of `frames`; returns what the device was given.
    pub fn hear(&mut self, frames: u64) -> Vec<u8> {
        let mut block = vec![0x55; self.callback.layout.bytes_of(Frames(frames))];
        run(&mut self.callback, &mut block);
        block
    }

    pub fn play(&self, playing: bool) {
        self.shared.control.playing.set(playing);
    }

    pub fn delivered(&self) -> Frames {
        self.shared.marks.count().delivered
    }
}

impl Capture {
    pub fn say(&mut self, pcm: &[u8]) {
        run(&mut self.callback, &mut pcm.to_vec());
    }

    /// As the pump does: keeps a ring of `frames` at hand; true if there was none.
    pub fn offer_spare(&mut self, frames: Frames) -> bool {
        self.spares.is_empty() && self.spares.try_push(SpareRing::new(self.callback.layout, frames)).is_ok()
    }
}

/// A processor that panics in every block: a frame without channels has no size to count by.
pub fn panicking() -> Processor {
    let Playback { shared, .. } = playback(STEREO, Frames(8));
    let (sender, _) = episode_lane();
    let nothing = Layout { channels: 0, ..STEREO };
    let (_, voices) = guest_room(1);
    let signals = signals(&shared);
    Processor::Playback(PlaybackProcessor::new(nothing, RATE, shared.reader.clone(), sender, voices, signals))
}

/// Runs one block at a time that passes by itself: a microsecond for every look at the clock.
pub fn run(callback: &mut Callback, block: &mut [u8]) {
    thread_local!(static NOW: Cell<u64> = const { Cell::new(0) });
    callback.run(block, || NOW.replace(NOW.get() + 1_000));
}

fn share(reader: FrameReader, marks: Arc<FrameMarks>) -> Shared {
    let shared = Shared {
        control: Arc::default(),
        tally: Arc::default(),
        pump: Arc::default(),
        marks,
        reader: Arc::new(TryCell::new(reader)),
    };
    shared.control.playing.set(true);
    shared
}

fn signals(shared: &Shared) -> (Arc<Control>, Arc<Tally>, Arc<Bell>) {
    (shared.control.clone(), shared.tally.clone(), shared.pump.clone())
}

fn guard(shared: &Shared) -> CallbackGuard {
    let (clock, _) = device_clock(RATE);
    CallbackGuard::new(RATE, clock, signals(shared))
}
