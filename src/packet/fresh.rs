//! Any thread. Keeps the `xiaozhi` format from using keystream twice. There the header is the initial counter, and the block
//! counter runs into the sequence: packets of the same length and timestamp, less than their number of blocks apart in
//! sequence, would share keystream. Such a packet gets the next timestamp that none of those has.

use crate::packet::aes_ctr::BLOCK_BYTES;

/// No payload has more blocks: its length is a u16.
const MOST_BLOCKS: usize = (u16::MAX as usize).div_ceil(BLOCK_BYTES);
/// The most packets after one that can share keystream with it.
pub const REACH: u32 = MOST_BLOCKS as u32 - 1;

#[derive(Clone, Copy, Default)]
struct Sent {
    length: u16,
    timestamp: u32,
}

/// What was sent under the last sequence numbers: as many as the longest payload so far has blocks. Older packets are out of
/// reach of any counter to come.
pub struct FreshTimestamps {
    recent: Vec<Sent>,
    /// Packets sent.
    sent: usize,
}

impl FreshTimestamps {
    pub fn new() -> FreshTimestamps {
        FreshTimestamps { recent: Vec::new(), sent: 0 }
    }

    /// The timestamp to send a payload of `length` bytes under, as close after `wanted` as can be. Allocates only for payloads
    /// longer than any before.
    pub fn take(&mut self, length: u16, wanted: u32) -> u32 {
        let blocks = usize::from(length).div_ceil(BLOCK_BYTES);
        self.grow(blocks);
        let mask = self.recent.len().wrapping_sub(1);
        let mut taken = [0u64; MOST_BLOCKS.div_ceil(64)];
        for back in 1..blocks.min(self.sent + 1) {
            let before = self.recent[(self.sent - back) & mask];
            let ahead = before.timestamp.wrapping_sub(wanted) as usize;
            if before.length == length && ahead < blocks {
                taken[ahead / 64] |= 1 << (ahead % 64);
            }
        }
        // Fewer packets than blocks are in reach, so one of the timestamps is free.
        let words = blocks.div_ceil(64).max(1);
        let full = taken[..words].iter().take_while(|word| **word == u64::MAX).count();
        let free = full * 64 + taken.get(full).map_or(0, |word| word.trailing_ones() as usize);
        let timestamp = wanted.wrapping_add(free as u32);
        if let Some(slot) = self.recent.get_mut(self.sent & mask) {
            *slot = Sent { length, timestamp };
        }
        self.sent += 1;
        timestamp
    }

    /// Room for as many packets as there are blocks, in a power of two. Where a longer payload comes for the first time, no
    /// packet before it had its length.
    fn grow(&mut self, blocks: usize) {
        let room = blocks.next_power_of_two();
        if room <= self.recent.len() {
            return;
        }
        let mut recent = vec![Sent::default(); room];
        let (old, new) = (self.recent.len().wrapping_sub(1), room - 1);
        for back in 1..=self.recent.len().min(self.sent) {
            recent[(self.sent - back) & new] = self.recent[(self.sent - back) & old];
        }
        self.recent = recent;
    }
}
