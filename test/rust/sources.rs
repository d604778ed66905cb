//! A source's own ring: whatever the rhythm of its two ends, every frame goes one way, whole, in order and counted. And the
//! sum of many: the same, bit for bit, as one after the other.

mod stage;

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use sdl_callback_audio::format::{Layout, SampleFormat};
use sdl_callback_audio::link::marks::FrameCount;
use sdl_callback_audio::link::source::source_ring;
use sdl_callback_audio::units::Frames;
use stage::random::{Random, samples};

/// The ring as anybody would write it who had one thread and no hurry.
#[derive(Default)]
struct Model {
    held: VecDeque<f32>,
    /// Of what is held, samples that were cleared.
    cleared: usize,
    count: FrameCount,
}

impl Model {
    fn write(&mut self, samples: &[f32], channels: usize) {
        self.held.extend(samples);
        let frames = Frames((samples.len() / channels) as u64);
        self.count.written = self.count.written + frames;
        self.count.queued = self.count.queued + frames;
    }

    fn clear(&mut self) {
        self.cleared = self.held.len();
        self.count.discarded = self.count.discarded + self.count.queued;
        self.count.queued = Frames::ZERO;
    }

    fn settle(&mut self) {
        self.held.drain(..std::mem::take(&mut self.cleared));
    }

    fn take(&mut self, frames: Frames, channels: usize) -> Vec<f32> {
        let frames = frames.min(Frames((self.held.len() / channels) as u64));
        self.count.queued = self.count.queued - frames;
        self.count.delivered = self.count.delivered + frames;
        self.held.drain(..frames.as_len() * channels).collect()
    }
}

#[test]
fn a_ring_does_what_the_plainest_model_does_whatever_happens_in_whatever_order() {
    let (mut whole, mut wrapped, mut full) = (0, 0, 0);
    for (seed, channels) in (0..20).flat_map(|seed| [(seed, 1), (seed, 2), (seed, 3), (seed, Layout::MAX_CHANNELS)]) {
        let mut random = Random::new(seed);
        let capacity = Frames(random.below(100) + 1);
        let (mut writer, mut reader, control) = source_ring(channels, capacity).expect("there is memory for it");
        let (mut model, mut next, mut news) = (Model::default(), 0.0, false);
        for step in 0..1_000 {
            let frames = Frames(random.below(capacity.0 * 2));
            match random.below(8) {
                0..3 => {
                    // Half a frame never enters.
                    let len = frames.as_len() * channels + random.below(channels as u64) as usize;
                    let sound: Vec<f32> = (0..len).map(|at| next + at as f32).collect();
                    let fits = Frames((capacity.0 - (model.held.len() / channels) as u64).min(frames.0));
                    assert_eq!(writer.room(), Frames(capacity.0 - (model.held.len() / channels) as u64));
                    assert_eq!(writer.push(&sound), fits, "seed {seed}, step {step}");
                    model.write(&sound[..fits.as_len() * channels], channels);
                    (next, full) = (next + len as f32, full + u64::from(fits < frames));
                }
                3 if random.one_in(3) => {
                    news |= model.count.written > Frames::ZERO && model.count.written != model.count.discarded;
                    control.marks.discard_all();
                    model.clear();
                }
                _ => {
                    assert!(reader.settle() || !news || model.cleared == 0, "a clear goes unseen");
                    (news, _) = (false, model.settle());
                    let there = Frames((model.held.len() / channels) as u64);
                    assert_eq!(reader.there(), there, "seed {seed}, step {step}");
                    if let Some(sound) = reader.whole(frames) {
                        assert!(there >= frames && model.held.iter().take(sound.len()).eq(sound));
                        whole += 1;
                    }
                    let expected = model.take(frames, channels);
                    let taken = reader.take(frames, |first, second| {
                        assert_eq!([first, second].concat(), expected, "seed {seed}, step {step}");
                        assert!(first.len().is_multiple_of(channels), "no frame lies in two pieces");
                        wrapped += u64::from(!second.is_empty());
                    });
                    assert_eq!(taken.as_len() * channels, expected.len());
                }
            }
            assert_eq!(control.marks.count(), model.count, "seed {seed}, step {step}");
            assert_eq!(control.marks.in_rings().as_len() * channels, model.held.len());
        }
    }
    assert!(whole > 1_000 && wrapped > 1_000 && full > 1_000, "{whole} whole, {wrapped} wrapped, {full} full");
}

#[test]
fn nothing_is_whole_that_was_cleared_or_is_not_there() {
    let (mut writer, mut reader, control) = source_ring(2, Frames(8)).expect("there is memory for it");
    assert!(reader.whole(Frames(1)).is_none());
    writer.push(&[0.5; 8]);
    assert_eq!(reader.whole(Frames(4)), Some([0.5; 8].as_slice()));
    assert!(reader.whole(Frames(5)).is_none());
    control.marks.discard_all();
    assert!(reader.whole(Frames(4)).is_none(), "it was cleared");
    assert!(reader.settle() && reader.there() == Frames::ZERO);
    writer.push(&[0.25; 12]);
    assert!(reader.whole(Frames(6)).is_none(), "it lies in two pieces");
    assert_eq!(reader.whole(Frames(4)), Some([0.25; 8].as_slice()));
}

#[test]
fn samples_cross_threads_in_order_none_lost_none_twice_and_every_look_adds_up() {
    const FRAMES: u64 = 100_000;
    for (seed, clears) in [(1, false), (2, true)] {
        let (mut writer, mut reader, control) = source_ring(2, Frames(100)).expect("there is memory for it");
        let over = AtomicBool::new(false);
        thread::scope(|scope| {
            let looking = scope.spawn(|| {
                let mut last = FrameCount::default();
                while !over.load(Ordering::SeqCst) {
                    let count = control.marks.count();
                    assert_eq!(count.written, count.delivered + count.dropped + count.discarded + count.queued);
                    assert!(
                        count.written >= last.written && count.delivered >= last.delivered,
                        "{count:?} after {last:?}"
                    );
                    last = count;
                }
            });
            let writing = scope.spawn(|| {
                let (mut random, mut written) = (Random::new(seed), 0u64);
                while written < FRAMES {
                    let frames = random.below(60).min(FRAMES - written);
                    let sound: Vec<f32> =
                        (written..written + frames).flat_map(|at| [at as f32, -(at as f32)]).collect();
                    let pushed = writer.push(&sound).0;
                    written += pushed;
                    if clears && random.one_in(200) {
                        control.marks.discard_all();
                    }
                    if pushed == 0 {
                        thread::yield_now();
                    }
                }
            });
            let mut random = Random::new(!seed);
            let (mut next, mut delivered, mut missed) = (0u64, 0, 0);
            let mut take = |frames: Frames| {
                reader.settle();
                let check = |next: u64, sound: &[f32]| {
                    for (at, frame) in (next..).zip(sound.chunks_exact(2)) {
                        assert_eq!(frame, [at as f32, -(at as f32)], "seed {seed}");
                    }
                };
                if let Some(sound) = reader.whole(frames) {
                    check(sound.first().map_or(next, |first| *first as u64), sound);
                }
                let taken = reader.take(frames, |first, second| {
                    let begins = first.first().map_or(next, |first| *first as u64);
                    assert!(begins == next || clears && begins > next, "frame {begins} after {next}");
                    check(begins, first);
                    check(begins + first.len() as u64 / 2, second);
                    (next, missed) = (begins, missed + begins - next);
                });
                (next, delivered) = (next + taken.0, delivered + taken.0);
                taken > Frames::ZERO
            };
            while !writing.is_finished() {
                if !take(Frames(1 + random.below(70))) {
                    thread::yield_now();
                }
            }
            writing.join().expect("the writer's assertions hold");
            while take(Frames(64)) {}
            over.store(true, Ordering::SeqCst);
            looking.join().expect("every look adds up");
            let count = control.marks.count();
            assert_eq!(
                (count.written, count.delivered, count.queued),
                (Frames(FRAMES), Frames(delivered), Frames::ZERO)
            );
            assert_eq!(count.discarded.0, FRAMES - delivered);
            assert!(missed <= count.discarded.0 && (missed > 0) == clears, "{missed} missed");
        });
    }
}

#[test]
fn the_sum_is_the_same_bit_for_bit_however_many_are_added_at_once() {
    for (seed, channels) in (0..26).flat_map(|seed| [(seed, 1), (seed, 2), (seed, 3)]) {
        let layout = Layout { format: SampleFormat::F32Lsb, channels };
        let mut random = Random::new(seed);
        let mut stage = stage::playback(layout, Frames(64));
        let count = 1 + seed % 13;
        let mut sources: Vec<_> = (0..count).map(|_| stage.add(300 + random.below(200))).collect();
        let gains: Vec<f32> = (0..count).map(|_| random.unit()).collect();
        sources.iter().zip(&gains).for_each(|(source, gain)| source.seen.set_gain(*gain, 0));
        stage.hear(500);
        let idle: Vec<bool> = (0..count).map(|_| random.one_in(4)).collect();
        for block in 0..40 {
            let frames = random.below(290) + 1;
            let mut sum = vec![0.0; frames as usize * channels];
            for ((source, gain), idle) in sources.iter_mut().zip(&gains).zip(&idle) {
                if *idle {
                    continue;
                }
                let mut sound: Vec<f32> = sum.iter().map(|_| 0.05 * (2.0 * random.unit() - 1.0)).collect();
                if block == 0 {
                    // From silence: nothing has to be faded in.
                    sound[..channels].fill(0.0);
                }
                assert_eq!(source.writer.push(&sound), Frames(frames));
                sum.iter_mut().zip(sound).for_each(|(sum, sample)| *sum += sample * gain);
                if random.one_in(5) {
                    // A gain that goes where it is: it is added by itself.
                    source.seen.set_gain(*gain, random.below(600));
                }
            }
            assert_eq!(samples(layout, &stage.hear(frames)), sum, "seed {seed}, block {block}");
        }
    }
}

#[test]
fn a_ring_for_which_there_is_no_memory_is_refused() {
    assert!(source_ring(8, Frames(1 << 50)).is_none());
    assert!(source_ring(8, Frames(u64::MAX)).is_none());
}

#[test]
fn a_tail_is_heard_before_the_ring_runs_dry_and_written_only_once() {
    let (mut writer, mut reader, control) = source_ring(1, Frames(8)).expect("there is memory for it");
    writer.push(&[1.0, 2.0]);
    writer.lay_tail(&[3.0, 4.0, 5.0]);
    assert_eq!((control.tail(), control.marks.count().queued), (Frames(3), Frames(2)));
    let mut heard = Vec::new();
    let mut take = |frames: u64| reader.take(Frames(frames), |first, second| heard.extend([first, second].concat()));
    // As much of the tail as is missing, and no more.
    assert_eq!((take(3), control.tail()), (Frames(3), Frames(2)));
    assert_eq!(writer.take_back_tail(), Frames(1));
    assert_eq!((writer.push(&[6.0, 7.0]), take(9), control.tail()), (Frames(2), Frames(2), Frames::ZERO));
    // Round the end of the ring, to the last.
    writer.lay_tail(&[8.0, 9.0, 10.0, 11.0]);
    assert_eq!((take(1), take(9), writer.take_back_tail()), (Frames(1), Frames(3), Frames(4)));
    // One that is kept is written; one that is taken back never was.
    writer.lay_tail(&[12.0, 13.0]);
    writer.keep_tail();
    writer.lay_tail(&[0.5; 9]);
    assert_eq!((control.tail(), writer.take_back_tail(), take(9)), (Frames(6), Frames::ZERO, Frames(2)));
    assert_eq!(heard, (1..=13).map(|at| at as f32).filter(|at| ![4.0, 5.0].contains(at)).collect::<Vec<_>>());
    let count = control.marks.count();
    assert_eq!((count.written, count.delivered, count.queued), (Frames(11), Frames(11), Frames::ZERO));
}

#[test]
fn a_tail_crosses_threads_and_whatever_was_heard_of_it_is_not_written_again() {
    const FRAMES: u64 = 200_000;
    let (mut writer, mut reader, control) = source_ring(1, Frames(64)).expect("there is memory for it");
    thread::scope(|scope| {
        let writing = scope.spawn(move || {
            let (mut random, mut next) = (Random::new(7), 0u64);
            let sound = |from: u64, frames: u64| (from..from + frames).map(|at| at as f32).collect::<Vec<_>>();
            while next < FRAMES {
                next += writer.take_back_tail().0;
                next += writer.push(&sound(next, random.below(20))).0;
                writer.lay_tail(&sound(next, random.below(9)));
                if random.one_in(3) {
                    thread::yield_now();
                }
            }
            writer.keep_tail();
        });
        let mut next = 0u64;
        let mut take = |frames: u64| {
            reader.take(Frames(frames), |first, second| {
                for sample in first.iter().chain(second) {
                    assert_eq!(*sample, next as f32);
                    next += 1;
                }
            })
        };
        let mut random = Random::new(8);
        while !writing.is_finished() || control.marks.in_rings() > Frames::ZERO {
            if take(1 + random.below(16)) == Frames::ZERO {
                thread::yield_now();
            }
        }
        writing.join().expect("it only writes");
        let count = control.marks.count();
        assert_eq!((count.written, count.delivered), (Frames(next), Frames(next)));
    });
}
