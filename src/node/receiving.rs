//! JavaScript threads. Receivers as JavaScript calls them. It has checked types.

use napi::sys;
use napi_derive::napi;

use crate::device::receiving::{Plan, Receiving};
use crate::device::table::Entry;
use crate::error::{AudioError, ErrorCode};
use crate::node::calls::Result;
use crate::node::playout::{RawMode, clock_of};
use crate::node::values::{self, Arguments, Slots, done};
use crate::node::{env, packets};
use crate::playout::decode::Codec;
use crate::units::Micros;
use crate::voice::receive::Track;

thread_local! {
    static RECEIVERS: Slots<Receiving> = const { Slots::new() };
}

/// # Safety
/// As for `values::export`.
pub unsafe fn export(env: sys::napi_env, exports: sys::napi_value) {
    // SAFETY: by the contract.
    unsafe { values::export(env, exports, &[(c"receiverPush", receiver_push)]) };
}

#[napi(object)]
pub struct RawReceiverOptions {
    pub source: u32,
    pub pcm: bool,
    pub opener: Option<u32>,
    pub mode: RawMode,
    pub clock: Option<u32>,
    pub track: String,
}

/// Begins to receive; takes the opener.
#[napi(catch_unwind)]
pub fn new_receiver(options: RawReceiverOptions) -> Result<u32> {
    let RawReceiverOptions { source, pcm, opener, mode, clock, track } = options;
    let invalid = |what: &str| AudioError::new(ErrorCode::InvalidArg, "Receiver", what);
    let Some(Entry::Source(source)) = env::entry(source) else { return Err(invalid("the source is closed").into()) };
    let clock = clock.map(clock_of).transpose()?;
    let codec = if pcm { Codec::Pcm } else { Codec::Opus };
    let receiving = Receiving::start(source, || {
        let take =
            |slot| packets::OPENERS.with(|slots| slots.take(slot)).ok_or_else(|| invalid("the opener is closed"));
        let opener = opener.map(take).transpose()?.map(|(opener, _)| opener);
        Ok(Plan { opener, codec, mode: mode.into(), track: clock.map(|clock| Track::new(clock, track)) })
    })?;
    let bytes = receiving.memory_bytes();
    Ok(RECEIVERS.with(|slots| slots.keep_with(receiving, bytes)))
}

#[napi(catch_unwind)]
pub fn close_receiver(slot: u32) {
    RECEIVERS.with(|slots| slots.let_go(slot));
}

#[napi(catch_unwind)]
pub fn receiver_set_mode(slot: u32, mode: RawMode) -> Result<()> {
    let set = |receiving: &mut Receiving| {
        receiving.set_mode(mode.into());
        Ok(())
    };
    Ok(RECEIVERS.with(|slots| slots.with(slot, set))?)
}

#[napi(object)]
pub struct RawReceiverStats {
    pub packets: f64,
    pub malformed: f64,
    pub unauthentic: f64,
    pub replayed: f64,
    pub overflowed: f64,
    pub late: f64,
    pub duplicate: f64,
    pub lost: f64,
    pub discarded: f64,
    pub restarts: f64,
    pub frequency: u32,
    pub concealed: f64,
    pub concealments: f64,
    pub recovered: f64,
    pub accelerated: f64,
    pub expanded: f64,
    pub target_ms: f64,
    pub delay_ms: f64,
    pub jitter_ms: f64,
    pub ahead_ms: f64,
    pub cut_frames: f64,
}

#[napi(catch_unwind)]
pub fn receiver_stats(slot: u32) -> Result<RawReceiverStats> {
    let stats = |receiving: &mut Receiving| Ok((receiving.stats(), receiving.overflowed()));
    let (stats, overflowed) = RECEIVERS.with(|slots| slots.with(slot, stats))?;
    let (entrance, totals) = (stats.entrance, stats.totals);
    Ok(RawReceiverStats {
        packets: (entrance.packets + overflowed) as f64,
        // What the jitter buffer cannot play is malformed, too.
        malformed: (entrance.malformed + totals.refused) as f64,
        unauthentic: entrance.unauthentic as f64,
        replayed: entrance.replayed as f64,
        overflowed: overflowed as f64,
        late: totals.late as f64,
        duplicate: totals.duplicate as f64,
        lost: totals.lost as f64,
        discarded: totals.discarded as f64,
        restarts: totals.restarts as f64,
        frequency: stats.rate,
        concealed: totals.concealed as f64,
        concealments: totals.concealments as f64,
        recovered: totals.recovered as f64,
        accelerated: totals.accelerated as f64,
        expanded: totals.expanded as f64,
        target_ms: stats.target_ms,
        delay_ms: stats.delay_ms,
        jitter_ms: stats.jitter_ms,
        ahead_ms: stats.ahead_ms,
        cut_frames: stats.cut as f64,
    })
}

/// `receiverPush(slot, packet, arrivalUs)`; no number of µs stands for now.
unsafe extern "C" fn receiver_push(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    // SAFETY: Node calls us with a live `env` and `info`; JavaScript has checked that the packet is bytes.
    unsafe {
        let args = Arguments::<3>::of(env, info);
        let act = |receiving: &mut Receiving| {
            let arrival = args.number(2);
            receiving.push(args.memory::<u8>(1)?.read(), (!arrival.is_nan()).then_some(Micros(arrival)));
            Ok(())
        };
        done(env, RECEIVERS.with(|slots| slots.with(args.small(0), act)))
    }
}
