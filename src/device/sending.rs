//! A voice thread for each sender: from a tap of a microphone to sealed packets, as fast as the microphone gives frames. Whoever
//! made it fetches the packets.

use std::sync::Arc;
use std::time::Duration;

use crate::device::holders::Turn;
use crate::device::tap::Tap;
use crate::error::{AudioError, ErrorCode};
use crate::link::control::Flag;
use crate::link::gaps::Run;
use crate::packet::header::Stream;
use crate::packet::seal::Sealer;
use crate::units::Frames;
use crate::voice::ladder::Mode;
use crate::voice::outbox::{Outbox, SendStats};
use crate::voice::pool::{SharedProcessor, lock};
use crate::voice::send::{FrameSource, Lent, Sender, Step};

/// Frames that are read at a time.
const CHUNK: Frames = Frames(480);
/// Looked at again at the latest, should the device be gone meanwhile.
const SLEEP_AT_MOST: Duration = Duration::from_millis(200);
/// For somebody to fetch packets, while all room for them is taken: whoever was busy for longer is not coming.
const PATIENCE: Duration = Duration::from_secs(1);

/// Called on the voice thread when there are packets to fetch.
pub type Tell = Box<dyn Fn() + Send>;

pub struct Sending {
    shared: Arc<Shared>,
}

struct Shared {
    tap: Arc<Tap>,
    outbox: Arc<Outbox>,
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
    fn read(&mut self, out: &mut [f32]) -> Run {
        let layout = self.tap.device.options.layout;
        let wanted = CHUNK.min(Frames((out.len() / layout.channels) as u64));
        let bytes = self.bytes.get_mut(..layout.bytes_of(wanted)).unwrap_or_default();
        let nothing = Run { at: Frames::ZERO, frames: Frames::ZERO };
        let run = self.tap.read_run(self.turn, bytes).unwrap_or(nothing);
        layout.format.decode(bytes, out.get_mut(..run.frames.as_len() * layout.channels).unwrap_or_default());
        run
    }
}

impl Sending {
    /// Begins to send what `tap` hears, which has no other reader from then on. The sealer is taken when nothing else can be
    /// refused any more.
    pub fn start(
        tap: Arc<Tap>,
        processor: SharedProcessor,
        (stream, sealer): (&Stream, impl FnOnce() -> Result<Sealer, AudioError>),
        tell: Tell,
    ) -> Result<Sending, AudioError> {
        let options = &tap.device.options;
        let turn = Turn::of_native();
        let taken = |_| AudioError::new(ErrorCode::DeviceBusy, "Sender", "somebody else reads this tap");
        if tap.queue().is_none() {
            return Err(AudioError::new(ErrorCode::InvalidArg, "Sender", "the tap fills a ring that JavaScript reads"));
        }
        if lock(&processor).channels() != options.layout.channels {
            let detail = "the processor and the microphone differ in their channels";
            return Err(AudioError::new(ErrorCode::InvalidArg, "Sender", detail));
        }
        let processor = Lent::new(&processor, stream)?;
        tap.holders.claim(turn).map_err(taken)?;
        let bytes = vec![0; options.layout.bytes_of(CHUNK)].into();
        let source = TapSource { tap: tap.clone(), turn, bytes };
        let sealer = sealer().inspect_err(|_| tap.holders.release(turn))?;
        let mut sender = Sender::new(source, options.rate.0, processor, sealer);
        let (stop, told) = (Flag::new(), Flag::new());
        let shared = Arc::new(Shared { tap, outbox: sender.outbox().clone(), stop, told });
        let run = {
            let shared = shared.clone();
            move || {
                shared.run(&mut sender, &tell);
                // Before the tap is free, so that another sender finds both.
                drop(sender);
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
        self.shared.outbox.next_within(most)
    }

    pub fn stats(&self) -> SendStats {
        self.shared.outbox.stats()
    }

    /// Of the packet that was made last; what is made from now on is told anew.
    pub fn mode(&self) -> Mode {
        self.shared.told.set(false);
        self.shared.outbox.mode()
    }
}

impl Drop for Sending {
    fn drop(&mut self) {
        self.shared.stop.set(true);
        self.shared.outbox.close();
        self.shared.tap.device.control.block_done.ring();
    }
}

impl Shared {
    /// The whole life of the thread: a packet at a time, so that an end is an end however much sound waits.
    fn run(&self, sender: &mut Sender<TapSource>, tell: &Tell) {
        let over = || self.stop.get() || self.tap.is_closed();
        while !over() {
            match sender.step() {
                Step::Dry => {
                    let some = || self.tap.queued() > Frames::ZERO || over();
                    self.tap.device.control.block_done.wait_until(SLEEP_AT_MOST, some);
                }
                Step::Made => {
                    if self.told.raise() {
                        tell();
                    }
                    self.outbox.wait_for_room(PATIENCE);
                }
                Step::Nothing => {}
            }
        }
    }
}
