//! Any thread. How much faster or slower than ours a sender's clock runs, from the fastest packets of a minute.

use std::collections::VecDeque;

/// Long enough that one of its packets met no queue.
const SPAN_MS: f64 = 2000.0;
const SPANS: usize = 30;
/// Before that, jitter would pass for drift.
const LEAST_SPANS: usize = 10;
/// No sound card is further off; a route that changes looks like more.
const MOST: f64 = 1e-3;

/// The median slope (Theil-Sen) through the least transit time of each span: a third of them may be anything.
#[derive(Clone, Debug, Default)]
pub struct Drift {
    spans: VecDeque<(f64, f64)>,
    current: Option<(f64, f64)>,
    slopes: Vec<f64>,
    slope: f64,
}

impl Drift {
    /// A packet was under way for `transit_ms` plus an unknown constant.
    pub fn observe(&mut self, transit_ms: f64, now_ms: f64) {
        let Some((start, least)) = self.current else {
            self.current = Some((now_ms, transit_ms));
            return;
        };
        if now_ms - start < SPAN_MS {
            self.current = Some((start, least.min(transit_ms)));
            return;
        }
        if self.spans.len() == SPANS {
            self.spans.pop_front();
        }
        self.spans.push_back((start, least));
        self.current = Some((now_ms, transit_ms));
        self.measure();
    }

    fn measure(&mut self) {
        self.slope = 0.0;
        if self.spans.len() < LEAST_SPANS {
            return;
        }
        self.slopes.clear();
        for (i, a) in self.spans.iter().enumerate() {
            self.slopes.extend(self.spans.iter().skip(i + 1).map(|b| (b.1 - a.1) / (b.0 - a.0)));
        }
        let middle = self.slopes.len() / 2;
        let median = *self.slopes.select_nth_unstable_by(middle, f64::total_cmp).1;
        if median.abs() <= MOST {
            self.slope = median;
        }
    }

    /// By how much transit times grow, in ms per ms: above zero where the sender is slow.
    pub fn slope(&self) -> f64 {
        self.slope
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(ppm: f64, step: impl Fn(f64) -> f64) -> f64 {
        let (mut drift, mut noise) = (Drift::default(), 1u64);
        for i in 0..4000 {
            noise = noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let t = f64::from(i) * 20.0;
            drift.observe(t * ppm * 1e-6 + (noise >> 40) as f64 / 16_777_216.0 * 30.0 + step(t), t);
        }
        drift.slope() * 1e6
    }

    #[test]
    fn drift_of_either_sign_is_found_through_jitter() {
        for ppm in [-200.0, -20.0, 0.0, 20.0, 200.0] {
            let found = measured(ppm, |_| 0.0);
            assert!((found - ppm).abs() < 15.0, "{ppm}: {found}");
        }
    }

    #[test]
    fn a_longer_route_is_no_drift() {
        for at in [30_000.0, 50_000.0, 70_000.0] {
            let found = measured(0.0, |t| if t > at { 100.0 } else { 0.0 });
            assert!(found.abs() < 80.0, "{found}");
        }
    }
}
