//! Audio thread. Ramps round the edges of a stream: where data ends, a decay from the last frame is appended; where sound
//! comes back after an interruption, it fades in. An uninterrupted stream is never touched.

use crate::format::Layout;
use crate::units::{Frames, Hz};

/// Long enough that a full-scale step moves by less than 1 % a frame at 48 kHz, short enough to be no fade.
const RAMP_MICROS: u64 = 5_000;

/// A sound whose first frame is below this starts by itself; fading it in would only blunt it.
const STARTS_BY_ITSELF: f32 = 1.0 / 512.0;

type Frame = [f32; Layout::MAX_CHANNELS];

pub struct Ramp {
    layout: Layout,
    /// Raised cosine from 1 to 0; its mirror image fades in, and both sum to 1.
    fall: Box<[f32]>,
    tail: Frame,
    tail_at: usize,
    fade_at: usize,
}

impl Ramp {
    #[expect(clippy::disallowed_methods, reason = "not for the audio thread")]
    pub fn new(layout: Layout, rate: Hz) -> Ramp {
        let frames = (u64::from(rate.0) * RAMP_MICROS).div_ceil(1_000_000).max(1);
        let fall: Box<[f32]> = (0..frames)
            .map(|frame| (0.5 + 0.5 * (std::f64::consts::PI * (frame + 1) as f64 / (frames + 1) as f64).cos()) as f32)
            .collect();
        let done = fall.len();
        Ramp { layout, fall, tail: [0.0; Layout::MAX_CHANNELS], tail_at: done, fade_at: done }
    }

    /// True while the blocks to come are touched.
    pub fn is_active(&self) -> bool {
        self.tail_at < self.fall.len() || self.fade_at < self.fall.len()
    }

    /// True while a decay still sounds.
    pub fn is_decaying(&self) -> bool {
        self.tail_at < self.fall.len()
    }

    /// Begins a decay from `frame`, the last one that was heard.
    pub fn decay_from(&mut self, frame: Frame) {
        self.tail = frame;
        self.tail_at = 0;
        self.fade_at = self.fall.len();
    }

    /// Begins to fade in with the data that starts with `first`, unless that starts from silence by itself.
    pub fn fade_in(&mut self, first: Frame) {
        if first.iter().any(|sample| sample.abs() > STARTS_BY_ITSELF) {
            self.fade_at = 0;
        }
    }

    /// The fall from 1 to 0 itself.
    pub fn curve(&self) -> &[f32] {
        &self.fall
    }

    /// Fades `block` out on a raised cosine over `over` frames, of which `done` are over.
    pub fn fade_out(&self, block: &mut [u8], done: Frames, over: Frames) {
        let step = std::f64::consts::PI / (over.0 + 1) as f64;
        for (frame, bytes) in (done.0 + 1..).zip(block.chunks_exact_mut(self.layout.frame_bytes())) {
            let gain = (0.5 + 0.5 * (step * frame as f64).cos()) as f32;
            for sample in bytes.chunks_exact_mut(self.layout.format.sample_bytes()) {
                self.layout.format.write(sample, self.layout.format.read(sample) * gain);
            }
        }
    }

    /// Works the ramps into `block`, which holds data or silence.
    pub fn apply(&mut self, block: &mut [u8]) {
        let Ramp { layout, fall, tail, tail_at, fade_at } = self;
        for frame in block.chunks_exact_mut(layout.frame_bytes()) {
            let fall_of = |at: usize| fall.get(at).copied();
            let (decay, rise) = (fall_of(*tail_at), fall_of(*fade_at).map(|fall| 1.0 - fall));
            if decay.is_none() && rise.is_none() {
                break;
            }
            for (sample, last) in frame.chunks_exact_mut(layout.format.sample_bytes()).zip(tail.iter()) {
                let data = layout.format.read(sample);
                layout.format.write(sample, data * rise.unwrap_or(1.0) + last * decay.unwrap_or(0.0));
            }
            *tail_at += usize::from(decay.is_some());
            *fade_at += usize::from(rise.is_some());
        }
    }

    /// The frame at the end of `block`.
    pub fn last_frame(&self, block: &[u8]) -> Frame {
        let start = block.len().saturating_sub(self.layout.frame_bytes());
        self.frame_of(block.get(start..).unwrap_or_default())
    }

    /// The frame at the start of `block`.
    pub fn first_frame(&self, block: &[u8]) -> Frame {
        self.frame_of(block.get(..self.layout.frame_bytes()).unwrap_or_default())
    }

    fn frame_of(&self, bytes: &[u8]) -> Frame {
        let mut frame = [0.0; Layout::MAX_CHANNELS];
        for (place, sample) in frame.iter_mut().zip(bytes.chunks_exact(self.layout.format.sample_bytes())) {
            let value = self.layout.format.read(sample);
            *place = if value.is_finite() { value.clamp(-1.0, 1.0) } else { 0.0 };
        }
        frame
    }
}
