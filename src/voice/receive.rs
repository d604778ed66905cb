//! Voice threads. From packets to a device's ring: opened, held back as long as the network asks for, decoded, and resampled to the
//! device's clock. A loop round `step`, which never waits; time comes in.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};

use crate::codec::convert::map_frame;
use crate::codec::steered::Steered;
use crate::error::AudioError;
use crate::link::packets::PacketReader;
use crate::playout::clock::{self, Clock};
use crate::playout::jitter::{Estimator, JitterBuffer, Mode, Options, Pull, Totals};
use crate::units::{Frames, Hz, Micros};
use crate::voice::door::{Door, Entrance, Kind};
use crate::voice::pace::{BLOCK_MS, Due, LOOK, Pace, REST, Standing};

/// Packets that are taken in at a time: who sends more must not hold up others.
const MOST_PACKETS: usize = 256;
/// Blocks that are made at a time, after a stall.
const MOST_BLOCKS: usize = 16;
/// Of the steering, per block: it follows a clock within seconds.
const FOLLOW: f64 = 0.005;

/// Where sound goes: a ring that a device takes from.
pub trait Outlet: Send {
    /// Its rate and channels.
    fn shape(&self) -> (Hz, usize);
    /// None once it is closed.
    fn standing(&self, now: Micros) -> Option<Standing>;
    /// Appends interleaved frames; returns how many it took.
    fn write(&mut self, samples: &[f32]) -> Frames;
}

/// A track of a clock that others share.
pub struct Track {
    clock: Arc<Mutex<Clock>>,
    name: String,
}

impl Track {
    pub fn new(clock: Arc<Mutex<Clock>>, name: String) -> Track {
        let track = Track { clock, name };
        track.whole().open(&track.name, clock::Kind::Audio);
        track
    }

    fn whole(&self) -> MutexGuard<'_, Clock> {
        self.clock.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Unless somebody else is at it: one look more or less matters little, and a thread of JavaScript that loses the processor just
    /// now would hold up every stream.
    fn tell(&self, act: impl FnOnce(&mut Clock, &str)) {
        match self.clock.try_lock() {
            Ok(mut clock) => act(&mut clock, &self.name),
            Err(TryLockError::Poisoned(clock)) => act(&mut clock.into_inner(), &self.name),
            Err(TryLockError::WouldBlock) => {}
        }
    }
}

impl Drop for Track {
    fn drop(&mut self) {
        self.whole().close(&self.name);
    }
}

/// What became of every packet and every frame.
#[derive(Clone, Copy, Debug, Default)]
pub struct ReceiveStats {
    pub entrance: Entrance,
    /// In frames of `rate`.
    pub totals: Totals,
    pub rate: u32,
    pub target_ms: f64,
    pub delay_ms: f64,
    pub jitter_ms: f64,
    /// Sound between the jitter buffer and the device.
    pub ahead_ms: f64,
    /// Frames for which the ring had no room.
    pub cut: u64,
}

pub struct Receiver<O> {
    outlet: O,
    packets: PacketReader,
    packet: Box<[u8]>,
    door: Door,
    mode: Mode,
    track: Option<Track>,
    stream: Option<Stream>,
    /// Another kind of sound has come, and this is to be faded out.
    ending: Option<Stream>,
    pace: Pace,
    /// Nothing to do before this.
    next: Micros,
    stats: ReceiveStats,
    /// Of the streams before this one.
    before: Totals,
}

/// What plays one kind of sound.
struct Stream {
    kind: Kind,
    jitter: JitterBuffer,
    steered: Steered,
    faster: f64,
    block: Vec<f32>,
    out: Vec<f32>,
    edge: Edge,
    /// The last block was silence.
    quiet: bool,
    /// Media time in µs, and the timestamp that stands for it.
    anchor: (f64, u32),
}

/// How the next block joins what was heard before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Edge {
    Through,
    FadeIn,
    /// Nobody takes what is made.
    Resting,
}

impl<O: Outlet> Receiver<O> {
    /// `most_bytes` is the longest packet of the lane.
    pub fn new(
        outlet: O,
        (packets, most_bytes): (PacketReader, usize),
        door: Door,
        mode: Mode,
        track: Option<Track>,
    ) -> Receiver<O> {
        Receiver {
            outlet,
            packets,
            packet: vec![0; most_bytes].into(),
            door,
            mode,
            track,
            stream: None,
            ending: None,
            pace: Pace::new(),
            next: Micros(f64::MIN),
            stats: ReceiveStats::default(),
            before: Totals::default(),
        }
    }

    pub fn set_mode(&mut self, mode: Mode) {
        self.mode = mode;
        if let Some(stream) = &mut self.stream {
            stream.jitter.set_mode(mode);
        }
    }

    pub fn stats(&self) -> ReceiveStats {
        self.stats
    }

    /// Does what is to be done by `now`; returns when to come again, or None once the outlet is closed.
    pub fn step(&mut self, now: Micros) -> Option<Micros> {
        if now < self.next {
            return Some(self.next);
        }
        self.take_in();
        let standing = self.outlet.standing(now)?;
        let wait = self.top_up(standing, now);
        self.tell(&standing, now);
        self.next = Micros(now.0 + wait.0);
        Some(self.next)
    }

    /// Packets from the lane to the jitter buffer.
    fn take_in(&mut self) {
        for _ in 0..MOST_PACKETS {
            let Some((length, arrival)) = self.packets.pop(&mut self.packet) else { return };
            let Some(admitted) = self.door.admit(&self.packet[..length]) else { continue };
            if self.stream.as_ref().is_none_or(|stream| stream.kind != admitted.kind) {
                if let Some(old) = self.stream.take()
                    && let Some(older) = self.ending.replace(old)
                {
                    self.before = sum(self.before, older.jitter.final_totals());
                }
                self.stream = Stream::new(admitted.kind, self.mode, self.outlet.shape()).ok();
            }
            let Some(stream) = &mut self.stream else {
                self.before.refused += 1;
                continue;
            };
            stream.anchor = (admitted.pts_us, admitted.timestamp);
            stream.jitter.push(admitted.sequence, admitted.timestamp, admitted.payload, arrival);
            if let Some(track) = &self.track {
                track.tell(|clock, name| clock.observe_arrival(name, admitted.pts_us, arrival.0));
            }
        }
    }

    /// Makes the blocks that are due; returns how long nothing more is.
    fn top_up(&mut self, standing: Standing, now: Micros) -> Micros {
        let (rate, channels) = self.outlet.shape();
        let block_ms = |stream: &Stream| (stream.out.len() / channels) as f64 * 1000.0 / f64::from(rate.0);
        let mut ahead = standing.ahead_ms;
        if let Some(mut old) = self.ending.take() {
            if old.edge == Edge::Through {
                self.stats.cut += old.make(now, &standing, Edge::Resting, &mut self.outlet).0;
                ahead += block_ms(&old);
                // The end of the fade is still in the filter.
                old.block.fill(0.0);
                self.stats.cut += old.write(&mut self.outlet).0;
                ahead += block_ms(&old);
            }
            self.before = sum(self.before, old.jitter.final_totals());
        }
        let Some(stream) = &mut self.stream else { return REST };
        if !self.pace.observe(&standing, now) {
            if stream.edge != Edge::Resting {
                // What is heard when the device goes on ends softly.
                self.stats.cut += stream.make(now, &standing, Edge::Resting, &mut self.outlet).0;
            }
            stream.jitter.rest(now);
            return REST;
        }
        for _ in 0..MOST_BLOCKS {
            self.stats.ahead_ms = ahead;
            let at = match self.pace.due(&standing, ahead, now) {
                Due::At(at) => at,
                Due::In(wait) => return Micros(wait.0.clamp(LOOK.0 / 2.0, LOOK.0)),
            };
            if stream.edge == Edge::Resting {
                stream.jitter.rest(at);
                stream.edge = Edge::FadeIn;
            }
            let edge = stream.edge;
            self.stats.cut += stream.make(at, &standing, edge, &mut self.outlet).0;
            ahead += block_ms(stream);
        }
        self.stats.ahead_ms = ahead;
        LOOK
    }

    fn tell(&mut self, standing: &Standing, now: Micros) {
        self.stats.entrance = self.door.count;
        let Some(stream) = &self.stream else {
            self.stats.totals = self.before;
            return;
        };
        let jitter = &stream.jitter;
        self.stats.totals = sum(self.before, jitter.totals());
        self.stats.rate = stream.kind.rate.0;
        self.stats.target_ms = jitter.target_ms();
        self.stats.delay_ms = jitter.delay_ms();
        self.stats.jitter_ms = jitter.jitter_ms();
        let (Some(track), Some(end)) = (&self.track, jitter.position()) else { return };
        if stream.edge == Edge::Resting {
            return;
        }
        let (pts, timestamp) = stream.anchor;
        let since = (end as u32).wrapping_sub(timestamp) as i32;
        let end = pts + f64::from(since) * 1e6 / f64::from(stream.kind.rate.0);
        let under_way = (self.stats.ahead_ms + standing.latency_ms) * 1000.0;
        track.tell(|clock, name| clock.lead(name, end - under_way, now.0));
    }
}

impl Stream {
    fn new(kind: Kind, mode: Mode, (rate, channels): (Hz, usize)) -> Result<Stream, AudioError> {
        let options =
            Options { rate: kind.rate, channels: kind.channels, codec: kind.codec, mode, estimator: Estimator::Cost };
        let frames = Frames((f64::from(kind.rate.0) * BLOCK_MS / 1000.0) as u64);
        Ok(Stream {
            kind,
            jitter: JitterBuffer::new(options)?,
            steered: Steered::new(frames, kind.rate, rate, kind.channels)?,
            faster: 1.0,
            block: vec![0.0; frames.as_len() * kind.channels],
            out: Vec::with_capacity((f64::from(rate.0) * BLOCK_MS / 900.0) as usize * channels),
            edge: Edge::FadeIn,
            quiet: true,
            anchor: (0.0, 0),
        })
    }

    /// Makes the block that was due at `at`, joined as `edge` says; returns the frames that found no room.
    fn make(&mut self, at: Micros, standing: &Standing, edge: Edge, outlet: &mut impl Outlet) -> Frames {
        let (rate, channels) = outlet.shape();
        let silent = self.jitter.pull(&mut self.block, at) == Pull::Fill;
        let was_quiet = std::mem::replace(&mut self.quiet, silent && self.block.iter().all(|sample| *sample == 0.0));
        self.fade(edge);
        self.edge = if edge == Edge::FadeIn { Edge::Through } else { edge };
        // A sender that is slow by as much as the device is fast leaves nothing to be done.
        let wanted = 1.0 + standing.ppm * 1e-6 + self.jitter.drift();
        self.faster += (wanted - self.faster) * FOLLOW;
        if self.quiet && was_quiet {
            // The filter holds nothing but silence either.
            self.out.clear();
            self.out.resize((f64::from(rate.0) * BLOCK_MS / 1000.0) as usize * channels, 0.0);
            let frames = Frames((self.out.len() / channels) as u64);
            return frames.saturating_sub(outlet.write(&self.out));
        }
        self.write(outlet)
    }

    /// Resamples and writes the block; returns the frames that found no room.
    fn write(&mut self, outlet: &mut impl Outlet) -> Frames {
        let (_, channels) = outlet.shape();
        self.out.clear();
        self.steered.steer(self.faster);
        for frame in self.steered.process(&self.block).chunks_exact(self.kind.channels) {
            map_frame(&mut frame.iter().copied(), frame.len(), channels, &mut self.out);
        }
        let frames = Frames((self.out.len() / channels) as u64);
        frames.saturating_sub(outlet.write(&self.out))
    }

    /// Over the whole block, in or out.
    fn fade(&mut self, edge: Edge) {
        if edge == Edge::Through {
            return;
        }
        let channels = self.kind.channels;
        let frames = (self.block.len() / channels) as f32;
        for (index, frame) in self.block.chunks_exact_mut(channels).enumerate() {
            let to = (index as f32 + 0.5) / frames;
            let gain = if edge == Edge::FadeIn { to } else { 1.0 - to };
            frame.iter_mut().for_each(|sample| *sample *= gain);
        }
    }
}

fn sum(a: Totals, b: Totals) -> Totals {
    Totals {
        concealed: a.concealed + b.concealed,
        concealments: a.concealments + b.concealments,
        recovered: a.recovered + b.recovered,
        accelerated: a.accelerated + b.accelerated,
        expanded: a.expanded + b.expanded,
        discarded: a.discarded + b.discarded,
        late: a.late + b.late,
        duplicate: a.duplicate + b.duplicate,
        lost: a.lost + b.lost,
        refused: a.refused + b.refused,
        restarts: a.restarts + b.restarts,
    }
}
