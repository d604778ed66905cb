//! JavaScript threads. Senders as JavaScript calls them. It has checked types.

use napi::bindgen_prelude::{Buffer, Function, Uint8Array};
use napi::threadsafe_function::ThreadsafeFunctionCallMode;
use napi_derive::napi;

use crate::device::sending::Sending;
use crate::device::table::Entry;
use crate::error::{AudioError, ErrorCode};
use crate::node::calls::Result;
use crate::node::values::Slots;
use crate::node::{env, packets, voice};

/// Wakings that wait for a busy thread: more would tell nothing new.
const WAKE_ROOM: usize = 2;

thread_local! {
    static SENDERS: Slots<Sending> = const { Slots::new() };
}

#[napi(object)]
pub struct RawSendStats {
    pub frames: f64,
    pub packets: f64,
    pub bytes: f64,
    pub dropped_packets: f64,
    pub failed_frames: f64,
}

/// Begins to send; takes the sealer. `wake` is called when there are packets to fetch, and never keeps a process alive.
#[napi]
pub fn new_sender(tap: u32, processor: u32, sealer: u32, wake: Function<(), ()>) -> Result<u32> {
    let invalid = |what: &str| AudioError::new(ErrorCode::InvalidArg, "Sender", what);
    let Some(Entry::Tap(tap)) = env::entry(tap) else { return Err(invalid("the tap is closed").into()) };
    let processor = voice::shared_processor(processor)?;
    let failed = |error: napi::Error| AudioError::new(ErrorCode::OpenFailed, "Sender", error.to_string());
    let wake = wake
        .build_threadsafe_function::<()>()
        .weak::<true>()
        .max_queue_size::<WAKE_ROOM>()
        .build_callback(|_| Ok(()))
        .map_err(failed)?;
    let tell = Box::new(move || {
        wake.call((), ThreadsafeFunctionCallMode::NonBlocking);
    });
    let sealer = || packets::SEALERS.with(|slots| slots.take(sealer)).ok_or_else(|| invalid("the sealer is closed"));
    let sending = Sending::start(tap, processor, sealer, tell)?;
    Ok(SENDERS.with(|slots| slots.keep(sending)))
}

#[napi]
pub fn close_sender(slot: u32) {
    SENDERS.with(|slots| slots.let_go(slot));
}

/// The next packet, or null.
#[napi]
pub fn read_packet(slot: u32) -> Result<Option<Buffer>> {
    let next = SENDERS.with(|slots| slots.with(slot, |sending| Ok(sending.next_packet(usize::MAX))))?;
    Ok(next.and_then(std::result::Result::ok).map(|packet| packet.into_vec().into()))
}

/// Copies the next packet into `out`; returns bytes, 0 for none, or how many it would need, below zero.
#[napi]
pub fn read_packet_into(slot: u32, mut out: Uint8Array) -> Result<i64> {
    let next = SENDERS.with(|slots| slots.with(slot, |sending| Ok(sending.next_packet(out.len()))))?;
    Ok(match next {
        None => 0,
        Some(Err(needed)) => -(needed as i64),
        Some(Ok(packet)) => {
            // SAFETY: JavaScript has seen that the memory is not shared; nothing else runs on it meanwhile.
            let memory = unsafe { out.as_mut() };
            memory.iter_mut().zip(packet.iter()).for_each(|(to, from)| *to = *from);
            packet.len() as i64
        }
    })
}

#[napi]
pub fn sender_stats(slot: u32) -> Result<RawSendStats> {
    let stats = SENDERS.with(|slots| slots.with(slot, |sending| Ok(sending.stats())))?;
    Ok(RawSendStats {
        frames: stats.frames as f64,
        packets: stats.packets as f64,
        bytes: stats.bytes as f64,
        dropped_packets: stats.dropped as f64,
        failed_frames: stats.failed as f64,
    })
}
