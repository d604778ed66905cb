//! JavaScript threads to voice thread: packets as they came, and when. The memory is as long as it was made; what finds no room is
//! not taken.

use ringbuf::traits::{Consumer, Observer, Producer, Split};
use ringbuf::{HeapCons, HeapProd, HeapRb};

use crate::units::Micros;

/// Before each packet: its length, and when it arrived.
const HEAD_BYTES: usize = size_of::<u32>() + size_of::<f64>();

pub struct PacketWriter {
    lane: HeapProd<u8>,
}

pub struct PacketReader {
    lane: HeapCons<u8>,
}

/// A lane that holds `bytes`, of which every packet takes twelve more than it has.
#[expect(clippy::disallowed_methods, reason = "not for the audio thread")]
pub fn packet_lane(bytes: usize) -> (PacketWriter, PacketReader) {
    let (writer, reader) = HeapRb::new(bytes).split();
    (PacketWriter { lane: writer }, PacketReader { lane: reader })
}

impl PacketWriter {
    /// Hands over a copy of `packet`; false where there is no room for it.
    pub fn push(&mut self, packet: &[u8], arrival: Micros) -> bool {
        let Ok(length) = u32::try_from(packet.len()) else { return false };
        if self.lane.vacant_len() < packet.len().saturating_add(HEAD_BYTES) {
            return false;
        }
        // The reader waits until the last of them is there.
        let mut head = [0; HEAD_BYTES];
        let (first, second) = head.split_at_mut(size_of::<u32>());
        first.copy_from_slice(&length.to_ne_bytes());
        second.copy_from_slice(&arrival.0.to_ne_bytes());
        self.lane.push_slice(&head);
        self.lane.push_slice(packet);
        true
    }
}

impl PacketReader {
    /// Moves the oldest packet into `into`, which has room for the longest that the lane can hold; returns its length and when it
    /// arrived.
    pub fn pop(&mut self, into: &mut [u8]) -> Option<(usize, Micros)> {
        let mut head = [0; HEAD_BYTES];
        if self.lane.peek_slice(&mut head) < HEAD_BYTES {
            return None;
        }
        let length = u32::from_ne_bytes(*head.first_chunk()?) as usize;
        let arrival = f64::from_ne_bytes(*head.last_chunk()?);
        if self.lane.occupied_len() < HEAD_BYTES + length {
            return None;
        }
        self.lane.skip(HEAD_BYTES);
        let copied = into.get_mut(..length).map_or(0, |into| self.lane.pop_slice(into));
        self.lane.skip(length - copied);
        Some((copied, Micros(arrival)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_of_any_length_come_out_as_they_went_in_and_what_finds_no_room_is_not_taken() {
        let (mut writer, mut reader) = packet_lane(1000);
        let mut into = [0; 1000];
        let (mut sent, mut got, mut refused) = (0u64, 0u64, 0);
        for round in 0..10_000u64 {
            let length = (round * 7919 % 300) as usize;
            if writer.push(&vec![sent as u8; length], Micros(sent as f64 + length as f64 * 1e6)) {
                sent += 1;
            } else {
                refused += 1;
            }
            if round % 2 == 0
                && let Some((length, arrival)) = reader.pop(&mut into)
            {
                assert_eq!(arrival.0, got as f64 + length as f64 * 1e6);
                assert!(into[..length].iter().all(|byte| *byte == got as u8));
                got += 1;
            }
        }
        assert!(got > 1000 && refused > 1000);
        while reader.pop(&mut into).is_some() {
            got += 1;
        }
        assert_eq!(sent, got);
        assert!(!writer.push(&[0; 989], Micros(0.0)) && writer.push(&[0; 988], Micros(0.0)));
    }

    #[test]
    fn a_reader_on_another_thread_sees_whole_packets() {
        let (mut writer, mut reader) = packet_lane(4096);
        let count = 20_000u32;
        let reading = std::thread::spawn(move || {
            let (mut into, mut next) = ([0; 4096], 0);
            while next < count {
                if let Some((length, arrival)) = reader.pop(&mut into) {
                    assert_eq!((length, arrival.0), ((next % 97) as usize, f64::from(next)));
                    assert!(into[..length].iter().all(|byte| *byte == next as u8));
                    next += 1;
                }
            }
        });
        for packet in 0..count {
            while !writer.push(&vec![packet as u8; (packet % 97) as usize], Micros(f64::from(packet))) {
                std::hint::spin_loop();
            }
        }
        assert!(reading.join().is_ok());
    }
}
