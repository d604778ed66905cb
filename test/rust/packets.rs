//! Encryption against published vectors, and packets against everything that a network may do to them.

#[path = "packets/numbers.rs"]
mod numbers;
#[path = "packets/vectors.rs"]
mod vectors;

use sdl_callback_audio::error::ErrorCode;
use sdl_callback_audio::packet::aes_ctr::{AesKey, Iv, Keystream};
use sdl_callback_audio::packet::fresh::FreshTimestamps;
use sdl_callback_audio::packet::header::{Codec, Format, Header, Stream};
use sdl_callback_audio::packet::open::{Accepts, Opener};
use sdl_callback_audio::packet::seal::{Sealer, Wish};
use sdl_callback_audio::packet::suite::{Cipher, Suite};
use vectors::{CTR, GCM, RFC3711_B2, bytes};

const FORMATS: [Format; 2] = [Format::Xiaozhi, Format::SeqPts];
const SUITES: [Suite; 5] = [Suite::Aes128Ctr, Suite::Aes192Ctr, Suite::Aes256Ctr, Suite::Aes128Gcm, Suite::Aes256Gcm];
const KEY: [u8; 32] = *b"thirty-two bytes make a long key";

fn iv(hex: &str) -> Iv {
    bytes(hex).try_into().expect("16 bytes")
}

fn stream(format: Format) -> Stream {
    Stream { format, ssrc: 0x0102_0304, direction: false, frequency: 48_000, channels: 1, codec: Codec::Opus }
}

fn key_of(suite: Suite) -> &'static [u8] {
    &KEY[..suite.key_bytes()]
}

fn sealer(format: Format, suite: Suite) -> Sealer {
    Sealer::new(stream(format), suite, key_of(suite), 1).expect("a sealer")
}

fn opener(format: Format, suite: Suite) -> Opener {
    let accepts = Accepts { format, ssrc: Some(stream(format).ssrc), direction: Some(false) };
    Opener::new(accepts, suite, key_of(suite)).expect("an opener")
}

fn seal(sealer: &mut Sealer, payload: &[u8], timestamp: u64) -> Vec<u8> {
    let mut packet = vec![0; payload.len() + sealer.overhead()];
    let wish = Wish { timestamp, ..Wish::default() };
    assert_eq!(sealer.seal_into(payload, wish, &mut packet).expect("a packet"), packet.len());
    packet
}

fn open(opener: &mut Opener, packet: &[u8]) -> Result<Vec<u8>, ErrorCode> {
    let mut out = vec![0; packet.len()];
    let header = opener.open_into(packet, &mut out).map_err(|error| error.code)?;
    out.truncate(header.length);
    Ok(out)
}

/// Pseudo-random numbers.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}

#[test]
fn counter_mode_gives_the_vectors_of_sp_800_38a() {
    for vector in CTR {
        let key = AesKey::new(&bytes(vector.key)).expect("a key");
        for (from, to) in [(vector.plain, vector.cipher), (vector.cipher, vector.plain)] {
            let mut data = bytes(from);
            key.apply(&iv(vector.counter), &mut data);
            assert_eq!(data, bytes(to), "{}", vector.name);
        }
    }
}

#[test]
fn counter_mode_gives_the_keystream_of_rfc_3711() {
    // The counter starts with the session salt and runs to 0xff02: 1 044 512 bytes, whose start and end are printed there.
    let key = AesKey::new(&bytes(RFC3711_B2.key)).expect("a key");
    let mut stream = vec![0; 0xff03 * 16];
    key.apply(&iv(RFC3711_B2.counter), &mut stream);
    assert_eq!(stream[..48], bytes(RFC3711_B2.start));
    assert_eq!(stream[0xfeff * 16..0xff02 * 16], bytes(RFC3711_B2.end));
}

#[test]
fn the_counter_carries_through_all_its_bits() {
    let key = AesKey::new(&KEY[..16]).expect("a key");
    for at in
        ["ffffffffffffffffffffffffffffffff", "00000000ffffffffffffffffffffffff", "000000000000000000000000ffffffff"]
    {
        let counter = u128::from_be_bytes(iv(at));
        let mut together = vec![0; 16 * 20];
        key.apply(&iv(at), &mut together);
        for (step, block) in (0..20u128).zip(together.chunks(16)) {
            let mut alone = [0; 16];
            key.apply(&counter.wrapping_add(step).to_be_bytes(), &mut alone);
            assert_eq!(block, alone, "{at} + {step}");
        }
    }
}

#[test]
fn a_stream_may_be_split_anywhere() {
    let key = AesKey::new(&KEY).expect("a key");
    let mut together = vec![7; 300];
    key.apply(&[9; 16], &mut together);
    let mut random = Random(5);
    for first in 0..300 {
        let mut data = vec![7; 300];
        let mut stream = Keystream::new(&key, &[9; 16]);
        let (a, b) = data.split_at_mut(first);
        stream.apply(a);
        b.chunks_mut(1 + random.next() as usize % 50).for_each(|chunk| stream.apply(chunk));
        assert_eq!(data, together, "split at {first}");
    }
}

#[test]
fn gcm_gives_the_published_vectors_and_refuses_every_flipped_bit() {
    for vector in GCM {
        let key = bytes(vector.key);
        let suite = if key.len() == 16 { Suite::Aes128Gcm } else { Suite::Aes256Gcm };
        let cipher = Cipher::new(suite, &key).expect("a key");
        let mut nonce = [0; 16];
        nonce[..12].copy_from_slice(&bytes(vector.iv));
        let (plain, aad) = (bytes(vector.plain), bytes(vector.aad));
        let mut data = [&plain[..], &[0; 16]].concat();
        assert_eq!(cipher.seal(&nonce, &aad, &mut data, plain.len()).expect("sealed"), data.len());
        assert_eq!(data, [bytes(vector.cipher), bytes(vector.tag)].concat(), "{}", vector.name);
        let (sealed, tag) = data.split_at(plain.len());
        let mut opened = sealed.to_vec();
        cipher.open(&nonce, &aad, &mut opened, tag).expect("opened");
        assert_eq!(opened, plain);
        for bit in 0..8 * (data.len() + aad.len()) {
            let (mut data, mut aad) = (data.clone(), aad.clone());
            let place = if bit / 8 < data.len() { &mut data[bit / 8] } else { &mut aad[bit / 8 - plain.len() - 16] };
            *place ^= 1 << (bit % 8);
            let (sealed, tag) = data.split_at_mut(plain.len());
            let refused = cipher.open(&nonce, &aad, sealed, tag).expect_err("a forgery");
            assert_eq!(
                (refused.code, sealed.iter().all(|byte| *byte == 0)),
                (ErrorCode::AuthFailed, true),
                "bit {bit}"
            );
        }
    }
}

#[test]
fn keys_of_other_lengths_are_refused() {
    for length in (0..=64).filter(|length| ![16, 24, 32].contains(length)) {
        assert_eq!(AesKey::new(&vec![1; length]).err().expect("a refusal").code, ErrorCode::KeyLength);
    }
    for suite in SUITES {
        for length in (0..=64).filter(|length| *length != suite.key_bytes()) {
            assert_eq!(Cipher::new(suite, &vec![1; length]).err().expect("a refusal").code, ErrorCode::KeyLength);
        }
    }
}

#[test]
fn what_was_sealed_opens_in_every_format_and_suite() {
    let mut random = Random(1);
    for format in FORMATS {
        for suite in SUITES {
            let (mut sealer, mut opener) = (sealer(format, suite), opener(format, suite));
            for sequence in 1..300u32 {
                let payload: Vec<u8> = (0..1 + random.next() % 400).map(|_| random.next() as u8).collect();
                let timestamp = random.next() as u32;
                let packet = seal(&mut sealer, &payload, u64::from(timestamp));
                let header = Header::read(format, &packet, suite.tag_bytes()).expect("a header");
                assert_eq!(header.stamp.sequence, sequence);
                assert_eq!(open(&mut opener, &packet), Ok(payload));
                assert_eq!(open(&mut opener, &packet), Err(ErrorCode::Replay));
            }
        }
    }
}

#[test]
fn the_bytes_on_the_wire_are_those_of_the_formats() {
    let packet = seal(&mut sealer(Format::Xiaozhi, Suite::Aes128Ctr), &[0; 5], 0xa0b0_c0d0);
    assert_eq!(packet[..16], bytes("01000005 01020304 a0b0c0d0 00000001"));
    let mut keystream = [0; 5];
    AesKey::new(&KEY[..16]).expect("a key").apply(&packet[..16].try_into().expect("16 bytes"), &mut keystream);
    assert_eq!(packet[16..], keystream);

    let packet = seal(&mut sealer(Format::SeqPts, Suite::Aes128Gcm), &[0x78, 0, 0], 0x0001_0203_0405_0607);
    assert_eq!(packet[..24], bytes("01010100 80bb0000 c0030000 01000000 0706050403020100"));
    assert_eq!(packet.len(), 24 + 3 + 16);
}

#[test]
fn no_packet_with_a_tag_survives_a_flipped_bit() {
    for format in FORMATS {
        let (mut sealer, mut opener) = (sealer(format, Suite::Aes256Gcm), opener(format, Suite::Aes256Gcm));
        let packet = seal(&mut sealer, b"forty bytes of something that matters...", 77);
        for bit in 0..8 * packet.len() {
            let mut forged = packet.clone();
            forged[bit / 8] ^= 1 << (bit % 8);
            let code = open(&mut opener, &forged).expect_err("a forgery");
            assert!(
                matches!(code, ErrorCode::AuthFailed | ErrorCode::PacketMalformed),
                "{format:?} bit {bit}: {code:?}"
            );
        }
        assert!(open(&mut opener, &packet).is_ok(), "forgeries do not move the window");
    }
}

#[test]
fn other_streams_directions_and_shapes_are_malformed() {
    for format in FORMATS {
        for suite in SUITES {
            let mut opener = opener(format, suite);
            let thrown_back = Stream { direction: true, ..stream(format) };
            let mut other = Sealer::new(thrown_back, suite, key_of(suite), 1).expect("a sealer");
            let packet = seal(&mut other, &[1, 2, 3], 0);
            assert_eq!(open(&mut opener, &packet), Err(ErrorCode::PacketMalformed));
            if format == Format::Xiaozhi {
                let mut other =
                    Sealer::new(Stream { ssrc: 9, ..stream(format) }, suite, key_of(suite), 1).expect("a sealer");
                assert_eq!(open(&mut opener, &seal(&mut other, &[1, 2, 3], 0)), Err(ErrorCode::PacketMalformed));
            }
            let packet = seal(&mut sealer(format, suite), &[1, 2, 3], 0);
            for length in 0..packet.len() {
                let code = open(&mut opener, &packet[..length]).err();
                let fine = format == Format::SeqPts && !suite.authenticates() && length > 24;
                let wanted = if fine { None } else { code.filter(|code| *code != ErrorCode::Replay) };
                if length <= format.header_bytes() + suite.tag_bytes() || format == Format::Xiaozhi {
                    assert_eq!(code, Some(ErrorCode::PacketMalformed), "{format:?} {suite:?} {length}");
                } else if suite.authenticates() {
                    assert_eq!(wanted, Some(ErrorCode::AuthFailed));
                }
            }
        }
    }
}

/// Stamps `packets` as the sealer does and looks whether any two of them share a block of keystream: how many do, and how many
/// were moved on. (Sealed packets are looked at from JavaScript, where the optimised code runs.)
fn repeats(packets: usize, mut next: impl FnMut(usize) -> (usize, u32)) -> (usize, usize) {
    let mut fresh = FreshTimestamps::new();
    let (mut used, mut moved) = (Vec::with_capacity(packets), 0);
    for index in 0..packets {
        let (length, wanted) = next(index);
        let timestamp = fresh.take(length as u16, wanted);
        moved += usize::from(timestamp != wanted);
        let first = (length as u128) << 64 | u128::from(timestamp) << 32 | (index + 1) as u128;
        used.push((first, length.div_ceil(16) as u128));
    }
    used.sort_unstable();
    (used.windows(2).filter(|pair| pair[0].0 + pair[0].1 > pair[1].0).count(), moved)
}

#[test]
fn no_keystream_is_used_twice_whatever_the_timestamps() {
    let count = 1_000_000;
    assert_eq!(repeats(count, |_| (160, 5)).0, 0, "constant length and timestamp");
    let mut random = Random(2);
    assert_eq!(repeats(count, |_| (1 + random.next() as usize % 400, 5)).0, 0, "constant timestamp, variable length");
    let (again, moved) = repeats(count / 10, |index| (160, index as u32 * 960));
    assert_eq!((again, moved), (0, 0), "timestamps that go on are left alone");
    for most in [3, 40, 5_000] {
        let near = repeats(count / 10, |_| (1 + random.next() as usize % 90, u32::MAX - (random.next() % most) as u32));
        assert_eq!(near.0, 0, "timestamps that jump about within {most}");
        let long = repeats(3_000, |_| (65_535 - random.next() as usize % 2, (random.next() % most) as u32));
        assert_eq!(long.0, 0, "the longest payloads, timestamps within {most}");
    }
}

#[test]
fn refused_payloads_take_no_sequence() {
    for format in FORMATS {
        let mut sealer = sealer(format, Suite::Aes128Gcm);
        let overhead = sealer.overhead();
        let mut room = vec![0; 70_000];
        let mut refuse = |length: usize, room: &mut [u8]| {
            sealer.seal_into(&vec![1; length], Wish::default(), room).map_err(|error| error.code)
        };
        assert_eq!(refuse(0, &mut room), Err(ErrorCode::OutOfRange));
        assert_eq!(refuse(65_536, &mut room), Err(ErrorCode::OutOfRange));
        assert_eq!(refuse(100, &mut room[..99 + overhead]), Err(ErrorCode::OutOfRange));
        assert_eq!(sealer.sequence(), Some(1));
    }
}

#[test]
fn samples_are_sealed_only_under_the_number_of_frames_that_they_are() {
    let samples = Stream { channels: 2, codec: Codec::Pcm, ..stream(Format::SeqPts) };
    let mut sealer = Sealer::new(samples, Suite::Aes128Gcm, &KEY[..16], 1).expect("a sealer");
    let mut packet = [0; 200];
    for wrong in [0, 9, 11, 999, u32::MAX] {
        let wish = Wish { frames: Some(wrong), ..Wish::default() };
        let refused = sealer.seal_into(&[0; 80], wish, &mut packet).expect_err("a refusal");
        assert_eq!((refused.code, sealer.sequence()), (ErrorCode::OutOfRange, Some(1)), "{wrong} frames");
    }
    let mut opener = opener(Format::SeqPts, Suite::Aes128Gcm);
    for frames in [Some(10), None] {
        let wish = Wish { frames, ..Wish::default() };
        let size = sealer.seal_into(&[0; 80], wish, &mut packet).expect("a packet");
        assert_eq!(opener.open_into(&packet[..size], &mut [0; 100]).expect("authentic").stamp.frames, 10);
    }
}

#[test]
fn an_opener_keeps_the_window_of_64_packets() {
    let (mut sealer, mut opener) = (sealer(Format::SeqPts, Suite::Aes128Gcm), opener(Format::SeqPts, Suite::Aes128Gcm));
    let packets: Vec<Vec<u8>> = (0..200).map(|n| seal(&mut sealer, &[1; 30], n)).collect();
    assert!(open(&mut opener, &packets[99]).is_ok());
    for (late, packet) in packets.iter().enumerate().take(99) {
        let wanted = if 99 - late < 64 { None } else { Some(ErrorCode::Replay) };
        assert_eq!(open(&mut opener, packet).err(), wanted, "{} packets late", 99 - late);
        assert_eq!(open(&mut opener, packet).err(), Some(ErrorCode::Replay));
    }
}
