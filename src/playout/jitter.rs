//! Any thread. Packets in, sound out when it is asked for: early enough to follow the speaker, late enough for most packets. Time
//! comes in with every call, so a trace plays the same again, bit for bit.

use crate::error::{AudioError, ErrorCode};
use crate::playout::conceal::Conceal;
use crate::playout::decode::Decoder;
use crate::playout::delay::{Delay, Seen};
use crate::playout::gap::Gap;
use crate::playout::line::Line;
pub use crate::playout::options::{Codec, Estimator, Mode, Options, Pull, Totals};
use crate::playout::serial::Unwrap;
use crate::playout::store::{Packet, Store};
use crate::playout::stretch::Stretch;
use crate::units::{Frames, Micros};

/// What is decided is decided for so long at most.
const PIECE_MS: u64 = 10;
/// Until more is known of a stream.
const START_MS: f64 = 40.0;
/// Timestamps that are off by less are rounded, not gaps.
const ROUNDING_MS: i64 = 1;
/// Blocks are asked for more often than this, unless nobody listens.
const PAUSE_MS: f64 = 250.0;
/// After so long a concealment the voice is gone anyway: sound goes on this much before its time.
const LONG_GAP_MS: f64 = 100.0;
const SOONER_MS: f64 = 20.0;

/// What there is to play next.
pub(super) enum Next {
    Ready,
    /// Nothing for so many frames, then a packet.
    Missing(usize),
    /// The same, and nothing is lost: the sender had nothing to say.
    Pause(usize),
    Dry,
}

pub(super) struct Arrived {
    pub(super) media_ms: f64,
    pub(super) transit_ms: f64,
    pub(super) overtaken: bool,
}

pub(super) struct Stray {
    pub(super) packet: Packet,
    /// It is among those that were late or came twice.
    pub(super) counted: bool,
}

pub struct JitterBuffer {
    pub(super) options: Options,
    pub(super) sequences: Unwrap,
    pub(super) timestamps: Unwrap,
    pub(super) store: Store,
    /// Packets that do not fit into the stream, until it is clear whether they are another one.
    pub(super) strays: Vec<Stray>,
    pub(super) stray_transit: f64,
    pub(super) arrived: Vec<Arrived>,
    pub(super) delay: Delay,
    pub(super) decoder: Decoder,
    pub(super) line: Line,
    pub(super) stretch: Stretch,
    pub(super) conceal: Conceal,
    /// Concealment by the decoder, as far as it has not been played.
    pub(super) made_up: Vec<f32>,
    pub(super) playing: bool,
    /// The number that comes next.
    pub(super) cursor: i64,
    /// Nothing of this timeline has been played, so that no number is missing yet.
    pub(super) anew: bool,
    /// Where the latest packet ends, in frames.
    pub(super) latest: i64,
    /// Media time at the end of the line, in frames.
    pub(super) end: i64,
    pub(super) gap: Option<Gap>,
    /// Frames played since sound was last stretched.
    pub(super) unstretched: usize,
    /// Frames played since the delay was last where it is aimed at.
    pub(super) astray: usize,
    pub(super) last_delay: f64,
    /// When a block was last asked for.
    pulled: f64,
    pub(super) totals: Totals,
}

impl JitterBuffer {
    pub fn new(options: Options) -> Result<JitterBuffer, AudioError> {
        let Options { rate, channels, codec, .. } = options;
        if !(8000..=192_000).contains(&rate.0) || !(1..=8).contains(&channels) {
            let detail = format!("{} Hz, {channels} channels", rate.0);
            return Err(AudioError::new(ErrorCode::OutOfRange, "JitterBuffer", detail));
        }
        Ok(JitterBuffer {
            options,
            sequences: Unwrap::default(),
            timestamps: Unwrap::default(),
            store: Store::new(),
            strays: Vec::new(),
            stray_transit: 0.0,
            arrived: Vec::new(),
            delay: Delay::default(),
            decoder: Decoder::new(codec, rate, channels)?,
            line: Line::new(rate.0, channels),
            stretch: Stretch::new(rate.0),
            conceal: Conceal::new(rate.0),
            made_up: Vec::new(),
            playing: false,
            cursor: 0,
            anew: true,
            latest: i64::MIN,
            end: 0,
            gap: None,
            unstretched: 0,
            astray: 0,
            last_delay: 0.0,
            pulled: f64::MIN,
            totals: Totals::default(),
        })
    }

    pub(super) fn ms(&self, frames: i64) -> f64 {
        frames as f64 * 1000.0 / f64::from(self.options.rate.0)
    }

    pub(super) fn frames(&self, ms: f64) -> i64 {
        (ms * f64::from(self.options.rate.0) / 1000.0).round() as i64
    }

    pub fn set_mode(&mut self, mode: Mode) {
        self.options.mode = mode;
    }

    pub fn totals(&self) -> Totals {
        self.totals
    }

    /// The totals once nothing more will be played: what still waits is discarded.
    pub fn final_totals(&self) -> Totals {
        let waiting = self.store.len() + self.strays.iter().filter(|stray| !stray.counted).count();
        Totals { discarded: self.totals.discarded + waiting as u64, ..self.totals }
    }

    pub fn channels(&self) -> usize {
        self.options.channels
    }

    /// About what it has allocated once it plays: the decoder, and a quarter of a second of sound and of packets.
    pub fn memory_bytes(&self) -> usize {
        self.decoder.memory_bytes() + size_of::<f32>() * self.options.channels * self.options.rate.0 as usize / 4 + 8192
    }

    pub fn jitter_ms(&self) -> f64 {
        self.delay.jitter()
    }

    /// Playout delay at the end of the last block, above the fastest packet of the last seconds.
    pub fn delay_ms(&self) -> f64 {
        if self.playing { self.last_delay - self.delay.base() } else { 0.0 }
    }

    /// How much slower than ours the sender's clock runs, as far as is known.
    pub fn drift(&self) -> f64 {
        self.delay.drift()
    }

    /// The delay aimed at.
    pub fn target_ms(&self) -> f64 {
        if self.delay.base() == f64::MAX {
            return match self.options.mode {
                Mode::Auto { min_ms, max_ms } => START_MS.clamp(min_ms, max_ms),
                Mode::Fixed { ms } => ms,
            };
        }
        self.target() - self.delay.base()
    }

    /// Media time at the end of the last block, in frames since the stream's zero; None while nothing plays.
    pub fn position(&self) -> Option<i64> {
        // What was made up stands for as much of what is missing.
        self.playing.then(|| self.front() + self.gap.map_or(0, |gap| gap.made as i64))
    }

    /// The delay aimed at, as a transit time.
    pub(super) fn target(&self) -> f64 {
        let base = self.delay.base();
        match self.options.mode {
            Mode::Fixed { ms } => base + ms,
            Mode::Auto { min_ms, max_ms } => {
                let wanted = match self.options.estimator {
                    Estimator::Rfc3550 => base + 3.0 * self.delay.jitter(),
                    Estimator::Cost if !self.playing && self.totals == Totals::default() => {
                        self.delay.wanted().max(base + START_MS)
                    }
                    Estimator::Cost => self.delay.wanted(),
                };
                wanted.clamp(base + min_ms, base + max_ms)
            }
        }
    }

    /// No delay beyond it, whatever comes.
    pub(super) fn ceiling(&self) -> f64 {
        match self.options.mode {
            Mode::Fixed { .. } => self.target(),
            Mode::Auto { max_ms, .. } => self.delay.base() + max_ms,
        }
    }

    /// Whether the next packet follows on what is decoded.
    pub(super) fn in_a_row(&self) -> bool {
        self.store.first().is_some_and(|first| first.sequence == self.cursor)
    }

    /// Media time of what is played next.
    pub(super) fn front(&self) -> i64 {
        self.end - self.line.ahead() as i64
    }

    /// Makes the next block, interleaved whole frames. `now` is when it is asked for.
    pub fn pull(&mut self, out: &mut [f32], now: Micros) -> Pull {
        let now = now.0 / 1000.0;
        // Who listens again after a while must not take the pause for the network's.
        let steady = now - self.pulled < PAUSE_MS;
        self.pulled = now;
        for Arrived { media_ms, transit_ms, overtaken } in self.arrived.drain(..) {
            let usable_ms = if steady { now - media_ms } else { transit_ms };
            self.delay.observe(Seen { transit_ms, usable_ms, overtaken }, now);
        }
        let channels = self.options.channels;
        let piece = Frames::of_millis(PIECE_MS, self.options.rate).as_len();
        let (mut at, mut kind) = (0, Pull::Fill);
        for block in out.chunks_mut(piece * channels) {
            let frames = block.len() / channels;
            let made = self.step(block, now + self.ms(at));
            kind = match (kind, made) {
                (Pull::Conceal, _) | (_, Pull::Conceal) => Pull::Conceal,
                (Pull::Play, _) | (_, Pull::Play) => Pull::Play,
                _ => Pull::Fill,
            };
            at += frames as i64;
        }
        self.last_delay = now + self.ms(at) - self.ms(self.position().unwrap_or(self.end));
        kind
    }

    fn step(&mut self, out: &mut [f32], now: f64) -> Pull {
        if !self.playing && !self.begin(now) {
            out.fill(0.0);
            return Pull::Fill;
        }
        let channels = self.options.channels;
        let wanted = out.len() / channels;
        self.adjust(wanted, now);
        let (mut done, mut kind) = (0, Pull::Play);
        while done < wanted {
            let rest = &mut out[done * channels..];
            if self.line.ahead() > 0 {
                done += self.line.play(rest);
                continue;
            }
            let at = now + self.ms(done as i64);
            let (frames, silent) = match self.next(at) {
                Next::Ready => {
                    self.take(at);
                    continue;
                }
                Next::Missing(frames) => (frames, false),
                Next::Pause(frames) => (frames, true),
                Next::Dry => (wanted, false),
            };
            self.make(frames.min(wanted - done), silent);
            kind = if silent && kind == Pull::Play && done == 0 { Pull::Fill } else { Pull::Conceal };
            if !self.playing {
                out[done * channels..].fill(0.0);
                return kind;
            }
        }
        self.unstretched += wanted;
        self.astray += wanted;
        kind
    }

    /// Starts with the earliest packet that there is, when it is old enough.
    fn begin(&mut self, now: f64) -> bool {
        let Some(first) = self.store.first() else { return false };
        if now - self.ms(first.timestamp) < self.target() {
            return false;
        }
        let (sequence, timestamp) = (first.sequence, first.timestamp);
        self.miss_until(sequence);
        (self.cursor, self.end) = (sequence, timestamp);
        self.line.clear_ahead();
        self.decoder.reset();
        self.conceal.stop();
        self.made_up.clear();
        self.gap = None;
        self.playing = true;
        true
    }

    /// Where the sound of the first packet begins, with what it knows of the one before it.
    fn start_of_first(&self) -> Option<(i64, bool)> {
        let first = self.store.first()?;
        let before = first.timestamp - first.frames;
        let fits = first.sequence > self.cursor && before >= self.end - self.frames(ROUNDING_MS as f64);
        let recovers = fits && self.decoder.can_recover(&first.payload);
        Some((if recovers { before } else { first.timestamp }, recovers))
    }

    pub(super) fn next(&mut self, now: f64) -> Next {
        let Some((start, recovers)) = self.start_of_first() else { return Next::Dry };
        let apart = start - self.end;
        if apart <= self.frames(ROUNDING_MS as f64) {
            return Next::Ready;
        }
        let in_order = self.store.first().is_some_and(|first| first.sequence == self.cursor) && !recovers;
        let delay = now - self.ms(self.end);
        let gap = *self.gap.get_or_insert(Gap { delay, made: 0, overtaken: !in_order });
        self.gap = Some(Gap { overtaken: gap.overtaken || !in_order, ..gap });
        let long = self.ms(gap.made as i64) >= LONG_GAP_MS && !in_order;
        let sooner = if long { SOONER_MS } else { 0.0 };
        // No later than without the gap, and sooner where the delay was more than it has to be.
        let wanted = gap.delay.min(self.target()) - sooner;
        let left = self.frames(self.ms(start) + wanted - now);
        match left {
            ..=0 => Next::Ready,
            left if in_order => Next::Pause(left as usize),
            left => Next::Missing(left as usize),
        }
    }

    /// Decodes the first packet, or what it knows of the one before it, to the end of the line.
    pub(super) fn take(&mut self, now: f64) {
        let Some((_, recovers)) = self.start_of_first() else { return };
        if recovers && self.recover() {
            return self.resume(now, 0);
        }
        let Some(packet) = self.store.take_first() else { return };
        let lost = packet.sequence.abs_diff(self.cursor);
        self.totals.lost += lost;
        self.delay.observe_loss(lost);
        let frames = packet.frames as usize;
        if !self.decoder.append(&packet.payload, frames, &mut self.line) {
            self.make_up(frames);
        }
        // Partly played already, as its timestamp says.
        let again = (self.end - packet.timestamp).clamp(0, packet.frames);
        let again = if again > self.frames(ROUNDING_MS as f64) { again as usize } else { 0 };
        self.cursor = packet.sequence + 1;
        self.end = packet.end();
        self.store.give_back(packet.payload);
        self.resume(now, again);
    }

    fn recover(&mut self) -> bool {
        let Some(first) = self.store.first() else { return false };
        let frames = first.frames as usize;
        if !self.decoder.recover(&first.payload, frames, &mut self.line) {
            return false;
        }
        self.totals.lost += first.sequence.abs_diff(self.cursor);
        (self.cursor, self.end) = (first.sequence, first.timestamp);
        self.totals.recovered += frames as u64;
        true
    }
}
