//! The jitter buffer in virtual time: what a network may do, and what is heard of it.

use sdl_callback_audio::playout::jitter::{Codec, Estimator, JitterBuffer, Mode, Options, Pull};
use sdl_callback_audio::units::{Hz, Micros};

#[path = "playout/network.rs"]
mod network;

use network::{Arrival, PACKET, RATE, buffer, chance, packets, payload, play, play_into, push, with_a_pause};

/// A network with up to 30 ms of jitter.
fn jittery(index: usize) -> Option<f64> {
    Some(chance(index) * 30.0)
}

#[test]
fn a_clean_network_costs_20_ms_and_nothing_else() {
    // And less than a period of the voice, which nothing can be taken from.
    let played = play(packets(0..1000, 1, |_| Some(0.0)), 19_900.0);
    let last = played.last();
    assert!(last.delay <= 27.5 && last.totals.concealed == 0, "{last:?}");
    assert!(played.rows[10..].iter().all(|row| row.kind == Pull::Play));
}

#[test]
fn the_same_calls_give_the_same_samples() {
    let run = || play(packets(0..1500, 1, |i| (chance(i + 7) > 0.05).then_some(chance(i) * 60.0)), 29_000.0).sound;
    assert_eq!(run(), run());
}

#[test]
fn sequence_numbers_cross_zero_unnoticed() {
    let far = play(packets(0..1000, 0xffff_fff0, jittery), 19_900.0);
    let near = play(packets(0..1000, 1, jittery), 19_900.0);
    let of = |played: &network::Played| {
        let totals = played.last().totals;
        (totals.late, totals.lost, totals.duplicate, totals.restarts, totals.discarded)
    };
    assert_eq!((of(&far), of(&near)), ((0, 0, 0, 0, 0), (0, 0, 0, 0, 0)));
    // Not to the bit: times are rounded elsewhere.
    assert!((far.last().delay - near.last().delay).abs() < 10.0);
}

#[test]
fn a_number_from_nowhere_is_no_loss_and_a_sender_that_counts_anew_is_followed() {
    let mut arrivals = packets(0..500, 10_000, |_| Some(0.0));
    arrivals[200].sequence = 0x7000_0000;
    // The same timestamps as ever, and numbers from the beginning.
    arrivals[300..].iter_mut().zip(1..).for_each(|(arrival, number)| arrival.sequence = number);
    let played = play(arrivals, 9_900.0);
    let totals = played.last().totals;
    assert_eq!((totals.lost, totals.restarts), (1, 1), "{totals:?}");
    assert!(played.concealed(0.0, 9_800.0) < 50.0, "{totals:?}");
}

#[test]
fn duplicates_play_once_and_teach_nothing() {
    let once = packets(0..1000, 1, jittery);
    let again = once.iter().map(|arrival| Arrival { at: arrival.at + 150.0, ..*arrival });
    let (plain, doubled) = (play(once.clone(), 19_900.0), play(once.iter().copied().chain(again).collect(), 19_900.0));
    assert!(doubled.last().totals.duplicate >= 985);
    assert_eq!(doubled.last().totals.late, 0);
    assert_eq!(doubled.sound, plain.sound);
    assert_eq!(doubled.last().target, plain.last().target);
}

#[test]
fn late_packets_are_counted_and_teach() {
    // One in ten is overtaken by four others.
    let played = play(packets(0..3000, 1, |i| Some(if i % 10 == 5 { 90.0 } else { 0.0 })), 59_000.0);
    let first = played.at(5_000.0).totals.late;
    assert!(played.at(1_000.0).totals.late > 0);
    assert!(played.last().target >= 80.0, "{:?}", played.last());
    assert!(played.last().totals.late <= first + 5, "{:?}", played.last());
}

#[test]
fn a_first_packet_that_was_overtaken_is_played_too() {
    let mut arrivals = packets(0..500, 1, |_| Some(0.0));
    arrivals[0].at = 25.0;
    let played = play(arrivals, 9_900.0);
    let totals = played.last().totals;
    assert_eq!((totals.late, totals.lost, totals.concealed), (0, 0, 0), "{totals:?}");
}

#[test]
fn a_restart_of_the_sender_is_followed_within_30_ms() {
    for (sequence, timestamp) in [(500_000u32, 77u32), (3, 5), (0x8000_0000, 0x7fff_ffff), (480, 480 * 320 + 60 * RATE)]
    {
        let mut arrivals = packets(0..500, 1, |_| Some(0.0));
        arrivals.extend(packets(500..1000, 1, |_| Some(0.0)).into_iter().enumerate().map(|(n, arrival)| Arrival {
            sequence: sequence.wrapping_add(n as u32),
            timestamp: timestamp.wrapping_add(n as u32 * PACKET as u32),
            ..arrival
        }));
        let played = play(arrivals, 19_900.0);
        let totals = played.last().totals;
        assert_eq!(totals.restarts, 1, "{sequence}: {totals:?}");
        // Two packets have to agree before a far one is followed, and there are 20 ms to refill.
        let silent = played.rows.iter().filter(|row| row.at > 9_900.0 && row.kind != Pull::Play).count();
        assert!(silent <= 7, "{sequence}: {silent} blocks, {totals:?}");
        assert!(played.last().delay < 45.0, "{:?}", played.last());
    }
}

#[test]
fn one_packet_from_elsewhere_changes_nothing() {
    let mut arrivals = packets(0..500, 1, |_| Some(0.0));
    let plain = play(arrivals.clone(), 9_900.0);
    arrivals.push(Arrival { at: 5_001.0, sequence: 3_000_000_000, timestamp: 4_000_000_000, index: 0 });
    let played = play(arrivals, 9_900.0);
    assert_eq!(played.sound, plain.sound);
}

#[test]
fn a_pause_of_the_sender_is_not_loss() {
    let played = play(with_a_pause(), 10_900.0);
    let totals = played.last().totals;
    assert_eq!((totals.lost, totals.late, totals.restarts), (0, 0, 0), "{totals:?}");
    assert!(played.last().delay < 45.0, "{}", played.last().delay);
}

#[test]
fn rounded_timestamps_are_no_gaps() {
    let arrivals = packets(0..1000, 1, |_| Some(0.0))
        .into_iter()
        .map(|arrival| Arrival { timestamp: arrival.timestamp.wrapping_add([0, 5, 11][arrival.index % 3]), ..arrival })
        .collect();
    let played = play(arrivals, 19_900.0);
    assert_eq!((played.last().totals.concealed, played.last().totals.lost), (0, 0));
    assert!(played.rows[10..].iter().all(|row| row.kind == Pull::Play));
}

#[test]
fn half_a_minute_of_nothing_is_followed_by_the_usual_delay() {
    let arrivals = packets(0..3000, 1, |i| (!(500..2000).contains(&i)).then_some(chance(i) * 10.0));
    let played = play(arrivals, 59_900.0);
    let before = played.at(9_900.0).delay;
    assert!(played.at(30_000.0).kind == Pull::Fill, "silence, not concealment");
    assert!(played.concealed(12_500.0, 39_000.0) == 0.0);
    let after = played.at(40_500.0);
    assert!(after.kind == Pull::Play && after.delay < before + 25.0, "{after:?}, {before} before");
}

#[test]
fn a_second_and_a_half_of_loss_leaves_no_delay_behind() {
    let arrivals = packets(0..1000, 1, |i| (!(400..475).contains(&i)).then_some(chance(i) * 10.0));
    let played = play(arrivals, 19_900.0);
    let (before, after) = (played.at(7_900.0).delay, played.at(9_700.0).delay);
    assert!((after - before).abs() < 15.0, "{before} before, {after} after");
    let concealed = played.concealed(7_900.0, 9_900.0);
    assert!((1450.0..=1560.0).contains(&concealed), "{concealed}");
    assert_eq!(played.last().totals.lost, 75);
}

#[test]
fn what_comes_all_at_once_after_a_stall_is_caught_up_with() {
    let arrivals = packets(0..1500, 1, |i| Some(if (400..420).contains(&i) { (420 - i) as f64 * 20.0 } else { 0.0 }));
    let played = play(arrivals, 29_900.0);
    assert_eq!(played.last().totals.lost + played.last().totals.late, 0);
    assert!(played.last().delay < 60.0, "{:?}", played.last());
}

#[test]
fn what_waits_is_bounded_and_the_newest_is_kept() {
    let mut buffer = buffer(Mode::default(), Estimator::default());
    // Nobody pulls for a minute.
    for arrival in packets(0..3000, 1, |_| Some(0.0)) {
        push(&mut buffer, &arrival);
    }
    let totals = buffer.totals();
    assert!(totals.discarded > 2900, "{totals:?}");
    let mut block = [0.0; 160];
    let mut now = 60_000.0;
    for arrival in packets(3000..3300, 1, |_| Some(0.0)) {
        push(&mut buffer, &arrival);
        for _ in 0..2 {
            buffer.pull(&mut block, Micros(now * 1000.0));
            now += 10.0;
        }
    }
    assert!(buffer.delay_ms() < 60.0, "{}", buffer.delay_ms());
}

#[test]
fn a_sender_200_ppm_off_for_an_hour_is_followed() {
    for ppm in [200e-6, -200e-6] {
        let arrivals = packets(0..180_000, 1, |i| Some(60.0 + chance(i) * 20.0 - i as f64 * 20.0 * ppm));
        let played = play(arrivals, 3_599_000.0);
        let (early, late) = (played.at(60_000.0), played.at(3_590_000.0));
        assert!((early.delay - late.delay).abs() < 15.0 && late.delay < 50.0, "{early:?} {late:?}");
        let totals = late.totals;
        assert_eq!(totals.late, 0, "{totals:?}");
        let concealed = played.concealed(60_000.0, 3_590_000.0) / 59.0;
        assert!(concealed < 10.0, "{concealed} ms a minute");
    }
}

#[test]
fn a_longer_route_costs_its_length_and_no_more() {
    let arrivals =
        packets(0..6000, 1, |i| Some(chance(i) * 20.0 + if (2000..4000).contains(&i) { 100.0 } else { 0.0 }));
    let played = play(arrivals, 119_900.0);
    let (before, during, after) = (played.at(39_000.0).delay, played.at(79_000.0).delay, played.at(99_000.0).delay);
    assert!((during - before).abs() < 30.0, "{before} before, {during} above the longer route");
    assert!((after - before).abs() < 30.0, "{before} before, {after} after");
    assert!(played.concealed(41_500.0, 79_000.0) < 60.0, "{}", played.concealed(41_500.0, 79_000.0));
}

#[test]
fn the_plain_estimator_is_there_to_compare_with() {
    // Two packets in a hundred come 150 ms late: the jitter of RFC 3550 hardly sees them.
    let arrivals = packets(0..3000, 1, |i| Some(if i % 50 == 0 { 150.0 } else { 0.0 }));
    let run = |estimator| play_into(buffer(Mode::default(), estimator), arrivals.clone(), 59_000.0);
    let (ours, plain) = (run(Estimator::Cost), run(Estimator::Rfc3550));
    assert!(2.0 * ours.concealed(20_000.0, 58_000.0) < plain.concealed(20_000.0, 58_000.0));
}

#[test]
fn a_fixed_delay_is_kept_and_changed_within_a_second() {
    let mut buffer = buffer(Mode::Fixed { ms: 60.0 }, Estimator::default());
    let mut block = [0.0; 160];
    let mut seen = Vec::new();
    for arrival in packets(0..1000, 1, |_| Some(0.0)) {
        push(&mut buffer, &arrival);
        if arrival.index == 500 {
            buffer.set_mode(Mode::Fixed { ms: 120.0 });
        }
        for half in 0..2 {
            let kind = buffer.pull(&mut block, Micros((arrival.at + f64::from(half) * 10.0) * 1000.0));
            seen.push((arrival.at, buffer.delay_ms(), kind));
        }
    }
    let at = |ms: f64| seen.iter().find(|row| row.0 >= ms).expect("a row").1;
    assert!(
        (at(9_900.0) - 60.0).abs() < 5.0 && (at(11_000.0) - 120.0).abs() < 10.0,
        "{} {}",
        at(9_900.0),
        at(11_000.0)
    );
    assert!(seen[20..].iter().all(|row| row.2 == Pull::Play), "no gap and no freeze");
}

#[test]
fn blocks_of_any_length_give_the_same_stream() {
    let run = |frames: usize| {
        let mut buffer = buffer(Mode::Fixed { ms: 40.0 }, Estimator::default());
        let mut sound = Vec::new();
        let mut block = vec![0.0; frames];
        let arrivals = packets(0..200, 1, |_| Some(0.0));
        let mut coming = arrivals.iter().peekable();
        while sound.len() < 48_000 {
            let now = sound.len() as f64 * 1000.0 / f64::from(RATE);
            while let Some(arrival) = coming.next_if(|arrival| arrival.at <= now) {
                push(&mut buffer, arrival);
            }
            buffer.pull(&mut block, Micros(now * 1000.0));
            sound.extend_from_slice(&block);
        }
        assert_eq!(buffer.totals().concealed, 0);
        sound
    };
    let sound = run(160);
    for frames in [16, 48, 320, 960] {
        let other = run(frames);
        let begins = |sound: &[f32]| sound.iter().position(|sample| *sample != 0.0).expect("sound");
        let (a, b) = (begins(&sound), begins(&other));
        assert_eq!(sound[a..a + 30_000], other[b..b + 30_000], "{frames}");
    }
}

#[test]
fn what_is_no_packet_is_refused_and_counted() {
    let mut buffer = buffer(Mode::default(), Estimator::default());
    for bytes in [&[][..], &[1], &[1, 2, 3], &vec![0; 4 * RATE as usize + 4]] {
        buffer.push(1, 1, bytes, Micros(0.0));
    }
    buffer.push(1, 1, &payload(0), Micros(f64::NAN));
    assert_eq!(buffer.totals().refused, 5);
    let odd: Vec<u8> = [f32::NAN, f32::INFINITY, -9.0, 0.5].iter().flat_map(|v| v.to_ne_bytes()).collect();
    let mut block = [9.0; 160];
    for n in 0..200 {
        buffer.push(n, n * 4, &odd, Micros(f64::from(n) * 250.0));
    }
    for n in 0..10 {
        buffer.pull(&mut block, Micros(50_000.0 + f64::from(n) * 10_000.0));
        assert!(block.iter().all(|sample| (-1.0..=1.0).contains(sample)));
    }
}

#[test]
fn no_flood_of_any_packets_breaks_it() {
    let options = Options {
        rate: Hz(48_000),
        channels: 2,
        codec: Codec::Opus,
        mode: Mode::default(),
        estimator: Estimator::default(),
    };
    let mut buffer = JitterBuffer::new(options).expect("a jitter buffer");
    let mut block = [0.0; 960];
    let mut now = 0.0;
    for n in 0..60_000usize {
        let random = |salt: usize| chance(n * 8 + salt);
        let bytes: Vec<u8> = (0..(random(0) * 90.0) as usize).map(|i| (chance(n * 97 + i) * 256.0) as u8).collect();
        let (sequence, timestamp) = match (random(1) * 4.0) as u32 {
            0 => ((random(2) * 4e9) as u32, (random(3) * 4e9) as u32),
            1 => (n as u32, n as u32 * 960),
            2 => ((n / 2) as u32, (random(4) * 1e6) as u32),
            _ => ((n as u32).wrapping_neg(), n as u32 * 120),
        };
        buffer.push(sequence, timestamp, &bytes, Micros(now + random(5) * 1e5 - 5e4));
        if random(6) < 0.3 {
            buffer.pull(&mut block, Micros(now));
            assert!(block.iter().all(|sample| (-1.0..=1.0).contains(sample)));
            now += random(7) * 20_000.0;
        }
    }
    assert!(buffer.totals().refused > 100 && buffer.totals().concealed > 0);
}

/// Gamma(2, `theta`) at each index.
fn gamma(index: usize, theta: f64) -> f64 {
    -theta * ((1.0 - chance(2 * index)) * (1.0 - chance(2 * index + 1))).ln()
}

/// ms made up a minute and mean delay, over two minutes of a network in which no packet overtakes another.
fn figures(overtakes: bool, delay: impl Fn(usize, f64) -> f64) -> (f64, f64) {
    let mut last = 0.0f64;
    let mut arrivals = packets(0..6000, 1, |i| Some(delay(i, i as f64 * 20.0)));
    let least = arrivals.iter().map(|arrival| arrival.at - arrival.index as f64 * 20.0).fold(f64::MAX, f64::min);
    for arrival in &mut arrivals {
        last = last.max(arrival.at - least);
        arrival.at = if overtakes { arrival.at - least } else { last };
    }
    let played = play(arrivals, 119_000.0);
    let heard: Vec<f64> = played.rows.iter().filter(|row| row.at >= 5_000.0).map(|row| row.delay).collect();
    (played.concealed(5_000.0, 118_900.0) * 60.0 / 113.9, heard.iter().sum::<f64>() / heard.len() as f64)
}

#[test]
fn networks_of_many_kinds_cost_no_more_than_they_must() {
    type Network = (&'static str, bool, fn(usize, f64) -> f64, f64, f64);
    let networks: [Network; 6] = [
        ("mild", false, |i, _| gamma(i, 5.0), 25.0, 65.0),
        ("heavy", false, |i, _| gamma(i, 20.0), 180.0, 215.0),
        (
            "reordered",
            true,
            |i, _| gamma(i, 3.0) + if chance(9 * i) < 0.05 { 25.0 + 35.0 * chance(i + 5) } else { 0.0 },
            35.0,
            82.0,
        ),
        ("in fives", false, |i, t| (i / 5 * 5 + 4) as f64 * 20.0 + gamma(i, 2.0) - t, 10.0, 110.0),
        (
            "stalling",
            false,
            |i, t| gamma(i, 4.0) + if t % 10_000.0 < 250.0 { 250.0 - t % 10_000.0 } else { 0.0 },
            1300.0,
            280.0,
        ),
        (
            "bloated",
            false,
            |i, _| gamma(i, 3.0) + f64::from(100 - (i % 500).abs_diff(100).min(100) as u32) * 2.0,
            30.0,
            245.0,
        ),
    ];
    for (name, overtakes, delay, concealed, mean) in networks {
        let (made, held) = figures(overtakes, delay);
        println!("{name}: {made:.1} ms a minute at {held:.1} ms");
        assert!(made <= concealed && held <= mean, "{name}: {made:.1} ms a minute at {held:.1} ms");
    }
}
