//! Any thread. Sound made longer or shorter by whole pitch periods, cross-faded where it resembles itself most (WSOLA): pitch and
//! timbre stay.

use crate::playout::line::Line;

const LEAST_MS: f32 = 2.5;
const MOST_MS: f32 = 15.0;
const FADE_MS: f32 = 5.0;
/// Similarity is first looked for at this rate: speech has its pitch far below.
const COARSE_RATE: u32 = 4000;
/// Mean square below which nobody hears a seam (-60 dB).
const QUIET: f32 = 1e-6;

/// A place where sound resembles itself.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lag {
    pub frames: usize,
    /// 1 for the same wave, 0 for nothing in common.
    pub likeness: f32,
}

#[derive(Clone, Debug)]
pub struct Stretch {
    rate: u32,
    factor: usize,
    mono: Vec<f32>,
    coarse: Vec<f32>,
}

impl Stretch {
    pub fn new(rate: u32) -> Stretch {
        Stretch { rate, factor: (rate / COARSE_RATE).max(1) as usize, mono: Vec::new(), coarse: Vec::new() }
    }

    fn frames(&self, ms: f32) -> usize {
        (self.rate as f32 * ms / 1000.0) as usize
    }

    pub fn least(&self) -> usize {
        self.frames(LEAST_MS)
    }

    pub fn most(&self) -> usize {
        self.frames(MOST_MS)
    }

    pub fn fade(&self) -> usize {
        self.frames(FADE_MS)
    }

    /// Removes up to `most` frames of what comes next; returns how many, and none where nothing resembles by `likeness`.
    pub fn shorten(&mut self, line: &mut Line, most: usize, likeness: f32) -> usize {
        let fade = self.fade();
        let most = most.min(self.most()).min(line.ahead().saturating_sub(fade));
        if most < self.least() || line.behind() < fade {
            return 0;
        }
        let Some(lag) = self.find(line, -(fade as isize), 2 * fade, most, 1) else { return 0 };
        if lag.likeness < likeness {
            return 0;
        }
        let channels = line.channels();
        let next = line.coming();
        for frame in 0..fade {
            let to = (frame as f32 + 0.5) / fade as f32;
            for channel in 0..channels {
                let (a, b) = (frame * channels + channel, (frame + lag.frames) * channels + channel);
                next[a] = next[a] * (1.0 - to) + next[b] * to;
            }
        }
        line.cut(fade, lag.frames);
        lag.frames
    }

    /// Inserts up to `most` frames before what comes next; returns how many, and none where nothing resembles by `likeness`.
    pub fn lengthen(&mut self, line: &mut Line, most: usize, likeness: f32) -> usize {
        let fade = self.fade().min(line.ahead());
        let context = self.fade();
        let most = most.min(self.most()).min(line.behind().saturating_sub(context));
        if most < self.least() || fade < self.least() {
            return 0;
        }
        let Some(lag) = self.find(line, -(context as isize), context + fade, most, -1) else { return 0 };
        if lag.likeness < likeness {
            return 0;
        }
        line.repeat(lag.frames);
        // What would have come next lies behind the copy now; it fades into the copy's beginning.
        let (channels, fade) = (line.channels(), fade.min(lag.frames));
        let next = line.coming();
        for frame in 0..fade {
            let to = (frame as f32 + 0.5) / fade as f32;
            for channel in 0..channels {
                let (a, b) = (frame * channels + channel, (frame + lag.frames) * channels + channel);
                next[a] = next[b] * (1.0 - to) + next[a] * to;
            }
        }
        lag.frames
    }

    /// The period of what has been played last.
    pub fn pitch(&mut self, line: &Line) -> Lag {
        let window = self.frames(20.0).min(line.behind().saturating_sub(self.most()));
        let none = Lag { frames: self.frames(10.0), likeness: 0.0 };
        self.find(line, -(window as isize), window, self.most(), -1).unwrap_or(none)
    }

    /// The lag of up to `most` frames, towards `direction`, at which the `window` frames from `from` on find themselves again.
    fn find(&mut self, line: &Line, from: isize, window: usize, most: usize, direction: isize) -> Option<Lag> {
        let least = self.least();
        if window < least || most < least {
            return None;
        }
        let reach = most as isize * direction;
        let start = from + reach.min(0);
        self.mix(line.window(start, window + most), line.channels());
        let fixed = from.abs_diff(start);
        let place = |lag: usize| fixed.saturating_add_signed(lag as isize * direction);
        let energy: f32 = self.mono[fixed..fixed + window].iter().map(|v| v * v).sum();
        if energy < QUIET * window as f32 {
            return Some(Lag { frames: most, likeness: 1.0 });
        }
        let factor = self.factor;
        let rough = (least..=most).step_by(factor).max_by(|a, b| {
            let likeness = |lag: usize| likeness(&self.coarse, fixed / factor, place(lag) / factor, window / factor);
            likeness(*a).total_cmp(&likeness(*b))
        })?;
        let near = rough.saturating_sub(factor).max(least)..=(rough + factor).min(most);
        near.map(|frames| Lag { frames, likeness: likeness(&self.mono, fixed, place(frames), window) })
            .max_by(|a, b| a.likeness.total_cmp(&b.likeness))
    }

    fn mix(&mut self, frames: &[f32], channels: usize) {
        self.mono.clear();
        self.mono.extend(frames.chunks_exact(channels).map(|frame| frame.iter().sum::<f32>()));
        self.coarse.clear();
        let scale = 1.0 / self.factor as f32;
        self.coarse.extend(self.mono.chunks_exact(self.factor).map(|chunk| chunk.iter().sum::<f32>() * scale));
    }
}

/// Normalised cross-correlation of the windows at `a` and `b`.
fn likeness(samples: &[f32], a: usize, b: usize, window: usize) -> f32 {
    let (Some(a), Some(b)) = (samples.get(a..a + window), samples.get(b..b + window)) else { return -1.0 };
    let (mut ab, mut aa, mut bb) = (0.0, 0.0, 0.0);
    for (a, b) in a.iter().zip(b) {
        ab += a * b;
        aa += a * a;
        bb += b * b;
    }
    ab / (aa * bb).sqrt().max(1e-12)
}
