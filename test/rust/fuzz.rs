//! Packets as nobody should send them, into the decoder, the opener and the receiver: real ones, changed at random. FUZZ_SECONDS says
//! for how long each of them (2 by default); FUZZ_SEED, where to begin.

use std::alloc::{GlobalAlloc, Layout, System};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use sdl_callback_audio::codec::opus::{Application, OpusDecoder, OpusEncoder, Pcm, Settings, Slot};
use sdl_callback_audio::error::ErrorCode;
use sdl_callback_audio::packet::header::{Codec, Format, Header, Stamp, Stream};
use sdl_callback_audio::packet::open::{Accepts, Opener};
use sdl_callback_audio::packet::seal::{Sealer, Wish};
use sdl_callback_audio::packet::suite::Suite;
use sdl_callback_audio::playout::decode;
use sdl_callback_audio::units::Hz;

#[path = "receive/room.rs"]
mod room;

/// Bytes that are allocated now.
static LIVE: AtomicI64 = AtomicI64::new(0);

struct Counting;

// SAFETY: it is the system's, and counts.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LIVE.fetch_add(layout.size() as i64, Ordering::Relaxed);
        // SAFETY: by the caller's contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size() as i64, Ordering::Relaxed);
        // SAFETY: by the caller's contract.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const KEY: [u8; 32] = *b"thirty-two bytes make a long key";

struct Random(u64);

impl Random {
    fn seeded(salt: u64) -> Random {
        let seed = std::env::var("FUZZ_SEED").ok().and_then(|word| word.parse().ok()).unwrap_or(1u64);
        Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ salt | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() >> 11) as usize % limit.max(1)
    }

    /// One of `packets`, changed here and there, cut, grown, or joined with another; or nothing but noise.
    fn mutate(&mut self, packets: &[Vec<u8>], into: &mut Vec<u8>) {
        into.clear();
        into.extend_from_slice(&packets[self.below(packets.len())]);
        match self.below(8) {
            0 => into.truncate(self.below(into.len() + 1)),
            1 => into.extend((0..self.below(300)).map(|n| n as u8)),
            2 => {
                into.truncate(self.below(into.len() + 1));
                let other = &packets[self.below(packets.len())];
                into.extend_from_slice(&other[self.below(other.len())..]);
            }
            3 => {
                into.clear();
                let length = if self.below(50) == 0 { 70_000 } else { 400 };
                into.resize(self.below(length), 0);
                into.iter_mut().for_each(|byte| *byte = self.next() as u8);
            }
            _ => {}
        }
        for _ in 0..self.below(6) {
            if !into.is_empty() {
                // The first bytes say what the rest is.
                let reach = if self.below(2) == 0 { into.len() } else { into.len().min(24) };
                let at = self.below(reach);
                into[at] = if self.below(2) == 0 { self.next() as u8 } else { into[at] ^ 1 << self.below(8) };
            }
        }
    }
}

/// Runs `round` for as long as is allowed; returns how often.
fn for_a_while(mut round: impl FnMut()) -> u64 {
    let seconds = std::env::var("FUZZ_SECONDS").ok().and_then(|word| word.parse().ok()).unwrap_or(2.0);
    let end = Instant::now() + Duration::from_secs_f64(seconds);
    let mut rounds = 0;
    while Instant::now() < end {
        for _ in 0..64 {
            round();
        }
        rounds += 64;
    }
    rounds
}

/// Packets of every kind that Opus has.
fn opus_packets() -> Vec<Vec<u8>> {
    let mut packets = Vec::new();
    for (rate, channels, application, bitrate) in [
        (8_000, 1, Application::Voip, 8_000),
        (16_000, 1, Application::Voip, 20_000),
        (24_000, 2, Application::Voip, 40_000),
        (48_000, 1, Application::Audio, 48_000),
        (48_000, 2, Application::Audio, 128_000),
        (48_000, 1, Application::LowDelay, 64_000),
    ] {
        for units in [1, 2, 4, 8, 16, 24] {
            let mut encoder = OpusEncoder::new(Hz(rate), channels, application).expect("an encoder");
            let settings = Settings {
                bitrate: Some(bitrate),
                fec: Some(true),
                packet_loss_percent: Some(20),
                complexity: Some(2),
                ..Settings::default()
            };
            encoder.configure(settings).expect("settings in range");
            for packet in 0..4 {
                let samples = rate as usize / 400 * units * channels;
                let pcm: Vec<f32> =
                    (0..samples).map(|i| (((i * (packet + 3)) % 91) as f32 / 91.0 - 0.5) * 0.8).collect();
                let mut out = [0; 4000];
                let bytes = encoder.encode(Pcm::Float(&pcm), &mut out).expect("a frame");
                packets.push(out[..bytes].to_vec());
            }
        }
    }
    packets
}

#[test]
fn the_decoder_gives_samples_in_range_or_says_that_it_is_no_opus() {
    let packets = opus_packets();
    let mut random = Random::seeded(1);
    let mut decoders: Vec<OpusDecoder> = [(48_000, 2), (48_000, 1), (16_000, 1), (8_000, 2)]
        .into_iter()
        .map(|(rate, channels)| OpusDecoder::new(Hz(rate), channels).expect("a decoder"))
        .collect();
    let (mut packet, mut out) = (Vec::new(), vec![0.0; 2 * 5760]);
    let mut outcomes: BTreeMap<&str, u64> = BTreeMap::new();
    let rounds = for_a_while(|| {
        random.mutate(&packets, &mut packet);
        let decoder = &mut decoders[random.below(4)];
        let slot = match random.below(10) {
            0 => Slot::LostBefore(&packet),
            1 => Slot::Lost,
            _ => Slot::Packet(&packet),
        };
        let decoded = decoder.frames_of(slot, None).and_then(|frames| decoder.decode(slot, frames, &mut out));
        let outcome = match decoded {
            Ok(frames) => {
                let samples = &out[..frames.as_len() * decoder.channels()];
                assert!(samples.iter().all(|sample| (-1.0..=1.0).contains(sample)), "{packet:?}");
                "decoded"
            }
            Err(error) => {
                assert_eq!(error.code, ErrorCode::Codec, "{packet:?}");
                "refused"
            }
        };
        *outcomes.entry(outcome).or_default() += 1;
        if random.below(5_000) == 0 {
            decoder.reset().expect("a reset");
        }
    });
    let clamped: u64 = decoders.iter().map(OpusDecoder::clamped_samples).sum();
    println!("{rounds} packets into decoders: {outcomes:?}, {clamped} samples clamped");
    assert!(outcomes.len() == 2 && clamped > 0, "{outcomes:?}");
}

#[test]
fn the_opener_gives_a_payload_or_a_code_and_never_a_forgery() {
    let mut random = Random::seeded(2);
    let cases: Vec<(Format, Suite)> = [Format::Xiaozhi, Format::SeqPts]
        .into_iter()
        .flat_map(|format| [Suite::Aes128Ctr, Suite::Aes256Gcm].map(|suite| (format, suite)))
        .collect();
    let mut outcomes: BTreeMap<String, u64> = BTreeMap::new();
    let mut worlds: Vec<_> = cases
        .into_iter()
        .map(|(format, suite)| {
            let stream =
                Stream { format, ssrc: 7, direction: true, frequency: 48_000, channels: 1, codec: Codec::Opus };
            let key = &KEY[..suite.key_bytes()];
            let mut sealer = Sealer::new(stream, suite, key, 1).expect("a sealer");
            let packets: Vec<Vec<u8>> = (0..64)
                .map(|n: usize| {
                    let mut packet = vec![0; 20 + n * 5 + sealer.overhead()];
                    let wish = Wish { timestamp: n as u64 * 20, ..Wish::default() };
                    sealer.seal_into(&vec![n as u8; 20 + n * 5], wish, &mut packet).expect("a packet");
                    packet
                })
                .collect();
            let accepts = Accepts { format, ssrc: Some(7), direction: Some(true) };
            (packets, suite, Opener::new(accepts, suite, key).expect("an opener"))
        })
        .collect();
    let (mut packet, mut out) = (Vec::new(), vec![0; 80_000]);
    let rounds = for_a_while(|| {
        let which = random.below(worlds.len());
        let (packets, suite, opener) = &mut worlds[which];
        random.mutate(packets, &mut packet);
        let outcome = match opener.open_into(&packet, &mut out) {
            Ok(header) => {
                let payload = &out[..header.length];
                assert!(!suite.authenticates() || packets.contains(&packet), "a forgery: {packet:?}");
                assert!(!suite.authenticates() || payload.iter().all(|byte| *byte == payload[0]));
                "opened".to_owned()
            }
            Err(error) => {
                let expected = [ErrorCode::PacketMalformed, ErrorCode::Replay, ErrorCode::AuthFailed];
                assert!(expected.contains(&error.code), "{error}");
                error.code.as_str().to_owned()
            }
        };
        *outcomes.entry(outcome).or_default() += 1;
    });
    println!("{rounds} packets into openers: {outcomes:?}");
    assert_eq!(outcomes.len(), 4, "{outcomes:?}");
}

#[test]
fn the_receiver_goes_on_whatever_comes_and_grows_no_further() {
    let mut random = Random::seeded(3);
    let mut opus = Vec::new();
    let mut sealed = Vec::new();
    for (number, payload) in (1..).zip(opus_packets()) {
        let stamp = |sequence, timestamp| Stamp { sequence, timestamp, frames: 0, marker: false };
        let stream = Stream {
            format: Format::SeqPts,
            ssrc: 0,
            direction: false,
            frequency: 48_000,
            channels: 1,
            codec: Codec::Opus,
        };
        let length = payload.len();
        let mut packet = vec![0; 24];
        Header { stream, stamp: stamp(number, u64::from(number) * 20_000), length }.write(&mut packet);
        packet.extend_from_slice(&payload);
        opus.push(packet);
        let mut sealer = Sealer::new(stream, Suite::Aes128Gcm, &KEY[..16], number).expect("a sealer");
        let mut packet = vec![0; length + sealer.overhead()];
        let wish = Wish { timestamp: u64::from(number) * 20_000, ..Wish::default() };
        sealer.seal_into(&payload, wish, &mut packet).expect("a packet");
        sealed.push(packet);
    }
    let pcm = (0..100).map(|index| room::pcm(index, 1, (16_000, 2), |frame| (frame % 50) as f32 / 100.0)).collect();
    let accepts = Accepts { format: Format::SeqPts, ssrc: None, direction: None };
    let opener = || Opener::new(accepts, Suite::Aes128Gcm, &KEY[..16]).expect("an opener");
    let speaker = || room::Speaker::new(48_000, 1, 480, 0.0);
    let mut worlds: Vec<(Vec<Vec<u8>>, room::Room)> = vec![
        (pcm, room::Room::new(speaker(), None, decode::Codec::Pcm, None)),
        (opus, room::Room::new(speaker(), None, decode::Codec::Opus, None)),
        (sealed, room::Room::new(speaker(), Some(opener()), decode::Codec::Opus, None)),
    ];
    let (mut packet, mut now, mut sent) = (Vec::new(), 0.0, 0u64);
    let (mut live, mut grown) = (0, 0);
    let rounds = for_a_while(|| {
        now += 10.0;
        for (packets, room) in &mut worlds {
            let few = if random.below(20) == 0 { 200 } else { 3 };
            let batch: Vec<_> = (0..random.below(few))
                .map(|_| {
                    random.mutate(packets, &mut packet);
                    (now - random.below(10) as f64, packet.clone())
                })
                .collect();
            sent += batch.len() as u64;
            room.run(batch, now);
            room.told.clear();
            let mut speaker = room.speaker.lock().expect("one thread");
            // A filter overshoots where samples jump from one end to the other.
            assert!(speaker.heard.iter().all(|sample| (-4.0..=4.0).contains(sample)));
            speaker.heard.truncate(1);
        }
        // What buffers there are have been filled after some minutes.
        grown = LIVE.load(Ordering::Relaxed) - live;
        if now < 200_000.0 {
            live = LIVE.load(Ordering::Relaxed);
        }
    });
    for (_, room) in &worlds {
        let stats = room.stats();
        println!("{stats:?}, {} overflowed", room.overflowed);
        assert!(stats.totals.lost < 100 * sent, "{stats:?}");
        assert!(stats.entrance.malformed > 0 && stats.delay_ms < 3_000.0, "{stats:?}");
    }
    println!("{rounds} rounds, {sent} packets into receivers, grown by {grown} bytes");
    assert!(grown < 16 << 20, "{grown} bytes");
}
