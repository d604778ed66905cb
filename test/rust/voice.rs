//! The processor and its threads.

#[path = "voice/sending.rs"]
mod sending;

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use sdl_callback_audio::codec::opus::{Application, OpusDecoder, Pcm, Settings, Slot};
use sdl_callback_audio::error::ErrorCode;
use sdl_callback_audio::packet::aes_ctr::AesKey;
use sdl_callback_audio::packet::suite::Suite;
use sdl_callback_audio::units::{Frames, Hz, Micros};
use sdl_callback_audio::voice::ladder::{Limits, Mode};
use sdl_callback_audio::voice::pool::{Job, OwnedPcm, Pool, Results};
use sdl_callback_audio::voice::processor::{Processor, ProcessorOptions};

const KEY: [u8; 16] = *b"sixteen byte key";

fn options(mode: Mode) -> ProcessorOptions {
    ProcessorOptions {
        frequency: Hz(48_000),
        output_frequency: Hz(24_000),
        channels: 1,
        frame: Frames(960),
        application: Application::Voip,
        settings: Settings { bitrate: Some(24_000), complexity: Some(0), ..Settings::default() },
        key: Some((Suite::Aes128Ctr, KEY.to_vec().into())),
        mode,
        adaptive: None,
        allow_plaintext: false,
    }
}

fn processor(options: ProcessorOptions) -> Processor {
    Processor::new(options).expect("a processor")
}

fn sound(frames: usize) -> Vec<f32> {
    (0..frames).map(|i| 0.4 * (i as f32 * 0.05).sin()).collect()
}

fn process(processor: &mut Processor, samples: &[f32], iv: &[u8]) -> Option<Vec<u8>> {
    let mut out = vec![0; processor.most_bytes()];
    let processed = processor.process(Pcm::Float(samples), iv, &mut out).expect("a frame");
    processed.bytes.map(|bytes| out[..bytes].to_vec())
}

#[test]
fn each_mode_gives_what_it_says() {
    let frame = sound(960);
    for (mode, rate) in [(Mode::Full, 24_000), (Mode::Medium, 48_000)] {
        let mut processor = processor(options(mode));
        let mut packet = process(&mut processor, &frame, &[3; 16]).expect("a packet from the first frame on");
        AesKey::new(&KEY).expect("a key").apply(&[3; 16], &mut packet);
        let decoder = OpusDecoder::new(Hz(rate), 1).expect("a decoder");
        let frames = decoder.frames_of(Slot::Packet(&packet), None).expect("Opus");
        assert_eq!(frames, Frames(u64::from(rate) / 50));
    }
    let integers: Vec<u8> = frame.iter().flat_map(|x| ((x * 32_768.0).round() as i16).to_le_bytes()).collect();
    let mut minimal = process(&mut processor(options(Mode::Minimal)), &frame, &[3; 16]).expect("a packet");
    assert_ne!(minimal, integers);
    AesKey::new(&KEY).expect("a key").apply(&[3; 16], &mut minimal);
    let off = minimal.iter().zip(&integers).filter(|(a, b)| a != b).count();
    assert!(minimal.len() == integers.len() && off <= 2, "{off} bytes differ, by rounding of ties at most");
    let open = ProcessorOptions { allow_plaintext: true, ..options(Mode::Emergency) };
    assert_eq!(process(&mut processor(open), &frame, &[3; 16]).expect("a packet").len(), 1920);
}

#[test]
fn samples_go_out_in_the_clear_only_with_permission() {
    let refused = Processor::new(options(Mode::Emergency)).err().expect("a refusal");
    assert_eq!(refused.code, ErrorCode::InvalidArg);
    let limits = Limits { step_down: Micros(1.0), hold: Micros(1e6) };
    for (allow_plaintext, wanted) in [(false, Mode::Minimal), (true, Mode::Emergency)] {
        let options = ProcessorOptions { adaptive: Some(limits), allow_plaintext, ..options(Mode::Full) };
        let mut processor = processor(options);
        for frame in 0..100 {
            processor.took(Micros(f64::from(frame)), Micros(5_000.0)).expect("a mode");
        }
        assert_eq!(processor.mode(), wanted);
    }
}

#[test]
fn partial_frames_are_gathered_and_none_is_lost() {
    let input = sound(9_600);
    for mode in [Mode::Full, Mode::Medium, Mode::Minimal] {
        let mut whole = processor(options(mode));
        let wanted: Vec<_> = input.chunks(960).filter_map(|frame| process(&mut whole, frame, &[3; 16])).collect();
        assert_eq!(wanted.len(), 10);
        for size in [100, 441, 700, 959] {
            let mut parts = processor(options(mode));
            let got: Vec<_> = input.chunks(size).filter_map(|part| process(&mut parts, part, &[3; 16])).collect();
            assert_eq!(got, wanted, "{mode:?} in parts of {size}");
        }
    }
}

#[test]
fn every_rate_gives_a_packet_for_each_frame() {
    for frequency in [8_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 96_000] {
        for output in [16_000, 24_000, 48_000] {
            for (mode, parts) in [(Mode::Full, 50), (Mode::Medium, 50)] {
                let frame = Frames(u64::from(frequency) / parts);
                let options =
                    ProcessorOptions { frequency: Hz(frequency), output_frequency: Hz(output), frame, ..options(mode) };
                let mut processor = processor(options);
                for _ in 0..100 {
                    let samples = sound(frame.as_len());
                    assert!(process(&mut processor, &samples, &[0; 16]).is_some(), "{frequency} → {output} {mode:?}");
                }
            }
        }
    }
}

#[test]
fn refusals_change_nothing() {
    let frame = sound(960);
    let run = |disturb: bool| -> Vec<Option<Vec<u8>>> {
        let mut processor =
            processor(ProcessorOptions { key: Some((Suite::Aes128Gcm, KEY.to_vec().into())), ..options(Mode::Full) });
        (0..5)
            .map(|_| {
                if disturb {
                    let mut refuse = |samples: &[f32], iv: &[u8], room: usize| {
                        let refused = processor.process(Pcm::Float(samples), iv, &mut vec![0; room]);
                        refused.expect_err("a refusal").code
                    };
                    assert_eq!(refuse(&frame, &[1; 16], 4000), ErrorCode::IvLength);
                    assert_eq!(refuse(&frame, &[], 4000), ErrorCode::IvLength);
                    assert_eq!(refuse(&[], &[1; 12], 4000), ErrorCode::OutOfRange);
                    assert_eq!(refuse(&[0.0; 961], &[1; 12], 4000), ErrorCode::OutOfRange);
                    assert_eq!(refuse(&frame, &[1; 12], 20), ErrorCode::OutOfRange);
                }
                process(&mut processor, &frame, &[1; 12])
            })
            .collect()
    };
    assert_eq!(run(true), run(false));
}

#[test]
fn the_pool_gives_what_one_thread_gives_in_order_and_tells_of_it_seldom() {
    let (streams, ticks) = (40u32, 20u32);
    let told = Arc::new(AtomicUsize::new(0));
    let counted = told.clone();
    let results = Arc::new(Results::new(Box::new(move || {
        counted.fetch_add(1, Ordering::Relaxed);
    })));
    let pool = Pool::new(2).expect("threads");
    let processors: Vec<_> =
        (0..streams).map(|_| (Arc::new(Mutex::new(processor(options(Mode::Full)))), pool.lane())).collect();
    for tick in 0..ticks {
        let samples = sound(960);
        for (stream, (processor, lane)) in processors.iter().enumerate() {
            let id = tick * streams + stream as u32;
            let job = Job {
                processor: processor.clone(),
                pcm: OwnedPcm::Float(samples.clone().into()),
                iv: [tick as u8; 16],
                iv_bytes: 16,
                room: usize::MAX,
                id,
                results: results.clone(),
            };
            assert!(lane.submit(job));
        }
    }
    let mut packets = HashMap::new();
    let patience = Instant::now() + Duration::from_secs(30);
    while packets.len() < (streams * ticks) as usize && Instant::now() < patience {
        std::thread::sleep(Duration::from_millis(5));
        for done in results.fetch() {
            packets.insert(done.id, done.outcome.expect("a packet").0);
        }
    }
    assert_eq!(packets.len(), (streams * ticks) as usize);
    assert!(told.load(Ordering::Relaxed) < (streams * ticks / 4) as usize);
    let mut alone = processor(options(Mode::Full));
    for tick in 0..ticks {
        let wanted = process(&mut alone, &sound(960), &[tick as u8; 16]).expect("a packet");
        for stream in 0..streams {
            assert_eq!(packets[&(tick * streams + stream)][..], wanted[..], "stream {stream}, tick {tick}");
        }
    }
}

#[test]
fn what_a_processor_is_handed_its_key_in_is_wiped_when_it_is_dropped() {
    fn wiped(_: &impl zeroize::ZeroizeOnDrop) {}
    let (_, key) = options(Mode::Full).key.expect("a key");
    wiped(&key);
}

#[test]
fn a_processor_without_a_key_never_gives_samples_by_itself() {
    let minimal = ProcessorOptions { key: None, ..options(Mode::Minimal) };
    assert_eq!(Processor::new(minimal).err().expect("a refusal").code, ErrorCode::InvalidArg);
    let limits = Limits { step_down: Micros(1.0), hold: Micros(1e6) };
    let mut keyless = processor(ProcessorOptions { key: None, adaptive: Some(limits), ..options(Mode::Full) });
    for frame in 0..100 {
        keyless.took(Micros(f64::from(frame)), Micros(5_000.0)).expect("a mode");
    }
    assert_eq!(keyless.mode(), Mode::Medium);
}
