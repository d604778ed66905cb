//! JavaScript threads and pump. A source as its holders see it: what it is given is brought to the device's rate and channels
//! here, so that the audio thread only adds.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::codec::convert::map_frame;
use crate::codec::preview::Preview;
use crate::codec::resample::{Quality, Resampler};
use crate::device::holders::{Holders, Refusal, Turn};
use crate::device::owner::{Device, lock};
use crate::device::waiting::{self, Waited};
use crate::error::{AudioError, ErrorCode};
use crate::events::shortage::{Shortage, ShortageWatch};
use crate::link::episodes::episode_lane;
use crate::link::latest::GainOrder;
use crate::link::marks::FrameCount;
use crate::link::shared::{Inside, SharedMemory, SharedReader};
use crate::link::source::{SourceControl, SourceReader, SourceWriter, source_ring};
use crate::rt::mixer::CHUNK;
use crate::rt::voice::Voice;
use crate::units::{Frames, Hz};

/// Frames that a ring holds beyond the source's target: some that were cleared and that the callback has not stepped over.
const SLACK: Frames = Frames(1024);
/// Of these, what a resampler may give beyond what was put into it: it works in steps of about a millisecond.
const RESAMPLERS_SHARE: Frames = Frames(512);

#[derive(Clone, Debug)]
pub struct SourceOptions {
    pub rate: Hz,
    pub channels: usize,
    /// What bounded writes and waits count against, in the source's own frames.
    pub target: Frames,
    pub gain: f32,
}

pub struct Source {
    pub id: u64,
    pub device: Arc<Device>,
    pub options: SourceOptions,
    pub control: Arc<SourceControl>,
    pub holders: Holders,
    input: Input,
    /// Frames at the device's rate that are sure to fit.
    capacity: Frames,
    /// How far a resampler lags behind, at the device's rate: it is heard beyond the target.
    lag: Frames,
    /// Frames that went away with the ring that they were in.
    orphaned: AtomicU64,
    shortages: Mutex<ShortageWatch>,
}

enum Input {
    Ring(Box<Mutex<Feeder>>),
    /// JavaScript writes the ring by itself.
    Shared(Arc<SharedMemory>),
}

/// The writer's end, and what lies before it.
struct Feeder {
    writer: SourceWriter,
    converter: Option<Converter>,
    channels: (usize, usize),
    mapped: Vec<f32>,
}

/// Another rate. What the resampler holds lies behind what is written, as a preview: the device takes of that before it runs dry.
struct Converter {
    resampler: Resampler,
    preview: Preview,
    /// Of what the resampler will give, frames that were heard as a preview.
    heard: usize,
    resampled: Vec<f32>,
}

impl Source {
    /// Joins the mix of `device`. With `memory` the source reads that ring, which must be of the device's rate, and whose length
    /// is then the target.
    pub fn open(
        id: u64,
        device: Arc<Device>,
        mut options: SourceOptions,
        memory: Option<Arc<SharedMemory>>,
    ) -> Result<Source, AudioError> {
        let (layout, rate) = (device.options.layout, device.options.rate);
        let (episodes, episodes_out) = episode_lane();
        let (input, (capacity, lag), reader, control) = match memory {
            Some(memory) => {
                let scratch = vec![0.0; CHUNK.as_len() * layout.channels].into_boxed_slice();
                let ring = SharedReader::new(memory.clone());
                options.target = memory.shape().map_or(options.target, |(_, frames)| frames);
                let (reader, control) = SourceReader::of_shared(ring, scratch, layout.channels);
                (Input::Shared(memory), (Frames(u64::MAX), Frames::ZERO), reader, control)
            }
            None => {
                let converted = options.rate != rate;
                let converter = converted.then(|| Converter::new(options.rate, rate, layout.channels)).transpose()?;
                let capacity = scaled(options.target, options.rate, rate) + SLACK;
                let held = converter.as_ref().map_or(Frames::ZERO, |with| with.resampler.most_held());
                let lag = converter.as_ref().map_or(Frames::ZERO, |with| with.resampler.delay());
                let frames = capacity + scaled(held, options.rate, rate) + lag;
                let (writer, reader, control) =
                    source_ring(layout.channels, frames).ok_or_else(|| no_memory(frames, layout.channels))?;
                let channels = (options.channels, layout.channels);
                let feeder = Feeder { writer, converter, channels, mapped: Vec::new() };
                let sure = if converted { capacity.saturating_sub(RESAMPLERS_SHARE) } else { capacity };
                (Input::Ring(Box::new(Mutex::new(feeder))), (sure, lag), reader, control)
            }
        };
        control.gain.set(GainOrder { gain: options.gain, over: Frames::ZERO });
        device.admit_voice(Box::new(Voice::new(reader, episodes)))?;
        let shortages = Mutex::new(ShortageWatch::new(episodes_out));
        Ok(Source {
            id,
            device,
            options,
            control,
            holders: Holders::new(),
            input,
            capacity,
            lag,
            orphaned: AtomicU64::new(0),
            shortages,
        })
    }

    /// Its device is closed, or it is.
    pub fn is_closed(&self) -> bool {
        self.control.closing.get() || self.device.control.closed.get()
    }

    /// Whoever brought its ring has let go: nothing comes any more.
    pub fn has_lost_ring(&self) -> bool {
        matches!(&self.input, Input::Shared(memory) if memory.shape().is_none())
    }

    /// One holder less. True for the last one: the source then fades out and leaves.
    /// `brought` says that this holder brought the ring: without that it stays silent.
    pub fn let_go(&self, turn: Turn, brought: bool) -> bool {
        if brought && let Input::Shared(memory) = &self.input {
            let Inside { cleared, queued } = memory.detach();
            self.orphaned.fetch_add((cleared + queued).0, Ordering::AcqRel);
        }
        let last = self.holders.let_go(turn);
        if last {
            self.device.dismiss(|| self.control.closing.raise());
        }
        last
    }

    /// Frames of its own rate.
    pub fn queued(&self) -> Frames {
        match &self.input {
            Input::Ring(_) => scaled(self.ahead(), self.device.options.rate, self.options.rate),
            // What was written since the last block is in no mark yet.
            Input::Shared(memory) => memory.inside().queued,
        }
    }

    /// In frames of the device, with what a resampler holds.
    fn ahead(&self) -> Frames {
        self.control.tail() + self.control.marks.queued()
    }

    /// In frames of the device.
    pub fn count(&self) -> FrameCount {
        let tail = self.control.tail();
        let count = self.control.marks.count();
        match &self.input {
            Input::Ring(_) => FrameCount { written: count.written + tail, queued: count.queued + tail, ..count },
            Input::Shared(memory) => {
                let Inside { cleared, queued } = memory.inside();
                let discarded = count.discarded + cleared + Frames(self.orphaned.load(Ordering::Acquire));
                FrameCount { written: count.delivered + count.dropped + discarded + queued, discarded, queued, ..count }
            }
        }
    }

    /// The end of what is queued now, counted in frames of the device that have left the queue.
    pub fn end(&self) -> Frames {
        // Of two looks, so that what leaves a ring of JavaScript's between its two sides is waited for rather than missed.
        let queued = self.count().queued;
        passed(self.count()) + queued
    }

    pub fn has_passed(&self, end: Frames) -> bool {
        let count = self.count();
        count.queued == Frames::ZERO || passed(count) >= end
    }

    /// Whether native threads can write it: what lies in memory of JavaScript is JavaScript's to write.
    pub fn is_shared(&self) -> bool {
        matches!(self.input, Input::Shared(_))
    }

    pub fn space(&self) -> Frames {
        if let Input::Shared(memory) = &self.input {
            // None in a ring that is gone.
            let capacity = memory.shape().map_or(Frames::ZERO, |(_, frames)| frames);
            let Inside { cleared, queued } = memory.inside();
            return capacity.saturating_sub(cleared + queued);
        }
        let room = self.capacity.saturating_sub(self.control.marks.in_rings());
        let (from, to) = (self.options.rate, self.device.options.rate);
        let room =
            if from == to { room } else { Frames(room.0.saturating_mul(u64::from(from.0)) / u64::from(to.0.max(1))) };
        self.options.target.saturating_sub(scaled(self.ahead().saturating_sub(self.lag), to, from)).min(room)
    }

    /// Queues as many whole frames as there is room for; returns how many. What is no number becomes silence and is counted.
    pub fn write(&self, turn: Turn, bytes: &[u8]) -> Result<Frames, Refusal> {
        if self.is_closed() {
            return Err(Refusal::Closed);
        }
        self.holders.claim(turn)?;
        let Input::Ring(feeder) = &self.input else { return Err(Refusal::Taken) };
        let frame_bytes = self.options.channels * size_of::<f32>();
        let frames = self.space().min(Frames((bytes.len() / frame_bytes) as u64));
        let taken = bytes.get(..frames.as_len() * frame_bytes).unwrap_or_default();
        let faulty = lock(feeder).push(taken);
        self.control.faulty.add(faulty);
        Ok(frames)
    }

    pub fn clear(&self) {
        match &self.input {
            Input::Ring(feeder) => lock(feeder).clear(&self.control),
            Input::Shared(memory) => memory.clear(),
        }
        self.device.control.block_done.ring();
    }

    pub fn set_gain(&self, gain: f32, over: Frames) {
        self.control.gain.set(GainOrder { gain, over });
    }

    /// Blocks until there is room for `frames`.
    pub fn wait_for(&self, frames: Frames, timeout: Duration) -> Waited {
        waiting::wait_for(&self.device, timeout, || self.space() >= frames, || self.is_closed() || self.has_lost_ring())
    }

    /// Samples that were no numbers, and index words of a shared ring that made no sense.
    pub fn faults(&self) -> u64 {
        let of_ring = if let Input::Shared(memory) = &self.input { memory.faults() } else { 0 };
        self.control.faulty.get() + of_ring
    }

    /// Pump: tells what is new of shortages; returns when to look again at the latest.
    pub fn look_at_shortages(&self, now: Instant, tell: impl FnMut(Shortage)) -> Option<Instant> {
        let at = Frames(self.device.tally.frames.get());
        lock(&self.shortages).look(now, at, &self.control.tally, tell)
    }
}

fn no_memory(frames: Frames, channels: usize) -> AudioError {
    let mib = (frames.as_len().saturating_mul(channels * size_of::<f32>())) >> 20;
    let detail = format!("there is no memory for a queue of {mib} MiB: ask for a smaller targetMs");
    AudioError::new(ErrorCode::OutOfRange, "createSource()", detail)
}

/// Frames that have left the queue, heard or not.
fn passed(FrameCount { written, queued, .. }: FrameCount) -> Frames {
    written.saturating_sub(queued)
}

/// As many frames as pass at another rate in the time of `frames`, rounded up.
fn scaled(frames: Frames, from: Hz, to: Hz) -> Frames {
    if from == to { frames } else { Frames((frames.0 * u64::from(to.0)).div_ceil(u64::from(from.0.max(1)))) }
}

impl Feeder {
    /// Appends whole frames of `f32`; there is room. Returns how many samples were no numbers.
    fn push(&mut self, bytes: &[u8]) -> u64 {
        let Feeder { writer, converter, channels: (from, to), mapped } = self;
        // SAFETY: every bit pattern is an `f32`; what is not aligned goes the long way below.
        let (before, samples, _) = unsafe { bytes.align_to::<f32>() };
        let clean = before.is_empty() && are_finite(samples);
        if clean && from == to && converter.is_none() {
            writer.push(samples);
            return 0;
        }
        mapped.clear();
        let mut faulty = 0;
        let read = |bytes: &[u8]| f32::from_le_bytes(bytes.first_chunk().copied().unwrap_or_default());
        for frame in bytes.chunks_exact(*from * size_of::<f32>()) {
            let mut samples = frame.chunks_exact(size_of::<f32>()).map(read).map(|sample| {
                faulty += u64::from(!sample.is_finite());
                if sample.is_finite() { sample } else { 0.0 }
            });
            map_frame(&mut samples, *from, *to, mapped);
            samples.for_each(drop);
        }
        match converter {
            Some(converter) => converter.push(mapped, *to, writer),
            None => drop(writer.push(mapped)),
        }
        faulty
    }

    /// Forgets what lies before the ring, and drops what is in it.
    fn clear(&mut self, control: &SourceControl) {
        self.writer.keep_tail();
        if let Some(Converter { resampler, preview, heard, .. }) = &mut self.converter {
            resampler.reset();
            preview.reset();
            *heard = 0;
        }
        control.marks.discard_all();
    }
}

impl Converter {
    fn new(from: Hz, to: Hz, channels: usize) -> Result<Converter, AudioError> {
        let resampler = Resampler::new(from, to, channels, Quality::Voice)?;
        let preview = Preview::new(&resampler);
        Ok(Converter { resampler, preview, heard: 0, resampled: Vec::new() })
    }

    fn push(&mut self, samples: &[f32], channels: usize, writer: &mut SourceWriter) {
        let Converter { resampler, preview, heard, resampled } = self;
        *heard += writer.take_back_tail().as_len();
        let frames = resampler.frames_after(Frames((samples.len() / channels) as u64)).as_len();
        resampled.resize(frames * channels, 0.0);
        if resampler.process(samples, resampled).is_ok() {
            let again = frames.min(*heard);
            *heard -= again;
            writer.push(resampled.get(again * channels..).unwrap_or_default());
        }
        preview.note(samples);
        preview.write(resampler, *heard, resampled);
        writer.lay_tail(resampled);
    }
}

/// Whether all of them are numbers, without a branch for each.
fn are_finite(samples: &[f32]) -> bool {
    let exponent = f32::INFINITY.to_bits();
    samples.iter().fold(0, |found, sample| found | u32::from(sample.to_bits() & exponent == exponent)) == 0
}
