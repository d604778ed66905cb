//! Any thread. From one sample rate to another, for blocks of any size: over rubato, or by our own filter where the rates are in a
//! ratio of small numbers, which takes half as long. The result does not depend on how the input was split, and the number of frames
//! that comes out is counted in integers, so the ratio is exact for good.

use audioadapter_buffers::direct::InterleavedSlice;
use rubato::{Async, FixedAsync, Indexing, SincInterpolationParameters, SincInterpolationType};

pub use crate::codec::filter::Quality;
use crate::codec::filter::{Filter, lead_frames, narrowing};
use crate::codec::polyphase::{Polyphase, Sinc};
use crate::error::{AudioError, ErrorCode};
use crate::format::Layout;
use crate::units::{Frames, Hz};

/// A table of one filter per phase is exact and quickest; with more phases or more in it than this it outgrows the caches, and
/// neighbours are interpolated instead.
const MOST_PHASES: usize = 160;
const MOST_TABLE: usize = 160 * 1536;
/// So many for a filter that lets half the input rate through, and fewer for one that is smoother.
const INTERPOLATED_PHASES: f64 = 256.0;
const LEAST_PHASES: usize = 8;

enum Inner {
    Exact(Box<Polyphase>),
    Between(Box<Async<f32>>),
}

pub struct Resampler {
    from: Hz,
    to: Hz,
    channels: usize,
    /// None where both rates are the same.
    inner: Option<Inner>,
    /// Frames that go through the filter at a time.
    chunk: usize,
    /// Frames that wait for a chunk to be full, interleaved.
    held: Box<[f32]>,
    held_frames: usize,
    /// Frames that are ready before they are due: rubato's count may waver by one.
    ready: Box<[f32]>,
    ready_frames: usize,
    /// Frames that went through the filter and came out since the start.
    filtered: u64,
    returned: u64,
    delay: Frames,
    /// The same before it was rounded.
    exact_delay: f64,
    /// As many silent ones at the start.
    lead: usize,
    /// Numbers that the filter keeps.
    table: usize,
}

impl Resampler {
    /// Rates from 1000 to 384000 Hz, 1 to 8 channels. Allocates; nothing after it does.
    pub fn new(from: Hz, to: Hz, channels: usize, quality: Quality) -> Result<Resampler, AudioError> {
        Resampler::for_blocks(Frames(chunk_frames(from) as u64), from, to, channels, quality)
    }

    /// One that filters `block` frames at a time and holds back what is less: for streams that come in such blocks.
    pub fn for_blocks(
        block: Frames,
        from: Hz,
        to: Hz,
        channels: usize,
        quality: Quality,
    ) -> Result<Resampler, AudioError> {
        let rates = 1_000..=384_000;
        if !rates.contains(&from.0) || !rates.contains(&to.0) || !(1..=Layout::MAX_CHANNELS).contains(&channels) {
            let asked = format!(
                "from {} to {} Hz, {channels} channels; rates go from 1000 to 384000 Hz, channels from 1 to {}",
                from.0,
                to.0,
                Layout::MAX_CHANNELS
            );
            return Err(AudioError::new(ErrorCode::OutOfRange, "Resampler", asked));
        }
        let chunk = block.as_len().max(1);
        let ratio = f64::from(to.0) / f64::from(from.0);
        let Made { inner, delay, table } = match from == to {
            true => Made { inner: None, delay: 0.0, table: 0 },
            false => filter(from, to, channels, quality, chunk)?,
        };
        let (lead, most_ready) = match inner {
            Some(Inner::Between(_)) => {
                let lead = lead_frames(ratio);
                (lead, lead + 2 * (chunk as f64 * ratio).ceil() as usize + 16)
            }
            _ => (0, 0),
        };
        let mut resampler = Resampler {
            from,
            to,
            channels,
            inner,
            chunk,
            held: vec![0.0; chunk * channels].into(),
            held_frames: 0,
            ready: vec![0.0; most_ready * channels].into(),
            ready_frames: 0,
            filtered: 0,
            returned: 0,
            delay: Frames(delay.round() as u64 + lead as u64),
            exact_delay: delay + lead as f64,
            lead,
            table,
        };
        resampler.reset();
        Ok(resampler)
    }

    pub fn channels(&self) -> usize {
        self.channels
    }

    /// Frames, at the output rate, by which the output lags behind the input.
    pub fn delay(&self) -> Frames {
        self.delay
    }

    /// What it has allocated.
    pub fn memory_bytes(&self) -> usize {
        size_of::<f32>() * (self.table + self.held.len() + self.ready.len())
    }

    /// Where the frame lies that comes out next, from the end of the input and in its frames (below zero), and how far apart frames
    /// are.
    pub fn next_frame_at(&self) -> (f64, f64) {
        let step = f64::from(self.from.0) / f64::from(self.to.0);
        let taken = self.filtered + self.held_frames as u64;
        ((self.returned as f64 - self.exact_delay) * step - taken as f64, step)
    }

    /// Of the input, frames that have not come out, at most.
    pub fn most_held(&self) -> Frames {
        let step = f64::from(self.from.0) / f64::from(self.to.0);
        Frames(((self.delay.0 as f64 + 2.0) * step).ceil() as u64 + self.chunk as u64 + 2)
    }

    /// How many frames `process` will write for `frames` more.
    pub fn frames_after(&self, frames: Frames) -> Frames {
        if self.inner.is_none() {
            return frames;
        }
        let waiting = self.held_frames as u64 + frames.0;
        let filtered = self.filtered + waiting - waiting % self.chunk as u64;
        Frames(self.due(filtered) - self.returned)
    }

    /// How many frames `flush` will write.
    pub fn frames_left(&self) -> Frames {
        if self.inner.is_none() {
            return Frames::ZERO;
        }
        let taken = self.filtered + self.held_frames as u64;
        let all = (u128::from(taken) * u128::from(self.to.0)).div_ceil(u128::from(self.from.0)) as u64;
        Frames(if taken == 0 { 0 } else { all + self.delay.0 - self.returned })
    }

    /// Frames that are out once `filtered` have gone in.
    fn due(&self, filtered: u64) -> u64 {
        (u128::from(filtered) * u128::from(self.to.0) / u128::from(self.from.0)) as u64
    }

    /// Resamples whole frames; returns how many it wrote to `out`: exactly `frames_after`. With too little room it takes
    /// nothing and answers how many frames it needs.
    pub fn process(&mut self, input: &[f32], out: &mut [f32]) -> Result<Frames, Frames> {
        let needed = self.frames_after(Frames((input.len() / self.channels) as u64));
        let (Some(out), true) =
            (out.get_mut(..needed.as_len() * self.channels), input.len().is_multiple_of(self.channels))
        else {
            return Err(needed);
        };
        if self.inner.is_none() {
            out.copy_from_slice(input);
            return Ok(needed);
        }
        let mut rest = input;
        let mut written = 0;
        let chunk_samples = self.chunk * self.channels;
        if self.held_frames > 0 {
            let have = self.held_frames * self.channels;
            let more = rest.len().min(chunk_samples - have);
            let (now, later) = rest.split_at(more);
            self.held[have..have + more].copy_from_slice(now);
            self.held_frames += more / self.channels;
            rest = later;
            if self.held_frames < self.chunk {
                return Ok(needed);
            }
            let held = std::mem::take(&mut self.held);
            written += self.filter_chunk(&held, &mut out[written..]);
            self.held = held;
            self.held_frames = 0;
        }
        let mut chunks = rest.chunks_exact(chunk_samples);
        for chunk in chunks.by_ref() {
            written += self.filter_chunk(chunk, &mut out[written..]);
        }
        let left = chunks.remainder();
        self.held[..left.len()].copy_from_slice(left);
        self.held_frames = left.len() / self.channels;
        Ok(needed)
    }

    /// Pushes out what the filter still holds and starts afresh; returns how many frames it wrote: exactly `frames_left`.
    pub fn flush(&mut self, out: &mut [f32]) -> Result<Frames, Frames> {
        let needed = self.frames_left();
        let Some(out) = out.get_mut(..needed.as_len() * self.channels) else {
            return Err(needed);
        };
        let mut written = 0;
        while written < out.len() {
            let mut chunk = std::mem::take(&mut self.held);
            chunk[self.held_frames * self.channels..].fill(0.0);
            self.held_frames = 0;
            written += self.filter_chunk(&chunk, &mut out[written..]);
            self.held = chunk;
        }
        self.reset();
        Ok(needed)
    }

    /// Forgets everything: what comes then is what a new resampler would give.
    pub fn reset(&mut self) {
        match &mut self.inner {
            Some(Inner::Between(inner)) => rubato::Resampler::reset(inner.as_mut()),
            Some(Inner::Exact(inner)) => inner.reset(),
            None => {}
        }
        self.held_frames = 0;
        self.ready[..self.lead * self.channels].fill(0.0);
        self.ready_frames = self.lead;
        self.filtered = 0;
        self.returned = 0;
    }

    /// Filters one chunk and writes what is due, as far as `out` goes; returns samples.
    fn filter_chunk(&mut self, chunk: &[f32], out: &mut [f32]) -> usize {
        self.filtered += self.chunk as u64;
        let due = (self.due(self.filtered) - self.returned) as usize;
        let most = due.min(out.len() / self.channels);
        let out = &mut out[..most * self.channels];
        let frames = match &mut self.inner {
            Some(Inner::Exact(inner)) => {
                inner.push(chunk);
                inner.pull(out);
                most
            }
            Some(Inner::Between(_)) => self.filter_between(chunk, out),
            None => 0,
        };
        self.returned += frames as u64;
        frames * self.channels
    }

    /// The same over rubato: what is ready before it is due waits. Returns frames.
    fn filter_between(&mut self, chunk: &[f32], out: &mut [f32]) -> usize {
        let channels = self.channels;
        let Some(Inner::Between(inner)) = &mut self.inner else { return 0 };
        let free = &mut self.ready[self.ready_frames * channels..];
        let free_frames = free.len() / channels;
        let input = InterleavedSlice::new(chunk, channels, self.chunk);
        let output = InterleavedSlice::new_mut(free, channels, free_frames);
        if let (Ok(input), Ok(mut output)) = (input, output) {
            let done = rubato::Resampler::process_into_buffer(inner.as_mut(), &input, &mut output, None::<&Indexing>);
            self.ready_frames += done.map_or(0, |(_, frames)| frames);
        }
        let asked = out.len() / channels;
        debug_assert!(asked <= self.ready_frames, "{asked} frames are due and {} are ready", self.ready_frames);
        let samples = asked.min(self.ready_frames) * channels;
        out[..samples].copy_from_slice(&self.ready[..samples]);
        self.ready.copy_within(samples..self.ready_frames * channels, 0);
        self.ready_frames -= samples / channels;
        samples / channels
    }
}

/// About a millisecond, and a whole number of times in 2.5 ms, or else in the shortest block that is whole frames: blocks as they
/// usually come leave nothing waiting.
fn chunk_frames(from: Hz) -> usize {
    let block = [400, 200, 100, 50]
        .into_iter()
        .find(|parts| from.0.is_multiple_of(*parts))
        .map_or(from.0, |parts| from.0 / parts);
    let most = from.0 / 900;
    (1..=most.max(1)).rev().find(|frames| block.is_multiple_of(*frames)).unwrap_or(1) as usize
}

struct Made {
    inner: Option<Inner>,
    /// In frames at the output rate.
    delay: f64,
    /// Numbers in the filters and in the sound that they look at.
    table: usize,
}

fn filter(from: Hz, to: Hz, channels: usize, quality: Quality, chunk: usize) -> Result<Made, AudioError> {
    let filter = Filter::of(quality, from, to);
    let (taps, window) = (filter.taps, filter.shape.window);
    let divisor = greatest_common_divisor(from.0, to.0);
    let (up, down) = ((to.0 / divisor) as usize, (from.0 / divisor) as usize);
    let ratio = f64::from(to.0) / f64::from(from.0);
    let cutoff = filter.cutoff(from, to);
    if up <= MOST_PHASES && up * taps <= MOST_TABLE {
        let inner =
            Polyphase::new((up, down), channels, chunk, &Sinc { taps, cutoff: cutoff * ratio.min(1.0) as f32, window });
        let (delay, table) = (ratio * inner.delay(), inner.memory_samples());
        return Ok(Made { inner: Some(Inner::Exact(Box::new(inner))), delay, table });
    }
    let phases = ((INTERPOLATED_PHASES / narrowing(from, to)).ceil() as usize).max(LEAST_PHASES);
    let parameters = SincInterpolationParameters {
        sinc_len: taps,
        f_cutoff: Some(cutoff),
        oversampling_factor: phases,
        interpolation: SincInterpolationType::Cubic,
        window,
    };
    let inner = Async::new_sinc(ratio, 1.0, &parameters, chunk, channels, FixedAsync::Input)
        .map_err(|refused| AudioError::new(ErrorCode::OutOfRange, "Resampler", refused.to_string()))?;
    // rubato's first frame lies half a filter before the input, and less than a frame after that.
    let delay = ratio * (taps as f64 / 2.0 - 1.0 / phases as f64) - 1.0;
    let table = taps * phases + channels * (chunk + 2 * taps);
    Ok(Made { inner: Some(Inner::Between(Box::new(inner))), delay, table })
}

fn greatest_common_divisor(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}
