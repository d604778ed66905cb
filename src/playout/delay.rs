//! Any thread. How long to hold sound back: the delay at which waiting longer would cost more than the gaps that it saves.

use std::collections::VecDeque;

use crate::playout::drift::Drift;

const INTERVAL_MS: f64 = 500.0;
/// Two minutes: by then an interval weighs a twentieth.
const INTERVALS: usize = 240;
/// Per interval: half after 38 s, so that what happens every ten seconds is not forgotten in between.
const FORGET: f64 = 0.991;
/// A lower delay has to be better by so much.
const STAY: f64 = 0.85;
/// As if so many quiet intervals had been seen: one bad moment at the start is no rule.
const PRIOR: f64 = 20.0;
/// A route is a new one when so many intervals overlap with none before.
const NEW_ROUTE: usize = 10;
/// What a late packet costs beside its sound, as ms of gap: a short gap is heard almost as well as a longer one.
const LATE_COST_MS: f64 = 70.0;
/// A gap of more than this takes whole syllables with it, and costs so much more.
const LONG_GAP_MS: f64 = 130.0;
const LONG_GAP_COST_MS: f64 = 125.0;
/// The same for a packet that was overtaken: its neighbours are there, and only it is missing.
const OVERTAKEN_COST_MS: f64 = 6.0;
/// Gaps, in ms a minute, that one more ms of delay has to save; two fifths more for every 100 ms, since talkers who hear each other late
/// begin to interrupt each other (ITU-T G.107).
const DELAY_COST: f64 = 8.0;
const DELAY_GROWTH: f64 = 1.9e-3;
/// Where packets are lost anyway, one gap more is heard less: delay costs twice as much with one lost in thirty.
const LOSS_WEIGHT: f64 = 30.0;
/// Twenty seconds show how late packets can be; before that, so much of the tail that they have shown is yet to come.
const FULL: f64 = 40.0;
const UNSEEN: f64 = 0.8;
/// The fastest packet of so long is what delays are counted from.
const BASE_SPANS: usize = 16;
const BASE_SPAN_MS: f64 = 250.0;
/// Packets that were late a moment ago may have company.
const RECENT_MS: f64 = 200.0;
const MOST_RECENT: usize = 256;

/// Transit times are arrival minus media time, with a constant that nobody knows.
#[derive(Clone, Copy, Debug)]
struct Interval {
    start: f64,
    least: f64,
    peak: f64,
    overtaken: f64,
}

#[derive(Clone, Copy, Debug)]
pub struct Seen {
    /// When it came.
    pub transit_ms: f64,
    /// When it could first be played.
    pub usable_ms: f64,
    /// A later one came before it.
    pub overtaken: bool,
}

/// What is known of a stream's transit times.
#[derive(Clone, Debug, Default)]
pub struct Delay {
    intervals: VecDeque<Interval>,
    current: Option<Interval>,
    base: VecDeque<(f64, f64)>,
    recent: VecDeque<(f64, f64)>,
    drift: Drift,
    last: Option<f64>,
    jitter: f64,
    /// What a packet takes beyond the fastest, on average over the last ones.
    excess: f64,
    wanted: f64,
    /// The observed peak that it comes from.
    chosen: f64,
    /// Share of packets that never come.
    loss: f64,
    scratch: Vec<(f64, f64, f64)>,
}

impl Delay {
    pub fn observe(&mut self, seen: Seen, now: f64) {
        if let Some(last) = self.last {
            self.jitter += ((seen.transit_ms - last).abs() - self.jitter) / 16.0;
        }
        self.last = Some(seen.transit_ms);
        self.drift.observe(seen.transit_ms, now);
        self.observe_base(seen.transit_ms, now);
        if !seen.overtaken {
            self.excess += (seen.transit_ms - self.base() - self.excess) / 64.0;
        }
        while self.recent.front().is_some_and(|(at, _)| now - at > RECENT_MS) {
            self.recent.pop_front();
        }
        // Only what is above all that comes after it can be the most.
        while self.recent.back().is_some_and(|(_, usable)| *usable <= seen.usable_ms) {
            self.recent.pop_back();
        }
        if self.recent.len() == MOST_RECENT {
            self.recent.pop_front();
        }
        self.recent.push_back((now, seen.usable_ms));

        let closed = self.current.is_some_and(|interval| now - interval.start >= INTERVAL_MS);
        if closed {
            self.close(now);
        }
        let nothing = Interval { start: now, least: f64::MAX, peak: f64::MIN, overtaken: f64::MIN };
        let interval = self.current.get_or_insert(nothing);
        interval.least = interval.least.min(seen.transit_ms);
        let peak = if seen.overtaken { &mut interval.overtaken } else { &mut interval.peak };
        *peak = peak.max(seen.usable_ms);
        if closed || seen.usable_ms > self.wanted || self.intervals.is_empty() {
            self.decide(now);
        }
    }

    fn observe_base(&mut self, transit: f64, now: f64) {
        match self.base.back_mut() {
            Some((start, least)) if now - *start < BASE_SPAN_MS => *least = least.min(transit),
            _ => {
                if self.base.len() == BASE_SPANS {
                    self.base.pop_front();
                }
                self.base.push_back((now, transit));
            }
        }
    }

    fn close(&mut self, now: f64) {
        let Some(interval) = self.current.take() else { return };
        // Ten minutes without a packet: what was before is no guide.
        if now - interval.start > 600_000.0 {
            self.intervals.clear();
        }
        if self.intervals.len() == INTERVALS {
            self.intervals.pop_front();
        }
        self.intervals.push_back(interval);
        self.forget_old_route();
    }

    fn forget_old_route(&mut self) {
        // The one in which the route changed has both.
        let Some(new) = self.intervals.len().checked_sub(NEW_ROUTE).filter(|new| *new > 1) else { return };
        let least = |from: usize, to: usize| self.intervals.range(from..to).map(|i| i.least).fold(f64::MAX, f64::min);
        let most = |from: usize, to: usize| {
            self.intervals.range(from..to).map(|i| i.peak.max(i.overtaken)).fold(f64::MIN, f64::max)
        };
        let end = self.intervals.len();
        if least(new, end) > most(0, new - 1) || most(new, end) < least(0, new - 1) {
            self.intervals.drain(..new);
        }
    }

    /// Finds the delay of least cost. The cost is linear between observed peaks, so that one of them is it.
    fn decide(&mut self, now: f64) {
        let slope = self.drift.slope();
        self.scratch.clear();
        let (mut total, mut weight) = (0.0, 1.0);
        for interval in self.current.iter().chain(self.intervals.iter().rev()) {
            total += weight;
            let moved = slope * (now - interval.start);
            for (peak, cost) in [(interval.peak, LATE_COST_MS), (interval.overtaken, OVERTAKEN_COST_MS)] {
                if peak > f64::MIN {
                    self.scratch.push((peak + moved, weight, cost));
                }
            }
            weight *= FORGET;
        }
        self.scratch.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
        let per_minute = 60_000.0 / INTERVAL_MS / f64::max(total, PRIOR);
        let delay_cost = DELAY_COST * (1.0 + LOSS_WEIGHT * self.loss);
        let base = self.base();
        let (mut above, mut sum, mut costs) = (0.0, 0.0, 0.0);
        let mut far = self.scratch.iter().peekable();
        let mut best = (f64::MAX, self.chosen);
        let mut kept = 0.0;
        for (peak, weight, cost) in &self.scratch {
            let delay = peak - base;
            while let Some((_, weight, _)) = far.next_if(|(other, ..)| other - peak > LONG_GAP_MS) {
                costs += weight * LONG_GAP_COST_MS;
            }
            let gaps = per_minute * (sum - above * peak + costs);
            let price = delay_cost * (delay + delay * delay * DELAY_GROWTH) + gaps;
            if *peak >= self.chosen {
                kept = price;
            }
            if price < best.0 {
                best = (price, *peak);
            }
            above += weight;
            sum += weight * peak;
            costs += weight * cost;
        }
        // What happens every ten seconds is half forgotten just before it happens again.
        if best.1 > self.chosen || best.0 < STAY * kept || kept == 0.0 {
            self.chosen = best.1;
        }
        self.wanted = self.chosen + self.unseen(above, total);
    }

    /// By how much peaks will yet exceed those seen, had they an exponential tail: a short past has not shown the worst.
    fn unseen(&self, all: f64, total: f64) -> f64 {
        if total >= FULL {
            return 0.0;
        }
        let (mut above, mut sum) = (0.0, 0.0);
        for (peak, weight, _) in &self.scratch {
            above += weight;
            sum += weight * peak;
            if above >= all / 2.0 {
                return (sum / above - peak) * (FULL / total).ln() * UNSEEN;
            }
        }
        0.0
    }

    /// The transit time that is worth waiting for.
    pub fn wanted(&self) -> f64 {
        self.wanted
    }

    /// The fastest packet of the last seconds.
    pub fn base(&self) -> f64 {
        self.base.iter().map(|(_, least)| *least).fold(f64::MAX, f64::min)
    }

    /// Of a packet that is neither fast nor slow.
    pub fn usual(&self) -> f64 {
        self.base() + self.excess
    }

    /// The latest packet of the last moments.
    pub fn recent(&self, now: f64) -> f64 {
        self.recent.iter().find(|(at, _)| now - at <= RECENT_MS).map_or(f64::MIN, |(_, usable)| *usable)
    }

    /// Another packet was played, and `lost` before it were not.
    pub fn observe_loss(&mut self, lost: u64) {
        let share = lost as f64 / (lost + 1) as f64;
        self.loss += (share - self.loss) * (lost + 1).min(64) as f64 / 512.0;
    }

    /// By how much transit times grow, in ms per ms.
    pub fn drift(&self) -> f64 {
        self.drift.slope()
    }

    /// RFC 3550, 6.4.1.
    pub fn jitter(&self) -> f64 {
        self.jitter
    }

    /// How likely it is, from 0 to 1, that a packet takes longer than `more` when it has taken `already`.
    pub fn hazard(&self, already: f64, more: f64) -> f64 {
        let (mut all, mut longer, mut weight) = (0.0, 0.0, 1.0);
        for interval in self.intervals.iter().rev() {
            all += if interval.peak > already { weight } else { 0.0 };
            longer += if interval.peak > more { weight } else { 0.0 };
            weight *= FORGET;
        }
        // What has never been seen is the beginning of something new.
        if all > 0.0 { longer / all } else { 1.0 }
    }

    /// What has come since `at`, and just before it, is no guide.
    pub fn forget_since(&mut self, at: f64) {
        self.current = None;
        while self.intervals.back().is_some_and(|interval| interval.start > at - 2.0 * INTERVAL_MS) {
            self.intervals.pop_back();
        }
        self.decide(at);
    }

    /// The stream goes on with another constant: `by` is added to every transit time.
    pub fn shift(&mut self, by: f64) {
        for interval in self.intervals.iter_mut().chain(self.current.iter_mut()) {
            interval.least += by;
            interval.peak += by;
            interval.overtaken += by;
        }
        self.base.iter_mut().for_each(|(_, least)| *least += by);
        self.recent.clear();
        self.drift = Drift::default();
        self.last = self.last.map(|last| last + by);
        self.wanted += by;
        self.chosen += by;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_remembered_is_bounded_though_time_stands_still_and_every_packet_is_faster() {
        let mut delay = Delay::default();
        for packet in 0..100_000 {
            let transit_ms = -f64::from(packet) * 0.004;
            delay.observe(Seen { transit_ms, usable_ms: transit_ms, overtaken: false }, 0.0);
        }
        assert!(
            delay.recent.len() <= MOST_RECENT && delay.base.len() <= BASE_SPANS && delay.intervals.len() <= INTERVALS
        );
        assert!(delay.scratch.capacity() <= 4 * INTERVALS);
    }
}
