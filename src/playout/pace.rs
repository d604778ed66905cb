//! Any thread. When a jitter buffer plays faster or slower, to bring its delay to what is aimed at.

use crate::playout::jitter::{JitterBuffer, Next};

/// Too late by so much, or too early, haste matters more than a seam. Too early is soon a gap.
const FAR_MS: f64 = 20.0;
const FAR_UNDER_MS: f64 = 8.0;
/// Off by less, nothing is gained.
const NEAR_MS: f64 = 4.0;
/// How alike a seam has to be, near the aim and far from it.
const ALIKE: f32 = 0.8;
const ALIKE_FAR: f32 = 0.5;
/// From one change to the next, near the aim and far from it.
const APART_MS: f64 = 60.0;
const APART_FAR_MS: f64 = 20.0;
/// A place that does not resemble itself will not 10 ms later.
const RETRY_MS: f64 = 30.0;
/// Near the aim it is often enough to be off for so long before anything is done: the aim moves too.
const PATIENCE_OVER_MS: f64 = 2000.0;
const PATIENCE_UNDER_MS: f64 = 500.0;
/// Stretching before a gap is worth it where the gap is so likely.
const LIKELY: f64 = 0.7;

impl JitterBuffer {
    /// Shortens or lengthens what comes next by a pitch period where that helps. `wanted` frames are about to be played.
    pub(super) fn adjust(&mut self, wanted: usize, now: f64) {
        if self.gap.is_some() {
            return;
        }
        let delay = now - self.ms(self.front());
        let (target, recent) = (self.target(), self.delay.recent(now));
        let least = self.ms(self.stretch.least() as i64);
        let over = delay - target.max(recent.min(self.ceiling()));
        let under = target - delay;
        if over < least && under < least {
            self.astray = 0;
        }
        let astray = self.ms(self.astray as i64);
        if over >= least {
            let far = over > FAR_MS;
            if far || over >= NEAR_MS && astray >= PATIENCE_OVER_MS {
                self.shorten(over, far, wanted, now);
            }
            return;
        }
        let soon = delay < self.ceiling() && self.gap_is_likely(delay, now);
        let far = under > FAR_UNDER_MS;
        if soon {
            self.lengthen(f64::MAX, true, now);
        } else if far || under >= NEAR_MS && astray >= PATIENCE_UNDER_MS {
            self.lengthen(under, far, now);
        }
    }

    /// Whether sound was stretched long enough ago.
    fn rested(&self, far: bool) -> bool {
        self.ms(self.unstretched as i64) >= if far { APART_FAR_MS } else { APART_MS }
    }

    fn shorten(&mut self, over: f64, far: bool, wanted: usize, now: f64) {
        if !self.rested(far) {
            return;
        }
        // What is about to be played must still be there.
        let rest = wanted.max(self.stretch.fade());
        let most = (self.frames(over) as usize).min(self.stretch.most());
        self.gather(rest + most, now);
        let most = most.min(self.line.ahead().saturating_sub(rest));
        let frames = self.stretch.shorten(&mut self.line, most, if far { ALIKE_FAR } else { ALIKE });
        self.totals.accelerated += frames as u64;
        self.stretched(frames, far);
    }

    fn lengthen(&mut self, under: f64, far: bool, now: f64) {
        if !self.rested(far) {
            return;
        }
        self.gather(self.stretch.fade(), now);
        let most = (self.frames(under) as usize).min(self.stretch.most());
        let frames = self.stretch.lengthen(&mut self.line, most, if far { ALIKE_FAR } else { ALIKE });
        self.totals.expanded += frames as u64;
        self.stretched(frames, far);
    }

    fn stretched(&mut self, frames: usize, far: bool) {
        let again = if far || frames > 0 { 0.0 } else { APART_MS - RETRY_MS };
        self.unstretched = self.frames(again) as usize;
    }

    /// Whether the next packet has not come and, as packets went before, will not in time.
    fn gap_is_likely(&self, delay: f64, now: f64) -> bool {
        let (mut cursor, mut end) = (self.cursor, self.end);
        for packet in self.store.iter() {
            if packet.sequence != cursor {
                return false;
            }
            (cursor, end) = (cursor + 1, packet.end());
        }
        self.delay.hazard(now - self.ms(end), delay) >= LIKELY
    }

    /// Decodes as far as there are packets in a row, until `frames` are ahead.
    fn gather(&mut self, frames: usize, now: f64) {
        while self.line.ahead() < frames && self.in_a_row() && matches!(self.next(now), Next::Ready) {
            self.take(now);
        }
    }
}
