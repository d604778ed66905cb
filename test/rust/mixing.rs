//! Golden sound of the mix: sources come out as they went in, none disturbs another, whatever happens to one is ramped, and
//! the sum stays within full scale.

mod stage;

use sdl_callback_audio::format::{Layout, SampleFormat};
use sdl_callback_audio::link::episodes::Episode;
use sdl_callback_audio::link::latest::GainOrder;
use sdl_callback_audio::rt::mixer::KNEE;
use sdl_callback_audio::units::Frames;
use stage::guests::{JsRing, Source};
use stage::random::{Random, pcm, samples};
use stage::{Playback, STEREO};

/// Five milliseconds, in which a gain changes at the fastest and an edge is ramped.
const RAMP: usize = 240;
/// The steepest step of a raised cosine of that length, as a part of its height.
const STEEPEST: f32 = std::f32::consts::FRAC_PI_2 / (RAMP + 1) as f32;
const MONO: Layout = Layout { format: SampleFormat::F32Lsb, channels: 1 };
/// What adding and scaling in `f32` may round away.
const ROUNDING: f32 = 1.0e-6;

fn every_layout() -> impl Iterator<Item = Layout> {
    let channels = |format| (1..=Layout::MAX_CHANNELS).map(move |channels| Layout { format, channels });
    SampleFormat::ALL.into_iter().flat_map(channels)
}

/// Half of what a format's steps are apart.
fn rounding(layout: Layout) -> f32 {
    ROUNDING + [0.5 / 128.0, 0.5 / 32_768.0, 0.0][layout.format.sample_bytes() / 2]
}

fn noise(random: &mut Random, samples: usize, most: f32) -> Vec<f32> {
    (0..samples).map(|_| most * (2.0 * random.unit() - 1.0)).collect()
}

fn steepest_step(stretch: &[f32]) -> f32 {
    stretch.windows(2).map(|pair| (pair[1] - pair[0]).abs()).fold(0.0, f32::max)
}

fn furthest(heard: &[f32], expected: &[f32]) -> f32 {
    assert_eq!(heard.len(), expected.len());
    heard.iter().zip(expected).map(|(heard, expected)| (heard - expected).abs()).fold(0.0, f32::max)
}

impl Source {
    fn push(&mut self, samples: &[f32]) {
        let frames = self.writer.push(samples).0 as usize;
        assert!(frames > 0 && samples.len().is_multiple_of(frames), "the ring is too short for this test");
    }

    /// `level` for so many frames of one channel.
    fn hold(&mut self, level: f32, frames: usize) {
        self.push(&vec![level; frames]);
    }
}

fn hear(stage: &mut Playback, frames: usize) -> Vec<f32> {
    let layout = stage.callback.layout;
    samples(layout, &stage.hear(frames as u64))
}

/// One channel of `level` for so long that its beginning has faded in; more of it is queued.
fn sounding(level: f32) -> (Playback, Source) {
    let mut stage = stage::playback(MONO, Frames(64));
    let mut source = stage.add(8_000);
    source.hold(level, 4_000);
    let heard = hear(&mut stage, RAMP + 60);
    assert_eq!(heard[RAMP..], [level; 60]);
    (stage, source)
}

#[test]
fn without_a_source_and_at_a_gain_of_one_the_queue_comes_out_bit_for_bit_before_and_after() {
    for (layout, seed) in every_layout().zip(0..) {
        let mut random = Random::new(seed);
        let mut stage = stage::playback(layout, Frames(64));
        let mut bit_for_bit = |stage: &mut Playback| {
            // From silence: after a pause nothing has to be faded in.
            let mut sound = random.bytes(layout.bytes_of(Frames(700)));
            layout.format.silence(&mut sound[..layout.frame_bytes()]);
            assert!(stage.writer.append(&sound));
            assert!(stage.hear(700) == sound, "{layout:?}");
        };
        bit_for_bit(&mut stage);
        let source = stage.add(10);
        stage.hear(0);
        source.seen.close();
        assert!(stage.writer.append(&[0; 64]));
        stage.hear(1);
        stage.shared.clear();
        stage.hear(2 * RAMP as u64);
        bit_for_bit(&mut stage);
        for gain in [0.5, 1.0] {
            stage.shared.control.gain.set(GainOrder { gain, over: Frames::ZERO });
            stage.hear(RAMP as u64);
        }
        bit_for_bit(&mut stage);
    }
}

#[test]
fn sources_and_queue_come_out_as_their_sum_each_at_its_gain_in_every_format_whatever_the_blocks() {
    for (layout, seed) in every_layout().zip(0..) {
        for count in [1, 4] {
            let mut random = Random::new(seed);
            let mut stage = stage::playback(layout, Frames(64));
            let gains: Vec<f32> = (0..count).map(|at| 1.0 - 0.2 * at as f32).collect();
            let mut sources: Vec<Source> = (0..count).map(|_| stage.add(3_000)).collect();
            for (source, gain) in sources.iter_mut().zip(&gains) {
                source.seen.set_gain(*gain, 0);
            }
            stage.hear(2 * RAMP as u64);
            let most = 0.79 / (count + 1) as f32;
            let len = 2_000 * layout.channels;
            // From silence: nothing has to be faded in.
            let quiet = |mut sound: Vec<f32>| {
                sound[..layout.channels].fill(0.0);
                sound
            };
            let queue = pcm(layout, quiet(noise(&mut random, len, most)));
            assert!(stage.writer.append(&queue));
            let mut sum = samples(layout, &queue);
            for (source, gain) in sources.iter_mut().zip(&gains) {
                let sound = quiet(noise(&mut random, len, most));
                sum.iter_mut().zip(&sound).for_each(|(sum, sample)| *sum += sample * gain);
                source.push(&sound);
            }
            let mut heard = Vec::new();
            while heard.len() < len {
                let left = (len - heard.len()) / layout.channels;
                heard.extend(hear(&mut stage, left.min(random.below(1_300) as usize)));
            }
            assert!(furthest(&heard, &sum) <= rounding(layout), "{layout:?}: {}", furthest(&heard, &sum));
        }
    }
}

#[test]
fn a_gain_goes_where_it_is_told_in_the_time_it_is_given_and_never_faster_than_a_ramp() {
    let set_device =
        |stage: &Playback, gain, over| stage.shared.control.gain.set(GainOrder { gain, over: Frames(over) });
    for (seed, of_device) in (0..30).flat_map(|seed| [(seed, false), (seed, true)]) {
        let mut random = Random::new(seed);
        let (mut stage, mut source) = sounding(0.25);
        let mut gain = 1.0;
        let mut heard = vec![0.25];
        for _ in 0..60 {
            let over = [0, random.below(2_000)][random.below(2) as usize];
            let next = 2.0 * random.unit();
            if of_device {
                set_device(&stage, next, over)
            } else {
                source.seen.set_gain(next, over)
            };
            let frames = over.max(RAMP as u64) as usize;
            // Sometimes told again before it is there.
            let part = if random.one_in(3) { frames / 2 } else { frames };
            source.hold(0.25, part.max(1));
            let part = hear(&mut stage, part.max(1));
            let bound = 0.25 * 2.0 / frames as f32 + ROUNDING;
            heard.extend(&part);
            assert!(steepest_step(&heard[heard.len() - part.len() - 1..]) <= bound, "seed {seed}");
            if part.len() == frames {
                gain = next;
                assert!((heard[heard.len() - 1] - 0.25 * gain).abs() <= ROUNDING, "seed {seed}");
            }
        }
        assert!(gain != 1.0);
    }
}

#[test]
fn a_gain_that_takes_minutes_arrives_without_a_last_jump() {
    const MINUTES: usize = 1_000_000;
    let mut stage = stage::playback(MONO, Frames(64));
    stage.shared.control.gain.set(GainOrder { gain: 0.2, over: Frames(MINUTES as u64) });
    let mut last = 0.5;
    for at in 0..MINUTES / 5_000 + 1 {
        assert!(stage.writer.append(&pcm(MONO, [0.5; 5_000])));
        for sample in hear(&mut stage, 5_000) {
            assert!((sample - last).abs() <= 2.0 * ROUNDING, "{sample} after {last} in block {at}");
            last = sample;
        }
    }
    assert_eq!(last, 0.5 * 0.2);
}

type Interrupt = fn(&mut Playback, &mut Source);

/// What ends a source's sound at once.
const INTERRUPTIONS: [(&str, Interrupt); 6] = [
    ("pause", |stage, _| stage.play(false)),
    ("lost", |stage, _| stage.shared.control.lost.set(true)),
    ("closing device", |stage, _| stage.shared.control.closing.set(true)),
    ("clear", |_, source| source.seen.marks().discard_all()),
    ("closed source", |_, source| source.seen.close()),
    ("underrun", |stage, source| {
        let left = source.seen.marks().queued().0 as usize;
        source.hold(0.5, RAMP);
        hear(stage, left + RAMP);
    }),
];

fn resume(stage: &Playback) {
    stage.play(true);
    stage.shared.control.lost.set(false);
    stage.shared.control.closing.set(false);
}

#[test]
fn where_a_source_ends_it_decays_to_silence_and_where_it_begins_again_it_fades_in() {
    for (name, interrupt) in INTERRUPTIONS {
        // Also in mid-fade and in the middle of a change of gain, and back in the middle of the decay.
        for (before, gap) in [(0, 2 * RAMP), (RAMP / 3, 2 * RAMP), (0, RAMP / 3), (RAMP / 3, RAMP / 3), (1, 0)] {
            let (mut stage, mut source) = sounding(0.5);
            let mut heard = vec![0.5];
            if before > 0 {
                source.seen.set_gain(0.0, 0);
                heard.extend(hear(&mut stage, before));
            }
            interrupt(&mut stage, &mut source);
            if name == "underrun" {
                heard = vec![source.seen.control.gain.get().gain * 0.5];
            }
            heard.extend(hear(&mut stage, gap));
            if gap > RAMP {
                assert_eq!(heard[heard.len() - RAMP / 2..], [0.0; RAMP / 2], "{name}");
            }
            resume(&stage);
            source.seen.set_gain(1.0, 0);
            source.hold(0.5, 2 * RAMP);
            heard.extend(hear(&mut stage, 2 * RAMP));
            let bound = 2.0 * 0.5 * STEEPEST + 0.5 / RAMP as f32 + ROUNDING;
            let step = steepest_step(&heard);
            assert!(step <= bound, "{name}, {before} before and {gap} after: {step} > {bound}");
            let end = if name == "closed source" { 0.0 } else { 0.5 };
            assert_eq!(heard[heard.len() - 1], end, "{name}, {before} before and {gap} after");
        }
    }
}

#[test]
fn a_source_that_joins_with_a_loud_first_frame_fades_in_and_one_that_begins_from_silence_is_exact() {
    let mut stage = stage::playback(MONO, Frames(64));
    let mut loud = stage.add(1_000);
    loud.hold(0.7, 2 * RAMP);
    let heard = [vec![0.0], hear(&mut stage, 2 * RAMP)].concat();
    assert!(steepest_step(&heard) <= 0.7 * STEEPEST + ROUNDING);
    assert_eq!(heard[RAMP + 1..], [0.7; RAMP]);
    loud.seen.close();
    hear(&mut stage, 2 * RAMP);
    let sound = [vec![0.0], noise(&mut Random::new(1), 500, 0.7)].concat();
    let mut soft = stage.add(1_000);
    soft.push(&sound);
    assert_eq!(hear(&mut stage, 501), sound);
}

#[test]
fn a_source_that_only_joins_or_leaves_changes_nothing_however_loud_the_queue_is() {
    for (layout, seed) in every_layout().zip(0..) {
        let mut stage = stage::playback(layout, Frames(64));
        let mut random = Random::new(seed);
        let sound = pcm(layout, noise(&mut random, 900 * layout.channels, 1.0));
        assert!(stage.writer.append(&sound));
        let mut heard = samples(layout, &stage.hear(300));
        let mut silent = stage.add(1_000);
        silent.push(&vec![0.0; 200 * layout.channels]);
        heard.extend(hear(&mut stage, 300));
        silent.seen.close();
        heard.extend(hear(&mut stage, 300));
        assert!(furthest(&heard, &samples(layout, &sound)) <= 1.0e-7, "{layout:?}");
    }
}

#[test]
fn whatever_happens_to_steady_sources_nothing_clicks_and_every_frame_is_counted() {
    for seed in 0..30 {
        let mut random = Random::new(seed);
        let mut stage = stage::playback(MONO, Frames(64));
        let levels = [0.3, -0.4, 0.6];
        let mut sources: Vec<Source> = levels.iter().map(|_| stage.add(600)).collect();
        let mut heard = vec![0.0];
        for _ in 0..500 {
            let at = random.below(3) as usize;
            let source = &mut sources[at];
            match random.below(12) {
                0 => stage.play(random.one_in(2)),
                1 => source.seen.marks().discard_all(),
                2 => source.seen.set_gain(random.unit(), random.below(900)),
                3 if random.one_in(4) => {
                    source.seen.close();
                    (0..4).for_each(|_| heard.extend(hear(&mut stage, RAMP / 3)));
                    sources[at] = stage.add(600);
                }
                _ => _ = source.writer.push(&vec![levels[at]; random.below(200) as usize]),
            }
            heard.extend(hear(&mut stage, random.below(100) as usize));
            for source in &sources {
                let count = source.seen.marks().count();
                assert_eq!(count.written, count.delivered + count.discarded + count.queued);
            }
        }
        let of_levels: f32 = levels.iter().map(|level| level.abs()).sum();
        let bound = of_levels * (2.0 * STEEPEST + 1.0 / RAMP as f32) + ROUNDING;
        assert!(steepest_step(&heard) <= bound, "seed {seed}: {} > {bound}", steepest_step(&heard));
    }
}

#[test]
fn a_source_that_runs_dry_is_told_of_and_leaves_the_others_bit_for_bit() {
    for seed in 0..20 {
        let mut random = Random::new(seed);
        let (mut alone, mut beside) = (stage::playback(STEREO, Frames(64)), stage::playback(STEREO, Frames(64)));
        let mut dry = beside.add(500);
        let mut both = [alone.add(4_000), beside.add(4_000)];
        let (mut at, mut missing, mut began) = (0, 0, 0);
        for _ in 0..100 {
            let frames = 1 + random.below(150) as usize;
            let sound = noise(&mut random, 2 * frames, 0.9);
            both.iter_mut().for_each(|source| source.push(&sound));
            let there = random.below(130).max(u64::from(at == 0)) as usize;
            dry.writer.push(&vec![0.0; 2 * there]);
            let queued = dry.seen.marks().queued().0;
            assert_eq!(alone.hear(frames as u64), beside.hear(frames as u64), "seed {seed}");
            missing += (frames as u64).saturating_sub(queued);
            while let Some(episode) = dry.seen.episodes.try_next() {
                began += u64::from(matches!(episode, Episode::Began { .. }));
            }
            at += frames;
        }
        let tally = &dry.seen.control.tally;
        assert_eq!((tally.episode_frames.get(), tally.episodes.get()), (missing, began));
        assert!(began > 5 && both[1].seen.control.tally.episodes.get() == 0);
    }
}

#[test]
fn what_is_no_number_in_a_shared_ring_never_reaches_the_sum_and_is_counted() {
    let ring = JsRing::new(1, 1_000);
    let (mut stage, source) = sounding(0.5);
    let _faulty = stage.add_shared(&ring);
    let odd = [0.0, f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::from_bits(0xffff_ffff), 0.25];
    assert_eq!(ring.write(&odd), 6);
    assert_eq!(hear(&mut stage, 6), [0.5, 0.5, 0.5, 0.5, 0.5, 0.75]);
    assert_eq!(ring.memory().faults(), 0, "each view counts by itself");
    // Numbers as large as there are: the sum is loud, and what comes after is whole again.
    for huge in [f32::MAX, -f32::MAX] {
        assert_eq!(ring.write(&[0.0, huge, huge, huge]), 4);
        let heard = hear(&mut stage, 4 + 2 * RAMP);
        assert!(heard.iter().all(|sample| sample.abs() <= 1.0));
        assert!(furthest(&heard[heard.len() - 100..], &[0.5; 100]) <= ROUNDING);
    }
    let mut other = stage.add(100);
    other.seen.set_gain(100.0, 0);
    other.push(&[0.0, f32::MAX, -f32::MAX]);
    source.seen.set_gain(1.0, 1);
    hear(&mut stage, 3 + 2 * RAMP);
    assert_eq!(hear(&mut stage, 10), [0.5; 10]);
}

#[test]
fn the_limit_is_the_identity_below_the_knee_then_bends_without_a_jump_and_never_exceeds_full_scale() {
    const STEP: f32 = 1.0 / 4_096.0;
    for side in [1.0, -1.0] {
        let mut stage = stage::playback(MONO, Frames(64));
        let mut sources = [stage.add(40_000), stage.add(40_000)];
        let rising: Vec<f32> = (0..20_000).map(|at| at as f32 * STEP).collect();
        for source in &mut sources {
            source.push(&rising.iter().map(|sample| 0.5 * side * sample).collect::<Vec<_>>());
        }
        let heard: Vec<f32> = hear(&mut stage, rising.len()).iter().map(|sample| side * sample).collect();
        let below = (KNEE / STEP) as usize;
        assert_eq!(heard[..below], rising[..below]);
        assert!(heard.windows(2).all(|pair| pair[0] <= pair[1] && pair[1] - pair[0] <= STEP + ROUNDING));
        assert!(heard[below + 10] < rising[below + 10] && heard.iter().all(|sample| *sample <= 1.0));
        // At twice full scale it still tells more from less.
        assert!(heard[8_192] < heard[8_292] && heard[8_192] > 0.99);
        for loud in [10.0, 1.0e9, f32::MAX] {
            sources[0].push(&[0.0, side * loud]);
            hear(&mut stage, 2 * RAMP + 2).iter().for_each(|sample| assert!(sample.abs() <= 1.0));
        }
    }
}

#[test]
fn a_device_that_closes_has_faded_only_when_its_sources_have() {
    let (mut stage, source) = sounding(0.8);
    stage.shared.control.closing.set(true);
    let mut heard = vec![0.8];
    for _ in 0..RAMP / 20 {
        assert!(!stage.shared.control.faded.get());
        heard.extend(hear(&mut stage, 20));
    }
    assert!(stage.shared.control.faded.get() && !source.seen.control.faded.get());
    heard.extend(hear(&mut stage, 20));
    assert!(steepest_step(&heard) <= 0.8 * STEEPEST + ROUNDING && heard.ends_with(&[0.0; 20]));
    assert!(source.seen.marks().queued() > Frames::ZERO, "what it had stays its own");
}
