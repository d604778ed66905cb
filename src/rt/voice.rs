//! Audio thread. One source on its way into the mix: its gain, its edges, its shortages.

use std::sync::Arc;

use crate::format::Layout;
use crate::link::ahead::bring_near;
use crate::link::episodes::EpisodeSender;
use crate::link::guests::Guest;
use crate::link::source::{SourceControl, SourceReader};
use crate::link::tally::DepthNotes;
use crate::rt::gain::GainRamp;
use crate::units::Frames;

/// As in `ramp.rs`: a sound that begins below this begins by itself.
const STARTS_BY_ITSELF: f32 = 1.0 / 512.0;

/// The ramps at a source's edges; positions in the curve that all sources of a device share, from 1 to 0.
struct Edge {
    tail: [f32; Layout::MAX_CHANNELS],
    tail_at: usize,
    fade_at: usize,
    /// The last frame that went into the mix, where the next decay begins.
    last: [f32; Layout::MAX_CHANNELS],
}

pub struct Voice {
    reader: SourceReader,
    control: Arc<SourceControl>,
    episodes: EpisodeSender,
    depth: DepthNotes,
    channels: usize,
    gain: GainRamp,
    edge: Edge,
    sounding: bool,
    /// A decay still sounds.
    fading: bool,
    /// The next data comes after an interruption, or is the first.
    interrupted: bool,
    /// Data has come since the start or the last clear, so that a lack of it is an underrun.
    started: bool,
}

impl Voice {
    pub fn new(reader: SourceReader, control: Arc<SourceControl>, episodes: EpisodeSender, channels: usize) -> Voice {
        let gain = GainRamp::new(&control.gain);
        let silence = [0.0; Layout::MAX_CHANNELS];
        let edge = Edge { tail: silence, tail_at: usize::MAX, fade_at: usize::MAX, last: silence };
        let (sounding, fading, interrupted, started) = (false, false, true, false);
        let depth = DepthNotes::new();
        Voice { reader, control, episodes, depth, channels, gain, edge, sounding, fading, interrupted, started }
    }

    /// Neither data nor a decay sounds.
    pub fn is_silent(&self) -> bool {
        !self.sounding && !self.fading
    }

    /// Adds the next `frames` to `sum`; `at` is the device's position. Returns true if the pump should look.
    pub fn mix(&mut self, sum: &mut [f32], (at, frames): (Frames, Frames), flows: bool, curve: &[f32]) -> bool {
        let cleared = self.reader.settle();
        let closing = self.control.closing.get();
        self.gain.follow(&self.control.gain, curve.len());
        let flows = flows && !closing;
        let mut news = false;
        if cleared || !flows {
            self.interrupt();
            self.started &= !cleared;
            news = self.episodes.end(at);
        }
        let filled = if flows { self.add_data(sum, frames, curve) } else { Frames::ZERO };
        if filled > Frames::ZERO {
            news |= self.episodes.end(at);
        }
        if filled < frames {
            self.interrupt();
            let missing = frames - filled;
            if flows && self.started {
                self.control.tally.episode_frames.add(missing.0);
                if self.episodes.lose(at + filled, missing) {
                    self.control.tally.episodes.add(1);
                    news = true;
                }
            }
            let rest = sum.get_mut(filled.as_len() * self.channels..).unwrap_or_default();
            self.edge.decay(rest, self.channels, curve);
            self.gain.pass(missing.as_len());
            self.fading = self.edge.tail_at < curve.len();
            if closing && !self.fading {
                self.control.faded.set(true);
            }
        }
        if flows && self.started {
            self.depth.note(self.reader.queued(), &self.control.tally.depth);
        }
        news
    }

    fn interrupt(&mut self) {
        if self.sounding {
            let last = self.edge.last.map(|sample| if sample.is_finite() { sample } else { 0.0 });
            self.edge = Edge { tail: last, tail_at: 0, fade_at: usize::MAX, last };
            (self.sounding, self.interrupted) = (false, true);
        }
    }

    /// Adds what there is; returns frames.
    fn add_data(&mut self, sum: &mut [f32], wanted: Frames, curve: &[f32]) -> Frames {
        let Voice { reader, gain, edge, channels, sounding, interrupted, .. } = self;
        let filled = reader.take(wanted, |first, second| {
            if first.is_empty() {
                return;
            }
            if !*sounding && *interrupted {
                let begins = first.iter().take(*channels).any(|sample| sample.abs() > STARTS_BY_ITSELF);
                edge.fade_at = if begins { 0 } else { usize::MAX };
            }
            let (into_first, into_rest) = sum.split_at_mut_checked(first.len()).unwrap_or_default();
            if gain.is_steady() && edge.is_over(curve) {
                add_scaled(into_first, first, gain.gain());
                add_scaled(into_rest, second, gain.gain());
                let last = if second.is_empty() { first } else { second };
                let last = last.get(last.len().saturating_sub(*channels)..).unwrap_or_default();
                edge.last.iter_mut().zip(last).for_each(|(place, sample)| *place = sample * gain.gain());
            } else {
                edge.add(into_first, first, gain, *channels, curve);
                edge.add(into_rest, second, gain, *channels, curve);
            }
        });
        if filled > Frames::ZERO {
            (self.sounding, self.started, self.interrupted) = (true, true, false);
        }
        filled
    }
}

impl Guest for Voice {
    /// It was closed and its last sound has faded.
    fn has_ended(&self) -> bool {
        self.control.closing.get() && self.control.faded.get()
    }

    fn leaves(&self) -> bool {
        self.control.closing.get()
    }

    fn bring_near(&self) {
        bring_near(Arc::as_ptr(&self.control).addr(), SourceControl::USED_IN_EVERY_BLOCK);
        self.reader.bring_near();
    }
}

/// The heart of the mixer.
fn add_scaled(sum: &mut [f32], samples: &[f32], gain: f32) {
    for (sum, sample) in sum.iter_mut().zip(samples) {
        *sum += sample * gain;
    }
}

impl Edge {
    fn is_over(&self, curve: &[f32]) -> bool {
        self.tail_at >= curve.len() && self.fade_at >= curve.len()
    }

    /// Adds data while a ramp or a gain is on its way.
    fn add(&mut self, sum: &mut [f32], samples: &[f32], gain: &mut GainRamp, channels: usize, curve: &[f32]) {
        for (sum, frame) in sum.chunks_exact_mut(channels).zip(samples.chunks_exact(channels)) {
            let rise = gain.advance() * (1.0 - step(&mut self.fade_at, curve));
            let fall = step(&mut self.tail_at, curve);
            for (((sum, sample), tail), last) in sum.iter_mut().zip(frame).zip(&self.tail).zip(&mut self.last) {
                *last = sample * rise + tail * fall;
                *sum += *last;
            }
        }
    }

    /// Adds what is left of a decay.
    fn decay(&mut self, sum: &mut [f32], channels: usize, curve: &[f32]) {
        for sum in sum.chunks_exact_mut(channels) {
            if self.tail_at >= curve.len() {
                break;
            }
            let fall = step(&mut self.tail_at, curve);
            for (sum, tail) in sum.iter_mut().zip(&self.tail) {
                *sum += tail * fall;
            }
        }
    }
}

/// The curve's value at a position, which moves on; 0 at its end.
fn step(at: &mut usize, curve: &[f32]) -> f32 {
    let value = curve.get(*at).copied().unwrap_or(0.0);
    *at = at.saturating_add(1);
    value
}
