//! Cutting off what is queued: a fade of the asked length, silence after it, and a number that is exact. Leaving a device that
//! does not run.

mod stage;

use sdl_callback_audio::format::{Layout, SampleFormat};
use sdl_callback_audio::units::Frames;
use stage::random::{Random, pcm, samples};
use stage::{Playback, STEREO};

const RAMP: usize = 240;
const STEEPEST: f32 = std::f32::consts::FRAC_PI_2 / (RAMP + 1) as f32;
const MONO: Layout = Layout { format: SampleFormat::F32Lsb, channels: 1 };
const ROUNDING: f32 = 1.0e-6;

/// As `Device::stop`, of a device that plays.
fn cut(stage: &Playback, over: u64) -> u64 {
    stage.shared.reader.with(|reader| reader.cut(Frames(over))).0
}

fn append(stage: &mut Playback, level: f32, frames: usize) {
    let layout = stage.callback.layout;
    assert!(stage.writer.append(&pcm(layout, std::iter::repeat_n(level, frames * layout.channels))));
}

fn hear(stage: &mut Playback, frames: usize) -> Vec<f32> {
    let layout = stage.callback.layout;
    samples(layout, &stage.hear(frames as u64))
}

/// A device that has just played `level` for a while and has `queued` frames of it left.
fn sounding(layout: Layout, level: f32, queued: usize) -> Playback {
    let mut stage = stage::playback(layout, Frames(64));
    append(&mut stage, level, 100 + queued);
    hear(&mut stage, 100);
    stage
}

fn steepest_step(stretch: &[f32]) -> f32 {
    stretch.windows(2).map(|pair| (pair[1] - pair[0]).abs()).fold(0.0, f32::max)
}

/// What a fade over so many frames leaves of a frame.
fn cosine(frame: usize, over: usize) -> f32 {
    0.5 + 0.5 * (std::f32::consts::PI * (frame + 1) as f32 / (over + 1) as f32).cos()
}

#[test]
fn a_queue_that_is_cut_fades_on_a_raised_cosine_of_the_asked_length_from_the_next_frame_on_and_is_silent_then() {
    for (over, seed) in [1, 7, 96, 480, 2_000].into_iter().zip(0..) {
        for format in SampleFormat::ALL {
            let layout = Layout { format, channels: 2 };
            let mut random = Random::new(seed);
            let mut stage = sounding(layout, 0.75, 3_000);
            assert_eq!(cut(&stage, over), 3_000 - over);
            assert_eq!(stage.shared.marks.queued(), Frames::ZERO, "nothing is queued any more");
            let mut heard = Vec::new();
            while heard.len() < 2 * (over as usize + 400) {
                heard.extend(hear(&mut stage, random.below(300) as usize));
            }
            let grain = [1.0 / 128.0, 1.0 / 32_768.0, ROUNDING][format.sample_bytes() / 2];
            for (at, frame) in heard.chunks(2).enumerate() {
                let expected = if at < over as usize { 0.75 * cosine(at, over as usize) } else { 0.0 };
                let off = frame.iter().map(|sample| (sample - expected).abs()).fold(0.0, f32::max);
                assert!(off <= if at < over as usize { grain } else { 0.0 }, "{layout:?}, frame {at} of {over}");
            }
            let count = stage.shared.marks.count();
            assert_eq!((count.delivered.0, count.discarded.0), (100 + over, 3_000 - over));
            assert_eq!(stage.shared.tally.queue.episodes.get(), 0, "an end that was asked for is no underrun");
        }
    }
}

#[test]
fn what_is_written_afterwards_plays_whole_and_fades_in() {
    for over in [0, 96] {
        let mut stage = sounding(MONO, 0.5, 1_000);
        assert_eq!(cut(&stage, over), 1_000 - over);
        append(&mut stage, -0.5, 700);
        let mut heard = vec![0.5];
        while stage.shared.marks.queued() > Frames::ZERO || heard.len() < 300 {
            heard.extend(hear(&mut stage, 64));
        }
        let steepest = 0.5 * std::f32::consts::FRAC_PI_2 / 97.0;
        assert!(steepest_step(&heard) <= steepest.max(2.0 * 0.5 * STEEPEST) + ROUNDING);
        let again = heard.iter().filter(|sample| **sample == -0.5).count();
        assert!((700 - RAMP - 1..700).contains(&again), "{again} of 700 at full level");
        assert_eq!(stage.delivered(), Frames(100 + over + 700));
    }
}

#[test]
fn a_queue_shorter_than_the_fade_ends_in_a_decay_and_nothing_is_lost_of_it() {
    for queued in [0, 1, 20, 95, 96] {
        let mut stage = sounding(MONO, 0.5, queued);
        assert_eq!(cut(&stage, 96), 0);
        let heard = [vec![0.5], hear(&mut stage, 96 + RAMP + 64), hear(&mut stage, 64)].concat();
        let bound = 0.5 * STEEPEST.max(std::f32::consts::FRAC_PI_2 / 97.0) + ROUNDING;
        assert!(steepest_step(&heard) <= bound, "{queued}: {} > {bound}", steepest_step(&heard));
        assert_eq!(heard[heard.len() - 64..], [0.0; 64]);
        assert_eq!(stage.delivered(), Frames(100 + queued as u64));
    }
}

#[test]
fn a_cut_during_a_pause_takes_everything_and_in_a_pause_that_comes_meanwhile_the_fade_becomes_the_pauses_own() {
    let mut stage = sounding(MONO, 0.5, 1_000);
    stage.play(false);
    hear(&mut stage, 300);
    assert_eq!(cut(&stage, 0), 1_000);
    append(&mut stage, 0.0, 50);
    stage.play(true);
    assert_eq!(hear(&mut stage, 60), [0.0; 60]);
    assert_eq!(stage.delivered(), Frames(150));

    let mut stage = sounding(MONO, 0.5, 1_000);
    assert_eq!(cut(&stage, 96), 904);
    let mut heard = [vec![0.5], hear(&mut stage, 30)].concat();
    stage.play(false);
    heard.extend(hear(&mut stage, 300));
    stage.play(true);
    append(&mut stage, 0.0, 10);
    heard.extend(hear(&mut stage, 300));
    assert!(steepest_step(&heard) <= 0.5 * std::f32::consts::FRAC_PI_2 / 97.0 + ROUNDING);
    let count = stage.shared.marks.count();
    assert_eq!((count.delivered, count.discarded, count.queued), (Frames(140), Frames(970), Frames::ZERO));
}

#[test]
fn a_clear_during_a_cut_takes_what_was_written_since_and_lets_the_fade_end() {
    let mut stage = sounding(MONO, 0.5, 1_000);
    assert_eq!(cut(&stage, 96), 904);
    let mut heard = hear(&mut stage, 30);
    append(&mut stage, 0.9, 200);
    stage.shared.clear();
    heard.extend(hear(&mut stage, 30));
    append(&mut stage, 0.0, 20);
    heard.extend(hear(&mut stage, 100));
    for (at, sample) in heard.iter().enumerate() {
        let expected = if at < 96 { 0.5 * cosine(at, 96) } else { 0.0 };
        assert!((sample - expected).abs() <= ROUNDING, "frame {at}: {sample} for {expected}");
    }
    assert_eq!(stage.shared.marks.queued(), Frames(20));
    hear(&mut stage, 64);
    let count = stage.shared.marks.count();
    assert_eq!((count.delivered, count.discarded), (Frames(100 + 96 + 20), Frames(904 + 200)));
}

#[test]
fn a_second_cut_never_prolongs_a_fade_and_both_numbers_add_up() {
    // The second asks for as much, for less, and for nothing at all.
    for (second, written) in [(96, 300), (40, 300), (0, 300), (96, 0), (0, 0)] {
        let mut stage = sounding(MONO, 0.5, 1_000);
        let mut numbers = cut(&stage, 96);
        let mut heard = [vec![0.5], hear(&mut stage, 30)].concat();
        append(&mut stage, 0.5, written);
        numbers += cut(&stage, second);
        let to_silence = 66.max(second as usize).max(if second < 66 { RAMP } else { 0 });
        heard.extend(hear(&mut stage, to_silence));
        heard.extend(hear(&mut stage, 64));
        assert_eq!(heard[heard.len() - 64..], [0.0; 64], "second cut over {second}");
        let bound = 0.5 * std::f32::consts::FRAC_PI_2 * (1.0 / 97.0 + 1.0 / 41.0) + ROUNDING;
        assert!(steepest_step(&heard) <= bound, "second cut over {second}");
        let count = stage.shared.marks.count();
        assert_eq!(count.discarded.0, numbers, "second cut over {second}");
        assert_eq!(count.written, count.delivered + count.discarded);
    }
}

#[test]
fn whatever_is_cut_and_whenever_nothing_clicks_and_the_numbers_add_up_to_what_was_never_heard() {
    const LEAST: u64 = 48;
    for seed in 0..40 {
        let mut random = Random::new(seed);
        let mut stage = sounding(MONO, 0.8, 0);
        let (mut heard, mut never) = (vec![0.8], 0);
        for _ in 0..400 {
            match random.below(8) {
                0 => never += cut(&stage, LEAST + random.below(500)),
                1 if random.one_in(3) => never += cut(&stage, 0),
                _ => append(&mut stage, 0.8, random.below(160) as usize),
            }
            heard.extend(hear(&mut stage, random.below(100) as usize));
            let count = stage.shared.marks.count();
            assert_eq!(count.written, count.delivered + count.discarded + count.queued);
        }
        while stage.shared.marks.queued() > Frames::ZERO {
            heard.extend(hear(&mut stage, 100));
        }
        heard.extend(hear(&mut stage, 1_000));
        assert_eq!(stage.shared.marks.count().discarded.0, never, "seed {seed}");
        let bound = 0.8 * std::f32::consts::FRAC_PI_2 / (LEAST + 1) as f32 + 2.0 * 0.8 * STEEPEST + ROUNDING;
        assert!(steepest_step(&heard) <= bound, "seed {seed}: {} > {bound}", steepest_step(&heard));
    }
}

#[test]
fn a_cut_while_the_way_home_is_full_loses_the_queue_and_nothing_else() {
    let mut stage = stage::playback(MONO, Frames(50));
    let mut rings = 0;
    // Rings come and go until the scrap lane takes no more, and the reader stands before a ring that it cannot leave.
    while stage.shared.marks.queued() == Frames::ZERO {
        append(&mut stage, 0.5, 200);
        while stage.shared.read(&mut [0; 400]) > 0 {}
        stage.writer.shrink_if_drained();
        rings += 1;
        assert!(rings < 1_000, "the scrap lane is never full");
    }
    let stuck = stage.shared.marks.queued().0;
    stage.shared.marks.discard_all();
    append(&mut stage, 0.5, 100);
    assert_eq!(cut(&stage, 48), 100, "what was cleared before is not counted again");
    hear(&mut stage, 64);
    assert!(stage.backstage.free_all() > 0);
    append(&mut stage, 0.25, 30);
    (0..4).for_each(|_| drop(hear(&mut stage, 64)));
    let count = stage.shared.marks.count();
    assert_eq!((count.discarded.0, count.queued), (stuck + 100, Frames::ZERO));
    assert_eq!(count.written, count.delivered + count.discarded);
}

#[test]
fn sources_sound_on_through_a_cut() {
    let mut stage = sounding(MONO, 0.25, 1_000);
    let mut source = stage.add(2_000);
    source.writer.push(&vec![0.5; 2_000]);
    append(&mut stage, 0.25, 1_000);
    hear(&mut stage, RAMP + 60);
    cut(&stage, 96);
    let heard = hear(&mut stage, 500);
    assert!(heard[96..].iter().all(|sample| *sample == 0.5), "the queue is silent, the source is whole");
    assert!(steepest_step(&heard) <= 0.25 * std::f32::consts::FRAC_PI_2 / 97.0 + ROUNDING);
}

#[test]
fn while_no_device_runs_the_callback_sources_come_and_go_all_the_same_and_the_others_stay() {
    let mut stage = stage::playback_with(STEREO, Frames(64), 3);
    let mut stays = stage.add(400);
    stays.writer.push(&[0.25; 2 * 200]);
    for _ in 0..20 {
        let [one, other] = [stage.add(100), stage.add(100)];
        let full = stage::guests::source(2, Frames(100)).1;
        assert!(stage.door.admit(full).is_err(), "there are three places");
        one.seen.close();
        stage.callback.rest();
        other.seen.close();
        stage.callback.rest();
    }
    let heard = samples(STEREO, &stage.hear(400));
    assert!(heard.iter().any(|sample| *sample > 0.2) && stays.seen.marks().queued() == Frames::ZERO);
}
