//! JavaScript threads. Senders as JavaScript calls them. It has checked types.

use napi::bindgen_prelude::{Buffer, Function};
use napi::sys;
use napi::threadsafe_function::ThreadsafeFunctionCallMode;
use napi_derive::napi;

use crate::device::sending::Sending;
use crate::device::table::Entry;
use crate::error::{AudioError, ErrorCode};
use crate::node::calls::Result;
use crate::node::values::{self, Arguments, Slots, answer};
use crate::node::{env, packets, voice};

/// Wakings that wait for a busy thread: more would tell nothing new.
const WAKE_ROOM: usize = 2;

thread_local! {
    static SENDERS: Slots<Sending> = const { Slots::new() };
}

/// # Safety
/// As for `values::export`.
pub unsafe fn export(env: sys::napi_env, exports: sys::napi_value) {
    // SAFETY: by the contract.
    unsafe { values::export(env, exports, &[(c"readPacketInto", read_packet_into)]) };
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
#[napi(catch_unwind)]
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
    let closed = || invalid("the sealer is closed");
    let stream = packets::SEALERS.with(|slots| slots.with(sealer, |sealer| Ok(*sealer.stream())))?;
    let take = || packets::SEALERS.with(|slots| slots.take(sealer)).ok_or_else(closed);
    let sending = Sending::start(tap, processor, (&stream, take), tell)?;
    Ok(SENDERS.with(|slots| slots.keep(sending)))
}

#[napi(catch_unwind)]
pub fn close_sender(slot: u32) {
    SENDERS.with(|slots| slots.let_go(slot));
}

/// The next packet, or null.
#[napi(catch_unwind)]
pub fn read_packet(slot: u32) -> Result<Option<Buffer>> {
    let next = SENDERS.with(|slots| slots.with(slot, |sending| Ok(sending.next_packet(usize::MAX))))?;
    Ok(next.and_then(std::result::Result::ok).map(|packet| packet.into_vec().into()))
}

/// `readPacketInto(slot, out)`: bytes of the next packet, 0 for none, or how many it would need, below zero.
unsafe extern "C" fn read_packet_into(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    // SAFETY: Node calls us with a live `env` and `info`; JavaScript has checked that `out` is bytes. The packet lies elsewhere.
    unsafe {
        let args = Arguments::<2>::of(env, info);
        let act = |sending: &mut Sending| {
            let out = args.memory::<u8>(1)?.write();
            Ok(match sending.next_packet(out.len()) {
                None => 0.0,
                Some(Err(needed)) => -(needed as f64),
                Some(Ok(packet)) => {
                    out.iter_mut().zip(packet.iter()).for_each(|(to, from)| *to = *from);
                    packet.len() as f64
                }
            })
        };
        answer(env, SENDERS.with(|slots| slots.with(args.small(0), act)))
    }
}

/// The mode that the last packet was made in; `wake` is called for the next one.
#[napi(catch_unwind)]
pub fn sender_mode(slot: u32) -> Result<String> {
    Ok(SENDERS.with(|slots| slots.with(slot, |sending| Ok(sending.mode().name().to_owned())))?)
}

#[napi(catch_unwind)]
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
