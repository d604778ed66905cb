//! Any thread. The sound that has been played last and that is to be played next, in one piece of memory: what stretches and
//! conceals looks at both.

/// Played sound that is kept: twice the longest pitch period, and what a match is judged by.
const PAST_MS: usize = 60;

/// Interleaved frames, of which the first `at` have been played.
#[derive(Clone, Debug)]
pub struct Line {
    samples: Vec<f32>,
    channels: usize,
    at: usize,
    past: usize,
}

impl Line {
    pub fn new(rate: u32, channels: usize) -> Line {
        let past = rate as usize * PAST_MS / 1000;
        Line { samples: vec![0.0; past * channels], channels, at: past, past }
    }

    pub fn channels(&self) -> usize {
        self.channels
    }

    /// Frames that have not been played.
    pub fn ahead(&self) -> usize {
        self.samples.len() / self.channels - self.at
    }

    /// Frames that have been played and are still here.
    pub fn behind(&self) -> usize {
        self.at
    }

    /// Adds `frames` of silence to the end, for the caller to write into.
    pub fn grow(&mut self, frames: usize) -> &mut [f32] {
        let start = self.samples.len();
        self.samples.resize(start + frames * self.channels, 0.0);
        &mut self.samples[start..]
    }

    /// Takes away the last `frames` of what has not been played.
    pub fn shrink(&mut self, frames: usize) {
        let frames = frames.min(self.ahead());
        self.samples.truncate(self.samples.len() - frames * self.channels);
    }

    /// Takes away the first `frames` of what has not been played.
    pub fn skip(&mut self, frames: usize) {
        self.cut(0, frames.min(self.ahead()));
    }

    /// Plays as many frames as there are and `out` holds; returns how many.
    pub fn play(&mut self, out: &mut [f32]) -> usize {
        let frames = (out.len() / self.channels).min(self.ahead());
        let (from, samples) = (self.at * self.channels, frames * self.channels);
        out[..samples].copy_from_slice(&self.samples[from..from + samples]);
        self.at += frames;
        // Seldom enough to cost nothing, often enough to stay small.
        if self.at > 4 * self.past {
            self.samples.drain(..(self.at - self.past) * self.channels);
            self.at = self.past;
        }
        frames
    }

    /// What is played next.
    pub fn coming(&mut self) -> &mut [f32] {
        &mut self.samples[self.at * self.channels..]
    }

    /// The frames from `from` on, counted from what is played next: below zero they have been played.
    pub fn window(&self, from: isize, frames: usize) -> &[f32] {
        let start = self.at.saturating_add_signed(from) * self.channels;
        &self.samples[start..start + frames * self.channels]
    }

    /// Removes `frames` from `after` frames on.
    pub fn cut(&mut self, after: usize, frames: usize) {
        let start = (self.at + after) * self.channels;
        self.samples.drain(start..start + frames * self.channels);
    }

    /// Inserts a copy of the `frames` last played before what is played next.
    pub fn repeat(&mut self, frames: usize) {
        let (at, count) = (self.at * self.channels, frames * self.channels);
        let end = self.samples.len();
        self.samples.resize(end + count, 0.0);
        self.samples.copy_within(at..end, at + count);
        self.samples.copy_within(at - count..at, at);
    }

    pub fn clear_ahead(&mut self) {
        self.samples.truncate(self.at * self.channels);
    }
}
