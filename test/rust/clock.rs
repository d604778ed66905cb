//! One clock for sound and picture, in virtual time.

use sdl_callback_audio::playout::buffer::{FrameBuffer, Pop};
use sdl_callback_audio::playout::clock::{Clock, Kind, Sync};
use sdl_callback_audio::playout::jitter::Mode;

/// A number in [0, 1) for each index: the same at every run.
fn chance(index: usize) -> f64 {
    let mut x = index as u64 ^ 0x9e37_79b9_7f4a_7c15;
    for _ in 0..3 {
        x = (x ^ x >> 31).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    }
    (x >> 40) as f64 / 16_777_216.0
}

/// Arrivals of a track in µs, in order, `(at, pts)`.
fn track(every_ms: f64, seconds: f64, delay: impl Fn(usize, f64) -> f64) -> Vec<(f64, f64)> {
    let mut last = 0.0f64;
    let count = (seconds * 1000.0 / every_ms) as usize;
    (0..count)
        .map(|index| {
            let sent = index as f64 * every_ms;
            last = last.max(sent + delay(index, sent));
            (last * 1000.0, sent * 1000.0)
        })
        .collect()
}

#[derive(Default)]
struct Seen {
    /// How far apart picture and sound were when a picture was shown, µs.
    apart: Vec<f64>,
    longest_freeze: f64,
    shown: usize,
}

/// Shows what arrives, asking every 5 ms, as a player would.
fn watch(audio: &[(f64, f64)], video: &[(f64, f64)], seconds: f64) -> Seen {
    let mut clock = Clock::new(Mode::default());
    let mut sound = FrameBuffer::new(&mut clock, "audio", Kind::Audio, 200);
    let mut picture = FrameBuffer::new(&mut clock, "video", Kind::Video, 60);
    let (mut audio, mut video) = (audio.iter().peekable(), video.iter().peekable());
    let (mut now, mut last_shown, mut seen) = (0.0, None::<f64>, Seen::default());
    let mut held: Option<f64> = None;
    while now < seconds * 1e6 {
        while let Some((_, pts)) = audio.next_if(|(at, _)| *at <= now) {
            sound.push(&mut clock, *pts, 0, now, |_| ());
        }
        while let Some((_, pts)) = video.next_if(|(at, _)| *at <= now) {
            picture.push(&mut clock, *pts, 0, now, |_| ());
        }
        while matches!(sound.pop(&mut clock, now), Pop::Frame { .. } | Pop::Skip { .. }) {}
        loop {
            let pts = match held.take() {
                Some(pts) => pts,
                None => match picture.pop(&mut clock, now) {
                    Pop::Frame { pts, .. } => pts,
                    Pop::Skip { .. } => continue,
                    Pop::Wait { .. } | Pop::Empty => break,
                },
            };
            match clock.sync_check("video", pts, now) {
                Sync::Skip => continue,
                Sync::Wait { .. } => {
                    held = Some(pts);
                    break;
                }
                Sync::Play => {
                    if let Some(heard) = clock.heard(now) {
                        seen.apart.push((pts - heard).abs());
                    }
                    seen.longest_freeze = seen.longest_freeze.max(last_shown.map_or(0.0, |last| now - last));
                    (last_shown, seen.shown) = (Some(now), seen.shown + 1);
                }
            }
        }
        now += 5_000.0;
    }
    seen
}

#[test]
fn picture_and_sound_stay_within_50_ms_of_each_other() {
    for (name, scale) in [("mild", 20.0), ("heavy", 80.0)] {
        // Two uniform numbers: a triangle, with video on a slower path.
        let jitter = |salt: usize| move |i: usize, _: f64| (chance(i * 4 + salt) + chance(i * 4 + salt + 1)) * scale;
        let seen = watch(&track(20.0, 120.0, jitter(0)), &track(33.3, 120.0, jitter(2)), 118.0);
        let far = seen.apart.iter().filter(|us| **us > 50_000.0).count();
        assert!(far * 100 <= seen.apart.len(), "{name}: {far} of {}", seen.apart.len());
        assert!(seen.shown > 3400, "{name}: {} pictures", seen.shown);
        assert!(seen.longest_freeze < 160_000.0 + 2000.0 * scale, "{name}: {}", seen.longest_freeze);
    }
}

#[test]
fn no_picture_freezes_longer_than_the_network_did() {
    let stall = |_: usize, sent: f64| if (20_000.0..20_400.0).contains(&sent) { 20_400.0 - sent } else { 0.0 };
    // The sound stalls for half a second more than the picture.
    let longer = |_: usize, sent: f64| if (20_000.0..20_900.0).contains(&sent) { 20_900.0 - sent } else { 0.0 };
    let seen = watch(&track(20.0, 60.0, longer), &track(33.3, 60.0, stall), 58.0);
    assert!(seen.longest_freeze < 500_000.0, "{}", seen.longest_freeze);
}

#[test]
fn a_mode_takes_effect_at_once_and_nothing_freezes() {
    let mut clock = Clock::new(Mode::Fixed { ms: 60.0 });
    let mut buffer = FrameBuffer::new(&mut clock, "video", Kind::Video, 60);
    let mut shown: Vec<f64> = Vec::new();
    let mut now = 0.0;
    for step in 0..4000 {
        if step % 8 == 0 {
            buffer.push(&mut clock, now, 0, now, |_| ());
        }
        if step == 2000 {
            clock.set_mode(Mode::Fixed { ms: 140.0 });
        }
        if step == 3000 {
            clock.set_mode(Mode::Fixed { ms: 40.0 });
        }
        while let Pop::Frame { pts, .. } | Pop::Skip { pts, .. } = buffer.pop(&mut clock, now) {
            shown.push(now - pts);
            if shown.len() > 1 && step > 100 {
                assert!((30_000.0..=145_000.0).contains(&(now - pts)), "{step}: {}", now - pts);
            }
        }
        now += 5_000.0;
    }
    assert!(shown.len() > 490);
    assert_eq!((shown[200], shown[320], shown[480]), (60_000.0, 140_000.0, 40_000.0));
}

#[test]
fn a_full_buffer_shows_the_newest_again_and_again() {
    // The clock was misled: everything is due in nine seconds.
    let mut clock = Clock::new(Mode::Fixed { ms: 9_000.0 });
    let mut buffer = FrameBuffer::new(&mut clock, "video", Kind::Video, 60);
    let (mut shown, mut now) = (Vec::new(), 0.0);
    for _ in 0..300 {
        buffer.push(&mut clock, now, 0, now, |_| ());
        while let Pop::Frame { .. } = buffer.pop(&mut clock, now) {
            shown.push(now);
        }
        now += 33_333.0;
    }
    // Once in 60 frames at the worst, and never the old ones.
    assert!(shown.len() >= 4 && buffer.frames().overflowed > 0, "{shown:?}");
}
