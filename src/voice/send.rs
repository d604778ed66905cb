//! Voice threads. From a microphone to sealed packets, as fast as the microphone gives frames: a loop round `step`, which never
//! waits. Whoever runs it sleeps until the source has more.

use std::collections::VecDeque;

use crate::codec::opus::Pcm;
use crate::error::{AudioError, ErrorCode};
use crate::packet::header::Format;
use crate::packet::seal::{Sealer, Wish};
use crate::units::{Frames, Micros};
use crate::voice::pool::{SharedProcessor, lock, run};

/// One reader of a stream of interleaved samples, with a queue of its own.
pub trait FrameSource: Send {
    /// Moves as many whole frames into `out` as there are and fit; never waits.
    fn read(&mut self, out: &mut [f32]) -> Frames;
}

/// Packets that wait to be fetched before the oldest goes: five seconds of 20 ms.
const MOST_WAITING: usize = 250;

/// What became of everything that the source gave.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SendStats {
    pub frames: u64,
    pub packets: u64,
    pub bytes: u64,
    /// Packets that nobody fetched in time.
    pub dropped: u64,
    /// Frames that could not be encoded or sealed; the next one is tried all the same.
    pub failed: u64,
}

pub struct Sender<S> {
    source: S,
    processor: SharedProcessor,
    sealer: Sealer,
    format: Format,
    /// Of the source, in frames per second.
    frequency: f64,
    channels: usize,
    /// Samples that have been read and not been processed, less than a frame.
    frame: Box<[f32]>,
    filled: usize,
    /// Opus, and the packet made of it.
    encoded: Box<[u8]>,
    sealed: Box<[u8]>,
    waiting: VecDeque<Box<[u8]>>,
    /// Of the source, before the frame in hand.
    position: Frames,
    stats: SendStats,
}

impl<S: FrameSource> Sender<S> {
    /// The processor must have no key of its own: the sealer encrypts.
    pub fn new(source: S, frequency: u32, processor: SharedProcessor, sealer: Sealer) -> Result<Sender<S>, AudioError> {
        let (encrypts, channels, frame, most) = {
            let processor = lock(&processor);
            (processor.encrypts(), processor.channels(), processor.frame(), processor.most_bytes())
        };
        if encrypts {
            let detail = "the processor has a key of its own, and the sealer would encrypt once more";
            return Err(AudioError::new(ErrorCode::InvalidArg, "Sender", detail));
        }
        let overhead = sealer.overhead();
        Ok(Sender {
            source,
            processor,
            format: sealer.format(),
            sealer,
            frequency: f64::from(frequency.max(1)),
            channels,
            frame: vec![0.0; frame.as_len() * channels].into(),
            filled: 0,
            encoded: vec![0; most].into(),
            sealed: vec![0; most + overhead].into(),
            waiting: VecDeque::with_capacity(MOST_WAITING),
            position: Frames::ZERO,
            stats: SendStats::default(),
        })
    }

    /// Does what there is to do; returns how many packets it made.
    pub fn step(&mut self) -> usize {
        let mut made = 0;
        loop {
            let got = self.source.read(&mut self.frame[self.filled..]);
            if got == Frames::ZERO {
                return made;
            }
            self.filled += got.as_len() * self.channels;
            self.stats.frames += got.0;
            if self.filled == self.frame.len() {
                made += usize::from(self.send());
                self.position = self.position + Frames((self.frame.len() / self.channels) as u64);
                self.filled = 0;
            }
        }
    }

    /// Makes a packet of the frame in hand; false where none came of it.
    fn send(&mut self) -> bool {
        let processed = run(&mut lock(&self.processor), Pcm::Float(&self.frame), &[], &mut self.encoded);
        let bytes = match processed {
            Ok((Some(bytes), ..)) => bytes,
            Ok((None, ..)) => return false,
            Err(_) => {
                self.stats.failed += 1;
                return false;
            }
        };
        let at = Micros(self.position.0 as f64 * 1e6 / self.frequency);
        let timestamp = match self.format {
            // Milliseconds, as devices count them; they wrap after 49 days.
            Format::Xiaozhi => (at.0 / 1000.0) as u64 & u64::from(u32::MAX),
            Format::SeqPts => at.0 as u64,
        };
        let wish = Wish { timestamp, ..Wish::default() };
        match self.sealer.seal_into(&self.encoded[..bytes], wish, &mut self.sealed) {
            Ok(size) => {
                if self.waiting.len() == MOST_WAITING {
                    self.waiting.pop_front();
                    self.stats.dropped += 1;
                }
                self.waiting.push_back(self.sealed[..size].into());
                self.stats.packets += 1;
                self.stats.bytes += size as u64;
                true
            }
            Err(_) => {
                self.stats.failed += 1;
                false
            }
        }
    }

    /// The oldest packet that was not fetched yet.
    pub fn next_packet(&mut self) -> Option<Box<[u8]>> {
        self.waiting.pop_front()
    }

    /// The same, unless it is longer than `most` bytes: then it stays, and this is its length.
    pub fn next_packet_within(&mut self, most: usize) -> Option<Result<Box<[u8]>, usize>> {
        match self.waiting.front()?.len() {
            length if length > most => Some(Err(length)),
            _ => self.next_packet().map(Ok),
        }
    }

    pub fn stats(&self) -> SendStats {
        self.stats
    }
}
