//! JavaScript threads. Jitter buffers, playout clocks and frame buffers as JavaScript calls them. Clocks are shared by all threads
//! of the process; the rest belongs to the thread that made it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use napi::sys;
use napi_derive::napi;

use crate::error::{AudioError, ErrorCode, guarded};
use crate::node::values::{self, Arguments, Slots, answer, done};
use crate::playout::buffer::{FrameBuffer, Pop};
use crate::playout::clock::{Clock, Kind, Sync};
use crate::playout::jitter::{Codec, Estimator, JitterBuffer, Mode, Options, Pull};
use crate::units::{Hz, Micros};

type Result<T> = std::result::Result<T, napi::Error<ErrorCode>>;
pub(super) type Shared = Arc<Mutex<Clock>>;

thread_local! {
    static JITTER_BUFFERS: Slots<JitterBuffer> = const { Slots::new() };
    static CLOCKS: Slots<Shared> = const { Slots::new() };
    static BUFFERS: Slots<OfClock> = const { Slots::new() };
}

/// A buffer, and the clock that forgets its track when it goes, however that comes: its thread may end first.
struct OfClock(Shared, FrameBuffer);

impl Drop for OfClock {
    fn drop(&mut self) {
        let OfClock(clock, buffer) = self;
        buffer.close(&mut hold(clock), |_| ());
    }
}

/// Clocks by handle, as long as a thread holds them.
static HANDLES: Mutex<Option<HashMap<u32, Weak<Mutex<Clock>>>>> = Mutex::new(None);
static NEXT_HANDLE: AtomicU32 = AtomicU32::new(1);

/// # Safety
/// As for `values::export`.
pub unsafe fn export(env: sys::napi_env, exports: sys::napi_value) {
    let calls: [(&std::ffi::CStr, values::Callback); 2] = [(c"jitterPush", jitter_push), (c"jitterPull", jitter_pull)];
    // SAFETY: by the contract.
    unsafe { values::export(env, exports, &calls) };
}

/// `auto` with its bounds, or `fixed`, which is `min_ms`.
fn mode(word: &str, min_ms: f64, max_ms: f64) -> Mode {
    match word {
        "fixed" => Mode::Fixed { ms: min_ms },
        _ => Mode::Auto { min_ms, max_ms },
    }
}

#[napi(object)]
pub struct RawMode {
    pub kind: String,
    pub min_ms: f64,
    pub max_ms: f64,
}

impl From<Mode> for RawMode {
    fn from(mode: Mode) -> RawMode {
        match mode {
            Mode::Auto { min_ms, max_ms } => RawMode { kind: "auto".to_owned(), min_ms, max_ms },
            Mode::Fixed { ms } => RawMode { kind: "fixed".to_owned(), min_ms: ms, max_ms: ms },
        }
    }
}

impl From<RawMode> for Mode {
    fn from(raw: RawMode) -> Mode {
        mode(&raw.kind, raw.min_ms, raw.max_ms)
    }
}

#[napi(catch_unwind)]
pub fn new_jitter_buffer(frequency: u32, channels: u32, pcm: bool, mode: RawMode, plain: bool) -> Result<u32> {
    let options = Options {
        rate: Hz(frequency),
        channels: channels as usize,
        codec: if pcm { Codec::Pcm } else { Codec::Opus },
        mode: mode.into(),
        estimator: if plain { Estimator::Rfc3550 } else { Estimator::Cost },
    };
    let buffer = guarded(|| JitterBuffer::new(options))?;
    let bytes = buffer.memory_bytes();
    Ok(JITTER_BUFFERS.with(|slots| slots.keep_with(buffer, bytes)))
}

#[napi(catch_unwind)]
pub fn close_jitter_buffer(slot: u32) {
    JITTER_BUFFERS.with(|slots| slots.let_go(slot));
}

#[napi(catch_unwind)]
pub fn jitter_set_mode(slot: u32, mode: RawMode) -> Result<()> {
    let set = |buffer: &mut JitterBuffer| {
        buffer.set_mode(mode.into());
        Ok(())
    };
    Ok(JITTER_BUFFERS.with(|slots| slots.with(slot, set))?)
}

#[napi(object)]
pub struct JitterStats {
    pub concealed: f64,
    pub concealments: f64,
    pub recovered: f64,
    pub accelerated: f64,
    pub expanded: f64,
    pub discarded: f64,
    pub late: f64,
    pub duplicate: f64,
    pub lost: f64,
    pub refused: f64,
    pub restarts: f64,
    pub target_ms: f64,
    pub delay_ms: f64,
    pub jitter_ms: f64,
}

#[napi(catch_unwind)]
pub fn jitter_stats(slot: u32) -> Result<JitterStats> {
    let stats = |buffer: &mut JitterBuffer| {
        let all = buffer.totals();
        Ok(JitterStats {
            concealed: all.concealed as f64,
            concealments: all.concealments as f64,
            recovered: all.recovered as f64,
            accelerated: all.accelerated as f64,
            expanded: all.expanded as f64,
            discarded: all.discarded as f64,
            late: all.late as f64,
            duplicate: all.duplicate as f64,
            lost: all.lost as f64,
            refused: all.refused as f64,
            restarts: all.restarts as f64,
            target_ms: buffer.target_ms(),
            delay_ms: buffer.delay_ms(),
            jitter_ms: buffer.jitter_ms(),
        })
    };
    Ok(JITTER_BUFFERS.with(|slots| slots.with(slot, stats))?)
}

/// `jitterPush(slot, sequence, timestamp, payload, arrivalUs)`
unsafe extern "C" fn jitter_push(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    // SAFETY: Node calls us with a live `env` and `info`; JavaScript has checked the types of the arrays.
    unsafe {
        let args = Arguments::<5>::of(env, info);
        let act = |buffer: &mut JitterBuffer| {
            let payload = args.memory::<u8>(3)?.read();
            buffer.push(args.small(1), args.small(2), payload, Micros(args.number(4)));
            Ok(())
        };
        done(env, JITTER_BUFFERS.with(|slots| slots.with(args.small(0), act)))
    }
}

/// `jitterPull(slot, out, nowUs)`: 0 for played, 1 for concealed, 2 for silence.
unsafe extern "C" fn jitter_pull(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    // SAFETY: as in `jitter_push`.
    unsafe {
        let args = Arguments::<3>::of(env, info);
        let act = |buffer: &mut JitterBuffer| {
            let out = args.memory::<f32>(1)?.write();
            if !out.len().is_multiple_of(buffer.channels()) {
                let detail = format!("{} samples of {} channels", out.len(), buffer.channels());
                return Err(AudioError::new(ErrorCode::FrameAlignment, "pull", detail));
            }
            Ok(match buffer.pull(out, Micros(args.number(2))) {
                Pull::Play => 0.0,
                Pull::Conceal => 1.0,
                Pull::Fill => 2.0,
            })
        };
        answer(env, JITTER_BUFFERS.with(|slots| slots.with(args.small(0), act)))
    }
}

fn hold(clock: &Shared) -> MutexGuard<'_, Clock> {
    // A clock is whole between any two of its assignments.
    clock.lock().unwrap_or_else(PoisonError::into_inner)
}

fn with_clock<R>(slot: u32, act: impl FnOnce(&mut Clock) -> R) -> Result<R> {
    Ok(CLOCKS.with(|slots| slots.with(slot, |clock| Ok(act(&mut hold(clock)))))?)
}

/// For whoever shares it without JavaScript.
pub(super) fn clock_of(slot: u32) -> std::result::Result<Shared, AudioError> {
    CLOCKS.with(|slots| slots.with(slot, |clock| Ok(Arc::clone(clock))))
}

#[napi(object)]
pub struct NewClock {
    pub slot: u32,
    pub handle: u32,
}

#[napi(catch_unwind)]
pub fn new_playout_clock(mode: RawMode) -> NewClock {
    let clock = Arc::new(Mutex::new(Clock::new(mode.into())));
    let handle = NEXT_HANDLE.fetch_add(1, Ordering::Relaxed);
    let mut handles = HANDLES.lock().unwrap_or_else(PoisonError::into_inner);
    let handles = handles.get_or_insert_with(HashMap::new);
    handles.retain(|_, clock| clock.strong_count() > 0);
    handles.insert(handle, Arc::downgrade(&clock));
    NewClock { slot: CLOCKS.with(|slots| slots.keep(clock)), handle }
}

/// None where no thread holds such a clock.
#[napi(catch_unwind)]
pub fn attach_playout_clock(handle: u32) -> Option<u32> {
    let handles = HANDLES.lock().unwrap_or_else(PoisonError::into_inner);
    let clock = handles.as_ref()?.get(&handle)?.upgrade()?;
    Some(CLOCKS.with(|slots| slots.keep(clock)))
}

#[napi(catch_unwind)]
pub fn close_playout_clock(slot: u32) {
    CLOCKS.with(|slots| slots.let_go(slot));
}

#[napi(catch_unwind)]
pub fn clock_set_mode(slot: u32, mode: RawMode) -> Result<()> {
    with_clock(slot, |clock| clock.set_mode(mode.into()))
}

#[napi(object)]
pub struct ClockState {
    pub mode: RawMode,
    pub target_ms: f64,
    pub jitter_ms: f64,
    pub max_latency_ms: f64,
}

#[napi(catch_unwind)]
pub fn clock_state(slot: u32) -> Result<ClockState> {
    with_clock(slot, |clock| ClockState {
        mode: clock.mode().into(),
        target_ms: clock.target_ms(),
        jitter_ms: clock.jitter_ms(),
        max_latency_ms: clock.max_latency_ms(),
    })
}

#[napi(catch_unwind)]
pub fn clock_observe(slot: u32, track: String, pts_us: f64, now_us: f64) -> Result<()> {
    with_clock(slot, |clock| clock.observe_arrival(&track, pts_us, now_us))
}

#[napi(catch_unwind)]
pub fn clock_playout_time(slot: u32, pts_us: f64) -> Result<Option<f64>> {
    with_clock(slot, |clock| clock.playout_time(pts_us))
}

#[napi(catch_unwind)]
pub fn clock_report(slot: u32, track: String, pts_us: f64, now_us: f64) -> Result<()> {
    with_clock(slot, |clock| clock.report_playout(&track, pts_us, now_us))
}

/// µs to wait; 0 to play, below 0 to skip.
#[napi(catch_unwind)]
pub fn clock_sync_check(slot: u32, track: String, pts_us: f64, now_us: f64) -> Result<f64> {
    with_clock(slot, |clock| match clock.sync_check(&track, pts_us, now_us) {
        Sync::Play => 0.0,
        Sync::Skip => -1.0,
        Sync::Wait { us } => us,
    })
}

#[napi(catch_unwind)]
pub fn new_playout_buffer(clock: u32, track: String, audio: bool, most: u32) -> Result<u32> {
    let clock = clock_of(clock)?;
    let kind = if audio { Kind::Audio } else { Kind::Video };
    let buffer = FrameBuffer::new(&mut hold(&clock), &track, kind, most as usize);
    Ok(BUFFERS.with(|slots| slots.keep(OfClock(clock, buffer))))
}

#[napi(catch_unwind)]
pub fn close_playout_buffer(slot: u32) {
    BUFFERS.with(|slots| slots.let_go(slot));
}

/// The frames, as JavaScript numbered them, that are not wanted any more.
#[napi(catch_unwind)]
pub fn buffer_push(slot: u32, pts_us: f64, frame: f64, now_us: f64) -> Result<Vec<f64>> {
    let push = |OfClock(clock, buffer): &mut OfClock| {
        let mut dropped = Vec::new();
        buffer.push(&mut hold(clock), pts_us, frame as u64, now_us, |frame| dropped.push(frame as f64));
        Ok(dropped)
    };
    Ok(BUFFERS.with(|slots| slots.with(slot, push))?)
}

#[napi(object)]
pub struct RawPop {
    pub kind: String,
    pub frame: f64,
    pub pts_us: f64,
    pub wait_us: f64,
}

#[napi(catch_unwind)]
pub fn buffer_pop(slot: u32, now_us: f64) -> Result<RawPop> {
    let pop = |OfClock(clock, buffer): &mut OfClock| {
        let (kind, frame, pts_us, wait_us) = match buffer.pop(&mut hold(clock), now_us) {
            Pop::Frame { pts, frame } => ("frame", frame, pts, 0.0),
            Pop::Skip { pts, frame } => ("skip", frame, pts, 0.0),
            Pop::Wait { us } => ("wait", 0, 0.0, us),
            Pop::Empty => ("empty", 0, 0.0, 0.0),
        };
        Ok(RawPop { kind: kind.to_owned(), frame: frame as f64, pts_us, wait_us })
    };
    Ok(BUFFERS.with(|slots| slots.with(slot, pop))?)
}

#[napi(object)]
pub struct BufferStats {
    pub frames: f64,
    pub pushed: f64,
    pub popped: f64,
    pub skipped: f64,
    pub late: f64,
    pub duplicate: f64,
    pub overflowed: f64,
}

#[napi(catch_unwind)]
pub fn buffer_stats(slot: u32) -> Result<BufferStats> {
    let stats = |OfClock(_, buffer): &mut OfClock| {
        let all = buffer.frames();
        Ok(BufferStats {
            frames: buffer.len() as f64,
            pushed: all.pushed as f64,
            popped: all.popped as f64,
            skipped: all.skipped as f64,
            late: all.late as f64,
            duplicate: all.duplicate as f64,
            overflowed: all.overflowed as f64,
        })
    };
    Ok(BUFFERS.with(|slots| slots.with(slot, stats))?)
}
