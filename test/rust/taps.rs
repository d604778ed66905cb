//! Several readers of one microphone, each with its own pace and policy; its gain, and its level.

mod stage;

use sdl_callback_audio::format::{Layout, SampleFormat};
use sdl_callback_audio::link::latest::GainOrder;
use sdl_callback_audio::rt::tap::Overflow;
use sdl_callback_audio::units::Frames;
use stage::guests::{JsRing, TapEnd};
use stage::random::{Random, pcm, samples};
use stage::{Capture, STEREO};

const RAMP: usize = 240;
const MONO: Layout = Layout { format: SampleFormat::F32Lsb, channels: 1 };
/// Frames of eight bytes that say which one they are.
const NUMBERED: Layout = Layout { format: SampleFormat::S32Msb, channels: 2 };

fn microphone(layout: Layout) -> Capture {
    stage::capture(layout, Frames(20_000), Overflow::DropOldest, Frames(20_000))
}

fn numbers(from: u64, frames: u64) -> Vec<u8> {
    (from..from + frames).flat_map(u64::to_le_bytes).collect()
}

/// Reads at most so many frames; returns which ones.
fn read(end: &TapEnd, frames: u64) -> Vec<u64> {
    let mut out = vec![0; NUMBERED.bytes_of(Frames(frames))];
    let filled = end.read(&mut out);
    out[..filled].chunks_exact(8).map(|frame| u64::from_le_bytes(frame.try_into().expect("eight bytes"))).collect()
}

/// The bytes that one of the taps reads, or the device itself.
fn read_at(stage: &Capture, ends: &[TapEnd], at: usize, out: &mut [u8]) -> usize {
    match ends.get(at) {
        Some(end) => end.read(out),
        None => stage.shared.read(out),
    }
}

fn gain(stage: &Capture, gain: f32, over: u64) {
    stage.shared.control.gain.set(GainOrder { gain, over: Frames(over) });
}

#[test]
fn every_tap_reads_the_microphone_bit_for_bit_in_every_format_at_its_own_pace() {
    for (format, seed) in SampleFormat::ALL.into_iter().zip(0..) {
        for channels in [1, 2, Layout::MAX_CHANNELS] {
            let layout = Layout { format, channels };
            let mut random = Random::new(seed);
            let mut stage = microphone(layout);
            let ends: Vec<TapEnd> = (0..3).map(|_| stage.add(Overflow::DropNewest, Frames(20_000))).collect();
            let (mut said, mut heard) = (Vec::new(), vec![Vec::new(); 4]);
            for _ in 0..60 {
                let frames = Frames(random.below(200));
                let block = random.bytes(layout.bytes_of(frames));
                stage.say(&block);
                said.extend(block);
                let mut out = vec![0; random.below(900) as usize];
                let at = random.below(4) as usize;
                let filled = read_at(&stage, &ends, at, &mut out);
                heard[at].extend_from_slice(&out[..filled]);
            }
            for (at, heard) in heard.iter_mut().enumerate() {
                let mut out = vec![0; said.len()];
                let filled = read_at(&stage, &ends, at, &mut out);
                heard.extend_from_slice(&out[..filled]);
                assert!(*heard == said, "{layout:?}, reader {at}");
            }
            assert!(ends.iter().all(|end| end.tally.episodes.get() == 0));
        }
    }
}

#[test]
fn one_tap_that_overflows_loses_by_its_own_policy_and_the_others_nothing() {
    let mut stage = microphone(NUMBERED);
    let oldest = stage.add(Overflow::DropOldest, Frames(300));
    let newest = stage.add(Overflow::DropNewest, Frames(300));
    let whole = stage.add(Overflow::DropOldest, Frames(20_000));
    let mut random = Random::new(1);
    let mut said = 0;
    while said < 5_000 {
        let frames = 1 + random.below(150);
        stage.say(&numbers(said, frames));
        said += frames;
    }
    assert_eq!(read(&oldest, 9_999), (said - 300..said).collect::<Vec<_>>());
    assert_eq!(read(&newest, 9_999), (0..300).collect::<Vec<_>>());
    assert_eq!(read(&whole, 9_999), (0..said).collect::<Vec<_>>());
    assert_eq!(oldest.tally.episode_frames.get(), said - 300);
    assert_eq!(newest.tally.episode_frames.get(), said - 300);
    assert_eq!((whole.tally.episode_frames.get(), stage.shared.tally.queue.episode_frames.get()), (0, 0));
}

/// Reads at most so many frames; returns which ones, having seen that each lies where it says.
fn read_placed(end: &TapEnd, frames: u64, missed: &[(u64, u64)]) -> Vec<u64> {
    let mut out = vec![0; NUMBERED.bytes_of(Frames(frames))];
    let (at, filled) = end.read_run(&mut out, NUMBERED);
    let numbers = out[..filled].chunks_exact(8).map(|frame| u64::from_le_bytes(frame.try_into().expect("eight bytes")));
    let numbers: Vec<u64> = numbers.collect();
    for (place, number) in (at.0..).zip(&numbers) {
        let gone: u64 = missed.iter().filter(|(before, _)| before <= number).map(|(_, frames)| frames).sum();
        assert_eq!(place, number + gone, "of {} frames", numbers.len());
    }
    numbers
}

#[test]
fn every_frame_that_a_tap_reads_lies_where_it_would_had_nothing_been_lost() {
    for overflow in [Overflow::DropOldest, Overflow::DropNewest] {
        for (seed, longest) in (0..40).zip([20, 150, 700].into_iter().cycle()) {
            let mut random = Random::new(seed);
            let mut stage = microphone(NUMBERED);
            let end = stage.add(overflow, Frames(300));
            let (mut said, mut read, mut missed) = (0, 0, Vec::new());
            for _ in 0..400 {
                if random.below(40) == 0 {
                    // The device was gone for so long.
                    let gone = 1 + random.below(5_000);
                    stage.shared.tally.gap_frames.add(gone);
                    missed.push((said, gone));
                }
                let frames = 1 + random.below(longest);
                stage.say(&numbers(said, frames));
                said += frames;
                if random.below(3) == 0 {
                    read += read_placed(&end, 1 + random.below(400), &missed).len();
                }
            }
            loop {
                match read_placed(&end, 9_999, &missed).len() {
                    0 => break,
                    more => read += more,
                }
            }
            let lost = end.tally.episode_frames.get();
            assert_eq!(read as u64 + lost, said, "{overflow:?}, blocks of up to {longest}");
            assert!(longest < 100 || lost > 0);
        }
    }
}

#[test]
fn a_tap_that_nobody_reads_for_long_knows_the_time_again_from_the_second_gap_on() {
    let mut stage = microphone(NUMBERED);
    let end = stage.add(Overflow::DropOldest, Frames(300));
    // More gaps than are kept.
    for block in 0..100 {
        stage.shared.tally.gap_frames.add(10);
        stage.say(&numbers(block * 3, 3));
    }
    let mut out = vec![0; NUMBERED.bytes_of(Frames(300))];
    let mut last = Frames::ZERO;
    loop {
        let (at, filled) = end.read_run(&mut out, NUMBERED);
        if filled == 0 {
            break;
        }
        last = at + Frames(filled as u64 / 8);
    }
    assert!(last.0 >= 300 + 640 && last.0 <= 1_300, "{last:?}");
    stage.shared.tally.gap_frames.add(10);
    stage.say(&numbers(300, 3));
    assert_eq!(end.read_run(&mut out, NUMBERED).0, Frames(300 + 101 * 10));
}

#[test]
fn a_tap_hears_from_the_block_after_it_came_to_the_one_before_it_left_and_goes_home() {
    let mut stage = microphone(NUMBERED);
    stage.say(&numbers(0, 100));
    let early = stage.add(Overflow::DropOldest, Frames(1_000));
    stage.say(&numbers(100, 100));
    let late = stage.add(Overflow::DropOldest, Frames(1_000));
    stage.say(&numbers(200, 100));
    assert_eq!(read(&early, 9_999), (100..300).collect::<Vec<_>>());
    early.control.closing.set(true);
    stage.say(&numbers(300, 100));
    stage.say(&numbers(400, 100));
    assert_eq!(read(&late, 9_999), (200..500).collect::<Vec<_>>());
    assert_eq!(read(&early, 9_999), Vec::<u64>::new(), "one that is closing gets nothing more");
    stage.door.take_home();
    assert_eq!(std::sync::Arc::strong_count(&early.control), 1, "it is freed");
    assert!(std::sync::Arc::strong_count(&late.control) > 1);
}

#[test]
fn a_tap_into_a_ring_of_javascript_gives_samples_and_counts_what_found_no_room() {
    for (format, seed) in SampleFormat::ALL.into_iter().zip(0..) {
        let layout = Layout { format, channels: 2 };
        let mut random = Random::new(seed);
        let mut stage = microphone(layout);
        let ring = JsRing::new(2, 1_000);
        let (control, tally) = stage.add_shared(&ring);
        let said = pcm(layout, (0..1_000).map(|_| random.unit() - 0.5));
        stage.say(&said);
        let mut heard = vec![0.0; 3_000];
        let len = ring.read(&mut heard);
        assert!(heard[..len] == samples(layout, &said), "{layout:?}");
        (0..3).for_each(|_| stage.say(&said));
        assert_eq!((control.written.get(), tally.episode_frames.get(), tally.episodes.get()), (1_500, 500, 1));
    }
}

#[test]
fn a_gain_is_the_same_for_every_reader_ramped_and_at_one_bit_for_bit() {
    for format in SampleFormat::ALL {
        let layout = Layout { format, channels: 2 };
        let mut stage = microphone(layout);
        let end = stage.add(Overflow::DropOldest, Frames(20_000));
        let loud = pcm(layout, [0.5; 2 * RAMP]);
        let heard = |stage: &mut Capture| {
            stage.say(&loud);
            let (mut of_tap, mut own) = (vec![0; loud.len()], vec![0; loud.len()]);
            assert_eq!((end.read(&mut of_tap), stage.shared.read(&mut own)), (loud.len(), loud.len()));
            assert!(of_tap == own, "{layout:?}");
            own
        };
        assert!(heard(&mut stage) == loud);
        gain(&stage, 0.25, 0);
        let falling = samples(layout, &heard(&mut stage));
        let fine = [1.0 / 128.0, 1.0 / 32_768.0, 1.0e-6][format.sample_bytes() / 2];
        for pair in falling.windows(3) {
            assert!((pair[2] - pair[0]).abs() <= 0.5 * 0.75 / RAMP as f32 + fine, "{layout:?}");
        }
        assert!((falling[falling.len() - 1] - 0.125).abs() <= fine);
        gain(&stage, 1.0, 0);
        heard(&mut stage);
        assert!(heard(&mut stage) == loud, "{layout:?}");
    }
}

#[test]
fn the_level_is_that_of_the_last_window_in_every_format_and_whatever_comes_it_is_a_number() {
    let sine = |at: usize| 0.5 * (at as f32 * std::f32::consts::TAU / 48.0).sin();
    for format in SampleFormat::ALL {
        let layout = Layout { format, channels: 1 };
        let mut stage = microphone(layout);
        let mut say = |sound: Vec<f32>| {
            sound.chunks(100).for_each(|block| stage.say(&pcm(layout, block.iter().copied())));
            stage.shared.tally.level.get()
        };
        assert_eq!(say(vec![]), (0.0, 0.0));
        let (rms, peak) = say((0..9_600).map(sine).collect());
        assert!((rms - 0.5 / 2.0f32.sqrt()).abs() < 0.005 && (peak - 0.5).abs() < 0.005, "{layout:?}: {rms} {peak}");
        assert_eq!(say(vec![0.0; 9_600]), (0.0, 0.0), "{layout:?}");
    }
    let mut stage = microphone(MONO);
    let odd = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 0.5];
    let bytes: Vec<u8> = odd.into_iter().cycle().take(9_600).flat_map(f32::to_le_bytes).collect();
    stage.say(&bytes);
    let (rms, peak) = stage.shared.tally.level.get();
    assert!((rms - 0.25).abs() < 1.0e-6 && peak == 0.5, "{rms} {peak}");
    stage.shared.control.playing.set(false);
    (0..2).for_each(|_| stage.say(&bytes));
    assert_eq!(stage.shared.tally.level.get(), (0.0, 0.0), "nobody gets what comes while it is paused");
}

#[test]
fn the_level_of_a_playback_device_is_what_is_heard_sources_gain_and_pause_included() {
    let mut stage = stage::playback(STEREO, Frames(64));
    let mut source = stage.add(40_000);
    let mut level = |stage: &mut stage::Playback| {
        source.writer.push(&[0.5; 2 * 4_800]);
        assert!(stage.writer.append(&pcm(STEREO, [0.25; 2 * 4_800])));
        (0..10).for_each(|_| drop(stage.hear(480)));
        stage.shared.tally.level.get()
    };
    level(&mut stage);
    let (rms, peak) = level(&mut stage);
    assert!((rms - 0.75).abs() < 1.0e-3 && (peak - 0.75).abs() < 1.0e-3, "{rms} {peak}");
    stage.shared.control.gain.set(GainOrder { gain: 0.5, over: Frames::ZERO });
    level(&mut stage);
    assert!((level(&mut stage).0 - 0.375).abs() < 1.0e-3);
    stage.play(false);
    level(&mut stage);
    assert_eq!(level(&mut stage), (0.0, 0.0));
}
