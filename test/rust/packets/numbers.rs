//! The numbers of a sealer: where they end, and how a stream goes on with them.

use sdl_callback_audio::error::ErrorCode;
use sdl_callback_audio::packet::header::Format;
use sdl_callback_audio::packet::seal::{Sealer, Wish};
use sdl_callback_audio::packet::suite::Suite;

use super::{FORMATS, SUITES, key_of, seal, stream};

/// How many sequence numbers a sealer of this kind leaves out when it goes on after another.
fn left_out(format: Format, suite: Suite) -> u32 {
    if format == Format::Xiaozhi && !suite.authenticates() { 4_095 } else { 0 }
}

#[test]
fn a_sealer_refuses_to_wrap_and_keeps_refusing() {
    for format in FORMATS {
        for suite in SUITES {
            let first = u32::MAX - 1 - left_out(format, suite);
            let mut sealer = Sealer::new(stream(format), suite, key_of(suite), first).expect("a sealer");
            let mut packet = [0; 100];
            let mut sealed = 0;
            let refused = loop {
                match sealer.seal_into(&[1; 16], Wish::default(), &mut packet) {
                    Ok(_) => sealed += 1,
                    Err(error) => break error.code,
                }
            };
            assert_eq!((sealed, refused), (2, ErrorCode::NonceReuse));
            assert!(sealer.seal_into(&[1; 16], Wish::default(), &mut packet).is_err());
        }
    }
}

#[test]
fn only_where_the_sequence_counts_blocks_does_a_payload_reach_beyond_it() {
    for suite in SUITES {
        let first = u32::MAX - left_out(Format::Xiaozhi, suite);
        let stream = stream(Format::Xiaozhi);
        let mut sealer = Sealer::new(stream, suite, key_of(suite), first).expect("a sealer");
        let mut seal = |length: usize| {
            let refused = sealer.seal_into(&vec![0; length], Wish::default(), &mut [0; 100]).err();
            refused.map(|error| error.code)
        };
        if suite.authenticates() {
            assert_eq!(seal(17), None, "{suite:?}: the last number is as good as any other");
        } else {
            assert_eq!(seal(17), Some(ErrorCode::NonceReuse), "{suite:?}: a carry into the timestamp");
            assert_eq!(seal(16), None);
        }
    }
}

/// The counters of the blocks that the packets of `xiaozhi` were encrypted with.
fn counters(packets: &[Vec<u8>]) -> Vec<u128> {
    let blocks = |packet: &Vec<u8>| {
        let first = u128::from_be_bytes(packet[..16].try_into().expect("a header"));
        (0..(packet.len() as u128 - 16).div_ceil(16)).map(move |block| first + block)
    };
    packets.iter().flat_map(blocks).collect()
}

#[test]
fn a_sealer_that_goes_on_after_another_uses_none_of_its_keystream() {
    for suite in [Suite::Aes128Ctr, Suite::Aes192Ctr, Suite::Aes256Ctr] {
        for length in [1, 16, 17, 160, 400, 65_535] {
            let mut used = Vec::new();
            let mut next = 1;
            // Three lives of a stream, all under one timestamp.
            for count in [1, 5, 3] {
                let stream = stream(Format::Xiaozhi);
                let mut sealer = Sealer::new(stream, suite, key_of(suite), next).expect("a sealer");
                let packets: Vec<Vec<u8>> = (0..count).map(|_| seal(&mut sealer, &vec![0; length], 7)).collect();
                used.extend(counters(&packets));
                next = sealer.sequence().expect("a number");
            }
            let all = used.len();
            used.sort_unstable();
            used.dedup();
            assert_eq!(used.len(), all, "{suite:?}: blocks of keystream for {length} bytes at a time");
        }
    }
}

#[test]
fn a_sealer_goes_on_with_the_next_number_where_nothing_can_repeat() {
    for format in FORMATS {
        for suite in SUITES {
            let sealer = |first| Sealer::new(stream(format), suite, key_of(suite), first).expect("a sealer").sequence();
            assert_eq!(sealer(1), Some(1));
            assert_eq!(sealer(9), Some(9 + left_out(format, suite)));
            let none_left = left_out(format, suite) > 0;
            assert_eq!(sealer(u32::MAX - 4_094), (!none_left).then_some(u32::MAX - 4_094));
        }
    }
}
