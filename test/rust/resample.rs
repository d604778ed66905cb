//! Resampling measured with impulses, tones and random splits.

use std::f64::consts::TAU;

use sdl_callback_audio::codec::preview::Preview;
use sdl_callback_audio::codec::resample::{Quality, Resampler};
use sdl_callback_audio::units::{Frames, Hz};

const QUALITIES: [Quality; 3] = [Quality::Voice, Quality::Fast, Quality::Best];
const PAIRS: [(u32, u32); 13] = [
    (192_000, 24_000),
    (48_000, 24_000),
    (48_000, 16_000),
    (48_000, 8_000),
    (44_100, 48_000),
    (48_000, 44_100),
    (16_000, 48_000),
    (24_000, 48_000),
    (44_100, 24_000),
    (32_000, 48_000),
    (16_000, 24_000),
    (44_101, 48_000),
    (8_000, 16_000),
];

/// What else is in the documented range: far apart, close together, at its ends, with and without a common divisor.
const FAR_PAIRS: [(u32, u32); 20] = [
    (16_000, 8_000),
    (22_050, 8_000),
    (32_000, 8_000),
    (44_100, 8_000),
    (48_000, 4_000),
    (48_000, 12_000),
    (64_000, 16_000),
    (96_000, 44_100),
    (15_999, 16_000),
    (11_025, 48_000),
    (8_000, 48_000),
    (1_400, 48_000),
    (1_333, 48_000),
    (1_000, 48_000),
    (1_001, 1_000),
    (37_123, 1_009),
    (192_000, 8_000),
    (383_999, 48_000),
    (96_000, 1_000),
    (384_000, 192_000),
];

fn all_pairs() -> impl Iterator<Item = (u32, u32)> {
    PAIRS.into_iter().chain(FAR_PAIRS)
}

/// Half the narrower rate.
fn half(from: u32, to: u32) -> f64 {
    f64::from(from.min(to)) / 2.0
}

/// Up to where speech is promised to stay as it is.
fn speech_hz(from: u32, to: u32) -> f64 {
    (0.75 * half(from, to)).min(3000.0)
}

/// Long enough for a few thousand frames at the narrower rate.
fn frames_to_measure(from: u32, to: u32) -> usize {
    (f64::from(from) * 2_000.0 / half(from, to)) as usize
}

fn resampler(from: u32, to: u32, channels: usize, quality: Quality) -> Resampler {
    Resampler::new(Hz(from), Hz(to), channels, quality).expect("these rates are in range")
}

/// Everything at once, and what is left behind.
fn whole(resampler: &mut Resampler, input: &[f32]) -> Vec<f32> {
    let mut out = Vec::new();
    push(resampler, input, &mut out);
    finish(resampler, &mut out);
    out
}

fn push(resampler: &mut Resampler, input: &[f32], out: &mut Vec<f32>) {
    let channels = resampler.channels();
    let frames = resampler.frames_after(Frames((input.len() / channels) as u64)).as_len();
    let start = out.len();
    out.resize(start + frames * channels, f32::NAN);
    assert_eq!(resampler.process(input, &mut out[start..]), Ok(Frames(frames as u64)));
}

fn finish(resampler: &mut Resampler, out: &mut Vec<f32>) {
    let frames = resampler.frames_left().as_len();
    let start = out.len();
    out.resize(start + frames * resampler.channels(), f32::NAN);
    assert_eq!(resampler.flush(&mut out[start..]), Ok(Frames(frames as u64)));
}

/// A tone that swells and fades, so that it has no edges of its own.
fn tone(hz: f64, rate: u32, frames: usize) -> Vec<f32> {
    let swell = |i: usize| (0.5 - 0.5 * (TAU * i as f64 / frames as f64).cos()).powi(2);
    (0..frames).map(|i| (swell(i) * (TAU * hz * i as f64 / f64::from(rate)).sin()) as f32).collect()
}

fn level(samples: &[f32]) -> f64 {
    let power: f64 = samples.iter().map(|sample| f64::from(*sample).powi(2)).sum();
    10.0 * (power / samples.len() as f64 + 1e-30).log10()
}

/// dB by which a tone comes out weaker than it went in, in the steady part of it.
fn loss(from: u32, to: u32, quality: Quality, hz: f64) -> f64 {
    let input = tone(hz, from, frames_to_measure(from, to));
    let out = whole(&mut resampler(from, to, 1, quality), &input);
    assert!(out.iter().all(|sample| sample.is_finite()));
    level(&input)
        - level(&out)
        - 10.0 * (out.len() as f64 * f64::from(from) / (input.len() as f64 * f64::from(to))).log10()
}

/// dB that each quality promises.
fn limit_of(quality: Quality) -> f64 {
    match quality {
        Quality::Voice => 130.0,
        Quality::Fast => 85.0,
        Quality::Best => 120.0,
    }
}

/// Pseudo-random numbers below `below`.
fn random(state: &mut u64, below: usize) -> usize {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    ((*state >> 33) as usize) % below
}

fn noise(samples: usize) -> Vec<f32> {
    let mut state = 9;
    (0..samples).map(|_| random(&mut state, 20_001) as f32 / 10_000.0 - 1.0).collect()
}

/// Milliseconds that each quality promises.
fn longest_delay(from: u32, to: u32, quality: Quality) -> f64 {
    let frame = 1000.0 / (2.0 * half(from, to));
    let fall = (half(from, to) - speech_hz(from, to)) / 1000.0;
    match quality {
        Quality::Voice if half(from, to) >= 8000.0 => 1.5,
        Quality::Voice => f64::max(1.5, 5.1 / fall + 7.0 * frame),
        Quality::Fast => f64::max(0.75, 3.1 / fall + 7.0 * frame),
        Quality::Best => 264.0 * frame,
    }
}

#[test]
fn the_delay_is_what_it_says_and_as_short_as_promised() {
    for (from, to) in all_pairs() {
        for quality in QUALITIES {
            let mut resampler = resampler(from, to, 1, quality);
            let delay = resampler.delay().0 as f64;
            let mut impulse = vec![0.0; frames_to_measure(from, to) / 4];
            let at = impulse.len() / 2 - impulse.len() / 2 % 441;
            impulse[at] = 1.0;
            let out = whole(&mut resampler, &impulse);
            let peak = |n: &f64| f64::from(out[*n as usize].abs());
            let places: Vec<f64> = (0..out.len()).map(|n| n as f64).collect();
            let top = places.iter().copied().max_by(|a, b| peak(a).total_cmp(&peak(b))).expect("samples");
            let measured = top - at as f64 * f64::from(to) / f64::from(from);
            assert!((measured - delay).abs() <= 1.0, "{from} → {to} {quality:?}: {measured} frames, told {delay}");
            let (ms, most) = (delay * 1000.0 / f64::from(to), longest_delay(from, to, quality));
            println!("{from} → {to} {quality:?}: {ms:.2} ms, at most {most:.2}");
            assert!(ms <= most, "{from} → {to} {quality:?}: {ms} ms instead of {most}");
        }
    }
}

#[test]
fn tones_above_the_narrower_band_do_not_come_through() {
    // Between rates that are nearly the same no tone is above the one and below the other.
    for (from, to) in all_pairs().filter(|(from, to)| f64::from(*from) > 1.02 * f64::from(*to)) {
        for quality in QUALITIES {
            let limit = limit_of(quality);
            let mut least = f64::INFINITY;
            let steps = if PAIRS.contains(&(from, to)) { 11 } else { 2 };
            for step in 0..=steps {
                let low = f64::from(to) / 2.0 * 1.005;
                let hz = low + (f64::from(from) * 0.499 - low) * f64::from(step) / f64::from(steps);
                let loss = loss(from, to, quality, hz);
                assert!(loss >= limit, "{from} → {to} {quality:?}: {hz:.0} Hz comes through at -{loss:.1} dB");
                least = least.min(loss);
            }
            println!("{from} → {to} {quality:?}: aliases below -{least:.0} dB");
        }
    }
}

#[test]
fn images_of_tones_are_below_the_same_limits() {
    // What is not the tone itself: the output less the best fit of a sine of that frequency.
    for (from, to) in all_pairs().filter(|(from, to)| from < to) {
        for (quality, part) in QUALITIES.into_iter().flat_map(|quality| [0.21, 0.47].map(|part| (quality, part))) {
            let limit = limit_of(quality);
            let hz = f64::from(from) * part;
            let length = frames_to_measure(from, to);
            let input: Vec<f32> =
                (0..length).map(|i| (0.9 * (TAU * hz * i as f64 / f64::from(from)).sin()) as f32).collect();
            let out = whole(&mut resampler(from, to, 1, quality), &input);
            let steady = &out[out.len() / 4..out.len() * 3 / 4];
            let below = level(&input) - level(&without_tone(steady, hz / f64::from(to)));
            assert!(below >= limit, "{from} → {to} {quality:?}: {hz:.0} Hz has images at -{below:.1} dB");
        }
    }
}

fn without_tone(samples: &[f32], cycles: f64) -> Vec<f32> {
    let basis = |i: usize| (TAU * cycles * i as f64).sin_cos();
    let [mut ss, mut sc, mut cc, mut xs, mut xc] = [0.0; 5];
    for (i, sample) in samples.iter().enumerate() {
        let ((s, c), x) = (basis(i), f64::from(*sample));
        (ss, sc, cc, xs, xc) = (ss + s * s, sc + s * c, cc + c * c, xs + x * s, xc + x * c);
    }
    let det = ss * cc - sc * sc;
    let (a, b) = ((xs * cc - xc * sc) / det, (xc * ss - xs * sc) / det);
    let rest = |(i, x): (usize, &f32)| (f64::from(*x) - a * basis(i).0 - b * basis(i).1) as f32;
    samples.iter().enumerate().map(rest).collect()
}

#[test]
fn the_passband_is_flat() {
    // Up to where each filter begins to fall: voice gives up 4 kHz of the band for its short delay.
    for (from, to, quality, hz) in [
        (48_000, 24_000, Quality::Voice, 8_000.0),
        (48_000, 24_000, Quality::Fast, 7_000.0),
        (48_000, 24_000, Quality::Best, 11_500.0),
        (48_000, 16_000, Quality::Voice, 4_000.0),
        (48_000, 16_000, Quality::Best, 7_600.0),
        (44_100, 48_000, Quality::Voice, 18_000.0),
        (24_000, 48_000, Quality::Voice, 8_000.0),
        (16_000, 48_000, Quality::Best, 7_500.0),
    ] {
        for part in [0.02, 0.3, 0.7, 1.0] {
            let loss = loss(from, to, quality, hz * part);
            assert!(loss.abs() < 0.15, "{from} → {to} {quality:?}: {:.0} Hz loses {loss:.3} dB", hz * part);
        }
    }
}

#[test]
fn speech_stays_as_it_is_at_any_rate() {
    for (from, to) in all_pairs() {
        for quality in QUALITIES {
            let hz = if quality == Quality::Best { 0.92 * half(from, to) } else { speech_hz(from, to) };
            for part in [0.5, 1.0] {
                let loss = loss(from, to, quality, hz * part);
                assert!(loss.abs() < 0.15, "{from} → {to} {quality:?}: {:.0} Hz loses {loss:.3} dB", hz * part);
            }
        }
    }
}

#[test]
fn splitting_the_input_anywhere_changes_nothing() {
    let mut state = 4;
    for (from, to) in PAIRS {
        for channels in [1, 2, 8] {
            let input = noise(from as usize / 10 * channels);
            let mut resampler = resampler(from, to, channels, Quality::Voice);
            let together = whole(&mut resampler, &input);
            for most in [1, 7, 100, 1000] {
                let mut out = Vec::new();
                let mut rest = &input[..];
                while !rest.is_empty() {
                    let frames = (1 + random(&mut state, most)).min(rest.len() / channels);
                    let (now, later) = rest.split_at(frames * channels);
                    push(&mut resampler, now, &mut out);
                    rest = later;
                }
                finish(&mut resampler, &mut out);
                assert!(out == together, "{from} → {to}, {channels} channels, blocks of up to {most}");
            }
        }
    }
}

#[test]
fn the_ratio_is_exact_however_long_it_runs() {
    for (from, to) in PAIRS {
        let mut resampler = resampler(from, to, 1, Quality::Fast);
        let block = vec![0.25; from as usize / 50];
        let mut out = vec![0.0; to as usize / 50 + 2];
        let blocks = 50 * 20;
        let got: u64 = (0..blocks).map(|_| resampler.process(&block, &mut out).expect("room for a block").0).sum();
        let taken = blocks * block.len() as u64;
        let whole = taken * u64::from(to) / u64::from(from);
        assert!(whole - got <= u64::from(to) / 900 + 1, "{from} → {to}: {got} of {whole}");
        if from.is_multiple_of(100) {
            assert_eq!(got, whole, "{from} → {to}: every block of 20 ms comes out at once");
        }
    }
}

#[test]
fn channels_do_not_mix_and_a_short_output_takes_nothing() {
    let mut stereo = resampler(48_000, 24_000, 2, Quality::Voice);
    let mono = noise(960);
    let input: Vec<f32> = mono.iter().flat_map(|sample| [*sample, -*sample]).collect();
    let alone = whole(&mut resampler(48_000, 24_000, 1, Quality::Voice), &mono);
    assert_eq!(stereo.process(&input, &mut [0.0; 958]), Err(Frames(480)));
    let out = whole(&mut stereo, &input);
    assert_eq!(out, alone.iter().flat_map(|sample| [*sample, -*sample]).collect::<Vec<_>>());
}

#[test]
fn the_same_rate_passes_through_untouched() {
    let input = noise(1000);
    let mut resampler = resampler(48_000, 48_000, 1, Quality::Best);
    assert_eq!(resampler.delay(), Frames::ZERO);
    assert_eq!(whole(&mut resampler, &input), input);
}

#[test]
fn a_preview_says_what_flushing_would_give() {
    for (from, to) in PAIRS.into_iter().chain([(48_000, 48_001), (1_000, 48_000), (384_000, 48_000)]) {
        for frames in [10, from as usize / 100, from as usize / 33 + 7] {
            let mut resampler = resampler(from, to, 2, Quality::Voice);
            let mut preview = Preview::new(&resampler);
            // Well below both rates, where interpolation is as good as a filter.
            let turn = TAU * f64::from(from.min(to)) / 60.0 / f64::from(from);
            let input: Vec<f32> =
                (0..frames).flat_map(|at| [(turn * at as f64).sin() as f32, (turn * at as f64).cos() as f32]).collect();
            let mut out = Vec::new();
            for piece in input.chunks(2 * 97) {
                push(&mut resampler, piece, &mut out);
                preview.note(piece);
            }
            let (mut said, mut rest) = (Vec::new(), Vec::new());
            preview.write(&resampler, 0, &mut said);
            let mut after = Vec::new();
            preview.write(&resampler, 3, &mut after);
            assert_eq!(said[6..], after);
            let lag = resampler.delay().as_len();
            // What comes next is the same sound: the filter sees it, the preview does not.
            let more: Vec<f32> = (frames..frames + from as usize / 20)
                .flat_map(|at| [(turn * at as f64).sin() as f32, (turn * at as f64).cos() as f32])
                .collect();
            assert_eq!(said.len() / 2, resampler.frames_left().as_len());
            push(&mut resampler, &more, &mut rest);
            let begun = 2 * (2 * lag).saturating_sub(out.len() / 2);
            // Of the last two frames that went in, the neighbours are not known.
            let sure = said.len() - 2 * (2 * to).div_ceil(from) as usize - 2;
            let pairs = said.iter().zip(&rest).take(sure).skip(begun);
            let worst = pairs.map(|(said, is)| (said - is).abs()).fold(0.0, f32::max);
            assert!(worst < 0.01, "{from} to {to} Hz, {frames} frames: {worst} of 1");
        }
    }
}
