//! Opus: what comes back, what a loss costs, and what no packet may do.

use std::f32::consts::TAU;

use sdl_callback_audio::codec::opus::{Application, OpusDecoder, OpusEncoder, Pcm, Settings, Slot, duration, version};
use sdl_callback_audio::error::ErrorCode;
use sdl_callback_audio::units::{Frames, Hz};

const RATES: [u32; 5] = [8_000, 12_000, 16_000, 24_000, 48_000];

/// A voice of sorts: a gliding tone with its overtones, in syllables.
fn voice(frames: usize, rate: u32) -> Vec<f32> {
    let mut phase = 0.0f32;
    (0..frames)
        .map(|i| {
            let t = i as f32 / rate as f32;
            phase += TAU * (140.0 + 30.0 * (t * 2.1).sin()) / rate as f32;
            let tone: f32 = (1..12).map(|k| (phase * k as f32).sin() / k as f32).sum();
            0.25 * tone * (0.5 - 0.5 * (TAU * t * 3.0).cos())
        })
        .collect()
}

fn signal_to_noise(wanted: &[f32], got: &[f32]) -> f64 {
    let sum = |values: &mut dyn Iterator<Item = f32>| values.map(|v| f64::from(v).powi(2)).sum::<f64>();
    let noise = sum(&mut wanted.iter().zip(got).map(|(a, b)| a - b));
    10.0 * (sum(&mut wanted.iter().copied()) / noise.max(1e-12)).log10()
}

fn encoder(rate: u32, channels: usize, settings: Settings) -> OpusEncoder {
    let mut encoder = OpusEncoder::new(Hz(rate), channels, Application::Voip).expect("an encoder");
    encoder.configure(settings).expect("settings in range");
    encoder
}

fn decode(decoder: &mut OpusDecoder, slot: Slot<'_>, frames: Option<Frames>) -> Vec<f32> {
    let frames = decoder.frames_of(slot, frames).expect("a slot");
    let mut out = vec![f32::NAN; frames.as_len() * decoder.channels()];
    assert_eq!(decoder.decode(slot, frames, &mut out).expect("frames"), frames);
    out
}

#[test]
fn libopus_is_new_enough_and_our_own() {
    let numbers: Vec<u32> = version().trim_start_matches("libopus ").split(['.', '-']).flat_map(str::parse).collect();
    assert!(numbers >= vec![1, 5, 2], "{}", version());
}

#[test]
fn every_rate_and_frame_length_comes_back() {
    for rate in RATES {
        for channels in [1, 2] {
            let settings = Settings { bitrate: Some(64_000 * channels as i32), ..Settings::default() };
            for units in [1, 2, 4, 8, 16, 24] {
                let frames = rate as usize / 400 * units;
                let mut encoder = encoder(rate, channels, settings);
                let mut decoder = OpusDecoder::new(Hz(rate), channels).expect("a decoder");
                let mono = voice(frames * (400 / units), rate);
                let input: Vec<f32> = mono.iter().flat_map(|sample| vec![*sample; channels]).collect();
                let mut out = Vec::new();
                for block in input.chunks(frames * channels) {
                    let mut packet = [0; 4000];
                    let bytes = encoder.encode(Pcm::Float(block), &mut packet).expect("a frame");
                    assert_eq!(duration(&packet[..bytes], Hz(rate)), Some(Frames(frames as u64)));
                    out.extend(decode(&mut decoder, Slot::Packet(&packet[..bytes]), None));
                }
                let lag = encoder.lookahead().expect("a lookahead").as_len() * channels;
                let half = input.len() / 2;
                let snr = signal_to_noise(&input[half..input.len() - lag], &out[half + lag..]);
                // A speech coder follows the waveform loosely, and at 8 kHz least of all.
                assert!(snr > 4.0, "{rate} Hz, {channels} channels, {units} × 2.5 ms: {snr:.1} dB");
            }
        }
    }
}

#[test]
fn integers_are_encoded_as_the_same_floats() {
    let ints: Vec<i16> = voice(960, 48_000).iter().map(|sample| (sample * 32_768.0) as i16).collect();
    let floats: Vec<f32> = ints.iter().map(|sample| f32::from(*sample) / 32_768.0).collect();
    let [mut a, mut b] = [[0; 4000]; 2];
    let settings = Settings::default();
    let of_ints = encoder(48_000, 1, settings).encode(Pcm::Int16(&ints), &mut a).expect("a frame");
    let of_floats = encoder(48_000, 1, settings).encode(Pcm::Float(&floats), &mut b).expect("a frame");
    assert_eq!(a[..of_ints], b[..of_floats]);
}

#[test]
fn reset_makes_it_new() {
    let input = voice(4_800, 48_000);
    let run = |encoder: &mut OpusEncoder, decoder: &mut OpusDecoder| -> (Vec<u8>, Vec<f32>) {
        let (mut packets, mut out) = (Vec::new(), Vec::new());
        for block in input.chunks(960) {
            let mut packet = [0; 4000];
            let bytes = encoder.encode(Pcm::Float(block), &mut packet).expect("a frame");
            packets.extend_from_slice(&packet[..bytes]);
            out.extend(decode(decoder, Slot::Packet(&packet[..bytes]), None));
        }
        (packets, out)
    };
    let (mut e, mut d) = (encoder(48_000, 1, Settings::default()), OpusDecoder::new(Hz(48_000), 1).expect("a decoder"));
    let first = run(&mut e, &mut d);
    assert_ne!(run(&mut e, &mut d), first, "state carries over");
    e.reset().expect("a reset");
    d.reset().expect("a reset");
    assert_eq!(run(&mut e, &mut d), first);
}

#[test]
fn refusals_leave_the_state_as_it_was() {
    let input = voice(1_920, 48_000);
    let packets = |disturb: &dyn Fn(&mut OpusEncoder)| {
        let mut encoder = encoder(48_000, 1, Settings { bitrate: Some(24_000), ..Settings::default() });
        let mut all = Vec::new();
        for block in input.chunks(960) {
            disturb(&mut encoder);
            let mut packet = [0; 4000];
            let bytes = encoder.encode(Pcm::Float(block), &mut packet).expect("a frame");
            all.push(packet[..bytes].to_vec());
        }
        all
    };
    let undisturbed = packets(&|_| ());
    let disturbed = packets(&|encoder| {
        let refuse = |encoder: &mut OpusEncoder, frames: usize, room: usize| {
            encoder.encode(Pcm::Float(&vec![0.5; frames]), &mut vec![0; room]).expect_err("a refusal").code
        };
        for frames in [0, 1, 959, 961, 3840, 5760] {
            assert_eq!(refuse(encoder, frames, 4000), ErrorCode::OutOfRange);
        }
        assert_eq!(refuse(encoder, 960, 59), ErrorCode::OutOfRange);
    });
    assert_eq!(disturbed, undisturbed);

    let mut decoder = OpusDecoder::new(Hz(48_000), 1).expect("a decoder");
    let first = decode(&mut decoder, Slot::Packet(&undisturbed[0]), None);
    let second = decode(&mut decoder, Slot::Packet(&undisturbed[1]), None);
    let mut decoder = OpusDecoder::new(Hz(48_000), 1).expect("a decoder");
    for (packet, wanted) in undisturbed.iter().zip([first, second]) {
        for bad in [&[][..], &[0xff, 0xff, 0xff], &[0x03], &[0xfb, 0x3f]] {
            assert_eq!(decoder.frames_of(Slot::Packet(bad), None).expect_err("no packet").code, ErrorCode::Codec);
        }
        let short = decoder.decode(Slot::Packet(packet), Frames(960), &mut [0.0; 959]);
        assert_eq!(short.expect_err("no room").code, ErrorCode::OutOfRange);
        for frames in [0, 1, 119, 5761] {
            let code = decoder.frames_of(Slot::Lost, Some(Frames(frames))).expect_err("a refusal").code;
            assert_eq!(code, ErrorCode::OutOfRange);
        }
        assert_eq!(decode(&mut decoder, Slot::Packet(packet), None), wanted);
    }
}

#[test]
fn no_random_packet_gives_anything_but_samples_in_range() {
    let mut state = 1u64;
    let mut random = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let mut decoders =
        [OpusDecoder::new(Hz(48_000), 2).expect("a decoder"), OpusDecoder::new(Hz(16_000), 1).expect("a decoder")];
    let (mut decoded, mut refused) = (0, 0);
    let mut out = vec![0.0; 5760 * 2];
    for round in 0..20_000 {
        let packet: Vec<u8> = (0..random() % 200).map(|_| random() as u8).collect();
        let decoder = &mut decoders[round % 2];
        let slot = if random() % 4 == 0 { Slot::LostBefore(&packet) } else { Slot::Packet(&packet) };
        match decoder.frames_of(slot, None).and_then(|frames| decoder.decode(slot, frames, &mut out)) {
            Ok(frames) => {
                decoded += 1;
                let samples = &out[..frames.as_len() * decoder.channels()];
                assert!(samples.iter().all(|sample| (-1.0..=1.0).contains(sample)), "{packet:?}");
            }
            Err(error) => {
                refused += 1;
                assert_eq!(error.code, ErrorCode::Codec);
            }
        }
    }
    assert!(decoded > 1000 && refused > 1000, "{decoded} decoded, {refused} refused");
    assert!(decoders.iter().any(|decoder| decoder.clamped_samples() > 0));
}

#[test]
fn redundancy_and_concealment_help_where_one_packet_in_twenty_is_lost() {
    let rate = 16_000;
    let input = voice(rate as usize * 10, rate);
    let settings = Settings {
        bitrate: Some(24_000),
        fec: Some(true),
        packet_loss_percent: Some(5),
        signal: Some(sdl_callback_audio::codec::opus::Signal::Voice),
        ..Settings::default()
    };
    let mut encoder = encoder(rate, 1, settings);
    let packets: Vec<Vec<u8>> = input
        .chunks(320)
        .map(|block| {
            let mut packet = [0; 4000];
            let bytes = encoder.encode(Pcm::Float(block), &mut packet).expect("a frame");
            packet[..bytes].to_vec()
        })
        .collect();
    let lost = |n: usize| n % 20 == 13;
    let play = |on_loss: &dyn Fn(&mut OpusDecoder, usize) -> Vec<f32>| -> Vec<f32> {
        let mut decoder = OpusDecoder::new(Hz(rate), 1).expect("a decoder");
        let slot = |n: usize| match lost(n) {
            true => on_loss(&mut decoder, n),
            false => decode(&mut decoder, Slot::Packet(&packets[n]), None),
        };
        (0..packets.len()).flat_map(slot).collect()
    };
    let conceal = |decoder: &mut OpusDecoder, _: usize| decode(decoder, Slot::Lost, Some(Frames(320)));
    let recover =
        |decoder: &mut OpusDecoder, n: usize| decode(decoder, Slot::LostBefore(&packets[n + 1]), Some(Frames(320)));
    let silence = |_: &mut OpusDecoder, _: usize| vec![0.0f32; 320];
    let mut decoder = OpusDecoder::new(Hz(rate), 1).expect("a decoder");
    let unharmed: Vec<f32> =
        packets.iter().flat_map(|packet| decode(&mut decoder, Slot::Packet(packet), None)).collect();

    let [none, plc, fec] = [&silence as &dyn Fn(&mut OpusDecoder, usize) -> Vec<f32>, &conceal, &recover]
        .map(|on_loss| signal_to_noise(&unharmed, &play(on_loss)));
    println!(
        "5 % loss, against the unharmed stream: silence {none:.1} dB, concealed {plc:.1} dB, recovered {fec:.1} dB"
    );
    assert!(plc > none + 1.0 && fec > plc + 1.0, "{none} {plc} {fec}");
}
