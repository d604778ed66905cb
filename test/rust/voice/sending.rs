//! From a microphone to packets, and which processors and sealers fit together.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use sdl_callback_audio::error::ErrorCode;
use sdl_callback_audio::link::gaps::Run;
use sdl_callback_audio::packet::header::{Codec, Format, Stream};
use sdl_callback_audio::packet::open::{Accepts, Opener};
use sdl_callback_audio::packet::seal::Sealer;
use sdl_callback_audio::packet::suite::Suite;
use sdl_callback_audio::units::{Frames, Micros};
use sdl_callback_audio::voice::ladder::{Limits, Mode};
use sdl_callback_audio::voice::outbox::Outbox;
use sdl_callback_audio::voice::pool::{Job, OwnedPcm, Pool, Results, SharedProcessor};
use sdl_callback_audio::voice::processor::ProcessorOptions;
use sdl_callback_audio::voice::send::{FrameSource, Lent, Sender, Step};

use super::{KEY, options, processor, sound};

/// A microphone that gives what it has in blocks of its own size.
struct Blocks {
    samples: Arc<Mutex<Vec<f32>>>,
    block: usize,
    given: u64,
    /// How many are missing, before which of the frames that it gives.
    gaps: Vec<(u64, u64)>,
}

impl FrameSource for Blocks {
    fn read(&mut self, out: &mut [f32]) -> Run {
        let mut samples = self.samples.lock().expect("the samples");
        let ahead =
            self.gaps.iter().map(|(before, _)| before - self.given.min(*before)).filter(|ahead| *ahead > 0).min();
        let count = out.len().min(self.block).min(samples.len()).min(ahead.unwrap_or(u64::MAX) as usize);
        samples.drain(..count).zip(out).for_each(|(sample, out)| *out = sample);
        let missing: u64 = self.gaps.iter().filter(|(before, _)| *before <= self.given).map(|(_, frames)| frames).sum();
        let at = Frames(1_000_000 + self.given + missing);
        self.given += count as u64;
        Run { at, frames: Frames(count as u64) }
    }
}

fn stream(format: Format) -> Stream {
    Stream { format, ssrc: 1, direction: false, frequency: 24_000, channels: 1, codec: Codec::Opus }
}

fn keyless() -> SharedProcessor {
    Arc::new(Mutex::new(processor(ProcessorOptions { key: None, ..options(Mode::Full) })))
}

fn sender_of(source: Blocks, format: Format) -> Sender<Blocks> {
    let stream = stream(format);
    let sealer = Sealer::new(stream, Suite::Aes128Gcm, &KEY, 1).expect("a sealer");
    Sender::new(source, 48_000, Lent::new(&keyless(), &stream).expect("a processor"), sealer)
}

fn sender(samples: &Arc<Mutex<Vec<f32>>>, block: usize, format: Format) -> Sender<Blocks> {
    sender_of(Blocks { samples: samples.clone(), block, given: 0, gaps: Vec::new() }, format)
}

fn next_packet(outbox: &Outbox) -> Option<Box<[u8]>> {
    outbox.next_within(usize::MAX).map(|packet| packet.expect("room for any"))
}

fn opener(format: Format) -> Opener {
    let accepts = Accepts { format, ssrc: Some(1), direction: Some(false) };
    Opener::new(accepts, Suite::Aes128Gcm, &KEY).expect("an opener")
}

fn timestamp(opener: &mut Opener, packet: &[u8]) -> u64 {
    opener.open_into(packet, &mut vec![0; packet.len()]).expect("authentic").stamp.timestamp
}

#[test]
fn a_sender_makes_sealed_packets_of_whatever_blocks_the_microphone_gives_one_in_a_step() {
    for format in [Format::Xiaozhi, Format::SeqPts] {
        for block in [64, 480, 1_000] {
            let samples = Arc::new(Mutex::new(Vec::new()));
            let mut sender = sender(&samples, block, format);
            let outbox = sender.outbox().clone();
            let mut opener = opener(format);
            let mut packets = 0;
            for part in sound(48_000).chunks(700) {
                samples.lock().expect("the samples").extend_from_slice(part);
                while sender.step() != Step::Dry {
                    let packet = next_packet(&outbox).expect("a packet");
                    let unit = if format == Format::Xiaozhi { 20 } else { 20_000 };
                    assert_eq!(timestamp(&mut opener, &packet), packets * unit);
                    packets += 1;
                    assert!(next_packet(&outbox).is_none());
                }
            }
            let stats = outbox.stats();
            assert_eq!((packets, stats.packets, stats.frames, stats.failed, stats.dropped), (50, 50, 48_000, 0, 0));
        }
    }
}

#[test]
fn timestamps_count_what_the_microphone_lost() {
    for (format, unit) in [(Format::Xiaozhi, 48), (Format::SeqPts, 0)] {
        let samples = Arc::new(Mutex::new(sound(48_000)));
        // Before the first frame nothing counts; 100 ms go in the middle of the third, 3 s before the tenth.
        let gaps = vec![(0, 777), (2 * 960 + 500, 4_800), (9 * 960, 144_000)];
        let mut sender = sender_of(Blocks { samples, block: 480, given: 0, gaps }, format);
        let (outbox, mut opener) = (sender.outbox().clone(), opener(format));
        for index in 0..50u64 {
            assert_eq!(sender.step(), Step::Made);
            let lost = if index > 2 { 4_800 } else { 0 } + if index >= 9 { 144_000 } else { 0 };
            let frames = index * 960 + lost;
            let wanted = if unit == 48 { frames / 48 } else { frames * 1_000_000 / 48_000 };
            assert_eq!(timestamp(&mut opener, &next_packet(&outbox).expect("a packet")), wanted, "packet {index}");
        }
    }
}

#[test]
fn a_sender_that_nobody_listens_to_keeps_the_newest_packets_and_counts_the_others() {
    let samples = Arc::new(Mutex::new(sound(960 * 300)));
    let mut sender = sender(&samples, 960, Format::SeqPts);
    let outbox = sender.outbox().clone();
    while sender.step() != Step::Dry {
        outbox.wait_for_room(Duration::from_millis(1));
    }
    let mut opener = opener(Format::SeqPts);
    let kept: Vec<u64> =
        std::iter::from_fn(|| next_packet(&outbox)).map(|packet| timestamp(&mut opener, &packet) / 20_000).collect();
    assert_eq!((kept, outbox.stats().dropped), ((50..300).collect(), 50));
}

#[test]
fn while_somebody_fetches_no_packet_is_dropped_however_many_come_at_once() {
    let samples = Arc::new(Mutex::new(sound(960 * 600)));
    let mut sender = sender(&samples, 960, Format::SeqPts);
    let outbox = sender.outbox().clone();
    let made = std::thread::spawn(move || {
        while sender.step() != Step::Dry {
            // For ever, as far as this test goes.
            sender.outbox().wait_for_room(Duration::from_secs(600));
        }
    });
    // One who comes only when there is no room any more.
    let mut fetched = 0;
    while fetched < 600 {
        if outbox.stats().packets - fetched >= 250 || made.is_finished() {
            fetched += next_packet(&outbox).map_or(0, |_| 1);
        }
        std::thread::yield_now();
    }
    made.join().expect("an end");
    assert_eq!((outbox.stats().packets, outbox.stats().dropped), (600, 0));
}

#[test]
fn whoever_waits_for_room_goes_on_when_the_outbox_is_closed() {
    let outbox = Arc::new(Outbox::new(Mode::Full));
    (0..250).for_each(|_| outbox.put(&[1], Mode::Full));
    let waits = {
        let outbox = outbox.clone();
        std::thread::spawn(move || outbox.wait_for_room(Duration::from_secs(600)))
    };
    outbox.close();
    waits.join().expect("an end");
}

#[test]
fn a_sender_takes_only_a_processor_whose_packets_its_sealer_describes() {
    let fits = stream(Format::SeqPts);
    let lend = |options: ProcessorOptions, stream: Stream| {
        Lent::new(&Arc::new(Mutex::new(processor(options))), &stream).err().map(|error| error.code)
    };
    let keyless = || ProcessorOptions { key: None, ..options(Mode::Full) };
    let limits = Some(Limits { step_down: Micros(1.0), hold: Micros(1e6) });
    assert_eq!(lend(keyless(), fits), None);
    assert_eq!(lend(keyless(), Stream { frequency: 48_000, ..fits }), None, "RFC 7587");
    assert_eq!(lend(ProcessorOptions { adaptive: limits, ..keyless() }, fits), None, "it never leaves Opus");
    assert_eq!(lend(ProcessorOptions { allow_plaintext: true, ..keyless() }, fits), None, "nor does this one");
    let xiaozhi = Stream { frequency: 0, channels: 9, codec: Codec::Pcm, ..stream(Format::Xiaozhi) };
    assert_eq!(lend(keyless(), xiaozhi), None, "it has no word for these");
    let samples = ProcessorOptions { mode: Mode::Minimal, allow_plaintext: true, ..keyless() };
    let perhaps = ProcessorOptions { adaptive: limits, allow_plaintext: true, ..keyless() };
    for (options, stream) in [
        (options(Mode::Full), fits),
        (samples.clone(), fits),
        (samples, xiaozhi),
        (perhaps, fits),
        (keyless(), Stream { codec: Codec::Pcm, ..fits }),
        (keyless(), Stream { channels: 2, ..fits }),
        (keyless(), Stream { frequency: 16_000, ..fits }),
        (keyless(), Stream { frequency: 44_100, ..fits }),
    ] {
        assert_eq!(lend(options, stream), Some(ErrorCode::InvalidArg), "{stream:?}");
    }
}

#[test]
fn a_processor_is_lent_to_one_sender_and_refuses_frames_of_others_meanwhile() {
    let (processor, stream) = (keyless(), stream(Format::SeqPts));
    let lent = Lent::new(&processor, &stream).expect("a processor");
    assert_eq!(Lent::new(&processor, &stream).err().expect("a refusal").code, ErrorCode::DeviceBusy);
    let results = Arc::new(Results::new(Box::new(|| ())));
    let pool = Pool::new(1).expect("a thread");
    let lane = pool.lane();
    let submit = || {
        let pcm = OwnedPcm::Float(sound(960).into());
        let job_results = results.clone();
        let job = Job {
            processor: processor.clone(),
            pcm,
            iv: [0; 16],
            iv_bytes: 0,
            room: usize::MAX,
            id: 1,
            results: job_results,
        };
        assert!(lane.submit(job));
        let done = loop {
            match results.fetch().pop() {
                Some(done) => break done,
                None => std::thread::yield_now(),
            }
        };
        done.outcome.err().map(|error| error.code)
    };
    assert_eq!(submit(), Some(ErrorCode::DeviceBusy));
    drop(lent);
    assert_eq!(submit(), None);
    assert!(Lent::new(&processor, &stream).is_ok());
}
