//! Any thread. Each packet once: the sliding window of RFC 3711, 3.3.2, 64 sequence numbers wide.

/// Sequence numbers behind the newest that can still be told apart.
pub const WINDOW: u32 = 64;

/// Bit n of `seen` stands for `newest` - n.
#[derive(Clone, Copy, Debug, Default)]
pub struct ReplayWindow {
    newest: u32,
    seen: u64,
}

impl ReplayWindow {
    /// Whether a packet of this number may still be accepted.
    pub fn allows(&self, sequence: u32) -> bool {
        if self.seen == 0 || sequence > self.newest {
            return true;
        }
        let behind = self.newest - sequence;
        behind < WINDOW && self.seen >> behind & 1 == 0
    }

    /// Marks a packet as accepted: only once it is known to be good.
    pub fn accept(&mut self, sequence: u32) {
        if self.seen == 0 || sequence > self.newest {
            let ahead = if self.seen == 0 { WINDOW } else { sequence - self.newest };
            self.seen = if ahead < WINDOW { self.seen << ahead } else { 0 } | 1;
            self.newest = sequence;
        } else if self.newest - sequence < WINDOW {
            self.seen |= 1 << (self.newest - sequence);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn each_number_passes_once_and_only_within_the_window() {
        let (mut window, mut accepted, mut newest) = (ReplayWindow::default(), HashSet::new(), 0u32);
        let mut state = 3u64;
        for _ in 0..200_000 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let sequence = (newest + 40).saturating_sub((state >> 40) as u32 % 160).max(1);
            let wanted = !accepted.contains(&sequence) && (sequence > newest || newest - sequence < WINDOW);
            assert_eq!(window.allows(sequence), wanted, "{sequence} after {newest}");
            if wanted {
                window.accept(sequence);
                accepted.insert(sequence);
                newest = newest.max(sequence);
            }
        }
    }

    #[test]
    fn a_jump_forgets_what_is_out_of_reach() {
        let mut window = ReplayWindow::default();
        window.accept(u32::MAX - 100);
        window.accept(u32::MAX);
        assert!(!window.allows(u32::MAX) && !window.allows(u32::MAX - 64) && window.allows(u32::MAX - 63));
    }
}
