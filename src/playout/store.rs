//! Any thread. Packets in the order in which they are to be played, each at most once.

use std::collections::BTreeMap;

/// Sequence numbers behind the newest for which it is known whether they came.
const WINDOW: i64 = 1024;

/// Still encoded.
#[derive(Clone, Debug)]
pub struct Packet {
    pub sequence: i64,
    /// Frames.
    pub timestamp: i64,
    pub frames: i64,
    pub payload: Vec<u8>,
}

impl Packet {
    pub fn end(&self) -> i64 {
        self.timestamp + self.frames
    }
}

#[derive(Clone, Debug)]
pub struct Store {
    packets: BTreeMap<i64, Packet>,
    /// What they last, all together.
    frames: i64,
    newest: Option<i64>,
    seen: [u64; WINDOW as usize / 64],
    spare: Vec<Vec<u8>>,
}

impl Store {
    pub fn new() -> Store {
        Store { packets: BTreeMap::new(), frames: 0, newest: None, seen: [0; WINDOW as usize / 64], spare: Vec::new() }
    }

    fn bit(sequence: i64) -> (usize, u64) {
        let at = sequence.rem_euclid(WINDOW);
        (at as usize / 64, 1 << (at % 64))
    }

    pub fn newest(&self) -> Option<i64> {
        self.newest
    }

    /// Whether this number has come before. What is too old to tell has.
    pub fn has_seen(&self, sequence: i64) -> bool {
        let Some(newest) = self.newest else { return false };
        let (word, bit) = Store::bit(sequence);
        sequence <= newest && (newest - sequence >= WINDOW || self.seen[word] & bit != 0)
    }

    pub fn mark(&mut self, sequence: i64) {
        let from = self.newest.map_or(sequence - WINDOW, |newest| newest.max(sequence - WINDOW));
        for skipped in from + 1..=sequence {
            let (word, bit) = Store::bit(skipped);
            self.seen[word] &= !bit;
        }
        let (word, bit) = Store::bit(sequence);
        self.seen[word] |= bit;
        self.newest = Some(self.newest.map_or(sequence, |newest| newest.max(sequence)));
    }

    pub fn insert(&mut self, packet: Packet) {
        self.frames += packet.frames;
        if let Some(before) = self.packets.insert(packet.sequence, packet) {
            self.frames -= before.frames;
        }
    }

    /// Memory that holds a copy of `bytes`.
    pub fn copy(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut memory = self.spare.pop().unwrap_or_default();
        memory.clear();
        memory.extend_from_slice(bytes);
        memory
    }

    pub fn give_back(&mut self, memory: Vec<u8>) {
        if self.spare.len() < 16 {
            self.spare.push(memory);
        }
    }

    pub fn first(&self) -> Option<&Packet> {
        self.packets.first_key_value().map(|(_, packet)| packet)
    }

    pub fn last(&self) -> Option<&Packet> {
        self.packets.last_key_value().map(|(_, packet)| packet)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Packet> {
        self.packets.values()
    }

    pub fn take_first(&mut self) -> Option<Packet> {
        let (_, packet) = self.packets.pop_first()?;
        self.frames -= packet.frames;
        Some(packet)
    }

    /// What waits lasts so long, overlaps counted twice.
    pub fn frames(&self) -> i64 {
        self.frames
    }

    pub fn len(&self) -> usize {
        self.packets.len()
    }

    pub fn is_empty(&self) -> bool {
        self.packets.is_empty()
    }

    /// Forgets everything, as before the first packet.
    pub fn clear(&mut self) {
        let spare = std::mem::take(&mut self.spare);
        *self = Store { spare, ..Store::new() };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_known_once_they_came_and_not_before() {
        let mut store = Store::new();
        assert!(!store.has_seen(7));
        for sequence in [10, 12, 2000, 1500] {
            assert!(!store.has_seen(sequence));
            store.mark(sequence);
            assert!(store.has_seen(sequence));
        }
        assert!(store.has_seen(11), "too old to tell");
        assert!(!store.has_seen(1501) && !store.has_seen(2001) && !store.has_seen(1999));
    }
}
