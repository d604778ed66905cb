//! Audio thread. One source on its way into the mix: its gain, its edges, its shortages.

use crate::format::Layout;
use crate::link::ahead::{LINE, bring_line_near, bring_near};
use crate::link::episodes::EpisodeSender;
use crate::link::guests::Guest;
use crate::link::source::SourceReader;
use crate::link::tally::DepthNotes;
use crate::rt::gain::GainRamp;
use crate::units::Frames;

/// As in `ramp.rs`: a sound that begins below this begins by itself.
const STARTS_BY_ITSELF: f32 = 1.0 / 512.0;

/// What all voices add to at a time.
#[derive(Clone, Copy)]
pub struct Stretch<'a> {
    /// The device's position.
    pub at: Frames,
    pub frames: Frames,
    /// Otherwise the sources are held: they fade and keep what they have.
    pub flows: bool,
    /// The ramp that all sources of a device share, from 1 to 0.
    pub curve: &'a [f32],
}

/// The ramps at a source's edges; positions in the curve.
#[repr(C)]
struct Edge {
    tail_at: u32,
    fade_at: u32,
    /// The last frame that went into the mix, where the next decay begins.
    last: [f32; Layout::MAX_CHANNELS],
    tail: [f32; Layout::MAX_CHANNELS],
}

/// In the order of use: what the steady sound of two channels needs comes first, in two cache lines.
#[repr(C, align(64))]
pub struct Voice {
    reader: SourceReader,
    gain: GainRamp,
    depth: DepthNotes,
    sounding: bool,
    /// A decay still sounds.
    fading: bool,
    /// The next data comes after an interruption, or is the first.
    interrupted: bool,
    /// Data has come since the start or the last clear, so that a lack of it is an underrun.
    started: bool,
    edge: Edge,
    /// None is open while the source sounds.
    episodes: EpisodeSender,
}

impl Voice {
    /// Bytes, from the first on, for two channels.
    pub const USED_IN_EVERY_BLOCK: usize =
        std::mem::offset_of!(Voice, edge) + std::mem::offset_of!(Edge, last) + 2 * size_of::<f32>();

    pub fn new(reader: SourceReader, episodes: EpisodeSender) -> Voice {
        let gain = GainRamp::new(&reader.control().gain);
        let silence = [0.0; Layout::MAX_CHANNELS];
        let edge = Edge { tail_at: u32::MAX, fade_at: u32::MAX, last: silence, tail: silence };
        let (sounding, fading, interrupted, started) = (false, false, true, false);
        Voice { reader, gain, depth: DepthNotes::new(), sounding, fading, interrupted, started, edge, episodes }
    }

    /// Neither data nor a decay sounds.
    pub fn is_silent(&self) -> bool {
        !self.sounding && !self.fading
    }

    /// Asks for the memory that it will use beside its own and the sound.
    pub fn bring_near(&self) {
        self.reader.bring_near();
    }

    /// What it adds and its gain, if all that it has to do for this stretch is to go on.
    fn steady(&self, stretch: &Stretch) -> Option<(&[f32], f32)> {
        let control = self.reader.control();
        let goes_on = stretch.flows
            && self.sounding
            && !control.closing.get()
            && self.gain.is_steady()
            && self.gain.is_up_to(&control.gain)
            && self.edge.is_over(stretch.curve);
        if !goes_on {
            return None;
        }
        Some((self.reader.whole(stretch.frames)?, self.gain.gain()))
    }

    /// It went on.
    fn pass(&mut self, frames: Frames) {
        let Voice { reader, gain, depth, edge, .. } = self;
        depth.note(reader.there(), &reader.control().tally.depth);
        let channels = reader.channels();
        reader.take(frames, |samples, _| edge.keep_last(samples, gain.gain(), channels));
    }

    /// Adds the next stretch to `sum`. Returns true if the pump should look.
    pub fn mix(&mut self, sum: &mut [f32], stretch: &Stretch) -> bool {
        let Stretch { at, frames, flows, curve } = *stretch;
        let cleared = self.reader.settle();
        let closing = self.reader.control().closing.get();
        self.gain.follow(&self.reader.control().gain, curve.len());
        let flows = flows && !closing;
        let mut news = false;
        if cleared || !flows {
            self.interrupt();
            self.started &= !cleared;
            news = self.episodes.end(at);
        }
        let there = self.reader.there();
        let filled = if flows { self.add_data(sum, frames, curve) } else { Frames::ZERO };
        if filled > Frames::ZERO {
            news |= self.episodes.end(at);
        }
        if filled < frames {
            self.interrupt();
            let missing = frames - filled;
            let tally = &self.reader.control().tally;
            if flows && self.started {
                tally.episode_frames.add(missing.0);
                if self.episodes.lose(at + filled, missing) {
                    tally.episodes.add(1);
                    news = true;
                }
            }
            let channels = self.reader.channels();
            let rest = sum.get_mut(filled.as_len() * channels..).unwrap_or_default();
            self.edge.decay(rest, channels, curve);
            self.gain.pass(missing.as_len());
            self.fading = !has_passed(self.edge.tail_at, curve);
            if closing && !self.fading {
                self.reader.control().faded.set(true);
            }
        }
        if flows && self.started {
            self.depth.note(there, &self.reader.control().tally.depth);
        }
        news
    }

    fn interrupt(&mut self) {
        if self.sounding {
            let last = self.edge.last.map(|sample| if sample.is_finite() { sample } else { 0.0 });
            self.edge = Edge { tail: last, tail_at: 0, fade_at: u32::MAX, last };
            (self.sounding, self.interrupted) = (false, true);
        }
    }

    /// Adds what there is; returns frames.
    fn add_data(&mut self, sum: &mut [f32], wanted: Frames, curve: &[f32]) -> Frames {
        let Voice { reader, gain, edge, sounding, interrupted, .. } = self;
        let channels = reader.channels();
        let filled = reader.take(wanted, |first, second| {
            if first.is_empty() {
                return;
            }
            if !*sounding && *interrupted {
                let begins = first.iter().take(channels).any(|sample| sample.abs() > STARTS_BY_ITSELF);
                edge.fade_at = if begins { 0 } else { u32::MAX };
            }
            let (into_first, into_rest) = sum.split_at_mut_checked(first.len()).unwrap_or_default();
            if gain.is_steady() && edge.is_over(curve) {
                add_scaled(into_first, first, gain.gain());
                add_scaled(into_rest, second, gain.gain());
                let last = if second.is_empty() { first } else { second };
                edge.keep_last(last, gain.gain(), channels);
            } else {
                edge.add(into_first, first, gain, channels, curve);
                edge.add(into_rest, second, gain, channels, curve);
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
        let control = self.reader.control();
        control.closing.get() && control.faded.get()
    }

    fn leaves(&self) -> bool {
        self.reader.control().closing.get()
    }
}

/// Adds at once as many of the first voices, four at most, as have nothing to do but to go on; returns how many. The sum is
/// the same as one after the other.
pub fn add_steady(voices: &mut [Option<Box<Voice>>], sum: &mut [f32], stretch: &Stretch) -> usize {
    let voice_at = |at: usize| voices.get(at).and_then(Option::as_ref);
    let steady = |at| voice_at(at).and_then(|voice| voice.steady(stretch));
    let later = |at: usize| voice_at(at + AT_ONCE).map_or(0, |voice| voice.reader.next_address());
    let added = match [steady(0), steady(1), steady(2), steady(3)] {
        [Some(a), Some(b), Some(c), Some(d)] => add(sum, [a, b, c, d], later),
        [Some(a), Some(b), Some(c), _] => add(sum, [a, b, c], later),
        [Some(a), Some(b), ..] => add(sum, [a, b], later),
        [Some(a), ..] => add(sum, [a], later),
        [None, ..] => {
            bring_near(later(0), size_of_val(sum));
            0
        }
    };
    voices.iter_mut().take(added).flatten().for_each(|voice| voice.pass(stretch.frames));
    added
}

/// How many voices are added in one pass over the sum.
const AT_ONCE: usize = 4;
/// Samples in a cache line.
const SAMPLES: usize = LINE / size_of::<f32>();

/// The heart of the mixer: adds the sounds, each at its gain, and asks meanwhile, line by line, for those whose turn is next.
/// Returns how many.
fn add<const N: usize>(sum: &mut [f32], sounds: [(&[f32], f32); N], later: impl Fn(usize) -> usize) -> usize {
    let later: [usize; N] = std::array::from_fn(later);
    let (sum, rest) = sum.as_chunks_mut::<SAMPLES>();
    let done = sum.len() * SAMPLES;
    let lines = sounds.map(|(samples, gain)| (samples.as_chunks::<SAMPLES>().0, gain));
    for (at, sum) in sum.iter_mut().enumerate() {
        later.iter().for_each(|address| bring_line_near(address + at * LINE));
        // On its own: the compiler may then use vectors.
        let mut line_sum = *sum;
        for (lines, gain) in lines {
            let Some(line) = lines.get(at) else { break };
            line_sum.iter_mut().zip(line).for_each(|(sum, sample)| *sum += sample * gain);
        }
        *sum = line_sum;
    }
    for (samples, gain) in sounds {
        add_scaled(rest, samples.get(done..).unwrap_or_default(), gain);
    }
    N
}

fn add_scaled(sum: &mut [f32], samples: &[f32], gain: f32) {
    for (sum, sample) in sum.iter_mut().zip(samples) {
        *sum += sample * gain;
    }
}

impl Edge {
    fn is_over(&self, curve: &[f32]) -> bool {
        has_passed(self.tail_at, curve) && has_passed(self.fade_at, curve)
    }

    /// The last frame of these, at that gain, is the last that went into the mix.
    fn keep_last(&mut self, samples: &[f32], gain: f32, channels: usize) {
        let last = samples.get(samples.len().saturating_sub(channels)..).unwrap_or_default();
        self.last.iter_mut().zip(last).for_each(|(place, sample)| *place = sample * gain);
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
            if has_passed(self.tail_at, curve) {
                break;
            }
            let fall = step(&mut self.tail_at, curve);
            for (sum, tail) in sum.iter_mut().zip(&self.tail) {
                *sum += tail * fall;
            }
        }
    }
}

/// A position that is at the curve's end or beyond.
fn has_passed(at: u32, curve: &[f32]) -> bool {
    at as usize >= curve.len()
}

/// The curve's value at a position, which moves on; 0 at its end.
fn step(at: &mut u32, curve: &[f32]) -> f32 {
    let value = curve.get(*at as usize).copied().unwrap_or(0.0);
    *at = at.saturating_add(1);
    value
}
