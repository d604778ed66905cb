//! The jitter buffer where a network is at its worst, in virtual time: what is heard meanwhile and afterwards, and whether the counters
//! add up.

use sdl_callback_audio::codec::opus::{Application, OpusEncoder, Pcm};
use sdl_callback_audio::playout::jitter::{Codec, Estimator, JitterBuffer, Mode, Options, Pull};
use sdl_callback_audio::units::{Hz, Micros};

#[path = "playout/network.rs"]
mod network;

use network::{Arrival, PACKET, RATE, buffer, chance, packets, payload, play, play_into, push, with_a_pause};

#[test]
fn every_packet_is_played_or_counted_with_its_cause() {
    let mut arrivals = packets(0..3000, 1, |i| (chance(i) > 0.05).then_some(gamma(i + 5_000, 15.0)));
    let again: Vec<_> =
        arrivals.iter().step_by(9).map(|arrival| Arrival { at: arrival.at + 70.0, ..*arrival }).collect();
    let strays =
        [400, 900, 1600].map(|i: usize| Arrival { sequence: 9_000_000, timestamp: 77 * i as u32, ..arrivals[i] });
    arrivals.extend(again.iter().chain(&strays));
    let pushed = arrivals.len() as u64;
    let totals = play(arrivals, 62_000.0).last().totals;
    assert!(totals.late > 0 && totals.lost > 100 && totals.duplicate > 200, "{totals:?}");
    assert_eq!((totals.restarts, totals.refused, totals.discarded), (0, 0, 3), "{totals:?}");
    let played = 3000 - totals.lost;
    assert_eq!(pushed, played + totals.late + totals.duplicate + totals.discarded, "{totals:?}");
}

#[test]
fn what_an_outage_of_any_length_swallows_is_counted_as_lost() {
    for lost in [3, 75, 120, 1500] {
        let arrivals = packets(0..2500, 1, |i| (!(500..500 + lost).contains(&i)).then_some(chance(i) * 5.0));
        let totals = play(arrivals, 49_900.0).last().totals;
        assert_eq!((totals.lost, totals.restarts), (lost as u64, 0), "{totals:?}");
    }
}

#[test]
fn a_sender_that_counts_anew_while_its_clock_goes_on_is_no_source_of_duplicates() {
    for before in [50, 500, 1500, 2900] {
        let mut arrivals = packets(0..before + 500, 1, |_| Some(0.0));
        arrivals[before..].iter_mut().zip(1..).for_each(|(arrival, number)| arrival.sequence = number);
        let end = (before + 499) as f64 * 20.0;
        let played = play(arrivals, end);
        let totals = played.last().totals;
        assert_eq!((totals.restarts, totals.duplicate), (1, 0), "{before}: {totals:?}");
        let silent = played.rows.iter().filter(|row| row.at > before as f64 * 20.0 && row.kind != Pull::Play).count();
        assert!(silent <= 7, "{before}: {silent} blocks, {totals:?}");
    }
}

#[test]
fn a_sender_that_begins_anew_a_moment_back_is_followed_after_five_packets() {
    // With numbers that it had, and with others; all of its times are over.
    for (number, stamp) in [(1_000, 320_000), (500, 312_000)] {
        let stream = |from: usize, number: u32, stamp: u32| {
            (0..50usize).map(move |n| Arrival {
                at: (from + n) as f64 * 20.0,
                sequence: number + n as u32,
                timestamp: stamp + n as u32 * PACKET as u32,
                index: n,
            })
        };
        let played = play(stream(0, 1_000, 320_000).chain(stream(50, number, stamp)).collect(), 1_990.0);
        let totals = played.last().totals;
        assert_eq!(totals.restarts, 1, "{number}: {totals:?}");
        let silent = played.rows.iter().filter(|row| row.at > 990.0 && row.kind != Pull::Play).count();
        assert!(silent <= 14, "{number}: {silent} blocks, {totals:?}");
    }
}

#[test]
fn a_pause_that_is_known_of_is_silence_and_not_concealment() {
    // 200 ms before the end of the pause the packet behind it is there.
    let played = play_into(buffer(Mode::Fixed { ms: 200.0 }, Estimator::default()), with_a_pause(), 10_900.0);
    let totals = played.last().totals;
    assert_eq!((totals.lost, totals.late), (0, 0), "{totals:?}");
    let concealed = played.concealed(3_900.0, 10_800.0);
    assert!((790.0..=830.0).contains(&concealed), "{concealed}");
    assert_eq!(played.at(5_100.0).kind, Pull::Fill);
}

#[test]
fn outages_and_restarts_leave_no_delay_behind_however_many_there_are() {
    let outage = |i: usize| i % 150 >= 100 && i % 150 < 115;
    let played = play(packets(0..6000, 1, |i| (!outage(i)).then_some(chance(i) * 5.0)), 119_500.0);
    let (early, late) = (played.at(1_900.0), played.at(119_400.0));
    assert!(late.delay < early.delay + 15.0, "{early:?} {late:?}");

    let mut arrivals = packets(0..6000, 1, |i| Some(chance(i) * 5.0));
    for arrival in &mut arrivals {
        let round = (arrival.index / 150) as u32;
        arrival.sequence = arrival.sequence.wrapping_add(round * 100_000);
        arrival.timestamp = arrival.timestamp.wrapping_add(round * 77 * RATE);
    }
    let played = play(arrivals, 119_500.0);
    let (early, late) = (played.at(1_900.0), played.at(119_400.0));
    assert_eq!(late.totals.restarts, 39);
    let silent = played.rows.iter().filter(|row| row.at > 100.0 && row.kind != Pull::Play).count();
    assert!(silent <= 39 * 8, "{silent} blocks");
    assert!(late.delay < early.delay + 15.0, "{early:?} {late:?}");
}

#[test]
fn packets_that_overlap_are_bounded_by_how_long_they_are_together() {
    let mut buffer = buffer(Mode::default(), Estimator::default());
    let second: Vec<u8> = (0..50).flat_map(payload).collect();
    for sequence in 0..1000u32 {
        buffer.push(sequence, sequence, &second, Micros(f64::from(sequence) * 1000.0));
        let waiting = buffer.final_totals().discarded - buffer.totals().discarded;
        assert!(waiting <= 4, "{waiting} s");
    }
}

/// What is heard of a tone that is sent for two seconds, lost for 1.5 s, and sent again: of `codec`, at 16 kHz, from 40 ms on.
fn interrupted(codec: Codec) -> Vec<f32> {
    let options =
        Options { rate: Hz(RATE), channels: 1, codec, mode: Mode::Fixed { ms: 40.0 }, estimator: Estimator::default() };
    let mut buffer = JitterBuffer::new(options).expect("a jitter buffer");
    let mut encoder = OpusEncoder::new(Hz(RATE), 1, Application::Voip).expect("an encoder");
    let (mut sound, mut block) = (Vec::new(), [0.0; 160]);
    for arrival in packets(0..250, 1, |_| Some(0.0)) {
        let bytes = payload(arrival.index);
        let samples: Vec<f32> =
            bytes.chunks_exact(4).map(|four| f32::from_ne_bytes(four.try_into().expect("four"))).collect();
        let mut opus = [0; 1275];
        let length = encoder.encode(Pcm::Float(&samples), &mut opus).expect("a packet");
        let packet = if codec == Codec::Opus { &opus[..length] } else { &bytes[..] };
        if !(100..175).contains(&arrival.index) {
            buffer.push(arrival.sequence, arrival.timestamp, packet, Micros(arrival.at * 1000.0));
        }
        for half in [0.0, 10.0] {
            buffer.pull(&mut block, Micros((arrival.at + half) * 1000.0));
            sound.extend_from_slice(&block);
        }
    }
    sound.split_off(40 * RATE as usize / 1000)
}

#[test]
fn what_is_made_up_begins_as_the_voice_was_fades_and_is_silence_until_the_voice_comes_back_without_a_step() {
    for codec in [Codec::Pcm, Codec::Opus] {
        let sound = interrupted(codec);
        let ms = |from: usize, to: usize| &sound[from * 16..to * 16];
        let loudness = |of: &[f32]| (of.iter().map(|v| v * v).sum::<f32>() / of.len() as f32).sqrt();
        let voice = loudness(ms(1000, 1900));
        let (begins, fades) = (loudness(ms(2005, 2060)), loudness(ms(2120, 2160)));
        assert!(begins > 0.5 * voice && begins < 1.5 * voice, "{codec:?}: {begins} of {voice}");
        assert!(fades < 0.6 * voice && fades > 0.0, "{codec:?}: {fades} of {voice}");
        assert!(ms(2200, 3400).iter().all(|sample| *sample == 0.0), "{codec:?}: silence");
        assert!(loudness(ms(3600, 4800)) > 0.9 * voice, "{codec:?}");
        let step = |of: &[f32]| of.windows(2).map(|pair| (pair[1] - pair[0]).abs()).fold(0.0, f32::max);
        let (usual, most) = (step(ms(1000, 1900)), step(ms(1900, 4800)));
        assert!(most < 1.4 * usual, "{codec:?}: {most} for {usual}");
    }
}

#[test]
fn a_packet_that_turns_out_to_be_none_is_counted_and_concealed() {
    let options = Options {
        rate: Hz(RATE),
        channels: 1,
        codec: Codec::Opus,
        mode: Mode::Fixed { ms: 20.0 },
        estimator: Estimator::default(),
    };
    let mut buffer = JitterBuffer::new(options).expect("a jitter buffer");
    let mut block = [0.0; 160];
    for number in 0..50u32 {
        // Two frames of 10 ms of the same length (RFC 6716, 3.2.3), in an odd number of bytes.
        buffer.push(number, number * 320, &[8 << 3 | 1, 1, 2, 3], Micros(f64::from(number) * 20_000.0));
        for half in 0..2 {
            buffer.pull(&mut block, Micros(f64::from(number * 2 + half) * 10_000.0));
        }
    }
    let totals = buffer.totals();
    assert!(totals.refused >= 45 && totals.concealed >= 45 * 320, "{totals:?}");
}

/// Gamma(2, `theta`) at each index.
fn gamma(index: usize, theta: f64) -> f64 {
    -theta * ((1.0 - chance(2 * index)) * (1.0 - chance(2 * index + 1))).ln()
}

#[test]
fn what_waits_when_nobody_pulls_any_more_is_in_the_final_totals() {
    let mut buffer = buffer(Mode::default(), Estimator::default());
    for arrival in packets(0..20, 1, |_| Some(0.0)) {
        push(&mut buffer, &arrival);
    }
    assert_eq!((buffer.totals().discarded, buffer.final_totals().discarded), (0, 20));
}

/// Times, numbers and sizes as nobody should give them, in `rounds` steps; samples stay in range, and what waits is bounded.
fn misused(seed: usize, rate: u32, channels: usize, rounds: usize) {
    let options =
        Options { rate: Hz(rate), channels, codec: Codec::Pcm, mode: Mode::default(), estimator: Estimator::default() };
    let mut buffer = JitterBuffer::new(options).expect("a jitter buffer");
    let (mut now, mut number, mut stamp) = (1e9, 0u32, 0u32);
    for round in 0..rounds {
        let random = |salt: usize| chance(seed * 7_919_777 + round * 16 + salt);
        let frames = [1, 80, rate as usize / 50, rate as usize / 50, rate as usize / 7][(random(0) * 5.0) as usize];
        let bytes: Vec<u8> =
            (0..frames * channels).flat_map(|n| ((n % 90) as f32 / 50.0 - 0.9).to_ne_bytes()).collect();
        (number, stamp) = match (random(1) * 40.0) as u32 {
            0 => ((random(2) * 4.3e9) as u32, stamp),
            1 => (number, (random(2) * 4.3e9) as u32),
            2 => (number.wrapping_sub((random(2) * 50.0) as u32), stamp),
            3 => (number.wrapping_add((random(2) * 5000.0) as u32), stamp.wrapping_add((random(3) * 1e6) as u32)),
            _ => (number.wrapping_add(1), stamp.wrapping_add(frames as u32)),
        };
        let arrival = match (random(4) * 60.0) as u32 {
            0 => -9e15,
            1 => 9e15,
            _ => now + (random(5) - 0.5) * 50_000.0,
        };
        buffer.push(number, stamp, &bytes, Micros(arrival));
        match (random(6) * 300.0) as u32 {
            0 => now = 9e15 * (random(7) - 0.5),
            1 => buffer.rest(Micros(now)),
            2 => buffer.set_mode(Mode::Fixed { ms: random(7) * 10_000.0 }),
            3 => buffer.set_mode(Mode::Auto { min_ms: 0.0, max_ms: random(7) * 900.0 }),
            4 => now -= 1e6,
            5 => now += 5e6,
            _ => {}
        }
        let mut block = vec![9.0; (random(8) * f64::from(rate) / 40.0) as usize * channels];
        buffer.pull(&mut block, Micros(now));
        now += (block.len() / channels) as f64 * 1e6 / f64::from(rate);
        let most = block.iter().fold(0.0f32, |most, v| if v.is_finite() { most.max(v.abs()) } else { f32::INFINITY });
        assert!(most <= 1.0, "{most}: {seed} {rate} {channels}, round {round}");
        let waiting = buffer.final_totals().discarded - buffer.totals().discarded;
        assert!(waiting <= 1024 + 5, "{waiting}");
        assert!(buffer.delay_ms().is_finite() && buffer.target_ms() >= -1e-3 && buffer.target_ms() <= 10_000.0);
    }
}

#[test]
fn no_misuse_of_times_and_numbers_breaks_it() {
    let shapes =
        [(8_000, 1), (8_001, 2), (11_025, 3), (16_000, 1), (44_100, 2), (48_000, 8), (191_999, 1), (192_000, 2)];
    for (seed, (rate, channels)) in shapes.into_iter().enumerate() {
        misused(seed, rate, channels, 500);
    }
}
