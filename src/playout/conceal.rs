//! Any thread. Sound for packets that are not there: the last pitch period again and again, fading away.

use crate::playout::line::Line;
use crate::playout::stretch::Stretch;

/// Full voice for so long: half a syllable. Speech seldom stays as it is for longer.
const HOLD_MS: f32 = 80.0;
/// Silent after so long: a wrong sound is worse than none.
const END_MS: f32 = 160.0;

/// One concealment, from its beginning to where sound goes on.
#[derive(Clone, Debug)]
pub struct Conceal {
    rate: f32,
    /// Interleaved; what is repeated.
    period: Vec<f32>,
    /// By how much the first frame would jump.
    step: Vec<f32>,
    /// Frames made so far; None while nothing is concealed.
    made: Option<usize>,
}

impl Conceal {
    pub fn new(rate: u32) -> Conceal {
        Conceal { rate: rate as f32, period: Vec::new(), step: Vec::new(), made: None }
    }

    pub fn is_on(&self) -> bool {
        self.made.is_some()
    }

    pub fn stop(&mut self) {
        self.made = None;
    }

    /// How loud concealment is after so many frames.
    pub fn gain(&self, frames: usize) -> f32 {
        let ms = frames as f32 * 1000.0 / self.rate;
        ((END_MS - ms) / (END_MS - HOLD_MS)).clamp(0.0, 1.0)
    }

    /// Takes its period from what `line` has played last, unless it is at work already.
    pub fn start(&mut self, line: &Line, stretch: &mut Stretch) {
        if self.made.is_some() {
            return;
        }
        self.made = Some(0);
        let lag = stretch.pitch(line);
        // Noise repeated at a short period would buzz.
        let frames = if lag.likeness < 0.5 { stretch.most() } else { lag.frames };
        let channels = line.channels();
        self.period.clear();
        self.period.extend_from_slice(line.window(-(frames as isize), frames));
        let seam = (frames / 4).max(1);
        let before = line.window(-((frames + seam) as isize), seam + 1);
        let end = line.window(-1, 1);
        self.step.clear();
        self.step.extend((0..channels).map(|c| end[c] - before[(seam - 1) * channels + c]));
        for frame in 0..seam {
            let to = (frame as f32 + 1.0) / seam as f32;
            for channel in 0..channels {
                let place = (frames - seam + frame) * channels + channel;
                self.period[place] = self.period[place] * (1.0 - to) + before[frame * channels + channel] * to;
            }
        }
    }

    /// Writes what comes next.
    pub fn fill(&mut self, out: &mut [f32], channels: usize) {
        let Some(made) = self.made else { return };
        let (frames, ease) = (self.period.len() / channels, self.rate / 500.0);
        for (index, frame) in out.chunks_exact_mut(channels).enumerate() {
            let at = made + index;
            let gain = self.gain(at);
            let left = (1.0 - at as f32 / ease).max(0.0);
            let from = at % frames.max(1) * channels;
            for (channel, sample) in frame.iter_mut().enumerate() {
                // The step may lead beyond full scale.
                *sample = (gain * (self.period[from + channel] + left * self.step[channel])).clamp(-1.0, 1.0);
            }
        }
        self.made = Some(made + out.len() / channels);
    }
}
