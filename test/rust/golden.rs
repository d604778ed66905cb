//! Golden sound: what the device is given, frame by frame. A stream that nobody interrupts is never touched; round every
//! edge there is a ramp, and no frame goes missing for it.

mod stage;

use sdl_callback_audio::format::{Layout, SampleFormat};
use sdl_callback_audio::link::episodes::Episode;
use sdl_callback_audio::rt::callback::Processor;
use sdl_callback_audio::units::Frames;
use stage::random::{Random, pcm, samples};
use stage::{Playback, STEREO};

/// Five milliseconds.
const RAMP: usize = 240;
/// The steepest step of a raised cosine of that length, as a part of its height.
const STEEPEST: f32 = std::f32::consts::FRAC_PI_2 / (RAMP + 1) as f32;

fn every_layout() -> impl Iterator<Item = Layout> {
    let channels = |format| (1..=Layout::MAX_CHANNELS).map(move |channels| Layout { format, channels });
    SampleFormat::ALL.into_iter().flat_map(channels)
}

/// How finely a format tells samples apart; of the large ones, how finely `f32` does.
fn grain(layout: Layout) -> f32 {
    match layout.format.sample_bytes() {
        1 => 1.0 / 128.0,
        2 => 1.0 / 32_768.0,
        _ => 1.0e-6,
    }
}

fn silence(layout: Layout, frames: usize) -> Vec<u8> {
    let mut bytes = vec![0x55; layout.bytes_of(Frames(frames as u64))];
    layout.format.silence(&mut bytes);
    bytes
}

/// One loud frame, each channel at a level and on a side of its own; `most` is the loudest that it may be.
fn loud(layout: Layout, random: &mut Random, most: f32) -> Vec<f32> {
    let sample = |random: &mut Random| most * (0.3 + 0.7 * random.unit()) * if random.one_in(2) { 1.0 } else { -1.0 };
    (0..layout.channels).map(|_| sample(random)).collect()
}

/// `frame` over and over.
fn steady(layout: Layout, frame: &[f32], frames: usize) -> Vec<u8> {
    pcm(layout, frame.iter().copied().cycle().take(frames * layout.channels))
}

/// One channel of an interleaved stretch.
fn channel(layout: Layout, heard: &[u8], channel: usize) -> Vec<f32> {
    samples(layout, heard).into_iter().skip(channel).step_by(layout.channels).collect()
}

fn steepest_step(stretch: &[f32]) -> f32 {
    stretch.windows(2).map(|pair| (pair[1] - pair[0]).abs()).fold(0.0, f32::max)
}

type Interrupt = fn(&mut Playback, usize) -> Vec<u8>;

/// What ends a sound that has just been heard to the last frame, and lasts for so many frames.
const INTERRUPTIONS: [(&str, Interrupt); 3] = [
    ("pause", |stage, frames| {
        stage.play(false);
        let heard = stage.hear(frames as u64);
        stage.play(true);
        heard
    }),
    ("clear", |stage, frames| {
        assert!(stage.writer.append(&silence(stage.callback.layout, 50)));
        stage.shared.clear();
        stage.hear(frames as u64)
    }),
    ("underrun", |stage, frames| stage.hear(frames as u64)),
];

/// A device that has just played `frame` for a while.
fn sounding(layout: Layout, frame: &[f32]) -> Playback {
    let mut stage = stage::playback(layout, Frames(64));
    assert!(stage.writer.append(&steady(layout, frame, 100)));
    stage.hear(100);
    stage
}

#[test]
fn a_stream_comes_out_bit_for_bit_from_its_first_frame_to_its_last_whatever_the_blocks() {
    for (layout, seed) in every_layout().zip(0..) {
        let mut random = Random::new(seed);
        let mut stage = stage::playback(layout, Frames(64));
        let sound = random.bytes(layout.bytes_of(Frames(1_500)));
        let (mut queued, mut heard) = (0, Vec::new());
        while heard.len() < sound.len() {
            let more = layout.bytes_of(Frames(random.below(300))).min(sound.len() - queued);
            assert!(stage.writer.append(&sound[queued..queued + more]));
            queued += more;
            let ready = stage.shared.marks.queued().0;
            heard.extend(stage.hear(random.below(ready + 1)));
        }
        assert!(heard == sound, "{layout:?}");
    }
}

#[test]
fn where_data_ends_a_decay_from_the_last_frame_is_appended_and_then_there_is_silence() {
    for (layout, seed) in every_layout().zip(0..) {
        let mut random = Random::new(seed);
        let mut stage = stage::playback(layout, Frames(64));
        let sound = pcm(layout, (0..100).flat_map(|_| loud(layout, &mut random, 1.0)));
        assert!(stage.writer.append(&sound));
        let mut heard = Vec::new();
        while heard.len() < sound.len() + layout.bytes_of(Frames(2 * RAMP as u64)) {
            heard.extend(stage.hear(random.below(90)));
        }
        let (data, after) = heard.split_at(sound.len());
        assert!(data == sound, "{layout:?}");
        let (_, rest) = after.split_at(layout.bytes_of(Frames(RAMP as u64)));
        assert!(rest == silence(layout, rest.len() / layout.frame_bytes()), "{layout:?}");
        let last = sound.len() - layout.frame_bytes();
        for at in 0..layout.channels {
            let decay = channel(layout, &heard[last..], at);
            let side = decay[0].signum();
            assert!(
                decay.windows(2).all(|pair| pair[0] * side >= pair[1] * side && pair[1] * side >= 0.0),
                "{layout:?}"
            );
            let bound = decay[0].abs() * STEEPEST + 2.0 * grain(layout);
            assert!(steepest_step(&decay) <= bound, "{layout:?}: {} > {bound}", steepest_step(&decay));
        }
    }
}

#[test]
fn after_every_interruption_sound_fades_in_and_is_then_exact() {
    for (layout, seed) in every_layout().zip(0..) {
        for (name, interrupt) in INTERRUPTIONS {
            let frame = loud(layout, &mut Random::new(seed), 1.0);
            let mut stage = sounding(layout, &frame);
            interrupt(&mut stage, 2 * RAMP);
            let sound = steady(layout, &frame, 2 * RAMP);
            assert!(stage.writer.append(&sound));
            let heard = stage.hear(2 * RAMP as u64);
            let ramp = layout.bytes_of(Frames(RAMP as u64));
            assert!(heard[ramp..] == sound[ramp..], "{name} {layout:?}");
            for (at, level) in frame.iter().enumerate() {
                let rise: Vec<f32> = [0.0].into_iter().chain(channel(layout, &heard, at)).collect();
                assert!(rise.windows(2).all(|pair| pair[0] * level <= pair[1] * level), "{name} {layout:?}");
                let bound = level.abs() * STEEPEST + 2.0 * grain(layout);
                assert!(steepest_step(&rise) <= bound, "{name} {layout:?}: {} > {bound}", steepest_step(&rise));
            }
        }
    }
}

#[test]
fn sound_that_starts_from_silence_by_itself_is_exact_after_every_interruption() {
    for (layout, seed) in every_layout().zip(0..) {
        for (name, interrupt) in INTERRUPTIONS {
            let mut random = Random::new(seed);
            let mut stage = sounding(layout, &loud(layout, &mut random, 1.0));
            interrupt(&mut stage, 2 * RAMP);
            let sound = [silence(layout, 1), random.bytes(layout.bytes_of(Frames(300)))].concat();
            assert!(stage.writer.append(&sound));
            assert!(stage.hear(301) == sound, "{name} {layout:?}");
        }
    }
}

#[test]
fn sound_that_returns_in_mid_decay_never_exceeds_the_louder_of_the_two_and_does_not_jump() {
    for (layout, seed) in every_layout().filter(|layout| layout.channels == 2).zip(0..) {
        for (name, interrupt) in INTERRUPTIONS {
            // A clear takes no time: new sound may follow in the very next block.
            for gap in (0..RAMP).step_by(17).filter(|gap| *gap > 0 || name == "clear") {
                let mut random = Random::new(seed + gap as u64);
                let (before, after) = (loud(layout, &mut random, 0.5), loud(layout, &mut random, 0.5));
                let mut stage = sounding(layout, &before);
                let mut heard = steady(layout, &before, 1);
                heard.extend(interrupt(&mut stage, gap));
                assert!(stage.writer.append(&steady(layout, &after, 2 * RAMP)));
                heard.extend(stage.hear(2 * RAMP as u64));
                for at in 0..layout.channels {
                    let stretch = channel(layout, &heard, at);
                    let most = before[at].abs().max(after[at].abs()) + grain(layout);
                    assert!(stretch.iter().all(|sample| sample.abs() <= most), "{name} after {gap}: {layout:?}");
                    let bound = (before[at].abs() + after[at].abs()) * STEEPEST + 2.0 * grain(layout);
                    let step = steepest_step(&stretch);
                    assert!(step <= bound, "{name} after {gap}: {layout:?}: {step} > {bound}");
                }
            }
        }
    }
}

#[test]
fn a_decay_under_sound_that_starts_by_itself_saturates_and_never_wraps() {
    for layout in every_layout().filter(|layout| layout.channels == 1) {
        for side in [-1.0, 1.0] {
            let mut stage = sounding(layout, &[side]);
            stage.play(false);
            stage.hear(20);
            stage.play(true);
            let sound = [silence(layout, 1), steady(layout, &[side], RAMP)].concat();
            assert!(stage.writer.append(&sound));
            let heard = samples(layout, &stage.hear(RAMP as u64));
            let full = samples(layout, &steady(layout, &[side], 1))[0];
            assert!(heard[1..].iter().all(|sample| *sample == full), "{layout:?}");
        }
    }
}

#[test]
fn a_fade_that_was_cut_short_does_not_go_on_under_the_next_sound() {
    for (name, interrupt) in INTERRUPTIONS {
        let mut stage = sounding(STEREO, &[1.0, -1.0]);
        interrupt(&mut stage, 2 * RAMP);
        assert!(stage.writer.append(&steady(STEREO, &[1.0, -1.0], 10)));
        let cut = samples(STEREO, &stage.hear(10))[18].abs();
        interrupt(&mut stage, 10);
        let sound = [silence(STEREO, 1), steady(STEREO, &[0.25, 0.25], RAMP)].concat();
        assert!(stage.writer.append(&sound));
        let heard = samples(STEREO, &stage.hear(RAMP as u64));
        let furthest = heard.iter().zip(samples(STEREO, &sound)).map(|(heard, sample)| (heard - sample).abs());
        assert!(furthest.fold(0.0, f32::max) <= cut + grain(STEREO), "{name}");
    }
}

#[test]
fn pausing_at_any_time_for_any_time_loses_no_frame() {
    for (layout, seed) in every_layout().filter(|layout| layout.format.sample_bytes() > 1).zip(0..) {
        let mut random = Random::new(seed);
        let mut stage = stage::playback(layout, Frames(64));
        // So quiet that no edge of it needs a fade, and no two stretches of it are alike.
        let sound = pcm(layout, (0..2_000 * layout.channels).map(|_| (random.unit() - 0.5) / 300.0));
        assert!(stage.writer.append(&sound));
        let mut heard = Vec::new();
        while stage.shared.marks.queued() > Frames::ZERO {
            if random.one_in(3) {
                stage.play(false);
                (0..=random.below(3)).for_each(|_| drop(stage.hear(RAMP as u64)));
                stage.play(true);
            }
            heard.extend(stage.hear(random.below(1 + stage.shared.marks.queued().0.min(300))));
        }
        assert!(heard == sound, "{layout:?}");
    }
}

#[test]
fn whatever_happens_to_a_steady_sound_nothing_clicks() {
    for seed in 0..40 {
        let mut random = Random::new(seed);
        let frame = loud(STEREO, &mut random, 1.0);
        let mut stage = sounding(STEREO, &frame);
        let mut heard = steady(STEREO, &frame, 1);
        for _ in 0..400 {
            match random.below(6) {
                0 => stage.play(false),
                1 => stage.play(true),
                2 => stage.shared.clear(),
                _ => assert!(stage.writer.append(&steady(STEREO, &frame, random.below(120) as usize))),
            }
            heard.extend(stage.hear(random.below(100)));
        }
        for (at, level) in frame.iter().enumerate() {
            let step = steepest_step(&channel(STEREO, &heard, at));
            let bound = 2.0 * level.abs() * STEEPEST + 2.0 * grain(STEREO);
            assert!(step <= bound, "seed {seed}: {step} > {bound}");
        }
        assert!(
            stage.shared.tally.queue.episodes.get() > 5 && stage.shared.marks.count().discarded.0 > 5,
            "seed {seed}"
        );
    }
}

#[test]
fn every_shortage_is_told_once_with_the_frames_where_it_began_and_where_it_ended() {
    let mut in_all = 0;
    for seed in 0..30 {
        let mut random = Random::new(seed);
        let mut stage = stage::playback(STEREO, Frames(64));
        let (mut told, mut expected) = (Vec::new(), Vec::new());
        let (mut at, mut started, mut open) = (Frames::ZERO, false, None);
        let (mut playing, mut lost) = (true, Frames::ZERO);
        for _ in 0..300 {
            let cleared = random.one_in(20) && stage.shared.marks.queued() > Frames::ZERO;
            if cleared {
                stage.shared.clear();
            }
            playing ^= random.one_in(12);
            stage.play(playing);
            assert!(stage.writer.append(&silence(STEREO, random.below(100) as usize)));

            let wanted = Frames(1 + random.below(90));
            let got = if playing { wanted.min(stage.shared.marks.queued()) } else { Frames::ZERO };
            started = (started && !cleared) || got > Frames::ZERO;
            if (cleared || !playing || got > Frames::ZERO)
                && let Some((from, frames)) = open.take()
            {
                expected.push(Episode::Ended { from, to: at, frames });
            }
            if playing && started && got < wanted {
                if open.is_none() {
                    expected.push(Episode::Began { from: at + got, before: lost });
                }
                let (from, frames) = open.unwrap_or((at + got, Frames::ZERO));
                open = Some((from, frames + (wanted - got)));
                lost = lost + (wanted - got);
            }
            stage.hear(wanted.0);
            told.extend(stage.backstage.episodes());
            at = at + wanted;
        }
        assert_eq!(told, expected, "seed {seed}");
        let began = told.iter().filter(|episode| matches!(episode, Episode::Began { .. })).count() as u64;
        in_all += began;
        let tally = &stage.shared.tally;
        assert_eq!(
            (tally.queue.episodes.get(), tally.queue.episode_frames.get(), tally.frames.get()),
            (began, lost.0, at.0)
        );
    }
    assert!(in_all > 200, "{in_all} shortages only");
}

#[test]
fn closing_fades_says_when_and_plays_nothing_more() {
    for layout in every_layout() {
        let frame = loud(layout, &mut Random::new(1), 1.0);
        let mut stage = sounding(layout, &frame);
        assert!(stage.writer.append(&steady(layout, &frame, 500)));
        let before = stage.delivered();
        stage.shared.control.closing.set(true);
        let mut heard = steady(layout, &frame, 1);
        for _ in 0..RAMP / 20 {
            assert!(!stage.shared.control.faded.get());
            heard.extend(stage.hear(20));
        }
        assert!(stage.shared.control.faded.get());
        heard.extend(stage.hear(20));
        for (at, level) in frame.iter().enumerate() {
            let bound = level.abs() * STEEPEST + 2.0 * grain(layout);
            assert!(steepest_step(&channel(layout, &heard, at)) <= bound, "{layout:?}");
        }
        assert!(heard.ends_with(&silence(layout, 20)), "{layout:?}");
        assert_eq!(stage.delivered(), before);
    }
}

#[test]
fn the_queue_of_a_device_that_is_lost_waits_and_goes_on_without_a_click_when_it_is_back() {
    let mut stage = sounding(STEREO, &[0.5, 0.5]);
    assert!(stage.writer.append(&steady(STEREO, &[0.5, 0.5], 1_000)));
    assert!(stage.shared.control.lost.raise());
    let mut heard = stage.hear(300);
    let count = stage.shared.marks.count();
    assert_eq!((count.delivered, count.discarded, count.queued), (Frames(100), Frames(0), Frames(1_000)));
    stage.shared.control.come_back(1);
    heard.extend(stage.hear(1_000));
    assert!(stage.shared.control.restored.take());
    assert_eq!((stage.delivered(), stage.shared.tally.queue.episodes.get()), (Frames(1_100), 0));
    assert!(steepest_step(&channel(STEREO, &heard, 0)) <= 0.5 * STEEPEST + 2.0 * grain(STEREO));
}

#[test]
fn a_callback_that_panicked_gives_silence_from_that_block_on() {
    for layout in every_layout() {
        let mut stage = sounding(layout, &loud(layout, &mut Random::new(1), 1.0));
        assert!(stage.writer.append(&steady(layout, &[1.0], 500)));
        let sound = std::mem::replace(&mut stage.callback.processor, stage::panicking());
        assert!(stage.hear(64) == silence(layout, 64), "{layout:?}");
        assert!(stage.shared.control.failed.get());
        stage.callback.processor = sound;
        assert!(stage.hear(64) == silence(layout, 64), "{layout:?}: it came back by itself");
        assert!(matches!(stage.callback.processor, Processor::Playback(_)));
    }
}
