//! Sound by a receiver and a picture by a frame buffer, with one clock, in virtual time: whether they stay together.

use std::sync::{Arc, Mutex};

use sdl_callback_audio::playout::buffer::{FrameBuffer, Pop};
use sdl_callback_audio::playout::clock::{Clock, Kind};
use sdl_callback_audio::playout::decode::Codec;
use sdl_callback_audio::playout::jitter::Mode;
use sdl_callback_audio::voice::receive::Track;

#[path = "receive/room.rs"]
mod room;

use room::{Room, Speaker, chance, pcm};

const SECONDS: usize = 60;
const RATE: u32 = 16_000;
const FRAME_MS: f64 = 1000.0 / 30.0;
/// Between the device and the ear, as the room's speaker has it.
const LATENCY_MS: f64 = 5.0;

/// What was seen: of each frame that was shown, by how many ms it came after the sound of its moment, and the longest freeze.
struct Seen {
    behind: Vec<f64>,
    longest_freeze: f64,
}

/// Sound and picture, each packet and frame `delay(index, ms)` ms under way.
fn watch(audio: impl Fn(usize, f64) -> Option<f64>, video: impl Fn(usize, f64) -> f64) -> Seen {
    let clock = Arc::new(Mutex::new(Clock::new(Mode::default())));
    let track = Track::new(clock.clone(), "voice".to_owned());
    let mut room = Room::new(Speaker::new(RATE, 1, 160, 0.0), None, Codec::Pcm, Some(track));
    // Sound that says when it is from.
    let whole = (SECONDS * RATE as usize) as f32;
    let packets = (0..SECONDS * 50).filter_map(|index| {
        let at = index as f64 * 20.0;
        Some((at + audio(index, at)?, pcm(index as u32, 1, (RATE, 1), |frame| frame as f32 / whole)))
    });
    let mut packets = Some(packets.collect::<Vec<_>>());
    let mut frames: Vec<_> = (0..SECONDS * 30)
        .map(|index| (index as f64 * FRAME_MS, index))
        .map(|(pts, index)| (pts + video(index, pts), pts))
        .collect();
    frames.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut frames = frames.into_iter().peekable();
    let mut picture = FrameBuffer::new(&mut clock.lock().expect("one thread"), "picture", Kind::Video, 60);
    let mut seen = Seen { behind: Vec::new(), longest_freeze: 0.0 };
    let mut last_shown = 5_000.0;
    for tick in 1..(SECONDS * 1000 - 1000) / 5 {
        let now = tick as f64 * 5.0;
        room.run(packets.take().unwrap_or_default(), now);
        let mut clock = clock.lock().expect("one thread");
        while let Some((_, pts)) = frames.next_if(|(at, _)| *at <= now) {
            picture.push(&mut clock, pts * 1000.0, 0, now * 1000.0, |_| ());
        }
        while let Pop::Frame { pts, .. } | Pop::Skip { pts, .. } = picture.pop(&mut clock, now * 1000.0) {
            let speaker = room.speaker.lock().expect("one thread");
            let taken = speaker.heard.len() as f64 - speaker.left_ms(now) * 16.0 - LATENCY_MS * 16.0;
            let Some(sample) = speaker.heard.get(taken.max(0.0) as usize) else { continue };
            let heard = f64::from(*sample) * SECONDS as f64 * 1000.0;
            if now > 5_000.0 {
                seen.behind.push(heard - pts / 1000.0);
                seen.longest_freeze = seen.longest_freeze.max(now - last_shown);
                last_shown = now;
            }
        }
    }
    seen
}

/// As two exponential waits one after the other.
fn gamma(index: usize, mean: f64) -> f64 {
    -mean / 2.0 * ((1.0 - chance(2 * index)).ln() + (1.0 - chance(2 * index + 1)).ln())
}

/// For a second of every ten what comes in takes up to 200 ms longer.
fn queue(at: f64) -> f64 {
    200.0 - ((at % 10_000.0) - 2_000.0).abs().min(1_000.0) / 5.0
}

/// What comes in a tenth of a second comes together at its end.
fn flush(at: f64) -> f64 {
    100.0 - at % 100.0
}

#[test]
fn a_picture_stays_within_50_ms_of_the_sound_and_freezes_no_longer_than_the_network() {
    type Way = (fn(usize, f64) -> Option<f64>, fn(usize, f64) -> f64);
    let ways: [(&str, Way); 8] = [
        ("clean", (|_, _| Some(10.0), |_, _| 10.0)),
        ("jitter", (|i, _| Some(gamma(i, 20.0)), |i, _| 10.0 + gamma(i + 9_999, 20.0))),
        ("loss", (|i, _| (chance(i + 77) > 0.05).then_some(gamma(i, 10.0)), |i, _| gamma(i + 9_999, 10.0))),
        (
            "a longer route",
            (
                |i, at| Some(gamma(i, 10.0) + if at > 30_000.0 { 100.0 } else { 0.0 }),
                |i, at| gamma(i, 10.0) + if at > 30_000.0 { 100.0 } else { 0.0 },
            ),
        ),
        // Both wait for the same queue.
        ("a queue that fills", (|i, at| Some(gamma(i, 6.0) + queue(at)), |i, at| gamma(i + 9_999, 6.0) + queue(at))),
        ("a slow sender", (|i, at| Some(gamma(i, 10.0) + at * 2e-4), |i, at| gamma(i + 9_999, 10.0) + at * 2e-4)),
        ("a fast sender", (|i, at| Some(gamma(i, 10.0) - at * 2e-4), |i, at| gamma(i + 9_999, 10.0) - at * 2e-4)),
        ("flushes", (|i, at| Some(gamma(i, 2.0) + flush(at)), |i, at| gamma(i + 9_999, 2.0) + flush(at))),
    ];
    for (name, (audio, video)) in ways {
        let mut seen = watch(audio, video);
        seen.behind.sort_by(f64::total_cmp);
        let of = |share: f64| seen.behind[(seen.behind.len() as f64 * share) as usize];
        let together =
            seen.behind.iter().filter(|behind| behind.abs() <= 50.0).count() as f64 / seen.behind.len() as f64;
        println!(
            "{name}: {together:.4} together, {:.0} to {:.0} ms, {:.0} ms frozen",
            of(0.01),
            of(0.99),
            seen.longest_freeze
        );
        assert!(seen.behind.len() > 30 * (SECONDS - 8), "{name}: {}", seen.behind.len());
        assert!(together > 0.99, "{name}: {together}, {} to {}", of(0.01), of(0.99));
        assert!(seen.longest_freeze < 300.0, "{name}: {}", seen.longest_freeze);
    }
}
