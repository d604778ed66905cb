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

/// Feeds a track what `delay(index)` ms under way makes of a frame every `every_ms`, from one media time to another, in ms.
fn feed(clock: &mut Clock, name: &str, every_ms: f64, span: std::ops::Range<f64>, delay: impl Fn(f64) -> f64) {
    let mut pts = span.start;
    while pts < span.end {
        clock.observe_arrival(name, pts * 1000.0, (pts + delay(pts)) * 1000.0);
        pts += every_ms;
    }
}

/// Between media time and playout, in ms.
fn lag(clock: &Clock) -> f64 {
    clock.playout_time(0.0).expect("it has begun") / 1000.0
}

#[test]
fn a_track_that_comes_seconds_late_moves_no_other() {
    for late in [2_500.0, 5_000.0, 60_000.0] {
        let mut clock = Clock::new(Mode::Fixed { ms: 60.0 });
        feed(&mut clock, "audio", 20.0, 0.0..5_000.0, |_| 10.0);
        feed(&mut clock, "video", 40.0, 0.0..5_000.0, |_| 10.0);
        for step in 250..3_000 {
            let now = f64::from(step) * 20.0;
            feed(&mut clock, "audio", 20.0, now - 10.0..now, |_| 10.0);
            // Its frames come one by one, and a second of them at once.
            let frames = if step / 100 % 2 == 0 { step % 2 } else { 25 * i32::from(step % 50 == 0) };
            for frame in 0..frames {
                clock.observe_arrival("video", (now - late - f64::from(frames - frame) * 40.0) * 1000.0, now * 1000.0);
            }
            assert!((lag(&clock) - 70.0).abs() < 1.0, "{late} late, at {now} ms: {}", lag(&clock));
        }
    }
}

#[test]
fn a_sender_that_begins_anew_is_followed_on_all_tracks_within_three_frames() {
    let mut clock = Clock::new(Mode::Fixed { ms: 60.0 });
    let mut start = 0.0;
    for round in 0..20 {
        // In turn further back and further on.
        let zero = if round % 2 == 0 { 1e6 } else { 0.0 };
        let (mut audio, mut video) = (0, 0);
        for step in 0..1000 {
            let now = start + f64::from(step) * 5.0;
            let pts = zero + f64::from(step) * 5.0;
            if step % 4 == 0 {
                clock.observe_arrival("audio", pts * 1000.0, now * 1000.0);
                audio += 1;
            }
            if step % 8 == 1 {
                clock.observe_arrival("video", pts * 1000.0, now * 1000.0);
                video += 1;
            }
            if audio >= 3 {
                let lag = clock.playout_time(pts * 1000.0).expect("it has begun") / 1000.0 - now;
                assert!((lag - 60.0).abs() < 1.0, "round {round}, {audio} and {video} frames: {lag}");
            }
        }
        start += 5_000.0;
    }
}

#[test]
fn a_track_that_has_stopped_does_not_hold_the_others_where_it_was() {
    for ppm in [200e-6, -200e-6] {
        let mut clock = Clock::new(Mode::default());
        feed(&mut clock, "video", 40.0, 0.0..10_000.0, |_| 5.0);
        feed(&mut clock, "audio", 20.0, 0.0..1_200_000.0, |pts| pts * ppm + 5.0);
        let moved = 1_200_000.0 * ppm + 5.0;
        assert!(clock.target_ms() < 45.0, "{ppm}: {} ms", clock.target_ms());
        assert!((lag(&clock) - moved - clock.target_ms()).abs() < 2.0, "{ppm}: {}", lag(&clock) - moved);
        // And it is one of them again when it comes back, though it has drifted away meanwhile.
        feed(&mut clock, "video", 40.0, 1_200_000.0..1_205_000.0, |pts| pts * ppm + 5.0);
        assert!((lag(&clock) - moved - clock.target_ms()).abs() < 3.0, "{ppm}: {}", lag(&clock) - moved);
        assert!(clock.target_ms() < 45.0, "{ppm}: {} ms", clock.target_ms());
    }
}

#[test]
fn what_is_left_of_a_clock_has_a_target_that_it_can_meet() {
    for mode in [Mode::default(), Mode::Fixed { ms: 60.0 }] {
        let mut clock = Clock::new(mode);
        clock.open("video", Kind::Video);
        for at in 0..100 {
            let span = f64::from(at) * 40.0..f64::from(at + 1) * 40.0;
            feed(&mut clock, "video", 40.0, span.clone(), |_| 10.0);
            feed(&mut clock, "audio", 20.0, span, |_| 400.0);
        }
        clock.close("video");
        assert!(clock.target_ms() >= 0.0 && clock.max_latency_ms() >= 0.0, "{} ms", clock.target_ms());
        feed(&mut clock, "audio", 20.0, 4_000.0..4_100.0, |_| 400.0);
        assert!(clock.target_ms() >= 20.0 && lag(&clock) >= 420.0, "{} ms, {}", clock.target_ms(), lag(&clock));
    }
}

#[test]
fn a_track_lives_until_the_last_of_those_who_opened_it_closes_it() {
    let mut clock = Clock::new(Mode::Fixed { ms: 60.0 });
    // One comes again before the one before has gone.
    clock.open("voice", Kind::Audio);
    clock.open("voice", Kind::Audio);
    clock.close("voice");
    clock.report_playout("voice", 1e6, 2e6);
    assert_eq!(clock.heard(2e6), Some(1e6));
    clock.close("voice");
    assert_eq!(clock.heard(2e6), None);
}

#[test]
fn a_sender_200_ppm_off_for_an_hour_is_shown_evenly_and_nothing_piles_up() {
    for ppm in [200e-6, -200e-6] {
        let mut clock = Clock::new(Mode::default());
        let mut buffer = FrameBuffer::new(&mut clock, "video", Kind::Video, 60);
        let (mut last, mut longest, mut most, mut first_lag, mut lag) = (0.0, 0.0f64, 0, None, 0.0);
        for index in 0..90_000usize {
            let pts = index as f64 * 40.0;
            let now = pts * (1.0 + ppm) + chance(index) * 20.0;
            buffer.push(&mut clock, pts * 1000.0, 0, now * 1000.0, |_| ());
            for step in 0..8 {
                let now = pts * (1.0 + ppm) + 20.0 + f64::from(step) * 5.0;
                while let Pop::Frame { pts, .. } | Pop::Skip { pts, .. } = buffer.pop(&mut clock, now * 1000.0) {
                    if index > 500 {
                        longest = longest.max(now - last);
                    }
                    (last, lag) = (now, now - pts / 1000.0 * (1.0 + ppm));
                }
            }
            most = most.max(buffer.len());
            if index == 1_500 {
                first_lag = Some(lag);
            }
        }
        let frames = buffer.frames();
        assert_eq!((frames.late, frames.overflowed, frames.duplicate), (0, 0, 0), "{frames:?}");
        assert!(frames.skipped < 20 && most < 8 && longest < 90.0, "{ppm}: {frames:?} {most} {longest}");
        assert!((lag - first_lag.expect("a frame")).abs() < 15.0, "{ppm}: {first_lag:?} {lag}");
    }
}

#[test]
fn a_full_buffer_keeps_the_newest_even_if_an_older_frame_is_the_last_to_come() {
    let mut clock = Clock::new(Mode::Fixed { ms: 9_000.0 });
    let mut buffer = FrameBuffer::new(&mut clock, "video", Kind::Video, 3);
    let mut dropped = Vec::new();
    for (frame, pts) in [(0, 100.0), (1, 200.0), (2, 400.0), (3, 300.0)] {
        buffer.push(&mut clock, pts * 1000.0, frame, pts * 1000.0, |frame| dropped.push(frame));
    }
    assert_eq!(dropped, [0, 1, 3]);
    assert_eq!(buffer.pop(&mut clock, 400_000.0), Pop::Frame { pts: 400_000.0, frame: 2 });
}

#[test]
fn a_sender_that_begins_anew_a_second_back_is_shown_after_five_frames() {
    let mut clock = Clock::new(Mode::Fixed { ms: 60.0 });
    let mut buffer = FrameBuffer::new(&mut clock, "video", Kind::Video, 60);
    // A clip of a second, over and over.
    let (mut last, mut longest) = (0.0, 0.0f64);
    for frame in 0..500u64 {
        let now = frame as f64 * 40.0;
        buffer.push(&mut clock, (frame % 25) as f64 * 40_000.0, frame, now * 1000.0, |_| ());
        while let Pop::Frame { .. } | Pop::Skip { .. } = buffer.pop(&mut clock, now * 1000.0) {
            longest = longest.max(now - last);
            last = now;
        }
    }
    let longest = longest.max(499.0 * 40.0 - last);
    assert!(longest <= 400.0, "{longest}");
    // A frame that is late and alone is not shown.
    let (Pop::Empty | Pop::Wait { .. }) = buffer.pop(&mut clock, 499.0 * 40_000.0) else { panic!("all were shown") };
    let late = buffer.frames().late;
    buffer.push(&mut clock, 1_000.0, 0, 500.0 * 40_000.0, |_| ());
    assert_eq!(buffer.frames().late, late + 1);
}

#[test]
fn senders_that_begin_anew_again_and_again_leave_no_delay_behind() {
    let mut clock = Clock::new(Mode::default());
    let jitter = |index: usize| chance(index) * 10.0;
    for round in 0..60usize {
        for packet in 0..150 {
            let (index, now) = (round * 150 + packet, (round * 150 + packet) as f64 * 20.0);
            let pts = now + (round * 7_777_000) as f64;
            clock.observe_arrival("audio", pts * 1000.0, (now + jitter(index)) * 1000.0);
            if packet % 2 == 0 {
                clock.observe_arrival("video", pts * 1000.0, (now + 30.0 + jitter(index + 7)) * 1000.0);
            }
        }
        assert!(clock.target_ms() < 75.0, "round {round}: {}", clock.target_ms());
    }
}

#[test]
fn pictures_are_skipped_far_behind_the_sound_wait_briefly_far_ahead_of_it_and_play_where_there_is_none() {
    for (target, behind, ahead) in [(400.0, 200.0, 100.0), (20.0, 50.0, 50.0)] {
        let mut clock = Clock::new(Mode::Fixed { ms: target });
        feed(&mut clock, "audio", 20.0, 0.0..1_000.0, |_| 10.0);
        clock.report_playout("audio", 1e6, 2e6);
        let mut check = |apart: f64| clock.sync_check("video", 1e6 + apart * 1000.0, 2e6);
        assert_eq!((check(-behind + 1.0), check(-behind - 1.0)), (Sync::Play, Sync::Skip));
        assert_eq!((check(ahead - 1.0), check(ahead + 1.0)), (Sync::Play, Sync::Wait { us: ahead * 1000.0 }));
        // However often it asks, and though the sound stands still.
        let (mut now, mut waited) = (2e6, 0.0);
        while let Sync::Wait { us } = clock.sync_check("video", 9e6, now) {
            assert!(us <= ahead * 1000.0 && waited <= ahead * 1000.0, "{us} after {waited}");
            (now, waited) = (now + 5_000.0, waited + 5_000.0);
            clock.report_playout("audio", 1e6, now);
        }
        assert_eq!(clock.sync_check("audio", 9e6, now), Sync::Play, "sound is the master");
        assert_eq!(clock.sync_check("video", 0.0, now + 499_000.0), Sync::Skip);
        assert_eq!(clock.sync_check("video", 0.0, now + 501_000.0), Sync::Play, "no sound any more");
        let before = clock.playout_time(0.0);
        feed(&mut clock, "video", 20.0, 1_000.0..1_100.0, |_| 10.0);
        clock.open("audio", Kind::Audio);
        clock.close("audio");
        assert_eq!(clock.playout_time(0.0), before, "the others go on as they were");
    }
}
