//! JavaScript threads. The counters of a device as an object.

use napi_derive::napi;

use crate::device::table::Entry;
use crate::link::tally::Histogram;

#[napi(object)]
pub struct Quantiles {
    pub p50: f64,
    pub p99: f64,
    pub max: f64,
}

#[napi(object)]
pub struct Depth {
    pub min: f64,
    pub mean: f64,
    pub max: f64,
}

/// As JavaScript sees it; what depends on the direction is named there.
#[napi(object)]
pub struct RawStats {
    pub callbacks: f64,
    pub frames: f64,
    pub written_frames: f64,
    pub delivered_frames: f64,
    pub dropped_frames: f64,
    pub discarded_frames: f64,
    pub queued_frames: f64,
    pub shortages: f64,
    pub shortage_frames: f64,
    pub depth_frames: Depth,
    /// Frames for which the device was gone, and came back.
    pub gap_frames: f64,
    /// Samples that were no numbers; of a shared ring, index words too that made no sense.
    pub faults: f64,
    pub interval_us: Quantiles,
    pub duration_us: Quantiles,
}

pub fn of(entry: &Entry) -> RawStats {
    let tally = &entry.device().tally;
    let (count, queue, faulty) = match entry {
        Entry::Device(device) => (device.marks.count(), &*tally.queue, 0),
        Entry::Source(source) => (source.count(), &source.control.tally, source.faults()),
        Entry::Tap(tap) => (tap.count(), &*tap.tally, tap.faults()),
    };
    let (min, mean, max) = queue.depth.summary();
    RawStats {
        callbacks: tally.callbacks.get() as f64,
        frames: tally.frames.get() as f64,
        written_frames: count.written.0 as f64,
        delivered_frames: count.delivered.0 as f64,
        dropped_frames: count.dropped.0 as f64,
        discarded_frames: count.discarded.0 as f64,
        queued_frames: count.queued.0 as f64,
        shortages: queue.episodes.get() as f64,
        shortage_frames: queue.episode_frames.get() as f64,
        depth_frames: Depth { min, mean, max },
        gap_frames: tally.gap_frames.get() as f64,
        faults: faulty as f64,
        interval_us: micros(&tally.interval_nanos),
        duration_us: micros(&tally.duration_nanos),
    }
}

pub fn intervals_of(entry: &Entry) -> Vec<f64> {
    let filled = entry.device().tally.interval_nanos.filled();
    filled.flat_map(|(from, to, count)| [from as f64 / 1000.0, to as f64 / 1000.0, f64::from(count)]).collect()
}

fn micros(nanos: &Histogram) -> Quantiles {
    let micros = |value: u64| value as f64 / 1000.0;
    Quantiles { p50: micros(nanos.quantile(0.5)), p99: micros(nanos.quantile(0.99)), max: micros(nanos.max()) }
}
