//! Voice threads, a few for all receivers: each goes round its streams just ahead of their devices. JavaScript hands in packets
//! and looks at the counters.

use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, TryLockError};
use std::time::Duration;

use crate::device::holders::Turn;
use crate::device::owner::lock;
use crate::device::source::Source;
use crate::device::{monotonic, priority};
use crate::error::{AudioError, ErrorCode};
use crate::link::control::Flag;
use crate::link::packets::{PacketWriter, packet_lane};
use crate::link::wake::Bell;
use crate::packet::open::Opener;
use crate::playout::decode::Codec;
use crate::playout::jitter::Mode;
use crate::units::{Frames, Hz, Micros};
use crate::voice::door::Door;
use crate::voice::pace::{LOOK, Standing};
use crate::voice::pool::Pool;
use crate::voice::receive::{Outlet, ReceiveStats, Receiver, Track};

/// What may wait for a thread that comes every few milliseconds: a second of Opus at its usual rates and more, half a second of
/// samples.
const OPUS_LANE_BYTES: usize = 32 << 10;
const PCM_LANE_BYTES: usize = 256 << 10;
/// Once it plays, beside its lane and the room for one packet: a decoder, and sound for a quarter of a second.
const STREAM_BYTES: usize = 96 << 10;
/// A source has to hold a block beyond the period, and something for a late thread.
const LEAST_BEYOND_PERIOD_MS: f64 = 30.0;
/// An arrival that is further back was not on this clock.
const OLDEST_ARRIVAL: Micros = Micros(2e6);
/// A long round is forgotten by half within some ten seconds.
const ROUND_FORGET: f64 = 0.9997;
const ROUND_STEP: Micros = Micros(4e3);
const ROUND_MOST: Micros = Micros(40e3);
/// With nothing to do a thread sleeps until somebody rings.
const LONG: Duration = Duration::from_secs(3600);

/// Now, on the clock that all of them share.
pub fn now() -> Micros {
    Micros(monotonic::nanos() as f64 / 1000.0)
}

/// One stream, from the side that JavaScript holds.
pub struct Receiving {
    packets: PacketWriter,
    lane_bytes: usize,
    overflowed: u64,
    shared: Arc<Shared>,
    shard: &'static Shard,
}

/// What to make of the packets.
pub struct Plan {
    pub opener: Option<Opener>,
    pub codec: Codec,
    pub mode: Mode,
    pub track: Option<Track>,
}

struct Shared {
    source: Arc<Source>,
    turn: Turn,
    /// None once it is closed.
    receiver: Mutex<Option<Receiver<Ring>>>,
    /// As of the last round, so that nobody waits for a round to end.
    stats: Mutex<ReceiveStats>,
    over: Flag,
}

/// The source as its stream sees it.
struct Ring {
    source: Arc<Source>,
    turn: Turn,
    shard: &'static Shard,
    samples: Vec<u8>,
}

impl Outlet for Ring {
    fn shape(&self) -> (Hz, usize) {
        (self.source.options.rate, self.source.options.channels)
    }

    fn standing(&self, now: Micros) -> Option<Standing> {
        if self.source.is_closed() {
            return None;
        }
        let (device, marks) = (&self.source.device, &self.source.control.marks);
        let rate = f64::from(device.options.rate.0);
        let ms = |frames: f64| frames * 1000.0 / rate;
        let (left, block, ppm) = device.under_way((now.0 * 1000.0) as u64).unwrap_or((0.0, Frames::ZERO, 0.0));
        let period = device.obtained().map_or(device.options.period, |obtained| obtained.period).max(block);
        Some(Standing {
            ahead_ms: ms(marks.queued().0 as f64 + left.clamp(-(block.0 as f64), block.0 as f64)),
            taken: marks.passed().0,
            shortages: self.source.control.tally.episodes.get(),
            period_ms: ms(period.0 as f64),
            latency_ms: device.latency_duration().as_secs_f64() * 1000.0,
            ppm,
            round_ms: f64::from(self.shard.round_ms.load(Ordering::Relaxed)),
            most_ms: self.source.options.target.0 as f64 * 1000.0 / f64::from(self.source.options.rate.0),
        })
    }

    fn write(&mut self, samples: &[f32]) -> Frames {
        self.samples.clear();
        self.samples.extend(samples.iter().flat_map(|sample| sample.to_le_bytes()));
        self.source.write(self.turn, &self.samples).unwrap_or(Frames::ZERO)
    }
}

impl Receiving {
    /// Begins to play what arrives into `source`, which has no other writer from then on. `plan` is called when nothing else can be
    /// refused any more.
    pub fn start(
        source: Arc<Source>,
        plan: impl FnOnce() -> Result<Plan, AudioError>,
    ) -> Result<Receiving, AudioError> {
        let refused = |code, detail: &str| Err(AudioError::new(code, "Receiver", detail));
        if source.is_shared() {
            return refused(ErrorCode::InvalidArg, "the source reads a ring that JavaScript writes");
        }
        let device = &source.device;
        let period = device.obtained().map_or(device.options.period, |obtained| obtained.period);
        let least = period.0 as f64 * 1000.0 / f64::from(device.options.rate.0) + LEAST_BEYOND_PERIOD_MS;
        if source.options.target.0 as f64 * 1000.0 / f64::from(source.options.rate.0) < least {
            let detail = format!("Expected a source with a targetMs of at least {}", least.ceil());
            return refused(ErrorCode::OutOfRange, &detail);
        }
        let turn = Turn::of_native();
        if source.holders.claim(turn).is_err() {
            return refused(
                ErrorCode::WriterTaken,
                "another thread, or another receiver, writes this source: give each its own",
            );
        }
        let release = |_: &AudioError| source.holders.release(turn);
        let shards = shards().inspect_err(release)?;
        let Plan { opener, codec, mode, track } = plan().inspect_err(release)?;
        let bytes = if codec == Codec::Opus { OPUS_LANE_BYTES } else { PCM_LANE_BYTES };
        let (packets, reader) = packet_lane(bytes);
        let door = Door::new(opener, codec, source.options.rate);
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let shard = &shards[NEXT.fetch_add(1, Ordering::Relaxed) % shards.len()];
        let ring = Ring { source: source.clone(), turn, shard, samples: Vec::new() };
        let receiver = Receiver::new(ring, (reader, bytes), door, mode, track);
        let shared =
            Shared { source, turn, receiver: Mutex::new(Some(receiver)), stats: Mutex::default(), over: Flag::new() };
        let shared = Arc::new(shared);
        lock(&shard.joining).push(shared.clone());
        shard.bell.ring();
        Ok(Receiving { packets, lane_bytes: bytes, overflowed: 0, shared, shard })
    }

    /// Takes a copy of a packet that arrived at `arrival`, or just now; where there is no room, it is counted.
    pub fn push(&mut self, packet: &[u8], arrival: Option<Micros>) {
        let now = now();
        let arrival = arrival.map_or(now.0, |arrival| arrival.0.clamp(now.0 - OLDEST_ARRIVAL.0, now.0));
        self.overflowed += u64::from(!self.packets.push(packet, Micros(arrival)));
    }

    /// Packets for which there was no room.
    pub fn overflowed(&self) -> u64 {
        self.overflowed
    }

    pub fn set_mode(&self, mode: Mode) {
        if let Some(receiver) = &mut *lock(&self.shared.receiver) {
            receiver.set_mode(mode);
        }
    }

    pub fn stats(&self) -> ReceiveStats {
        *lock(&self.shared.stats)
    }

    /// About what it has allocated.
    pub fn memory_bytes(&self) -> usize {
        self.lane_bytes * 2 + STREAM_BYTES
    }
}

impl Drop for Receiving {
    /// From now on the source has no writer: what is in its ring is played.
    fn drop(&mut self) {
        self.shared.close();
        self.shard.bell.ring();
    }
}

impl Shared {
    /// Waits for the step under way, if there is one, and for no more.
    fn close(&self) {
        self.over.set(true);
        let receiver = lock(&self.receiver).take();
        self.source.holders.release(self.turn);
        drop(receiver);
    }

    /// One round; returns when to come again.
    fn step(&self, now: Micros) -> Option<Micros> {
        // Whoever holds it for a moment may have lost the processor, and the other streams must not wait for that.
        let mut receiver = match self.receiver.try_lock() {
            Ok(receiver) => receiver,
            Err(TryLockError::Poisoned(receiver)) => receiver.into_inner(),
            Err(TryLockError::WouldBlock) => return Some(Micros(now.0 + LOOK.0 / 2.0)),
        };
        let (next, stats) = {
            let receiver = receiver.as_mut()?;
            (receiver.step(now), receiver.stats())
        };
        drop(receiver);
        // Whoever looks at them just now may have lost the processor: the next round tells more.
        if let Ok(mut told) = self.stats.try_lock() {
            *told = stats;
        }
        if next.is_none() {
            // Its source is closed: nothing of it will be needed any more.
            self.close();
        }
        next
    }
}

/// A thread's share of the streams.
#[derive(Default)]
struct Shard {
    joining: Mutex<Vec<Arc<Shared>>>,
    bell: Bell,
    /// The longest of the last rounds, from when it should have begun, in steps, so that it does not waver.
    round_ms: AtomicU32,
}

/// Started when the first receiver needs them; there until the process ends.
fn shards() -> Result<&'static [Shard], AudioError> {
    static SHARDS: OnceLock<Box<[Shard]>> = OnceLock::new();
    static STARTED: Mutex<bool> = Mutex::new(false);
    let shards = SHARDS.get_or_init(|| (0..Pool::default_threads()).map(|_| Shard::default()).collect());
    let mut started = lock(&STARTED);
    if !*started {
        let failed =
            |error: std::io::Error| AudioError::new(ErrorCode::OpenFailed, "start a voice thread", error.to_string());
        for (index, shard) in shards.iter().enumerate() {
            let name = format!("audio-receive-{index}");
            std::thread::Builder::new().name(name).spawn(move || shard.work()).map_err(failed)?;
        }
        *started = true;
    }
    Ok(shards)
}

impl Shard {
    /// The whole life of a voice thread.
    fn work(&'static self) {
        let mut share = Share::new(now());
        let mut longest = 0.0f64;
        let mut planned = Micros(f64::MAX);
        let mut streams: Vec<Arc<Shared>> = Vec::new();
        loop {
            let heard = self.bell.listen();
            let begun = now();
            // Whoever is at it rings afterwards.
            if let Ok(mut joining) = self.joining.try_lock() {
                streams.append(&mut joining);
            }
            let mut next = None;
            streams.retain(|stream| {
                // Whatever is wrong with one stream, the others go on.
                let step = AssertUnwindSafe(|| if stream.over.get() { None } else { stream.step(now()) });
                let again = std::panic::catch_unwind(step).unwrap_or_else(|_| {
                    stream.close();
                    None
                });
                next = again.into_iter().chain(next).min_by(|a: &Micros, b| a.0.total_cmp(&b.0));
                again.is_some()
            });
            let ended = now();
            share.note(begun, ended);
            // Of a process that was stopped no more is remembered than helps.
            longest = (longest * ROUND_FORGET).max(ended.0 - begun.0.min(planned.0)).min(ROUND_MOST.0);
            let steps = (longest / ROUND_STEP.0).ceil() * ROUND_STEP.0;
            self.round_ms.store((steps / 1000.0) as u32, Ordering::Relaxed);
            // Streams that are due soon after one another take their turns together.
            let least = LOOK.0 / 2.0;
            let wait = next.map_or(LONG, |next| Duration::from_secs_f64((next.0 - ended.0).max(least) / 1e6));
            planned = Micros(ended.0 + wait.as_secs_f64() * 1e6);
            self.bell.wait(heard, wait);
        }
    }
}

/// How much of a processor a thread takes: only while that is little is it a real-time thread.
struct Share {
    since: Micros,
    busy: f64,
    realtime: bool,
}

impl Share {
    const SPAN: Micros = Micros(1e6);
    const MOST: f64 = 0.6;
    /// Back again, once it is well below.
    const BACK: f64 = 0.4;

    fn new(now: Micros) -> Share {
        priority::set_voice(true);
        Share { since: now, busy: 0.0, realtime: true }
    }

    /// A round took from `begun` to `now`.
    fn note(&mut self, begun: Micros, now: Micros) {
        self.busy += now.0 - begun.0;
        let span = now.0 - self.since.0;
        // Who has much to do must not do it for a second before anybody else gets a turn.
        let too_much = self.busy > Share::MOST * Share::SPAN.0;
        if span < Share::SPAN.0 && !too_much {
            return;
        }
        let wanted = !too_much && (self.realtime || self.busy < Share::BACK * span);
        if wanted != self.realtime {
            priority::set_voice(wanted);
            self.realtime = wanted;
        }
        (self.since, self.busy) = (now, 0.0);
    }
}
