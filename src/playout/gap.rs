//! Any thread. What a jitter buffer plays where there is nothing to play, and how it goes on from there.

use crate::playout::decode::Decoder;
use crate::playout::jitter::JitterBuffer;

/// A stream that sends nothing for so long is not lost but silent.
const IDLE_MS: f64 = 2000.0;

/// What the silence or concealment under way began with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Gap {
    /// Playout delay before it.
    pub(super) delay: f64,
    pub(super) made: usize,
    /// A later packet was there, so that this one was missing, not late.
    pub(super) overtaken: bool,
}

impl JitterBuffer {
    /// Goes on after a gap: leaves out what it stood for, and fades from what was made up.
    pub(super) fn resume(&mut self, now: f64, again: usize) {
        self.line.skip(again);
        let Some(gap) = self.gap.take() else { return };
        if gap.overtaken {
            // It came while it was being concealed: the rest of it is in time.
            let over = self.frames(now - self.ms(self.front()) - gap.delay.min(self.target()));
            self.line.skip(over.clamp(0, gap.made as i64) as usize);
        }
        let fade = self.stretch.fade().min(self.line.ahead());
        let channels = self.options.channels;
        let mut tail = vec![0.0; fade * channels];
        match &self.decoder {
            Decoder::Pcm => self.conceal.fill(&mut tail, channels),
            Decoder::Opus(_) => {
                // The decoder joins its own concealment; only what was faded has to rise again.
                let gain = self.conceal.gain(gap.made);
                tail.copy_from_slice(&self.line.coming()[..fade * channels]);
                tail.iter_mut().for_each(|sample| *sample *= gain);
            }
        }
        for (index, (next, made)) in self.line.coming().iter_mut().zip(&tail).enumerate() {
            let to = ((index / channels) as f32 + 0.5) / fade as f32;
            *next = *next * to + made * (1.0 - to);
        }
        self.conceal.stop();
        self.made_up.clear();
    }

    /// Makes up `frames` at the end of the line, for the moment.
    pub(super) fn make(&mut self, frames: usize, silent: bool) {
        let channels = self.options.channels;
        let delay = self.last_delay;
        let gap = *self.gap.get_or_insert(Gap { delay, made: 0, overtaken: false });
        self.gap = Some(Gap { made: gap.made + frames, ..gap });
        if self.ms((gap.made + frames) as i64) > IDLE_MS && self.store.is_empty() {
            self.playing = false;
            return;
        }
        if !silent {
            self.totals.concealed += frames as u64;
            self.totals.concealments += u64::from(gap.made == 0);
        }
        match &mut self.decoder {
            Decoder::Pcm => {
                self.conceal.start(&self.line, &mut self.stretch);
                let out = self.line.grow(frames);
                self.conceal.fill(out, channels);
            }
            Decoder::Opus(_) => self.make_by_decoder(frames, gap.made),
        }
    }

    /// Appends something in place of a packet that says nothing: its head was good, and the rest is not.
    pub(super) fn make_up(&mut self, frames: usize) {
        self.totals.refused += 1;
        self.totals.concealed += frames as u64;
        self.totals.concealments += 1;
        if !self.decoder.conceal(frames, &mut self.line) {
            self.line.grow(frames);
        }
    }

    fn make_by_decoder(&mut self, frames: usize, made: usize) {
        let channels = self.options.channels;
        let chunk = self.frames(10.0) as usize;
        while self.made_up.len() < frames * channels {
            if self.conceal.gain(made) > 0.0 && self.decoder.conceal(chunk, &mut self.line) {
                let start = self.line.ahead() - chunk;
                self.made_up.extend_from_slice(self.line.window(start as isize, chunk));
                self.line.shrink(chunk);
            } else {
                self.made_up.resize(self.made_up.len() + chunk * channels, 0.0);
            }
        }
        for (frame, samples) in self.made_up[..frames * channels].chunks_exact_mut(channels).enumerate() {
            let gain = self.conceal.gain(made + frame);
            samples.iter_mut().for_each(|sample| *sample *= gain);
        }
        self.line.grow(frames).copy_from_slice(&self.made_up[..frames * channels]);
        self.made_up.drain(..frames * channels);
    }
}
