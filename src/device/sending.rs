//! A voice thread for each sender: from a tap of a microphone to sealed packets, as fast as the microphone gives frames. Whoever
//! made it fetches the packets.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::device::holders::Turn;
use crate::device::owner::lock;
use crate::device::tap::Tap;
use crate::error::{AudioError, ErrorCode};
use crate::link::control::Flag;
use crate::packet::seal::Sealer;
use crate::units::Frames;
use crate::voice::pool::{SharedProcessor, lock as processor_of};
use crate::voice::send::{FrameSource, SendStats, Sender};

/// Frames that are read at a time.
const CHUNK: Frames = Frames(480);
/// Looked at again at the latest, should the device be gone meanwhile.
const SLEEP_AT_MOST: Duration = Duration::from_millis(200);

/// Called on the voice thread when there are packets to fetch.
pub type Tell = Box<dyn Fn() + Send>;

pub struct Sending {
    shared: Arc<Shared>,
}

struct Shared {
    tap: Arc<Tap>,
    sender: Mutex<Sender<TapSource>>,
    stop: Flag,
    /// Somebody was told of packets and has not come for them yet.
    told: Flag,
}

/// The tap as a stream of samples.
struct TapSource {
    tap: Arc<Tap>,
    turn: Turn,
    bytes: Box<[u8]>,
}

impl FrameSource for TapSource {
    fn read(&mut self, out: &mut [f32]) -> Frames {
        let layout = self.tap.device.options.layout;
        let wanted = CHUNK.min(Frames((out.len() / layout.channels) as u64));
        let bytes = self.bytes.get_mut(..layout.bytes_of(wanted)).unwrap_or_default();
        let frames = self.tap.read(self.turn, bytes).unwrap_or(Frames::ZERO);
        layout.format.decode(bytes, out.get_mut(..frames.as_len() * layout.channels).unwrap_or_default());
        frames
    }
}

impl Sending {
    /// Begins to send what `tap` hears, which has no other reader from then on. The sealer is taken when nothing else can be
    /// refused any more.
    pub fn start(
        tap: Arc<Tap>,
        processor: SharedProcessor,
        sealer: impl FnOnce() -> Result<Sealer, AudioError>,
        tell: Tell,
    ) -> Result<Sending, AudioError> {
        let options = &tap.device.options;
        let turn = Turn::of_native();
        let taken = |_| AudioError::new(ErrorCode::DeviceBusy, "Sender", "somebody else reads this tap");
        if tap.queue().is_none() {
            return Err(AudioError::new(ErrorCode::InvalidArg, "Sender", "the tap fills a ring that JavaScript reads"));
        }
        if processor_of(&processor).encrypts() {
            let detail = "the processor has a key of its own, and the sealer would encrypt once more";
            return Err(AudioError::new(ErrorCode::InvalidArg, "Sender", detail));
        }
        if processor_of(&processor).channels() != options.layout.channels {
            let detail = "the processor and the microphone differ in their channels";
            return Err(AudioError::new(ErrorCode::InvalidArg, "Sender", detail));
        }
        tap.holders.claim(turn).map_err(taken)?;
        let bytes = vec![0; options.layout.bytes_of(CHUNK)].into();
        let source = TapSource { tap: tap.clone(), turn, bytes };
        let release = |_: &AudioError| tap.holders.release(turn);
        let sender = sealer().and_then(|sealer| Sender::new(source, options.rate.0, processor, sealer));
        let sender = sender.inspect_err(release)?;
        let (stop, told) = (Flag::new(), Flag::new());
        let shared = Arc::new(Shared { tap, sender: Mutex::new(sender), stop, told });
        let run = {
            let shared = shared.clone();
            move || {
                shared.run(&tell);
                shared.tap.holders.release(turn);
            }
        };
        let failed = |error: std::io::Error| AudioError::new(ErrorCode::OpenFailed, "Sender", error.to_string());
        if let Err(error) = std::thread::Builder::new().name("audio-send".into()).spawn(run) {
            shared.tap.holders.release(turn);
            return Err(failed(error));
        }
        Ok(Sending { shared })
    }

    /// The oldest packet that was not fetched yet, unless it is longer than `most` bytes: then its length.
    pub fn next_packet(&self, most: usize) -> Option<Result<Box<[u8]>, usize>> {
        self.shared.told.set(false);
        lock(&self.shared.sender).next_packet_within(most)
    }

    pub fn stats(&self) -> SendStats {
        lock(&self.shared.sender).stats()
    }
}

impl Drop for Sending {
    fn drop(&mut self) {
        self.shared.stop.set(true);
        self.shared.tap.device.control.block_done.ring();
    }
}

impl Shared {
    fn run(&self, tell: &Tell) {
        let over = || self.stop.get() || self.tap.is_closed();
        while !over() {
            let some = || self.tap.queued() > Frames::ZERO || over();
            self.tap.device.control.block_done.wait_until(SLEEP_AT_MOST, some);
            let made = lock(&self.sender).step();
            if made > 0 && self.told.raise() {
                tell();
            }
        }
    }
}
