//! Voice threads. From a microphone to sealed packets, as fast as the microphone gives frames: a loop round `step`, which never
//! waits and makes one packet at most. Whoever runs it sleeps until the source has more.

use std::sync::Arc;

use crate::codec::opus::Pcm;
use crate::error::{AudioError, ErrorCode};
use crate::link::gaps::Run;
use crate::packet::header::{Codec, Format, Stream};
use crate::packet::seal::{Sealer, Wish};
use crate::units::{Frames, Micros};
use crate::voice::outbox::Outbox;
use crate::voice::pool::{SharedProcessor, lock, run};

/// The clock that Opus has in packets, whatever it was encoded at (RFC 7587, 4.1): it decodes at any of its rates.
const OPUS_HZ: u32 = 48_000;

/// One reader of a stream of interleaved samples, with a queue of its own.
pub trait FrameSource: Send {
    /// Moves whole frames into `out`, as many as there are, fit and have none missing between them; never waits.
    fn read(&mut self, out: &mut [f32]) -> Run;
}

/// A processor that one sender works with, alone, until this is dropped.
pub struct Lent(SharedProcessor);

impl Lent {
    /// For a sealer of `stream`, whose headers say what the packets hold.
    pub fn new(processor: &SharedProcessor, stream: &Stream) -> Result<Lent, AudioError> {
        let inside = &mut *lock(processor);
        let refuse = |detail: String| Err(AudioError::new(ErrorCode::InvalidArg, "Sender", detail));
        if inside.encrypts() {
            return refuse(
                "the processor has a key of its own, and the sealer would encrypt once more; make one without".into(),
            );
        }
        if !inside.gives_only_opus() {
            let detail = "the processor may give 16-bit samples, for which packets have no word; make one without allowPlaintext";
            return refuse(detail.into());
        }
        if stream.format == Format::SeqPts {
            let (channels, output) = (inside.channels(), inside.output_frequency().0);
            if stream.codec != Codec::Opus {
                return refuse("the sealer says 'pcm' of what is Opus; make it with codec: 'opus'".into());
            }
            if usize::from(stream.channels) != channels {
                let told = stream.channels;
                return refuse(format!("the sealer says {told} channels, and the processor has {channels}"));
            }
            if ![OPUS_HZ, output].contains(&stream.frequency) {
                let told = stream.frequency;
                return refuse(format!("the sealer says {told} Hz; Opus has {OPUS_HZ}, or the processor's {output}"));
            }
        }
        if !inside.lend() {
            return Err(AudioError::new(
                ErrorCode::DeviceBusy,
                "Sender",
                "another sender has this processor; make one for each",
            ));
        }
        Ok(Lent(processor.clone()))
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        lock(&self.0).give_back();
    }
}

/// What came of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The source has no more for now.
    Dry,
    /// A packet went into the outbox.
    Made,
    /// There was a frame, and no packet came of it.
    Nothing,
}

pub struct Sender<S> {
    source: S,
    processor: Lent,
    sealer: Sealer,
    /// Of the source, in frames per second.
    frequency: f64,
    channels: usize,
    /// Samples that have been read and not been processed, less than a frame.
    frame: Box<[f32]>,
    filled: usize,
    /// Opus, and the packet made of it.
    encoded: Box<[u8]>,
    sealed: Box<[u8]>,
    outbox: Arc<Outbox>,
    /// In the source's time: the first frame of all, and that of the frame in hand.
    start: Option<Frames>,
    at: Frames,
}

impl<S: FrameSource> Sender<S> {
    pub fn new(source: S, frequency: u32, processor: Lent, sealer: Sealer) -> Sender<S> {
        let (channels, frame, most, mode) = {
            let inside = lock(&processor.0);
            (inside.channels(), inside.frame(), inside.most_bytes(), inside.mode())
        };
        let overhead = sealer.overhead();
        Sender {
            source,
            processor,
            sealer,
            frequency: f64::from(frequency.max(1)),
            channels,
            frame: vec![0.0; frame.as_len() * channels].into(),
            filled: 0,
            encoded: vec![0; most].into(),
            sealed: vec![0; most + overhead].into(),
            outbox: Arc::new(Outbox::new(mode)),
            start: None,
            at: Frames::ZERO,
        }
    }

    /// Where the packets go.
    pub fn outbox(&self) -> &Arc<Outbox> {
        &self.outbox
    }

    /// Takes what the source has, up to the end of a frame, of which it makes a packet.
    pub fn step(&mut self) -> Step {
        loop {
            let Run { at, frames } = self.source.read(&mut self.frame[self.filled..]);
            if frames == Frames::ZERO {
                return Step::Dry;
            }
            if self.filled == 0 {
                self.at = at;
            }
            self.outbox.note_read(frames);
            self.filled += frames.as_len() * self.channels;
            if self.filled == self.frame.len() {
                self.filled = 0;
                return self.send().unwrap_or_else(|_| {
                    self.outbox.note_failure();
                    Step::Nothing
                });
            }
        }
    }

    /// Makes a packet of the frame in hand.
    fn send(&mut self) -> Result<Step, AudioError> {
        let start = *self.start.get_or_insert(self.at);
        let (bytes, mode, _) = run(&mut lock(&self.processor.0), Pcm::Float(&self.frame), &[], &mut self.encoded)?;
        let Some(bytes) = bytes else { return Ok(Step::Nothing) };
        let at = Micros(self.at.saturating_sub(start).0 as f64 * 1e6 / self.frequency);
        let timestamp = match self.sealer.stream().format {
            // Milliseconds, as devices count them; they wrap after 49 days.
            Format::Xiaozhi => (at.0 / 1000.0) as u64 & u64::from(u32::MAX),
            Format::SeqPts => at.0 as u64,
        };
        let wish = Wish { timestamp, ..Wish::default() };
        let size = self.sealer.seal_into(&self.encoded[..bytes], wish, &mut self.sealed)?;
        self.outbox.put(&self.sealed[..size], mode);
        Ok(Step::Made)
    }
}
