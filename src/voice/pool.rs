//! Voice threads: a few for many streams. A stream stays with one thread, so its frames keep their order. What is done waits in
//! a box until JavaScript fetches it; it is told once for everything that came in one go.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, unbounded};

use crate::codec::opus::Pcm;
use crate::error::{AudioError, ErrorCode};
use crate::units::Micros;
use crate::voice::ladder::Mode;
use crate::voice::processor::Processor;

/// While there is more to do, what is done waits to be told for so long at most: waking JavaScript costs as much as a tenth of
/// a frame, and its threads share the processor with ours.
const TELL_AFTER: Duration = Duration::from_millis(5);

/// A stream as both its owner and its thread hold it.
pub type SharedProcessor = Arc<Mutex<Processor>>;

/// A panic while it was locked left a processor that is whole all the same: at worst a frame is missing.
pub fn lock(processor: &SharedProcessor) -> MutexGuard<'_, Processor> {
    processor.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Since the first call in this process.
pub fn now() -> Micros {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    Micros(START.elapsed().as_secs_f64() * 1e6)
}

/// Runs one call on a processor and notes what it took; what counts is the work, not the wait for the lock.
pub fn run(
    processor: &mut Processor,
    pcm: Pcm<'_>,
    iv: &[u8],
    out: &mut [u8],
) -> Result<(Option<usize>, Mode, Micros), AudioError> {
    let started = now();
    let processed = processor.process(pcm, iv, out)?;
    let ended = now();
    let spent = Micros(ended.0 - started.0);
    if processed.bytes.is_some() {
        processor.took(ended, spent)?;
    }
    Ok((processed.bytes, processed.mode, spent))
}

#[derive(Debug)]
pub enum OwnedPcm {
    Float(Box<[f32]>),
    Int16(Box<[i16]>),
}

impl OwnedPcm {
    fn as_pcm(&self) -> Pcm<'_> {
        match self {
            OwnedPcm::Float(samples) => Pcm::Float(samples),
            OwnedPcm::Int16(samples) => Pcm::Int16(samples),
        }
    }
}

/// A frame to be processed, and where to put what comes of it.
pub struct Job {
    pub processor: SharedProcessor,
    pub pcm: OwnedPcm,
    pub iv: [u8; 16],
    pub iv_bytes: usize,
    /// How many bytes the packet may have.
    pub room: usize,
    /// What JavaScript knows it by.
    pub id: u32,
    pub results: Arc<Results>,
}

pub struct Done {
    pub id: u32,
    /// The packet, empty while a frame is being gathered.
    pub outcome: Result<(Box<[u8]>, Mode, Micros), AudioError>,
}

impl Done {
    /// What came of `run`, which wrote to the start of `out`.
    fn new(id: u32, ran: Result<(Option<usize>, Mode, Micros), AudioError>, out: &[u8]) -> Done {
        let outcome = ran.map(|(bytes, mode, spent)| (out[..bytes.unwrap_or(0)].into(), mode, spent));
        Done { id, outcome }
    }
}

/// What is done and was not fetched yet.
pub struct Results {
    done: Mutex<Vec<Done>>,
    told: AtomicBool,
    tell: Box<dyn Fn() + Send + Sync>,
}

impl Results {
    /// `tell` is called on voice threads, once until somebody fetches.
    pub fn new(tell: Box<dyn Fn() + Send + Sync>) -> Results {
        Results { done: Mutex::new(Vec::new()), told: AtomicBool::new(false), tell }
    }

    fn put(&self, done: Done) {
        self.done.lock().unwrap_or_else(PoisonError::into_inner).push(done);
    }

    fn tell(&self) {
        if !self.told.swap(true, Ordering::AcqRel) {
            (self.tell)();
        }
    }

    /// Everything that is done; what is put from now on is told anew.
    pub fn fetch(&self) -> Vec<Done> {
        self.told.store(false, Ordering::Release);
        std::mem::take(&mut *self.done.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Threads that end when the pool is dropped and what was handed in is done.
pub struct Pool {
    lanes: Box<[Sender<Job>]>,
    next: AtomicUsize,
}

/// Where a stream's frames go: always the same thread.
#[derive(Clone)]
pub struct Lane(Sender<Job>);

impl Pool {
    /// One thread fewer than there are processors, so that JavaScript keeps one.
    pub fn default_threads() -> usize {
        std::thread::available_parallelism().map_or(1, |processors| (processors.get() - 1).max(1))
    }

    pub fn new(threads: usize) -> Result<Pool, AudioError> {
        let lanes: Result<Box<[_]>, AudioError> = (0..threads.max(1))
            .map(|index| {
                let (sender, receiver) = unbounded();
                std::thread::Builder::new()
                    .name(format!("audio-voice-{index}"))
                    .spawn(move || work(&receiver))
                    .map_err(|error| {
                        AudioError::new(ErrorCode::OpenFailed, "start a voice thread", error.to_string())
                    })?;
                Ok(sender)
            })
            .collect();
        Ok(Pool { lanes: lanes?, next: AtomicUsize::new(0) })
    }

    pub fn threads(&self) -> usize {
        self.lanes.len()
    }

    /// For one more stream.
    pub fn lane(&self) -> Lane {
        let next = self.next.fetch_add(1, Ordering::Relaxed);
        Lane(self.lanes[next % self.lanes.len()].clone())
    }
}

impl Lane {
    /// Hands a frame over; false if its thread is gone.
    pub fn submit(&self, job: Job) -> bool {
        self.0.send(job).is_ok()
    }
}

/// The whole life of a voice thread.
fn work(jobs: &Receiver<Job>) {
    let mut out = Vec::new();
    let mut untold: Vec<(Arc<Results>, Instant)> = Vec::new();
    while let Ok(job) = jobs.recv() {
        let results = step(job, &mut out);
        let now = Instant::now();
        if !untold.iter().any(|(waiting, _)| Arc::ptr_eq(waiting, &results)) {
            untold.push((results, now));
        }
        let idle = jobs.is_empty();
        untold.retain(|(results, since)| {
            let due = idle || now.duration_since(*since) >= TELL_AFTER;
            if due {
                results.tell();
            }
            !due
        });
    }
}

/// Does one job and puts what came of it.
fn step(job: Job, out: &mut Vec<u8>) -> Arc<Results> {
    let Job { processor, pcm, iv, iv_bytes, room, id, results } = job;
    let ran = {
        let mut processor = lock(&processor);
        out.resize(processor.most_bytes().max(out.len()), 0);
        let room = room.min(out.len());
        let checked = processor.check_not_lent();
        checked.and_then(|()| run(&mut processor, pcm.as_pcm(), &iv[..iv_bytes.min(iv.len())], &mut out[..room]))
    };
    results.put(Done::new(id, ran, out));
    results
}
