//! A sender, a network and a listener in virtual time.
#![allow(dead_code, reason = "no test needs all of it")]

use std::f32::consts::TAU;
use std::sync::OnceLock;

use sdl_callback_audio::playout::jitter::{Codec, Estimator, JitterBuffer, Mode, Options, Pull, Totals};
use sdl_callback_audio::units::{Hz, Micros};

pub const RATE: u32 = 16_000;
pub const PACKET: usize = 320;
const BLOCK: usize = 160;

/// The sample of a voice of sorts at a frame of media time.
fn sample(frame: usize) -> f32 {
    let t = frame as f32 / RATE as f32;
    (1..8).map(|k| (t * TAU * 140.0 * k as f32).sin() / k as f32).sum::<f32>() * 0.2
}

pub fn payload(index: usize) -> Vec<u8> {
    // Ten seconds that go round, with whole periods in them.
    static SOUND: OnceLock<Vec<u8>> = OnceLock::new();
    let sound = SOUND.get_or_init(|| (0..500 * PACKET).flat_map(|frame| sample(frame).to_ne_bytes()).collect());
    let start = index % 500 * PACKET * 4;
    sound[start..start + PACKET * 4].to_vec()
}

/// Arrival in ms, sequence number, timestamp, index of the sound.
#[derive(Clone, Copy, Debug)]
pub struct Arrival {
    pub at: f64,
    pub sequence: u32,
    pub timestamp: u32,
    pub index: usize,
}

/// Packets `range`, one every 20 ms, each `delay(index)` ms under way; None is lost. Numbers begin at `first`.
pub fn packets(range: std::ops::Range<usize>, first: u32, delay: impl Fn(usize) -> Option<f64>) -> Vec<Arrival> {
    range
        .filter_map(|index| {
            let number = index as u32;
            Some(Arrival {
                at: index as f64 * 20.0 + delay(index)?,
                sequence: first.wrapping_add(number),
                timestamp: first.wrapping_mul(7).wrapping_add(number.wrapping_mul(PACKET as u32)),
                index,
            })
        })
        .collect()
}

/// Numbers go on, timestamps leave out a second after the fourth: discontinuous transmission.
pub fn with_a_pause() -> Vec<Arrival> {
    let mut arrivals = packets(0..500, 1, |_| Some(0.0));
    for arrival in &mut arrivals[200..] {
        (arrival.at, arrival.timestamp) = (arrival.at + 1000.0, arrival.timestamp + RATE);
    }
    arrivals
}

/// A number in [0, 1) for each index: the same at every run.
pub fn chance(index: usize) -> f64 {
    let mut x = index as u64 ^ 0x9e37_79b9_7f4a_7c15;
    for _ in 0..3 {
        x = (x ^ x >> 31).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    }
    (x >> 40) as f64 / 16_777_216.0
}

#[derive(Clone, Debug)]
pub struct Row {
    pub at: f64,
    pub delay: f64,
    pub target: f64,
    pub kind: Pull,
    pub totals: Totals,
}

pub struct Played {
    pub rows: Vec<Row>,
    pub sound: Vec<f32>,
}

impl Played {
    pub fn last(&self) -> &Row {
        self.rows.last().expect("a block")
    }

    pub fn at(&self, ms: f64) -> &Row {
        self.rows.iter().find(|row| row.at >= ms).expect("a block at that time")
    }

    /// ms made up from one time to another.
    pub fn concealed(&self, from: f64, to: f64) -> f64 {
        (self.at(to).totals.concealed - self.at(from).totals.concealed) as f64 * 1000.0 / f64::from(RATE)
    }
}

pub fn buffer(mode: Mode, estimator: Estimator) -> JitterBuffer {
    let options = Options { rate: Hz(RATE), channels: 1, codec: Codec::Pcm, mode, estimator };
    JitterBuffer::new(options).expect("a jitter buffer")
}

pub fn push(buffer: &mut JitterBuffer, arrival: &Arrival) {
    buffer.push(arrival.sequence, arrival.timestamp, &payload(arrival.index), Micros(arrival.at * 1000.0));
}

/// Plays `arrivals` in blocks of 10 ms until `end`.
pub fn play_into(mut buffer: JitterBuffer, mut arrivals: Vec<Arrival>, end: f64) -> Played {
    arrivals.sort_by(|a, b| a.at.total_cmp(&b.at));
    let mut coming = arrivals.iter().peekable();
    let mut played = Played { rows: Vec::new(), sound: Vec::new() };
    let mut block = [0.0; BLOCK];
    let mut at = 0.0;
    while at < end {
        while let Some(arrival) = coming.next_if(|arrival| arrival.at <= at) {
            push(&mut buffer, arrival);
        }
        let kind = buffer.pull(&mut block, Micros(at * 1000.0));
        played.sound.extend_from_slice(&block);
        let (delay, target, totals) = (buffer.delay_ms(), buffer.target_ms(), buffer.totals());
        played.rows.push(Row { at, delay, target, kind, totals });
        at += 10.0;
    }
    played
}

pub fn play(arrivals: Vec<Arrival>, end: f64) -> Played {
    play_into(buffer(Mode::default(), Estimator::default()), arrivals, end)
}
