//! A sender, a network, a receiver and a loudspeaker in virtual time.
#![allow(dead_code, reason = "no test needs all of it")]

use std::collections::VecDeque;
use std::f64::consts::TAU;
use std::sync::{Arc, Mutex};

use sdl_callback_audio::link::packets::{PacketWriter, packet_lane};
use sdl_callback_audio::packet::header::{self, Format, Header, Stamp};
use sdl_callback_audio::packet::open::Opener;
use sdl_callback_audio::playout::decode::Codec;
use sdl_callback_audio::playout::jitter::Mode;
use sdl_callback_audio::units::{Frames, Hz, Micros};
use sdl_callback_audio::voice::door::Door;
use sdl_callback_audio::voice::pace::Standing;
use sdl_callback_audio::voice::receive::{Outlet, ReceiveStats, Receiver, Track};

const LANE_BYTES: usize = 256 << 10;

/// A device that takes `period` frames at a time, `ppm` faster than its rate.
pub struct Speaker {
    pub rate: u32,
    pub channels: usize,
    pub period: usize,
    pub ppm: f64,
    pub most_ms: f64,
    pub round_ms: f64,
    /// In ms; meanwhile its callback runs and takes nothing.
    pub paused: Vec<std::ops::Range<f64>>,
    pub closed: bool,
    ring: VecDeque<f32>,
    /// What it played from the first frame that it was given.
    pub heard: Vec<f32>,
    taken: u64,
    pub shortages: u64,
    short: bool,
    callbacks: u64,
}

impl Speaker {
    pub fn new(rate: u32, channels: usize, period: usize, ppm: f64) -> Speaker {
        Speaker {
            rate,
            channels,
            period,
            ppm,
            most_ms: 200.0,
            round_ms: 0.0,
            paused: Vec::new(),
            closed: false,
            ring: VecDeque::new(),
            heard: Vec::new(),
            taken: 0,
            shortages: 0,
            short: false,
            callbacks: 0,
        }
    }

    fn begins_at(&self, callback: u64) -> f64 {
        (callback * self.period as u64) as f64 * 1000.0 / (f64::from(self.rate) * (1.0 + self.ppm * 1e-6))
    }

    /// How long it goes on playing what its last callback took.
    pub fn left_ms(&self, now: f64) -> f64 {
        if self.callbacks > 0 { self.begins_at(self.callbacks) - now } else { 0.0 }
    }

    /// Runs the callbacks up to `now`, in ms.
    pub fn run(&mut self, now: f64) {
        while self.begins_at(self.callbacks) <= now {
            let at = self.begins_at(self.callbacks);
            self.callbacks += 1;
            if (self.heard.is_empty() && self.ring.is_empty()) || self.paused.iter().any(|pause| pause.contains(&at)) {
                continue;
            }
            let samples = self.period * self.channels;
            let got = samples.min(self.ring.len());
            self.heard.extend(self.ring.drain(..got));
            self.heard.resize(self.heard.len() + samples - got, 0.0);
            self.taken += (got / self.channels) as u64;
            let short = got < samples;
            self.shortages += u64::from(short && !self.short);
            self.short = short;
        }
    }
}

/// The speaker as the receiver sees it.
pub struct Line(Arc<Mutex<Speaker>>);

impl Outlet for Line {
    fn shape(&self) -> (Hz, usize) {
        let speaker = self.0.lock().expect("one thread");
        (Hz(speaker.rate), speaker.channels)
    }

    fn standing(&self, now: Micros) -> Option<Standing> {
        let mut speaker = self.0.lock().expect("one thread");
        let now = now.0 / 1000.0;
        speaker.run(now);
        let queued = speaker.ring.len() / speaker.channels;
        let left = speaker.left_ms(now);
        (!speaker.closed).then(|| Standing {
            ahead_ms: queued as f64 * 1000.0 / f64::from(speaker.rate) + left,
            taken: speaker.taken,
            shortages: speaker.shortages,
            period_ms: speaker.period as f64 * 1000.0 / f64::from(speaker.rate),
            latency_ms: 5.0,
            ppm: speaker.ppm,
            round_ms: speaker.round_ms,
            most_ms: speaker.most_ms,
        })
    }

    fn write(&mut self, samples: &[f32]) -> Frames {
        let mut speaker = self.0.lock().expect("one thread");
        let most = (speaker.most_ms * f64::from(speaker.rate) / 1000.0) as usize * speaker.channels;
        let room = most.saturating_sub(speaker.ring.len());
        let taken = samples.len().min(room);
        speaker.ring.extend(&samples[..taken]);
        Frames((taken / speaker.channels) as u64)
    }
}

pub struct Room {
    pub speaker: Arc<Mutex<Speaker>>,
    receiver: Receiver<Line>,
    packets: PacketWriter,
    coming: VecDeque<(f64, Vec<u8>)>,
    /// How late the thread wakes for its nth look, in ms.
    pub late: fn(usize) -> f64,
    looks: usize,
    now: f64,
    pub overflowed: usize,
    /// What was told at every look, and when.
    pub told: Vec<(f64, ReceiveStats)>,
    pub ended: bool,
}

impl Room {
    pub fn new(speaker: Speaker, opener: Option<Opener>, codec: Codec, track: Option<Track>) -> Room {
        let (packets, reader) = packet_lane(LANE_BYTES);
        let rate = Hz(speaker.rate);
        let speaker = Arc::new(Mutex::new(speaker));
        let door = Door::new(opener, codec, rate);
        let receiver = Receiver::new(Line(speaker.clone()), (reader, LANE_BYTES), door, Mode::default(), track);
        let (late, told, coming) = (|_| 0.0, Vec::new(), VecDeque::new());
        Room { speaker, receiver, packets, coming, late, looks: 0, now: 0.0, overflowed: 0, told, ended: false }
    }

    /// Packets by when they arrive, in ms. The thread looks every few ms, until `end`.
    pub fn run(&mut self, packets: Vec<(f64, Vec<u8>)>, end: f64) {
        self.coming.extend(packets);
        self.coming.make_contiguous().sort_by(|a, b| a.0.total_cmp(&b.0));
        while self.now < end {
            while self.coming.front().is_some_and(|(at, _)| *at <= self.now) {
                let Some((at, packet)) = self.coming.pop_front() else { break };
                self.overflowed += usize::from(!self.packets.push(&packet, Micros(at * 1000.0)));
            }
            let Some(next) = self.receiver.step(Micros(self.now * 1000.0)) else {
                self.ended = true;
                return;
            };
            self.told.push((self.now, self.receiver.stats()));
            self.looks += 1;
            self.now = (next.0 / 1000.0).max(self.now + 2.5) + (self.late)(self.looks);
        }
        self.speaker.lock().expect("one thread").run(end);
    }

    pub fn set_mode(&mut self, mode: Mode) {
        self.receiver.set_mode(mode);
    }

    pub fn stats(&self) -> ReceiveStats {
        self.receiver.stats()
    }

    pub fn at(&self, ms: f64) -> ReceiveStats {
        self.told.iter().find(|(at, _)| *at >= ms).expect("it looked then").1
    }

    pub fn heard(&self) -> Vec<f32> {
        self.speaker.lock().expect("one thread").heard.clone()
    }

    pub fn shortages(&self) -> u64 {
        self.speaker.lock().expect("one thread").shortages
    }
}

/// A tone with a phase of its own in each channel, of `seconds` at most ten which go round.
pub fn tone(rate: u32, hertz: f64) -> impl Fn(usize) -> f32 {
    move |frame| (0.4 * (TAU * hertz * frame as f64 / f64::from(rate)).sin()) as f32
}

/// Packet `index` of 20 ms of samples in the clear, the same in every channel.
pub fn pcm(index: u32, first: u32, (rate, channels): (u32, u8), sample: impl Fn(usize) -> f32) -> Vec<u8> {
    let frames = rate / 50;
    let stream = header::Stream {
        format: Format::SeqPts,
        ssrc: 0,
        direction: false,
        frequency: rate,
        channels,
        codec: header::Codec::Pcm,
    };
    let stamp =
        Stamp { sequence: first.wrapping_add(index), timestamp: u64::from(index) * 20_000, frames, marker: false };
    let length = frames as usize * usize::from(channels) * 4;
    let mut packet = vec![0; 24];
    Header { stream, stamp, length }.write(&mut packet);
    for frame in 0..frames as usize {
        let bytes = sample(index as usize * frames as usize + frame).to_le_bytes();
        (0..channels).for_each(|_| packet.extend_from_slice(&bytes));
    }
    packet
}

/// Packets of 20 ms of a tone, each `delay(index)` ms under way; None is lost.
pub fn stream(count: u32, (rate, channels): (u32, u8), delay: impl Fn(usize) -> Option<f64>) -> Vec<(f64, Vec<u8>)> {
    let tone = tone(rate, 300.0);
    (0..count)
        .filter_map(|index| {
            let at = f64::from(index) * 20.0 + delay(index as usize)?;
            Some((at, pcm(index, 1, (rate, channels), &tone)))
        })
        .collect()
}

/// A number in [0, 1) for each index: the same at every run.
pub fn chance(index: usize) -> f64 {
    let mut x = index as u64 ^ 0x9e37_79b9_7f4a_7c15;
    for _ in 0..3 {
        x = (x ^ x >> 31).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    }
    (x >> 40) as f64 / 16_777_216.0
}

/// How much of `sound` is not a sine of `hertz`, whatever its phase and loudness: 0 for all of it, 1 for none.
pub fn strangeness(sound: &[f32], rate: u32, hertz: f64) -> f64 {
    let (mut re, mut im, mut all) = (0.0, 0.0, 0.0);
    for (frame, sample) in sound.iter().enumerate() {
        let angle = TAU * hertz * frame as f64 / f64::from(rate);
        re += f64::from(*sample) * angle.cos();
        im += f64::from(*sample) * angle.sin();
        all += f64::from(*sample).powi(2);
    }
    let own = 2.0 * (re * re + im * im) / sound.len() as f64;
    1.0 - own / all
}
