//! JavaScript threads. The processor and its pool as JavaScript calls them. It has checked types and ranges.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, OnceLock};

use napi::bindgen_prelude::{Function, Uint8Array};
use napi::sys;
use napi::threadsafe_function::ThreadsafeFunctionCallMode;
use napi_derive::napi;
use zeroize::Zeroizing;

use crate::codec::opus::Pcm;
use crate::error::{AudioError, ErrorCode, guarded};
use crate::node::codec::{RawOpusSettings, application};
use crate::node::values::{self, Arguments, Memory, Slots, answer, apart, done};
use crate::packet::suite::Suite;
use crate::units::{Frames, Hz, Micros};
use crate::voice::ladder::{Limits, Mode};
use crate::voice::pool::{Done, Job, Lane, OwnedPcm, Pool, Results, SharedProcessor, lock, run};
use crate::voice::processor::{Processor, ProcessorOptions};

type Result<T> = std::result::Result<T, napi::Error<ErrorCode>>;

/// The kinds of samples, in JavaScript's numbers.
const FLOAT: u32 = 0;
/// What a fetched result takes in the table: id, bytes, mode, µs. With `FAILED` as its mode the bytes are the code of an error, a
/// line's end, and its message.
const FIELDS: usize = 4;
const FAILED: f64 = -1.0;
/// Wakings that wait for a busy thread: more would tell nothing new.
const WAKE_ROOM: usize = 4;
/// Memory of a thread that has not worked yet, measured.
const THREAD_BYTES: usize = 12 << 10;

/// A processor, and the thread that works on it when JavaScript does not want to wait.
struct Held {
    processor: SharedProcessor,
    lane: Option<Lane>,
}

thread_local! {
    static PROCESSORS: Slots<Held> = const { Slots::new() };
    static POOLS: Slots<Pool> = const { Slots::new() };
    static RESULTS: RefCell<Option<Arc<Results>>> = const { RefCell::new(None) };
    /// Fetched, and not handed to JavaScript for want of room.
    static FETCHED: RefCell<VecDeque<Done>> = const { RefCell::new(VecDeque::new()) };
}

/// The threads of processors that belong to no pool.
fn common_pool() -> std::result::Result<&'static Pool, AudioError> {
    static POOL: OnceLock<Pool> = OnceLock::new();
    if let Some(pool) = POOL.get() {
        return Ok(pool);
    }
    let pool = Pool::new(Pool::default_threads())?;
    Ok(POOL.get_or_init(|| pool))
}

/// # Safety
/// As for `values::export`.
pub unsafe fn export(env: sys::napi_env, exports: sys::napi_value) {
    let calls: [(&std::ffi::CStr, values::Callback); 3] = [
        (c"processorProcess", processor_process),
        (c"processorSubmit", processor_submit),
        (c"processorFetch", processor_fetch),
    ];
    // SAFETY: by the contract.
    unsafe { values::export(env, exports, &calls) };
}

#[napi(object)]
pub struct RawProcessorOptions {
    pub frequency: u32,
    pub output_frequency: u32,
    pub channels: u32,
    pub frame_frames: u32,
    pub application: String,
    pub opus: RawOpusSettings,
    pub suite: Option<String>,
    pub mode: String,
    pub step_down_ms: Option<f64>,
    pub hold_ms: f64,
    pub allow_plaintext: bool,
}

#[napi(catch_unwind)]
pub fn new_processor(raw: RawProcessorOptions, key: Option<Uint8Array>, pool: Option<u32>) -> Result<u32> {
    let suite = raw.suite.as_deref().and_then(Suite::from_name);
    let options = ProcessorOptions {
        frequency: Hz(raw.frequency),
        output_frequency: Hz(raw.output_frequency),
        channels: raw.channels as usize,
        frame: Frames(raw.frame_frames.into()),
        application: application(&raw.application),
        settings: raw.opus.into(),
        key: suite.zip(key.map(|key| Zeroizing::new(key.to_vec()))),
        mode: Mode::from_name(&raw.mode).unwrap_or(Mode::Full),
        adaptive: raw
            .step_down_ms
            .map(|ms| Limits { step_down: Micros(ms * 1000.0), hold: Micros(raw.hold_ms * 1000.0) }),
        allow_plaintext: raw.allow_plaintext,
    };
    let processor = guarded(|| Processor::new(options))?;
    let bytes = size_of::<Processor>() + processor.memory_bytes();
    let lane = match pool {
        Some(slot) => Some(POOLS.with(|slots| slots.with(slot, |pool| Ok(pool.lane())))?),
        None => None,
    };
    let held = Held { processor: Arc::new(Mutex::new(processor)), lane };
    Ok(PROCESSORS.with(|slots| slots.keep_with(held, bytes)))
}

#[napi(catch_unwind)]
pub fn close_processor(slot: u32) {
    PROCESSORS.with(|slots| slots.let_go(slot));
}

#[napi(catch_unwind)]
pub fn new_processor_pool(threads: Option<u32>) -> Result<u32> {
    let pool = Pool::new(threads.map_or_else(Pool::default_threads, |threads| threads as usize))?;
    let bytes = pool.threads() * THREAD_BYTES;
    Ok(POOLS.with(|slots| slots.keep_with(pool, bytes)))
}

#[napi(catch_unwind)]
pub fn close_processor_pool(slot: u32) {
    POOLS.with(|slots| slots.let_go(slot));
}

#[napi(catch_unwind)]
pub fn processor_pool_threads(slot: u32) -> Result<u32> {
    Ok(POOLS.with(|slots| slots.with(slot, |pool| Ok(pool.threads() as u32)))?)
}

/// The most bytes that a packet of this processor takes.
#[napi(catch_unwind)]
pub fn processor_most_bytes(slot: u32) -> Result<u32> {
    Ok(PROCESSORS.with(|slots| slots.with(slot, |held| Ok(lock(&held.processor).most_bytes() as u32)))?)
}

#[napi(catch_unwind)]
pub fn processor_mode(slot: u32) -> Result<String> {
    Ok(PROCESSORS.with(|slots| slots.with(slot, |held| Ok(lock(&held.processor).mode().name().to_owned())))?)
}

#[napi(object)]
pub struct RawMetrics {
    pub frames: f64,
    pub frames_per_second: f64,
    pub average_us: f64,
    pub min_us: f64,
    pub max_us: f64,
    pub p99_us: f64,
    pub jitter_us: f64,
}

#[napi(catch_unwind)]
pub fn processor_metrics(slot: u32) -> Result<RawMetrics> {
    let summary = PROCESSORS.with(|slots| slots.with(slot, |held| Ok(lock(&held.processor).metrics())))?;
    Ok(RawMetrics {
        frames: summary.frames as f64,
        frames_per_second: summary.frames_per_second,
        average_us: summary.average.0,
        min_us: summary.min.0,
        max_us: summary.max.0,
        p99_us: summary.p99.0,
        jitter_us: summary.jitter.0,
    })
}

/// The processor in a slot, for somebody who works with it too.
pub(super) fn shared_processor(slot: u32) -> std::result::Result<SharedProcessor, AudioError> {
    PROCESSORS.with(|slots| slots.with(slot, |held| Ok(held.processor.clone())))
}

/// Calls `wake` when there is something to fetch, until the environment ends. It never keeps a process alive.
#[napi(catch_unwind)]
pub fn processor_listen(wake: Function<(), ()>) -> napi::Result<()> {
    let wake = wake
        .build_threadsafe_function::<()>()
        .weak::<true>()
        .max_queue_size::<WAKE_ROOM>()
        .build_callback(|_| Ok(()))?;
    let tell = move || {
        wake.call((), ThreadsafeFunctionCallMode::NonBlocking);
    };
    RESULTS.set(Some(Arc::new(Results::new(Box::new(tell)))));
    Ok(())
}

fn mode_number(mode: Mode) -> f64 {
    Mode::ALL.into_iter().position(|other| other == mode).unwrap_or(0) as f64
}

/// Runs `act` on the samples that an argument names.
///
/// # Safety
/// As for `Memory::read`; what `act` writes lies elsewhere.
unsafe fn with_pcm<const N: usize, R>(
    args: &Arguments<N>,
    kind: u32,
    index: usize,
    act: impl FnOnce(Pcm<'_>) -> std::result::Result<R, AudioError>,
) -> std::result::Result<R, AudioError> {
    // SAFETY: by the contract.
    unsafe {
        if kind == FLOAT {
            act(Pcm::Float(args.memory(index)?.read()))
        } else {
            act(Pcm::Int16(args.memory(index)?.read()))
        }
    }
}

/// `processorProcess(slot, kind, frame, iv, out, facts)`: bytes, 0 while a frame is being gathered; facts get mode and µs.
unsafe extern "C" fn processor_process(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    // SAFETY: Node calls us with a live `env` and `info`; JavaScript has checked the types of the arrays. The IV is copied, and
    // `apart` sees that the packet does not lie in the samples, whose memory is read as bytes for that.
    unsafe {
        let args = Arguments::<6>::of(env, info);
        let kind = args.small(1);
        let act = |held: &mut Held| {
            let given: Memory<u8> = args.memory(3)?;
            let mut iv = [0; 16];
            let iv_bytes = given.length.min(iv.len() + 1);
            iv[..iv_bytes.min(16)].copy_from_slice(&given.read()[..iv_bytes.min(16)]);
            if iv_bytes > iv.len() {
                let detail = format!("an IV has at most 16 bytes, this one {}", given.length);
                return Err(AudioError::new(ErrorCode::IvLength, "process", detail));
            }
            let samples: Memory<u8> = args.memory(2)?;
            let bytes_each = if kind == FLOAT { 4 } else { 2 };
            let all = Memory { data: samples.data, length: samples.length * bytes_each };
            let (_, out) = apart::<u8, u8>(all, args.memory(4)?)?;
            let facts = args.memory::<f64>(5)?.write();
            let processor = &mut *lock(&held.processor);
            processor.check_not_lent()?;
            let (bytes, mode, spent) = with_pcm(&args, kind, 2, |pcm| run(processor, pcm, &iv[..iv_bytes], out))?;
            if let [to_mode, to_micros, ..] = facts {
                (*to_mode, *to_micros) = (mode_number(mode), spent.0);
            }
            Ok(bytes.unwrap_or(0) as f64)
        };
        answer(env, PROCESSORS.with(|slots| slots.with(args.small(0), act)))
    }
}

/// `processorSubmit(slot, kind, frame, iv, id, room)`: `room` is how many bytes the packet may have.
unsafe extern "C" fn processor_submit(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    // SAFETY: as in `processor_process`; everything is copied.
    unsafe {
        let args = Arguments::<6>::of(env, info);
        let kind = args.small(1);
        let act = |held: &mut Held| {
            let given: Memory<u8> = args.memory(3)?;
            let mut iv = [0; 16];
            let iv_bytes = given.length.min(iv.len());
            iv[..iv_bytes].copy_from_slice(&given.read()[..iv_bytes]);
            let pcm = with_pcm(&args, kind, 2, |pcm| {
                Ok(match pcm {
                    Pcm::Float(samples) => OwnedPcm::Float(samples.into()),
                    Pcm::Int16(samples) => OwnedPcm::Int16(samples.into()),
                })
            })?;
            let gone = || AudioError::new(ErrorCode::Closed, "process", "its threads have ended");
            let results = RESULTS.with_borrow(Clone::clone).ok_or_else(gone)?;
            let lane = match &held.lane {
                Some(lane) => lane,
                None => held.lane.insert(common_pool()?.lane()),
            };
            let (id, room) = (args.small(4), args.number(5) as usize);
            let job = Job { processor: held.processor.clone(), pcm, iv, iv_bytes, room, id, results };
            if lane.submit(job) { Ok(()) } else { Err(gone()) }
        };
        done(env, PROCESSORS.with(|slots| slots.with(args.small(0), act)))
    }
}

/// `processorFetch(out, table)`: how many results it wrote, their bytes one behind the other; 0 when there is no more.
unsafe extern "C" fn processor_fetch(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    // SAFETY: as in `processor_process`.
    unsafe {
        let args = Arguments::<2>::of(env, info);
        let fetch = || {
            let (out, table) = (args.memory::<u8>(0)?.write(), args.memory::<f64>(1)?.write());
            let fetched = RESULTS.with_borrow(|results| results.as_ref().map(|results| results.fetch()));
            FETCHED.with_borrow_mut(|waiting| {
                waiting.extend(fetched.unwrap_or_default());
                Ok(hand_over(waiting, out, table) as f64)
            })
        };
        answer(env, guarded(fetch))
    }
}

/// Moves as many results as there is room for; returns how many.
fn hand_over(waiting: &mut VecDeque<Done>, mut out: &mut [u8], table: &mut [f64]) -> usize {
    let mut count = 0;
    for row in table.chunks_exact_mut(FIELDS) {
        let Some(Done { id, outcome }) = waiting.front() else { break };
        let said;
        let (bytes, mode, micros) = match outcome {
            Ok((packet, mode, spent)) => (&packet[..], mode_number(*mode), spent.0),
            Err(error) => {
                said = format!("{}\n{error}", error.code.as_str());
                (said.as_bytes(), FAILED, 0.0)
            }
        };
        let Some((here, rest)) = std::mem::take(&mut out).split_at_mut_checked(bytes.len()) else { break };
        here.copy_from_slice(bytes);
        row.copy_from_slice(&[f64::from(*id), bytes.len() as f64, mode, micros]);
        (out, count) = (rest, count + 1);
        waiting.pop_front();
    }
    count
}
