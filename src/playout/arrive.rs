//! Any thread. How packets come into a jitter buffer: each where it belongs, no more than are wanted, and a sender that begins anew
//! is followed.

use crate::playout::delay::Seen;
use crate::playout::jitter::{Arrived, JitterBuffer, Stray};
use crate::playout::options::{Mode, Options};
use crate::playout::store::{Packet, Store};
use crate::units::Micros;

/// What may wait beyond the longest delay before the oldest is thrown away.
const OVERFLOW_MS: f64 = 1000.0;
/// Packets that may wait, however short they are.
const MOST_PACKETS: usize = 1024;
/// A packet whose transit time is off by so much belongs to another timeline.
const EARLY_MS: f64 = 500.0;
const LATE_MS: f64 = 2000.0;
/// So does one whose number is off by so much, whatever its time (RFC 3550, A.1).
const FAR_PACKETS: i64 = 3000;
/// Packets of another timeline that have to agree before it is followed.
const AGREE: usize = 2;
/// The same for packets that are merely late, one after the other, with none in time.
const AGREE_LATE: usize = 5;
/// Nor do so many duplicates come so long after what they repeat: their sender has begun anew, with the numbers that it had.
const AGAIN_MS: f64 = 500.0;

impl JitterBuffer {
    /// Takes a packet that arrived at `arrival`. What is no packet of this stream is counted as refused.
    pub fn push(&mut self, sequence: u32, timestamp: u32, payload: &[u8], arrival: Micros) {
        let Options { rate, channels, .. } = self.options;
        let Some(frames) = self.decoder.frames(payload, rate, channels) else {
            self.totals.refused += 1;
            return;
        };
        if self.ms(frames) > 1000.0 || !arrival.0.is_finite() {
            self.totals.refused += 1;
            return;
        }
        let (sequence, timestamp) = (self.sequences.peek(sequence), self.timestamps.peek(timestamp));
        let packet = Packet { sequence, timestamp, frames, payload: self.store.copy(payload) };
        let transit = arrival.0 / 1000.0 - self.ms(timestamp);
        let base = self.delay.base();
        let known = base < f64::MAX;
        let far = self.store.newest().is_some_and(|newest| (sequence - newest).abs() > FAR_PACKETS);
        let elsewhere = known && (far || transit < base - EARLY_MS || transit > base + LATE_MS);
        let behind = self.playing && sequence < self.cursor;
        let seen = self.store.has_seen(sequence);
        // A number that came before, with a time beyond all others, is that of a sender that counts anew.
        if seen && !elsewhere && timestamp < self.latest {
            self.totals.duplicate += 1;
            if transit > base + AGAIN_MS {
                return self.stray(Stray { packet, counted: true }, transit, AGREE_LATE);
            }
            return self.store.give_back(packet.payload);
        }
        if elsewhere || seen || (behind && timestamp >= self.end) {
            return self.stray(Stray { packet, counted: false }, transit, AGREE);
        }
        if behind {
            self.totals.late += 1;
            self.store.mark(sequence);
            self.note(&packet, transit, true);
            return self.stray(Stray { packet, counted: true }, transit, AGREE_LATE);
        }
        self.forget_strays();
        self.accept(packet, transit);
    }

    fn accept(&mut self, packet: Packet, transit: f64) {
        let overtaken = self.store.newest().is_some_and(|newest| packet.sequence < newest);
        self.sequences.next(packet.sequence as u32);
        self.timestamps.next(packet.timestamp as u32);
        self.store.mark(packet.sequence);
        self.note(&packet, transit, overtaken);
        self.latest = self.latest.max(packet.end());
        self.store.insert(packet);
        self.bound();
    }

    fn note(&mut self, packet: &Packet, transit_ms: f64, overtaken: bool) {
        let media_ms = self.ms(packet.timestamp);
        let seen = Seen { transit_ms, usable_ms: transit_ms, overtaken };
        if self.delay.base() == f64::MAX {
            // Long ago: when blocks are asked for it counts once more, and is what the first interval begins with.
            self.delay.observe(seen, transit_ms);
        } else if self.arrived.len() == MOST_PACKETS {
            self.delay.observe(seen, media_ms + transit_ms);
        }
        if self.arrived.len() < MOST_PACKETS {
            self.arrived.push(Arrived { media_ms, transit_ms, overtaken });
        }
    }

    /// Holds a packet that does not fit; follows it when `agree` of them in a row fit each other.
    fn stray(&mut self, stray: Stray, transit: f64, agree: usize) {
        let follows = self.strays.last().is_some_and(|last| stray.packet.sequence == last.packet.sequence + 1);
        if !follows || (transit - self.stray_transit).abs() > 100.0 {
            self.forget_strays();
        }
        self.stray_transit = transit;
        self.strays.push(stray);
        if self.strays.len() < agree {
            return;
        }
        self.totals.restarts += 1;
        // Those that were late have taught what is wrong.
        if let Some(first) = self.strays.first().filter(|first| first.counted) {
            self.delay.forget_since(self.ms(first.packet.timestamp) + transit);
        }
        self.totals.discarded += self.store.len() as u64;
        self.store.clear();
        self.arrived.clear();
        // Nobody knows how fast this one is; taken for the fastest, it would add to the delay each time.
        self.delay.shift(transit - self.delay.usual());
        self.line.clear_ahead();
        (self.playing, self.anew) = (false, true);
        self.latest = i64::MIN;
        self.gap = None;
        for stray in std::mem::take(&mut self.strays) {
            self.accept(stray.packet, transit);
        }
    }

    /// They were of no other timeline.
    fn forget_strays(&mut self) {
        for Stray { packet, counted } in self.strays.drain(..) {
            self.totals.discarded += u64::from(!counted);
            self.store.give_back(packet.payload);
        }
    }

    /// Nobody listens at `now`: leaves out what would have been heard by then, so that sound goes on at its time when a block is asked
    /// for again.
    pub fn rest(&mut self, now: Micros) {
        let now = now.0 / 1000.0;
        for Arrived { transit_ms, overtaken, .. } in self.arrived.drain(..) {
            self.delay.observe(Seen { transit_ms, usable_ms: transit_ms, overtaken }, now);
        }
        self.playing = false;
        self.gap = None;
        self.line.clear_ahead();
        let due = now - self.target();
        while self.store.first().is_some_and(|first| self.ms(first.end()) <= due) {
            self.leave_out_first();
        }
    }

    /// What is between the last packet and this one is lost.
    pub(super) fn miss_until(&mut self, sequence: i64) {
        if !std::mem::take(&mut self.anew) {
            self.totals.lost += (sequence - self.cursor).max(0) as u64;
        }
    }

    fn leave_out_first(&mut self) {
        let Some(packet) = self.store.take_first() else { return };
        self.miss_until(packet.sequence);
        self.cursor = packet.sequence + 1;
        self.totals.discarded += 1;
        self.store.give_back(packet.payload);
    }

    /// Keeps what waits within bounds: the newest is kept, and as much as the delay asks for.
    fn bound(&mut self) {
        let most = match self.options.mode {
            Mode::Auto { max_ms, .. } => max_ms,
            Mode::Fixed { ms } => ms,
        };
        let most = self.frames(most + OVERFLOW_MS);
        let Some(end) = self.store.last().map(Packet::end) else { return };
        let over = |first: &Packet, most: i64| end - first.timestamp > most;
        let count = self.store.len();
        // Packets that overlap last longer than the time that they cover.
        let much = |store: &Store| store.frames() > 2 * most;
        if count <= MOST_PACKETS && !much(&self.store) && !self.store.first().is_some_and(|first| over(first, most)) {
            return;
        }
        let keep = self.frames(self.target_ms());
        while let Some(first) = self.store.first() {
            if !over(first, keep) && self.store.len() <= MOST_PACKETS / 2 && !much(&self.store) {
                break;
            }
            self.leave_out_first();
        }
    }
}
