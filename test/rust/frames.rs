//! The frame ring: whatever the rhythm of its two ends, every frame goes one way, whole, in order and counted.

#[path = "frames/model.rs"]
mod model;
mod stage;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use model::Model;
use sdl_callback_audio::format::{Layout, SampleFormat};
use sdl_callback_audio::link::frames::{FrameReader, FrameWriter, frame_ring};
use sdl_callback_audio::link::marks::FrameMarks;
use sdl_callback_audio::link::scrap::{ScrapReceiver, scrap_lane};
use sdl_callback_audio::units::Frames;
use stage::STEREO;
use stage::random::{Random, byte_at};

const SEEDS: u64 = 12;
const FIRST_RING: Frames = Frames(50);
/// Frames of 3, 4 and 32 bytes: odd, common and largest.
const LAYOUTS: [Layout; 3] = [
    Layout { format: SampleFormat::U8, channels: 3 },
    STEREO,
    Layout { format: SampleFormat::F32Msb, channels: Layout::MAX_CHANNELS },
];

struct Ring {
    writer: FrameWriter,
    reader: FrameReader,
    marks: Arc<FrameMarks>,
    scraps: ScrapReceiver,
}

fn ring(layout: Layout) -> Ring {
    let (scrap, scraps) = scrap_lane();
    let (writer, reader, marks) = frame_ring(layout, FIRST_RING, scrap);
    Ring { writer, reader, marks, scraps }
}

/// `frames` of a stream from `place`, a count of bytes, on.
fn stream(layout: Layout, place: u64, frames: u64) -> Vec<u8> {
    (place..place + layout.bytes_of(Frames(frames)) as u64).map(byte_at).collect()
}

/// How often in all a writer lets the other threads go first: a ring that loses frames would keep it waiting for ever.
struct Patience(u32);

impl Patience {
    fn until(&mut self, ready: impl Fn() -> bool) {
        while !ready() && self.0 > 0 {
            thread::yield_now();
            self.0 -= 1;
        }
    }
}

#[test]
fn a_ring_does_what_the_plainest_model_does_whatever_happens_in_whatever_order() {
    let (mut switched, mut faded) = (0, 0);
    for (layout, seed) in LAYOUTS.into_iter().flat_map(|layout| (0..SEEDS).map(move |seed| (layout, seed))) {
        let mut random = Random::new(seed);
        let Ring { mut writer, mut reader, marks, mut scraps } = ring(layout);
        let mut model = Model::default();
        for step in 0..1_500 {
            let frames = random.below(120);
            let bytes = random.bytes(layout.bytes_of(Frames(frames)));
            match random.below(18) {
                0..4 => {
                    assert!(writer.append(&bytes));
                    model.wrote(layout, &bytes);
                }
                4..6 => {
                    let rest = writer.push(&bytes).len();
                    model.wrote(layout, &bytes[..bytes.len() - rest]);
                }
                6 => {
                    marks.discard_all();
                    model.clear();
                }
                7 => assert_eq!(reader.settle(), model.settle(layout), "seed {seed}, step {step}"),
                16 => {
                    let over = Frames(random.below(3) * random.below(80));
                    assert_eq!(reader.cut(over), model.cut(layout, over), "seed {seed}, step {step}");
                }
                17 if random.one_in(3) => assert_eq!(reader.finish_cut(), model.finish_cut()),
                8 => {
                    model.finish_cut();
                    let dropped = reader.drop_oldest(Frames(frames));
                    assert_eq!(layout.bytes_of(dropped), model.take(layout, Frames(frames)).len());
                    model.count.dropped = model.count.dropped + dropped;
                }
                9 => writer.shrink_if_drained(),
                _ => {
                    let mut out = vec![0; layout.bytes_of(Frames(frames)) + random.below(3) as usize];
                    reader.settle();
                    let filled = reader.pop(&mut out);
                    let expected = model.take(layout, layout.frames_in(out.len()));
                    assert!(out[..filled] == expected, "seed {seed}, step {step}");
                    model.count.delivered = model.count.delivered + layout.frames_in(filled);
                }
            }
            let count = marks.count();
            assert_eq!(count, model.count, "seed {seed}, step {step}");
            assert_eq!(count.written, count.delivered + count.dropped + count.discarded + count.queued);
            let left = reader.fading().map_or(Frames::ZERO, |fading| fading.left);
            assert_eq!(left, model.fading, "seed {seed}, step {step}");
            faded += u64::from(left > Frames::ZERO);
            assert_eq!(marks.queued(), model.count.queued, "seed {seed}, step {step}");
            assert_eq!(marks.in_rings(), layout.frames_in(model.held.len()), "seed {seed}, step {step}");
            switched += scraps.free_all();
        }
    }
    assert!(switched > 100, "the walk hardly ever changes rings: {switched}");
    assert!(faded > 1_000, "the walk hardly ever fades: {faded}");
}

#[test]
fn bytes_cross_threads_in_order_none_lost_none_twice_through_growth_and_shrinking() {
    for (layout, seed) in LAYOUTS.into_iter().zip(1..) {
        let Ring { mut writer, mut reader, marks, mut scraps } = ring(layout);
        let chunks = 600;
        let writing = thread::spawn({
            let marks = marks.clone();
            move || {
                let (mut random, mut patience) = (Random::new(seed), Patience(5_000_000));
                let mut place = 0;
                for chunk in 0..chunks {
                    let pcm = stream(layout, place, random.below(4 * FIRST_RING.0));
                    place += pcm.len() as u64;
                    assert!(writer.append(&pcm));
                    if chunk % 10 == 9 {
                        patience.until(|| marks.in_rings() == Frames::ZERO);
                        writer.shrink_if_drained();
                    }
                }
                place
            }
        });
        let mut random = Random::new(!seed);
        let (mut place, mut switched) = (0, 0);
        let mut read_some = |place: &mut u64| {
            let mut out = vec![0; random.below(500) as usize];
            let queued = marks.queued();
            let filled = reader.pop(&mut out);
            assert!(filled > 0 || queued == Frames::ZERO || out.len() < layout.frame_bytes(), "{queued:?} stay behind");
            let wrong = out[..filled].iter().zip(*place..).position(|(byte, place)| *byte != byte_at(place));
            assert_eq!(wrong, None, "from byte {place} on, seed {seed}");
            *place += filled as u64;
            switched += scraps.free_all();
        };
        while !writing.is_finished() {
            read_some(&mut place);
        }
        let written = writing.join().expect("the writer's assertions hold");
        while marks.queued() > Frames::ZERO {
            read_some(&mut place);
        }
        assert_eq!(place, written);
        assert!(switched >= chunks / 10, "rings changed {switched} times only");
    }
}

/// Frames of eight bytes that say which one they are.
const NUMBERED: Layout = Layout { format: SampleFormat::S32Lsb, channels: 2 };

/// What its owner knows of a count: it was `least` when a look began and `most` when it ended.
#[derive(Default)]
struct Known {
    least: AtomicU64,
    most: AtomicU64,
}

impl Known {
    fn may_grow_by(&self, frames: u64) {
        self.most.store(self.least.load(Ordering::SeqCst) + frames, Ordering::SeqCst);
    }

    fn is(&self, frames: u64) {
        self.least.store(frames, Ordering::SeqCst);
    }
}

#[derive(Default)]
struct Truth {
    written: Known,
    delivered: Known,
    dropped: Known,
    /// Only `least`: a clear counts at once what a block in the making may yet deliver.
    discarded: Known,
    over: AtomicBool,
}

impl Truth {
    fn look(&self, marks: &FrameMarks) {
        let known = [&self.written, &self.delivered, &self.dropped];
        let least = known.map(|known| known.least.load(Ordering::SeqCst));
        let least_discarded = self.discarded.least.load(Ordering::SeqCst);
        let count = marks.count();
        let most = known.map(|known| known.most.load(Ordering::SeqCst));
        for (frames, (least, most)) in
            [count.written, count.delivered, count.dropped].iter().zip(least.iter().zip(most))
        {
            assert!((*least..=most).contains(&frames.0), "{count:?} where {least:?} to {most:?} was true");
        }
        assert!(count.discarded.0 >= least_discarded, "{count:?}, yet {least_discarded} were discarded before");
        assert_eq!(count.written, count.delivered + count.dropped + count.discarded + count.queued);
    }
}

#[test]
fn at_any_look_from_a_third_thread_the_counts_are_true_and_add_up() {
    const WRITES: u64 = 25_000;
    let Ring { mut writer, mut reader, marks, mut scraps } = ring(NUMBERED);
    let truth = Arc::new(Truth::default());
    let looking = thread::spawn({
        let (truth, marks) = (truth.clone(), marks.clone());
        move || {
            while !truth.over.load(Ordering::SeqCst) {
                truth.look(&marks);
            }
        }
    });
    let writing = thread::spawn({
        let (truth, marks) = (truth.clone(), marks.clone());
        move || {
            let (mut random, mut patience) = (Random::new(5), Patience(5_000_000));
            let mut written = 0;
            for _ in 0..WRITES {
                let frames = random.below(40);
                let pcm: Vec<u8> = (written..written + frames).flat_map(u64::to_le_bytes).collect();
                truth.written.may_grow_by(frames);
                assert!(writer.append(&pcm));
                written += frames;
                truth.written.is(written);
                if random.one_in(400) {
                    marks.discard_all();
                }
                patience.until(|| marks.in_rings() < Frames(2_000));
                if random.one_in(100) {
                    patience.until(|| marks.in_rings() == Frames::ZERO);
                    writer.shrink_if_drained();
                }
            }
            written
        }
    });

    let mut random = Random::new(6);
    let mut out = vec![0; NUMBERED.bytes_of(Frames(64))];
    let (mut next, mut missed, mut delivered, mut dropped, mut switched) = (0, 0, 0, 0, 0);
    let mut step = || {
        if random.one_in(30) {
            let frames = random.below(60);
            truth.dropped.may_grow_by(frames);
            dropped += reader.drop_oldest(Frames(frames)).0;
            truth.dropped.is(dropped);
        }
        let wanted = NUMBERED.bytes_of(Frames(1 + random.below(64)));
        truth.delivered.may_grow_by(64);
        reader.settle();
        let filled = reader.pop(&mut out[..wanted]);
        for frame in out[..filled].chunks_exact(8) {
            let number = frame.try_into().map(u64::from_le_bytes).expect("eight bytes");
            assert!(number >= next, "frame {number} after frame {next}");
            missed += number - next;
            next = number + 1;
            delivered += 1;
        }
        truth.delivered.is(delivered);
        truth.discarded.is(missed - dropped.min(missed));
        switched += scraps.free_all();
        filled > 0
    };
    while !writing.is_finished() {
        step();
    }
    let written = writing.join().expect("the writer's assertions hold");
    while step() {}
    truth.over.store(true, Ordering::SeqCst);
    assert!(looking.join().is_ok(), "a look saw counts that were never true");

    let count = marks.count();
    assert_eq!((count.written.0, count.delivered.0, count.dropped.0), (written, delivered, dropped));
    assert_eq!(count.queued, Frames::ZERO);
    assert_eq!(count.discarded.0 + dropped, missed + (written - next), "frames are missing that no count tells of");
    assert!(dropped > 0 && count.discarded.0 > 0 && delivered > 0 && switched > 10, "{count:?}, {switched} rings");
}

#[test]
fn a_clear_is_true_at_once_and_its_memory_comes_home_although_nothing_plays() {
    let mut stage = stage::playback(STEREO, FIRST_RING);
    stage.play(false);
    assert!(stage.writer.append(&stream(STEREO, 0, 1_000_000)));
    stage.shared.marks.discard_all();
    let count = stage.shared.marks.count();
    assert_eq!((count.queued, count.discarded), (Frames::ZERO, Frames(1_000_000)));

    stage.hear(64);
    stage.writer.shrink_if_drained();
    stage.hear(64);
    assert_eq!(stage.writer.ring_frames(), FIRST_RING);
    assert_eq!(stage.backstage.free_all(), 2, "the first ring, and the large one");
}

#[test]
fn what_was_cleared_is_never_heard_although_the_way_home_was_full() {
    let mut stage = stage::playback(STEREO, FIRST_RING);
    let mut out = [0; 400];
    let mut switched = 0;
    // Rings come and go until the scrap lane takes no more.
    while stage.shared.marks.queued() == Frames::ZERO {
        let pcm = stream(STEREO, 0, 4 * FIRST_RING.0);
        assert!(stage.writer.append(&pcm));
        while stage.shared.read(&mut out) > 0 {}
        stage.writer.shrink_if_drained();
        switched += 1;
        assert!(switched < 1_000, "the scrap lane is never full");
    }
    let cleared = stage.shared.marks.queued();
    stage.shared.marks.discard_all();
    assert!(stage.writer.append(&[7; 400]));
    stage.shared.reader.with(|reader| {
        reader.settle();
        assert!(stage.backstage.free_all() > 0);
        assert_eq!(reader.pop(&mut out), 0, "there is room now, but first comes what was cleared");
        assert_eq!(reader.drop_oldest(Frames(1)), Frames(1), "and what was cleared is not dropped as well");
    });
    assert_eq!(stage.shared.marks.count().discarded, cleared);
    assert_eq!(stage.shared.read(&mut out), 396);
    assert_eq!(out[..396], [7; 396]);
}

#[test]
fn dropping_the_oldest_keeps_the_newest() {
    for (seed, newest) in [0, 1, 63, 64, 500, 999, 1_000].into_iter().enumerate() {
        let Ring { mut writer, mut reader, .. } = ring(NUMBERED);
        let mut random = Random::new(seed as u64);
        let mut written = 0u64;
        while written < 1_000 {
            let frames = random.below(90).min(1_000 - written);
            assert!(writer.append(&(written..written + frames).flat_map(u64::to_le_bytes).collect::<Vec<_>>()));
            written += frames;
        }
        assert_eq!(reader.drop_oldest(Frames(1_000 - newest)), Frames(1_000 - newest));
        let mut out = vec![0; NUMBERED.bytes_of(Frames(1_000))];
        let filled = reader.pop(&mut out);
        assert_eq!(out[..filled], (1_000 - newest..1_000).flat_map(u64::to_le_bytes).collect::<Vec<_>>());
    }
}

#[test]
fn half_a_frame_neither_enters_nor_leaves() {
    for layout in LAYOUTS {
        let Ring { mut writer, mut reader, marks, .. } = ring(layout);
        let size = layout.frame_bytes();
        for cut in 1..size {
            let pcm = stream(layout, 0, 3);
            assert_eq!(writer.push(&pcm[..2 * size + cut]).len(), cut, "the half frame is handed back");
            assert!(writer.append(&pcm[..size + cut]));
            assert_eq!(marks.queued(), Frames(3));
            let mut out = vec![0; 2 * size + cut];
            assert_eq!(reader.pop(&mut out), 2 * size);
            assert_eq!(out[..2 * size], pcm[..2 * size]);
            assert_eq!(reader.pop(&mut out), size);
            assert_eq!(out[..size], pcm[..size]);
        }
    }
}

#[test]
fn ten_minutes_of_stereo_go_in_with_one_append() {
    let song = Random::new(1).bytes(STEREO.bytes_of(stage::SECOND)).repeat(600);
    let frames = STEREO.frames_in(song.len());
    let mut stage = stage::playback(STEREO, Frames(9_600));
    assert!(stage.writer.append(&song));
    assert_eq!(stage.shared.marks.queued(), frames);
    for (at, expected) in song.chunks(STEREO.bytes_of(Frames(480))).enumerate() {
        assert!(stage.hear(480) == expected, "block {at}");
    }
    assert_eq!(stage.delivered(), frames);
}
