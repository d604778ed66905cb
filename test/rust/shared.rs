//! A ring in JavaScript's memory: its other end sees frames whole and in order, stays inside it whatever a script writes
//! there, and lets go of it before it goes. Run under the thread and address sanitizers by `sanitize.sh`.

mod stage;

use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;

use sdl_callback_audio::link::shared::{
    DATA_WORD, Inside, READ_WORD, SharedMemory, SharedReader, SharedWriter, VERSION, WRITE_WORD,
};
use sdl_callback_audio::units::Frames;
use stage::guests::JsRing;
use stage::random::Random;

const SHAPES: [(usize, u32); 4] = [(1, 1), (1, 7), (2, 64), (8, 33)];
const FRAMES: u32 = 40_000;

/// A frame that says which one it is, in every channel differently.
fn numbered(channels: usize, frame: u32) -> impl Iterator<Item = f32> {
    (0..channels as u32).map(move |channel| (frame % 1_000_000 + channel) as f32)
}

fn check(channels: usize, next: &mut u32, samples: &[f32]) {
    for frame in samples.chunks_exact(channels) {
        assert!(frame.iter().copied().eq(numbered(channels, *next)), "{frame:?} for frame {next}");
        *next += 1;
    }
}

#[test]
fn what_javascript_writes_arrives_whole_and_in_order() {
    for (channels, capacity) in SHAPES {
        let ring = JsRing::new(channels, capacity);
        let memory = ring.memory();
        let mut reader = SharedReader::new(memory.clone());
        let write = || {
            let (mut random, mut frame) = (Random::new(1), 0);
            while frame < FRAMES {
                let count = (1 + random.below(90) as u32).min(FRAMES - frame);
                let sound: Vec<f32> = (frame..frame + count).flat_map(|frame| numbered(channels, frame)).collect();
                let written = ring.write(&sound);
                frame += (written / channels) as u32;
                if written < sound.len() {
                    thread::yield_now();
                }
            }
        };
        thread::scope(|scope| {
            let writing = scope.spawn(write);
            let (mut random, mut next, mut skipped) = (Random::new(2), 0, 0);
            while next < FRAMES {
                if random.one_in(50) {
                    memory.clear();
                    let cleared = memory.inside().cleared;
                    assert_eq!(reader.step_over_cleared(), Some(cleared));
                    (next, skipped) = (next + cleared.0 as u32, skipped + cleared.0);
                }
                let mut out = vec![0.0; random.below(300) as usize];
                assert!(reader.look() >= u64::from(next));
                let len = reader.copy(&mut out);
                check(channels, &mut next, &out[..len]);
                if len == 0 {
                    thread::yield_now();
                }
            }
            assert!(skipped > 0);
            writing.join().expect("the writer does not panic");
        });
        assert_eq!(ring.memory().faults(), 0);
    }
}

#[test]
fn what_the_audio_thread_writes_arrives_whole_and_in_order() {
    for (channels, capacity) in SHAPES {
        let ring = JsRing::new(channels, capacity);
        let mut writer = SharedWriter::new(ring.memory());
        thread::scope(|scope| {
            let writing = scope.spawn(move || {
                let (mut random, mut frame) = (Random::new(3), 0);
                while frame < FRAMES {
                    let count = (1 + random.below(90) as u32).min(FRAMES - frame);
                    let sound: Vec<f32> = (frame..frame + count).flat_map(|frame| numbered(channels, frame)).collect();
                    let pushed = writer.push(&sound).0 as u32;
                    frame += pushed;
                    if pushed < count {
                        thread::yield_now();
                    }
                }
            });
            let (mut random, mut next) = (Random::new(4), 0);
            while next < FRAMES {
                let mut out = vec![0.0; random.below(300) as usize];
                let len = ring.read(&mut out);
                check(channels, &mut next, &out[..len]);
                if len == 0 {
                    thread::yield_now();
                }
            }
            writing.join().expect("the writer does not panic");
        });
    }
}

#[test]
fn whatever_a_script_writes_at_any_time_nothing_outside_the_ring_is_touched_and_no_frame_is_torn_off() {
    for (channels, capacity) in SHAPES {
        let ring = JsRing::new(channels, capacity);
        let memory = ring.memory();
        let (mut reader, mut writer) = (SharedReader::new(memory.clone()), SharedWriter::new(memory.clone()));
        let over = AtomicBool::new(false);
        let scribble = || {
            let mut random = Random::new(5);
            while !over.load(Ordering::Acquire) {
                ring.scribble(&mut random);
            }
        };
        thread::scope(|scope| {
            let scribbling = scope.spawn(scribble);
            let mut random = Random::new(6);
            let mut out = vec![0.0; 100 * channels + 3];
            // And until the other thread has had its turn.
            let mut round = 0;
            while round < 20_000 || memory.faults() == 0 {
                round += 1;
                let len = reader.copy(&mut out);
                assert!(len <= capacity as usize * channels && len.is_multiple_of(channels));
                assert!(out[..len].iter().all(|sample| sample.is_finite()));
                if random.one_in(3) {
                    memory.clear();
                    assert!(reader.step_over_cleared().is_none_or(|cleared| cleared.0 <= u64::from(capacity)));
                }
                let inside = memory.inside();
                assert!((inside.cleared + inside.queued).0 <= u64::from(capacity));
                assert!(writer.push(&out).0 <= u64::from(capacity).min(100));
                reader.look();
            }
            over.store(true, Ordering::Release);
            scribbling.join().expect("it does not panic");
        });
        assert_eq!(memory.shape(), Some((channels, Frames(u64::from(capacity)))), "what was checked once holds");
        assert!(memory.faults() > 0);
    }
}

#[test]
fn the_counts_of_a_source_add_up_although_its_script_writes_an_index_back() {
    let (ring, mut random) = (JsRing::new(2, 100), Random::new(7));
    let mut stage = stage::playback(stage::STEREO, Frames(64));
    let seen = stage.add_shared(&ring);
    let memory = ring.lent();
    for _ in 0..5_000 {
        match random.below(4) {
            0 => ring.words[WRITE_WORD].store(random.below(210) as u32, Ordering::SeqCst),
            1 => memory.clear(),
            2 => stage.play(random.one_in(2)),
            _ => drop(stage.hear(random.below(40))),
        }
        let count = seen.marks().count();
        assert_eq!(count.written, count.delivered + count.discarded + count.queued);
        assert!(count.queued <= Frames(200), "{count:?}");
    }
}

#[test]
fn when_detach_returns_nobody_is_inside_and_nobody_comes_in() {
    for seed in 0..300 {
        let ring = JsRing::new(2, 50);
        let memory = ring.memory();
        let (mut reader, mut writer) = (SharedReader::new(memory.clone()), SharedWriter::new(memory.clone()));
        let over = AtomicBool::new(false);
        thread::scope(|scope| {
            let over = &over;
            let reading = scope.spawn(move || {
                let mut out = [0.0; 60];
                while !over.load(Ordering::Acquire) {
                    reader.look();
                    reader.copy(&mut out);
                    reader.step_over_cleared();
                }
                assert_eq!((reader.copy(&mut out), reader.look()), (0, reader.look()));
            });
            let writing = scope.spawn(move || {
                while !over.load(Ordering::Acquire) {
                    writer.push(&[0.5; 40]);
                }
                assert_eq!(writer.push(&[0.5; 40]), Frames::ZERO);
            });
            (0..Random::new(seed).below(2_000)).for_each(|_| std::hint::spin_loop());
            memory.detach();
            let words: Vec<u32> = ring.words.iter().map(|word| word.load(Ordering::Acquire)).collect();
            // The address sanitizer sees whoever comes later.
            drop(ring);
            assert_eq!(words[1], VERSION);
            (0..2_000).for_each(|_| std::hint::spin_loop());
            over.store(true, Ordering::Release);
            // A scope ends with less of a handshake than a join, too little for the thread sanitizer.
            for thread in [reading, writing] {
                thread.join().expect("its assertions hold");
            }
        });
        assert_eq!(memory.shape(), None);
    }
}

#[test]
fn a_clear_drops_what_was_there_and_nothing_that_comes_after_it() {
    let ring = JsRing::new(1, 10);
    let memory = ring.memory();
    let mut reader = SharedReader::new(memory.clone());
    let mut out = [0.0; 10];
    let inside = |cleared, queued| Inside { cleared: Frames(cleared), queued: Frames(queued) };
    for round in 0..50 {
        let (before, after) = (1 + round % 7, round % 3);
        assert_eq!(reader.step_over_cleared(), None);
        assert_eq!(ring.write(&vec![0.1; before]), before);
        memory.clear();
        assert_eq!(ring.write(&vec![0.9; after]), after);
        assert_eq!(memory.inside(), inside(before as u64, after as u64));
        if round % 2 == 0 {
            assert_eq!(reader.step_over_cleared(), Some(Frames(before as u64)));
        } else {
            // The reader was there first.
            assert_eq!(reader.copy(&mut out[..before]), before);
            assert_eq!(reader.step_over_cleared(), Some(Frames::ZERO));
        }
        assert_eq!(memory.inside(), inside(0, after as u64));
        assert_eq!(reader.copy(&mut out), after);
        assert!(out[..after].iter().all(|sample| *sample == 0.9));
    }
}

#[test]
fn a_ring_that_had_another_reader_or_writer_goes_on_where_that_one_ended() {
    let ring = JsRing::new(1, 10);
    let mut out = [0.0; 10];
    for round in 0..7 {
        let sound = [round as f32, 0.5, 0.25];
        assert_eq!(ring.write(&sound), 3);
        assert_eq!(SharedReader::new(ring.memory()).copy(&mut out), 3);
        assert_eq!(out[..3], sound);
        assert_eq!(SharedWriter::new(ring.memory()).push(&sound), Frames(3));
        assert_eq!(ring.read(&mut out), 3);
        assert_eq!(out[..3], sound);
    }
    // Whatever stands there: a reader stays inside.
    ring.words[READ_WORD].store(20, Ordering::SeqCst);
    assert!(SharedReader::new(ring.memory()).copy(&mut out) <= 10);
}

#[test]
fn words_that_describe_no_ring_in_this_memory_are_refused() {
    let ring = JsRing::new(2, 50);
    let view = |ring: &JsRing, len: usize| -> Option<Arc<SharedMemory>> {
        // SAFETY: as in `JsRing::memory`; the view is dropped before the ring.
        unsafe { SharedMemory::new(NonNull::from(&ring.words[0]).cast(), len) }
    };
    assert!(view(&ring, ring.words.len()).is_some());
    for len in [0, 1, DATA_WORD - 1, DATA_WORD, ring.words.len() - 1] {
        assert!(view(&ring, len).is_none(), "{len} words");
    }
    for (word, values) in [
        (0, vec![0, 1]),
        (1, vec![0, 2]),
        (2, vec![0, 3, 9, u32::MAX]),
        (3, vec![0, 51, u32::MAX, u32::MAX / 2, 1 << 31]),
    ] {
        for value in values {
            let kept = ring.words[word].swap(value, Ordering::SeqCst);
            assert!(view(&ring, ring.words.len()).is_none(), "{value} in word {word}");
            ring.words[word].store(kept, Ordering::SeqCst);
        }
    }
}

#[test]
fn who_asks_how_full_the_ring_is_never_keeps_the_audio_thread_from_it() {
    let ring = JsRing::new(2, 64);
    let memory = ring.memory();
    let (mut reader, mut writer) = (SharedReader::new(memory.clone()), SharedWriter::new(memory.clone()));
    let over = AtomicBool::new(false);
    let asked = AtomicU32::new(0);
    thread::scope(|scope| {
        let asking = scope.spawn(|| {
            while !over.load(Ordering::Acquire) {
                assert!(memory.inside().queued <= Frames(64) && memory.shape().is_some());
                asked.fetch_add(1, Ordering::Release);
            }
        });
        let (sound, mut out, mut round) = ([0.5; 16], [0.0; 16], 0);
        // And until the other thread has had its turn.
        while round < 200_000 || asked.load(Ordering::Acquire) < 1_000 {
            round += 1;
            assert_eq!(writer.push(&sound), Frames(8), "round {round}");
            assert_eq!(reader.copy(&mut out), 16, "round {round}");
        }
        over.store(true, Ordering::Release);
        asking.join().expect("it does not panic");
    });
}
