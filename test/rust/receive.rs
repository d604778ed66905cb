//! The receiver in virtual time: what a network and a device may do, and what is heard of it.

use std::sync::{Arc, Mutex};

use sdl_callback_audio::codec::opus::{Application, OpusEncoder, Pcm};
use sdl_callback_audio::packet::header::{self, Format, Stream};
use sdl_callback_audio::packet::open::{Accepts, Opener};
use sdl_callback_audio::packet::seal::{Sealer, Wish};
use sdl_callback_audio::packet::suite::Suite;
use sdl_callback_audio::playout::clock::{Clock, Kind, Sync};
use sdl_callback_audio::playout::decode::Codec;
use sdl_callback_audio::playout::jitter::Mode;
use sdl_callback_audio::units::Hz;
use sdl_callback_audio::voice::receive::Track;

#[path = "receive/room.rs"]
mod room;

use room::{Room, Speaker, chance, pcm, strangeness, stream, tone};

const MONO: (u32, u8) = (16_000, 1);

fn pcm_room(speaker: Speaker) -> Room {
    Room::new(speaker, None, Codec::Pcm, None)
}

/// Up to 5 ms, as a busy machine has it.
fn sometimes_late(look: usize) -> f64 {
    chance(look) * 5.0
}

#[test]
fn whatever_the_period_and_however_late_the_thread_nothing_is_missing_and_nothing_made_up() {
    for period in [64, 128, 480, 512, 1024, 2048] {
        for late in [|_| 0.0, sometimes_late] {
            let mut room = pcm_room(Speaker::new(48_000, 1, period, 0.0));
            room.late = late;
            room.run(stream(500, (48_000, 1), |_| Some(3.0)), 9_500.0);
            let stats = room.stats();
            assert_eq!((room.shortages(), stats.totals.concealed, stats.cut), (0, 0, 0), "{period}: {stats:?}");
            assert_eq!((stats.totals.late, stats.totals.discarded), (0, 0), "{period}: {stats:?}");
            let period_ms = period as f64 / 48.0;
            assert!(stats.ahead_ms <= period_ms + 20.1, "{period}: {stats:?}");
            assert!(stats.delay_ms < 35.0, "{period}: {stats:?}");
            let heard = room.heard();
            let strange = strangeness(&heard[5 * 48_000..6 * 48_000], 48_000, 300.0);
            assert!(strange < 1e-4, "{period}: {strange}");
        }
    }
}

#[test]
fn a_thread_that_says_how_long_its_rounds_take_may_be_as_late() {
    let mut speaker = Speaker::new(16_000, 1, 160, 0.0);
    speaker.round_ms = 15.0;
    let mut room = pcm_room(speaker);
    room.late = |look| 10.0 + 5.0 * chance(look);
    room.run(stream(500, MONO, |_| Some(3.0)), 9_500.0);
    let stats = room.stats();
    assert_eq!((room.shortages(), stats.totals.concealed, stats.totals.late), (0, 0, 0), "{stats:?}");
    assert!(stats.delay_ms < 35.0, "{stats:?}");
}

/// An hour of a sender and a device whose clocks are off, in ppm.
fn an_hour(sender: f64, device: f64) {
    let seconds = 3600.0;
    let mut room = pcm_room(Speaker::new(8_000, 1, 256, device));
    // A sender that is fast needs less time for each packet.
    let apart = 20.0 / (1.0 + sender * 1e-6);
    let count = (seconds * 1000.0 / apart) as u32;
    let tone = tone(8_000, 300.0);
    let at = |index: u32| f64::from(index) * apart + 10.0 * chance(index as usize);
    let packets = (0..count).map(|index| (at(index), pcm(index, 1, (8_000, 1), &tone))).collect();
    room.run(packets, seconds * 1000.0 - 100.0);
    let (early, stats) = (room.at(90_000.0), room.stats());
    assert_eq!(room.shortages(), 0);
    let ms = |frames: u64| frames as f64 / 8.0;
    let made_up = ms(stats.totals.concealed - early.totals.concealed);
    let stretched =
        ms(stats.totals.accelerated + stats.totals.expanded) - ms(early.totals.accelerated + early.totals.expanded);
    // Without resampling 400 ppm are 1.4 s of stretching in the rest of the time.
    assert!(made_up < 1.0 && stretched < 60.0, "{sender} {device}: {made_up} {stretched} {stats:?}");
    assert!((stats.delay_ms - early.delay_ms).abs() < 15.0, "{sender} {device}: {early:?} {stats:?}");
}

#[test]
fn neither_gaps_nor_delay_come_of_an_hour_with_a_sender_200_ppm_fast_and_a_device_200_ppm_slow() {
    an_hour(200.0, -200.0);
}

#[test]
fn neither_gaps_nor_delay_come_of_an_hour_with_a_sender_200_ppm_slow_and_a_device_200_ppm_fast() {
    an_hour(-200.0, 200.0);
}

#[test]
fn rates_and_channels_of_any_packet_become_those_of_the_source() {
    for (from, to) in [
        ((16_000, 1), (48_000, 2)),
        ((44_100, 2), (48_000, 1)),
        ((48_000, 8), (44_100, 2)),
        ((8_000, 2), (16_000, 8)),
        ((192_000, 1), (48_000, 1)),
    ] {
        let mut room = pcm_room(Speaker::new(to.0, to.1, 256, 0.0));
        room.run(stream(150, from, |_| Some(0.0)), 2_900.0);
        assert_eq!(room.stats().totals.concealed, 0, "{from:?}");
        let heard = room.heard();
        let second: Vec<_> = heard.chunks_exact(to.1).skip(to.0 as usize).take(to.0 as usize).collect();
        for channel in 0..to.1 {
            let sound: Vec<f32> = second.iter().map(|frame| frame[channel]).collect();
            let loudness = (sound.iter().map(|sample| sample * sample).sum::<f32>() / sound.len() as f32).sqrt();
            if channel < usize::from(from.1) || from.1 == 1 {
                assert!((loudness - 0.4 / 2.0f32.sqrt()).abs() < 0.01, "{from:?} {to:?}: {loudness}");
                let strange = strangeness(&sound, to.0, 300.0);
                assert!(strange < 1e-4, "{from:?} {to:?}: {strange}");
            } else {
                assert_eq!(loudness, 0.0);
            }
        }
    }
}

#[test]
fn a_lossy_network_is_concealed_and_counted_by_cause() {
    let lost = |index: usize| (chance(index) > 0.05).then_some(chance(index + 9) * 30.0);
    let packets = stream(1000, MONO, lost);
    let missing = 1000 - packets.len() as u64;
    let mut room = pcm_room(Speaker::new(16_000, 1, 160, 0.0));
    // One in ten comes twice, and one far too late.
    let twice: Vec<_> = packets.iter().step_by(10).map(|(at, packet)| (at + 100.0, packet.clone())).collect();
    let duplicates = twice.len() as u64;
    room.run([packets, twice].concat(), 19_500.0);
    let totals = room.stats().totals;
    assert!(totals.duplicate >= duplicates - 10 && totals.duplicate <= duplicates, "{totals:?}");
    assert!(totals.lost >= missing.saturating_sub(5) && totals.lost <= missing + totals.late, "{missing} {totals:?}");
    let concealed = totals.concealed as f64 / 16.0;
    assert!(concealed > 10.0 * missing as f64 && concealed < 35.0 * missing as f64, "{missing}: {concealed}");
}

#[test]
fn while_the_device_is_paused_or_lost_time_goes_on_and_nothing_is_saved_up() {
    for seconds in [0.3, 3.0, 60.0] {
        let mut speaker = Speaker::new(16_000, 1, 160, 0.0);
        speaker.paused.push(5_000.0..5_000.0 + seconds * 1000.0);
        let end = 5_000.0 + seconds * 1000.0 + 5_000.0;
        let mut room = pcm_room(speaker);
        room.run(stream((end / 20.0) as u32, MONO, |_| Some(0.0)), end - 100.0);
        let (before, stats) = (room.at(4_900.0), room.stats());
        assert_eq!((room.shortages(), stats.totals.concealed), (0, 0), "{stats:?}");
        // 200 ms after the end of the pause the delay is what it was.
        let after = room.at(5_000.0 + seconds * 1000.0 + 200.0);
        assert!((after.delay_ms - before.delay_ms).abs() < 25.0, "{before:?} {after:?}");
        let out = stats.totals.discarded as f64 * 0.02;
        assert!(out > seconds - 0.3 && out < seconds + 0.1, "{out} s of {seconds}");
        // No step where the sound goes on.
        let heard = room.heard();
        let steepest = 0.4 * std::f32::consts::TAU * 300.0 / 16_000.0;
        let step = heard.windows(2).map(|pair| (pair[1] - pair[0]).abs()).fold(0.0, f32::max);
        assert!(step < 1.25 * steepest, "{step} for {steepest}");
    }
}

#[test]
fn shortages_make_it_keep_more_ahead_and_calm_makes_it_keep_less() {
    let mut room = pcm_room(Speaker::new(16_000, 1, 160, 0.0));
    // For ten seconds now and then the thread gets no turn for 40 ms.
    room.late = |look| if look < 1_500 && look % 100 == 99 { 40.0 } else { 0.0 };
    room.run(stream(20_000, MONO, |_| Some(0.0)), 399_000.0);
    let most = room.told.iter().map(|(_, stats)| stats.ahead_ms).fold(0.0, f64::max);
    let late = room.told.iter().skip(1_000).take(500);
    assert!(late.map(|(_, stats)| stats.ahead_ms).fold(0.0, f64::max) > 40.0, "{most}");
    assert!(room.shortages() > 0 && room.shortages() < 8, "{}", room.shortages());
    let stats = room.stats();
    assert!(stats.ahead_ms < 31.0, "{stats:?}");
}

#[test]
fn a_source_that_closes_ends_it() {
    let mut room = pcm_room(Speaker::new(16_000, 1, 160, 0.0));
    room.run(stream(100, MONO, |_| Some(0.0)), 1_000.0);
    room.speaker.lock().expect("one thread").closed = true;
    room.run(Vec::new(), 1_100.0);
    assert!(room.ended);
}

const KEY: [u8; 32] = [7; 32];

fn opener(format: Format, suite: Suite) -> Opener {
    Opener::new(Accepts { format, ssrc: None, direction: None }, suite, &KEY[..suite.key_bytes()]).expect("an opener")
}

/// Opus packets of 20 ms, sealed; each `delay(index)` ms under way.
fn sealed(format: Format, suite: Suite, count: usize, delay: impl Fn(usize) -> Option<f64>) -> Vec<(f64, Vec<u8>)> {
    let (ssrc, direction, codec) = (0, false, header::Codec::Opus);
    let stream = Stream { format, ssrc, direction, frequency: 48_000, channels: 1, codec };
    let mut sealer = Sealer::new(stream, suite, &KEY[..suite.key_bytes()], 1).expect("a sealer");
    let mut encoder = OpusEncoder::new(Hz(48_000), 1, Application::Audio).expect("an encoder");
    let tone = tone(48_000, 300.0);
    (0..count)
        .filter_map(|index| {
            let frame: Vec<f32> = (0..960).map(|frame| tone(index * 960 + frame)).collect();
            let (mut opus, mut packet) = ([0; 1275], [0; 1400]);
            let bytes = encoder.encode(Pcm::Float(&frame), &mut opus).expect("a frame");
            let unit = if format == Format::Xiaozhi { 20 } else { 20_000 };
            let wish = Wish { timestamp: index as u64 * unit, ..Wish::default() };
            let size = sealer.seal_into(&opus[..bytes], wish, &mut packet).expect("a packet");
            Some((index as f64 * 20.0 + delay(index)?, packet[..size].to_vec()))
        })
        .collect()
}

#[test]
fn sealed_opus_of_either_format_is_heard() {
    for (format, suite) in [(Format::Xiaozhi, Suite::Aes128Ctr), (Format::SeqPts, Suite::Aes256Gcm)] {
        let mut room = Room::new(Speaker::new(48_000, 2, 480, 0.0), Some(opener(format, suite)), Codec::Opus, None);
        room.run(sealed(format, suite, 200, |_| Some(0.0)), 3_900.0);
        let stats = room.stats();
        assert_eq!((stats.totals.concealed, stats.totals.refused, stats.entrance.malformed), (0, 0, 0));
        let left: Vec<f32> = room.heard().chunks_exact(2).skip(96_000).take(48_000).map(|frame| frame[0]).collect();
        let strange = strangeness(&left, 48_000, 300.0);
        assert!(strange < 0.01, "{strange}");
    }
}

#[test]
fn what_is_refused_is_counted_by_cause_and_not_heard() {
    let (format, suite) = (Format::SeqPts, Suite::Aes128Gcm);
    let run = |others: Vec<(f64, Vec<u8>)>| {
        let mut room = Room::new(Speaker::new(48_000, 1, 480, 0.0), Some(opener(format, suite)), Codec::Opus, None);
        room.run([sealed(format, suite, 100, |_| Some(0.0)), others].concat(), 2_100.0);
        (room.stats(), room.heard())
    };
    let (plain, sound) = run(Vec::new());
    let mut others = Vec::new();
    for (index, (at, packet)) in sealed(format, suite, 90, |_| Some(5.0)).into_iter().enumerate() {
        others.push((at, packet.clone()));
        let mut forged = packet.clone();
        let last = forged.len() - 1;
        forged[last] ^= 1;
        // Of a sequence that has not come, so that it is not taken for a replay.
        forged[12] ^= 0x80;
        others.push((at, forged));
        others.push((at, packet[..index % 24].to_vec()));
        others.push((at, pcm(index as u32, 1, MONO, |_| 1.0)));
    }
    let (stats, with) = run(others);
    assert_eq!(sound, with);
    let entrance = stats.entrance;
    assert_eq!((entrance.replayed, entrance.unauthentic, entrance.malformed), (90, 90, 180), "{entrance:?}");
    assert_eq!(entrance.packets, 100 + 4 * 90);
    assert_eq!(plain.totals, stats.totals);
}

#[test]
fn sequences_in_the_clear_cross_zero() {
    let tone = tone(16_000, 300.0);
    let packets = (0..200).map(|index| (f64::from(index) * 20.0, pcm(index, 0xffff_ff90, MONO, &tone))).collect();
    let mut room = pcm_room(Speaker::new(16_000, 1, 160, 0.0));
    room.run(packets, 3_900.0);
    let stats = room.stats();
    assert_eq!((stats.totals.concealed, stats.totals.lost, stats.entrance.malformed), (0, 0, 0), "{stats:?}");
}

#[test]
fn headers_that_nobody_should_send_are_refused() {
    let good = pcm(0, 1, MONO, |_| 0.1);
    let with = |at: usize, bytes: &[u8]| {
        let mut packet = good.clone();
        packet[at..at + bytes.len()].copy_from_slice(bytes);
        packet
    };
    let mut nine = with(1, &[9]);
    nine.resize(24 + 9 * 320 * 4, 0);
    let bad = [
        Vec::new(),
        good[..23].to_vec(),
        good[..24].to_vec(),
        good[..good.len() - 1].to_vec(),
        [&good[..], &[0]].concat(),
        with(0, &[2]),
        with(1, &[0]),
        with(2, &[8]),
        with(4, &11_025u32.to_le_bytes()),
        with(4, &0u32.to_le_bytes()),
        with(4, &u32::MAX.to_le_bytes()),
        with(8, &u32::MAX.to_le_bytes()),
        with(8, &0x4000_0140u32.to_le_bytes()),
        nine,
    ];
    let count = bad.len() as u64;
    let mut room = pcm_room(Speaker::new(16_000, 1, 160, 0.0));
    let packets = bad.into_iter().map(|packet| (1.0, packet)).chain(stream(50, MONO, |_| Some(2.0))).collect();
    room.run(packets, 900.0);
    let stats = room.stats();
    assert_eq!((stats.entrance.malformed, stats.totals.concealed), (count, 0), "{stats:?}");
}

#[test]
fn samples_that_are_no_numbers_and_times_near_the_end_of_time_are_played_as_silence_and_as_a_restart() {
    let packet = |index: u32, pts: u64| {
        let mut packet = pcm(index, 1, MONO, |frame| [f32::NAN, f32::INFINITY, -7.0e9, 0.1][frame % 4]);
        packet[16..24].copy_from_slice(&pts.to_le_bytes());
        packet
    };
    let from = |start: u64, first: u32| {
        (0..50u32)
            .map(move |i| (f64::from(first + i) * 20.0, packet(first + i, start.wrapping_add(u64::from(i) * 20_000))))
    };
    let mut room = pcm_room(Speaker::new(16_000, 1, 160, 0.0));
    // The last crosses 2^64.
    room.run(from(0, 0).chain(from(u64::MAX - 400_000, 50)).collect(), 2_100.0);
    assert!(room.heard().iter().all(|sample| (-1.01..=1.01).contains(sample)));
    let stats = room.stats();
    assert!(stats.totals.restarts <= 3 && stats.delay_ms < 60.0, "{stats:?}");
}

#[test]
fn a_sender_that_changes_its_rate_is_followed_and_a_packet_that_strays_is_not() {
    let other = |index: u32| (f64::from(index) * 20.0, pcm(index, 1, (48_000, 2), tone(48_000, 300.0)));
    let mut packets = stream(250, MONO, |_| Some(0.0));
    packets[100] = other(100);
    packets.extend((250..500).map(other));
    let mut room = pcm_room(Speaker::new(48_000, 1, 480, 0.0));
    room.set_mode(Mode::Fixed { ms: 200.0 });
    room.run(packets, 9_900.0);
    let (middle, stats) = (room.at(4_900.0), room.stats());
    assert_eq!((middle.rate, middle.entrance.malformed, middle.totals.lost), (16_000, 1, 1), "{middle:?}");
    assert_eq!((stats.rate, stats.entrance.malformed), (48_000, 3), "{stats:?}");
    assert!(stats.totals.concealed >= middle.totals.concealed, "the totals of both");
    // What still waited of the first is played no more.
    assert!((5..12).contains(&stats.totals.discarded), "{stats:?}");
    let heard = room.heard();
    let strange = strangeness(&heard[heard.len() - 96_000..][..48_000], 48_000, 300.0);
    assert!(strange < 1e-4, "{strange}");
    // No step where one ends and the other begins.
    let steepest = 0.4 * std::f32::consts::TAU * 300.0 / 48_000.0;
    let step = heard.windows(2).map(|pair| (pair[1] - pair[0]).abs()).fold(0.0, f32::max);
    assert!(step < 1.25 * steepest, "{step} for {steepest}");
}

#[test]
fn a_flood_finds_no_room_and_what_it_leaves_room_for_is_heard() {
    let mut packets = stream(200, MONO, |_| Some(0.0));
    packets.extend((0..300_000).map(|index| (1_000.0 + f64::from(index) * 0.001, vec![1; 60])));
    let mut room = pcm_room(Speaker::new(16_000, 1, 160, 0.0));
    room.run(packets, 3_900.0);
    let stats = room.stats();
    assert!(room.overflowed > 100_000, "{}", room.overflowed);
    assert!(stats.entrance.malformed > 1_000, "{stats:?}");
    assert_eq!(room.shortages(), 0);
    // A second after it all is as before.
    let later = room.at(3_000.0);
    assert_eq!(later.totals.concealed, stats.totals.concealed);
}

#[test]
fn what_the_clock_is_told_is_what_is_heard_and_a_picture_follows_it() {
    let clock = Arc::new(Mutex::new(Clock::new(Mode::default())));
    let track = Track::new(clock.clone(), "voice".to_owned());
    let speaker = Speaker::new(16_000, 1, 160, 0.0);
    let mut room = Room::new(speaker, None, Codec::Pcm, Some(track));
    // Sound that says when it is from: one sample for every ms.
    let packets =
        (0..300u32).map(|index| (f64::from(index) * 20.0, pcm(index, 1, MONO, |frame| frame as f32 / (300.0 * 320.0))));
    room.run(packets.collect(), 5_000.0);
    let heard = room.heard();
    let last = f64::from(*heard.last().expect("sound")) * 300.0 * 320.0 / 16.0;
    let mut clock = clock.lock().expect("one thread");
    // The device has just taken 10 ms, and it plays them 5 ms later.
    let told = clock.heard(5_000_000.0).expect("sound") / 1000.0;
    assert!((told - (last - 15.0)).abs() < 1.5, "{told} of {last}");
    clock.open("picture", Kind::Video);
    assert_eq!(clock.sync_check("picture", told * 1000.0, 5_000_000.0), Sync::Play);
    assert_eq!(clock.sync_check("picture", (told - 200.0) * 1000.0, 5_000_000.0), Sync::Skip);
    drop(clock);
    drop(room);
}
