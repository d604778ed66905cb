//! Voice threads, or JavaScript's. One stream on its way out: samples in, encrypted packets out. Pure: who calls it takes the
//! time and tells it.

use zeroize::Zeroizing;

use crate::codec::convert;
use crate::codec::opus::{Application, MAX_PACKET_BYTES, OpusEncoder, Pcm, Settings, runs_at};
use crate::codec::resample::{Quality, Resampler};
use crate::error::{AudioError, ErrorCode};
use crate::packet::aes_ctr::Iv;
use crate::packet::suite::{Cipher, Suite};
use crate::units::{Frames, Hz, Micros};
use crate::voice::ladder::{Ladder, Limits, Mode};
use crate::voice::metrics::{Metrics, Summary};

const PCM_BYTES: usize = 2;
/// In medium mode the encoder may take about half the time it does at 10.
const MEDIUM_COMPLEXITY: u8 = 5;

#[derive(Clone)]
pub struct ProcessorOptions {
    pub frequency: Hz,
    pub output_frequency: Hz,
    pub channels: usize,
    /// Of a frame, at `frequency`.
    pub frame: Frames,
    pub application: Application,
    pub settings: Settings,
    /// Bytes, wiped when they are dropped, and what they are a key of; None hands out what somebody else seals.
    pub key: Option<(Suite, Zeroizing<Vec<u8>>)>,
    pub mode: Mode,
    pub adaptive: Option<Limits>,
    /// Whether samples may ever go out unencrypted.
    pub allow_plaintext: bool,
}

pub struct Processor {
    frequency: Hz,
    output_frequency: Hz,
    channels: usize,
    frame: Frames,
    key: Option<(Suite, Cipher)>,
    opus: (Application, Settings),
    full: Stage,
    /// Made when it is first needed.
    medium: Option<Stage>,
    /// What has not become a frame yet, interleaved: less than one, and room for one more.
    gathered: Vec<f32>,
    ladder: Ladder,
    metrics: Metrics,
    /// A sender has it: samples of anybody else would come in between.
    lent: bool,
}

/// A resampler, where one is needed, and the encoder behind it.
struct Stage {
    resampler: Option<Resampler>,
    encoder: OpusEncoder,
    /// Resampled samples that have not become a frame yet, and how many of them there are.
    waiting: Box<[f32]>,
    waiting_samples: usize,
    /// Of a frame, at the encoder's rate.
    frame: Frames,
}

impl Stage {
    fn new(options: &ProcessorOptions, rate: Hz, settings: Settings) -> Result<Stage, AudioError> {
        let channels = options.channels;
        let resampler = match options.frequency == rate {
            true => None,
            // Its aliases lie at the noise of 16 bits; the codec adds far more.
            false => {
                let (block, from) = (options.frame, options.frequency);
                Some(Resampler::for_blocks(block, from, rate, channels, Quality::Fast)?)
            }
        };
        let mut encoder = OpusEncoder::new(rate, channels, options.application)?;
        encoder.configure(settings)?;
        let frame = options.frame.0 * u64::from(rate.0) / u64::from(options.frequency.0);
        let waiting =
            if resampler.is_some() { vec![0.0; (3 * frame as usize + 16) * channels].into() } else { [].into() };
        Ok(Stage { resampler, encoder, waiting, waiting_samples: 0, frame: Frames(frame) })
    }

    fn memory_bytes(&self) -> usize {
        let resampler = self.resampler.as_ref().map_or(0, Resampler::memory_bytes);
        resampler + self.encoder.memory_bytes() + size_of_val(&*self.waiting)
    }

    fn reset(&mut self) -> Result<(), AudioError> {
        if let Some(resampler) = &mut self.resampler {
            resampler.reset();
        }
        self.waiting_samples = 0;
        self.encoder.reset()
    }

    /// One frame in, and mostly one packet out: None where the resampler has not given a whole frame yet.
    fn encode(&mut self, samples: &[f32], out: &mut [u8]) -> Result<Option<usize>, AudioError> {
        let Some(resampler) = &mut self.resampler else {
            return self.encoder.encode(Pcm::Float(samples), out).map(Some);
        };
        let channels = resampler.channels();
        let room = &mut self.waiting[self.waiting_samples..];
        let frames = resampler.process(samples, room).map_err(|needed| {
            AudioError::new(ErrorCode::OutOfRange, "process", format!("{} frames do not fit", needed.0))
        })?;
        self.waiting_samples += frames.as_len() * channels;
        let wanted = self.frame.as_len() * channels;
        if self.waiting_samples < wanted {
            return Ok(None);
        }
        let bytes = self.encoder.encode(Pcm::Float(&self.waiting[..wanted]), out)?;
        self.waiting.copy_within(wanted..self.waiting_samples, 0);
        self.waiting_samples -= wanted;
        Ok(Some(bytes))
    }
}

/// What came of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Processed {
    /// None while a frame is being gathered.
    pub bytes: Option<usize>,
    pub mode: Mode,
}

impl Processor {
    pub fn new(options: ProcessorOptions) -> Result<Processor, AudioError> {
        let refuse = |detail: String| Err(AudioError::new(ErrorCode::OutOfRange, "AudioProcessor", detail));
        if !runs_at(options.output_frequency) || !(1..=2).contains(&options.channels) || options.frame.0 == 0 {
            return refuse(format!("{} Hz, {} channels", options.output_frequency.0, options.channels));
        }
        // Without a key all samples are in the clear; Opus then is what a sealer gets.
        let bottom = match (options.allow_plaintext, &options.key) {
            (true, _) => Mode::Emergency,
            (false, Some(_)) => Mode::Minimal,
            (false, None) => Mode::Medium,
        };
        if options.mode > bottom {
            let detail =
                format!("{} mode sends samples in the clear; pass a key, or set allowPlaintext", options.mode.name());
            return Err(AudioError::new(ErrorCode::InvalidArg, "AudioProcessor", detail));
        }
        let key = match &options.key {
            Some((suite, bytes)) => Some((*suite, Cipher::new(*suite, bytes)?)),
            None => None,
        };
        let mut processor = Processor {
            frequency: options.frequency,
            output_frequency: options.output_frequency,
            channels: options.channels,
            frame: options.frame,
            key,
            opus: (options.application, options.settings),
            full: Stage::new(&options, options.output_frequency, options.settings)?,
            medium: None,
            gathered: Vec::with_capacity(2 * options.frame.as_len() * options.channels),
            ladder: Ladder::new(options.mode, bottom, options.adaptive),
            metrics: Metrics::new(),
            lent: false,
        };
        processor.enter()?;
        Ok(processor)
    }

    pub fn mode(&self) -> Mode {
        self.ladder.mode()
    }

    pub fn channels(&self) -> usize {
        self.channels
    }

    /// Of the packets in full mode.
    pub fn output_frequency(&self) -> Hz {
        self.output_frequency
    }

    /// Whether it never leaves the modes that encode.
    pub fn gives_only_opus(&self) -> bool {
        self.ladder.bottom() <= Mode::Medium
    }

    /// Gives it to a sender; false if one has it.
    pub fn lend(&mut self) -> bool {
        !std::mem::replace(&mut self.lent, true)
    }

    pub fn give_back(&mut self) {
        self.lent = false;
    }

    /// Refuses frames that do not come from the sender that has it.
    pub fn check_not_lent(&self) -> Result<(), AudioError> {
        if self.lent {
            let detail = "a Sender has this processor; close it first, or make another processor";
            return Err(AudioError::new(ErrorCode::DeviceBusy, "process", detail));
        }
        Ok(())
    }

    /// What it has allocated, or will in modes that it may adapt to.
    pub fn memory_bytes(&self) -> usize {
        let full = self.full.memory_bytes();
        let medium = self.medium.as_ref().map_or(if self.ladder.adapts() { full } else { 0 }, Stage::memory_bytes);
        full + medium + size_of::<f32>() * self.gathered.capacity() + self.metrics.memory_bytes()
    }

    /// Whether it has a key of its own.
    pub fn encrypts(&self) -> bool {
        self.key.is_some()
    }

    /// The most that a call may bring.
    pub fn frame(&self) -> Frames {
        self.frame
    }

    pub fn metrics(&self) -> Summary {
        self.metrics.summary()
    }

    /// Bytes of `out` that `process` asks for: all that it writes except with Opus, of which that is the average.
    pub fn needed_bytes(&self) -> usize {
        let payload = match self.mode() {
            Mode::Full => self.full.encoder.needed_bytes(self.full.frame),
            Mode::Medium => self.medium.as_ref().map_or(2, |stage| stage.encoder.needed_bytes(stage.frame)),
            Mode::Minimal | Mode::Emergency => self.frame.as_len() * self.channels * PCM_BYTES,
        };
        payload + self.tag_bytes()
    }

    /// The most that a packet takes in any mode.
    pub fn most_bytes(&self) -> usize {
        MAX_PACKET_BYTES.max(self.frame.as_len() * self.channels * PCM_BYTES) + self.tag_bytes()
    }

    fn tag_bytes(&self) -> usize {
        match (&self.key, self.mode()) {
            (Some((suite, _)), mode) if mode != Mode::Emergency => suite.tag_bytes(),
            _ => 0,
        }
    }

    /// Takes up to one frame's worth of samples and gives at most one packet, encrypted with the keystream of `iv`. What is not
    /// a whole frame yet is kept for the next call. A refusal leaves everything as it was.
    pub fn process(&mut self, pcm: Pcm<'_>, iv: &[u8], out: &mut [u8]) -> Result<Processed, AudioError> {
        let nonce = self.check(pcm, iv, out.len())?;
        let (mode, whole) = (self.mode(), self.frame.as_len() * self.channels);
        // As most frames come: nothing to gather, nothing to copy.
        if let Pcm::Float(samples) = pcm
            && samples.len() == whole
            && self.gathered.is_empty()
        {
            return Ok(Processed { bytes: self.make(mode, samples, &nonce, out)?, mode });
        }
        let mut gathered = std::mem::take(&mut self.gathered);
        let start = gathered.len();
        gathered.resize(start + pcm.len(), 0.0);
        match pcm {
            Pcm::Float(samples) => gathered[start..].copy_from_slice(samples),
            Pcm::Int16(samples) => convert::int16_to_float(samples, &mut gathered[start..]),
        }
        let mut made = Ok(None);
        if gathered.len() >= whole {
            made = self.make(mode, &gathered[..whole], &nonce, out);
            gathered.copy_within(whole.., 0);
            gathered.truncate(gathered.len() - whole);
        }
        self.gathered = gathered;
        Ok(Processed { bytes: made?, mode })
    }

    fn check(&self, pcm: Pcm<'_>, iv: &[u8], room: usize) -> Result<Iv, AudioError> {
        let refuse = |code, detail| Err(AudioError::new(code, "process", detail));
        if !pcm.len().is_multiple_of(self.channels) {
            let detail = format!("{} samples of {} channels; pass whole frames", pcm.len(), self.channels);
            return refuse(ErrorCode::FrameAlignment, detail);
        }
        let frames = (pcm.len() / self.channels) as u64;
        if frames == 0 || frames > self.frame.0 {
            return refuse(ErrorCode::OutOfRange, format!("{frames} frames; pass 1 to {} in a call", self.frame.0));
        }
        let mut nonce = [0; 16];
        if let Some((suite, _)) = &self.key {
            if iv.len() != suite.iv_bytes() {
                let detail = format!("{} bytes; pass an IV of {}, which this suite takes", iv.len(), suite.iv_bytes());
                return refuse(ErrorCode::IvLength, detail);
            }
            nonce[..iv.len()].copy_from_slice(iv);
        }
        let ready = self.gathered.len() + pcm.len() >= self.frame.as_len() * self.channels;
        if ready && room < self.needed_bytes() {
            let detail = format!(
                "a packet takes {} bytes, and there is room for {room}; pass a longer output",
                self.needed_bytes()
            );
            return refuse(ErrorCode::OutOfRange, detail);
        }
        Ok(nonce)
    }

    /// Makes a packet of a frame.
    fn make(&mut self, mode: Mode, samples: &[f32], nonce: &Iv, out: &mut [u8]) -> Result<Option<usize>, AudioError> {
        let room = out.len() - self.tag_bytes();
        let made = match mode {
            Mode::Full => self.full.encode(samples, &mut out[..room])?,
            Mode::Medium => match &mut self.medium {
                Some(stage) => stage.encode(samples, &mut out[..room])?,
                None => None,
            },
            Mode::Minimal | Mode::Emergency => {
                for (samples, bytes) in samples.chunks(64).zip(out[..room].chunks_mut(64 * PCM_BYTES)) {
                    let mut integers = [0i16; 64];
                    convert::float_to_int16(samples, &mut integers);
                    let wire = integers.iter().flat_map(|integer| integer.to_le_bytes());
                    bytes.iter_mut().zip(wire.take(samples.len() * PCM_BYTES)).for_each(|(byte, value)| *byte = value);
                }
                Some(samples.len() * PCM_BYTES)
            }
        };
        match (made, &self.key) {
            (Some(bytes), Some((_, cipher))) if mode != Mode::Emergency => {
                cipher.seal(nonce, &[], out, bytes).map(Some)
            }
            _ => Ok(made),
        }
    }

    /// What the last call took, and when it was done; the next one may run in another mode.
    pub fn took(&mut self, now: Micros, spent: Micros) -> Result<(), AudioError> {
        self.metrics.note(now, spent);
        let length = Micros(self.frame.0 as f64 * 1e6 / f64::from(self.frequency.0));
        if self.ladder.took(spent, length) {
            self.enter()?;
        }
        Ok(())
    }

    /// What the mode needs is made or starts afresh: it may have been away for a while.
    fn enter(&mut self) -> Result<(), AudioError> {
        match self.mode() {
            Mode::Full => self.full.reset(),
            Mode::Medium => match &mut self.medium {
                Some(stage) => stage.reset(),
                None => {
                    self.medium = Some(self.medium_stage()?);
                    Ok(())
                }
            },
            Mode::Minimal | Mode::Emergency => Ok(()),
        }
    }

    /// Where Opus does not run at the rate that comes in, there is no way round a resampler.
    fn medium_stage(&self) -> Result<Stage, AudioError> {
        let (application, settings) = self.opus;
        let rate = if runs_at(self.frequency) { self.frequency } else { Hz(48_000) };
        let complexity = Some(settings.complexity.unwrap_or(MEDIUM_COMPLEXITY).min(MEDIUM_COMPLEXITY));
        let options = ProcessorOptions {
            frequency: self.frequency,
            output_frequency: rate,
            channels: self.channels,
            frame: self.frame,
            application,
            settings,
            key: None,
            mode: Mode::Medium,
            adaptive: None,
            allow_plaintext: false,
        };
        Stage::new(&options, rate, Settings { complexity, ..settings })
    }
}
