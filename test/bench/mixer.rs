//! What mixing costs: a callback with so many stereo sources, and beside it the multiply-add that nobody can do without, over
//! memory that lies and is filled in the same way. Prints one line of JSON, in nanoseconds for a block; `mixer.mjs` judges.

#[path = "../rust/stage/mod.rs"]
mod stage;

use std::hint::black_box;
use std::time::{Duration, Instant};

use sdl_callback_audio::format::{Layout, SampleFormat};
use sdl_callback_audio::link::latest::GainOrder;
use sdl_callback_audio::units::Frames;
use stage::Playback;
use stage::guests::Source;

const LAYOUT: Layout = Layout { format: SampleFormat::F32Lsb, channels: 2 };
const BLOCK: usize = 128;
const SAMPLES: usize = BLOCK * LAYOUT.channels;
/// Frames that a source's ring holds beyond its target.
const SLACK: usize = 1024;
const GAIN: f32 = 0.7;
const TIME: Duration = Duration::from_secs(2);

fn main() {
    let mut numbers = std::env::args().filter_map(|word| word.parse().ok());
    // How many blocks the producer is ahead decides what the caches still hold.
    let (count, ahead) = (numbers.next().unwrap_or(1024), numbers.next().unwrap_or(1));
    let sound: Vec<f32> = (0..ahead * SAMPLES).map(|at| (at % 100) as f32 * 1.0e-6).collect();
    // Without sources the mixer still reads, scales and writes the device's block.
    let (mut mixed, mut empty) = (Mixed::new(count, ahead), Mixed::new(0, 1));
    let mut plain = Plain::new(count, ahead);
    let mut nanos = [Vec::new(), Vec::new(), Vec::new()];
    let begun = Instant::now();
    while begun.elapsed() < TIME {
        mixed.refill(&sound);
        (0..ahead).for_each(|_| nanos[0].push(timed(|| mixed.block())));
        plain.refill(&sound);
        (0..ahead).for_each(|_| nanos[1].push(timed(|| plain.block())));
        (0..ahead).for_each(|_| nanos[2].push(timed(|| empty.block())));
    }
    let [mixed, plain, empty] = nanos.map(median);
    println!(r#"{{"sources":{count},"ahead":{ahead},"mixed":{mixed},"plain":{plain},"empty":{empty}}}"#);
}

fn timed(act: impl FnOnce()) -> u64 {
    let begun = Instant::now();
    act();
    begun.elapsed().as_nanos() as u64
}

fn median(mut nanos: Vec<u64>) -> u64 {
    nanos.sort_unstable();
    nanos[nanos.len() / 2]
}

struct Mixed {
    device: Playback,
    sources: Vec<Source>,
    block: [u8; SAMPLES * size_of::<f32>()],
}

impl Mixed {
    fn new(count: usize, ahead: usize) -> Mixed {
        let mut device = stage::playback(LAYOUT, Frames(64));
        let sources: Vec<_> = (0..count).map(|_| device.add((ahead * BLOCK + SLACK) as u64)).collect();
        sources.iter().for_each(|source| source.seen.set_gain(GAIN, 0));
        device.shared.control.gain.set(GainOrder { gain: 0.9, over: Frames::ZERO });
        let mut mixed = Mixed { device, sources, block: [0; _] };
        (0..10).for_each(|_| mixed.block());
        mixed
    }

    fn refill(&mut self, sound: &[f32]) {
        for source in &mut self.sources {
            assert_eq!(source.writer.push(sound), Frames((sound.len() / LAYOUT.channels) as u64));
        }
    }

    fn block(&mut self) {
        self.block.fill(0);
        stage::run(&mut self.device.callback, &mut self.block);
        black_box(&self.block);
    }
}

struct Plain {
    rings: Vec<Box<[f32]>>,
    len: usize,
    written: usize,
    read: usize,
    sum: [f32; SAMPLES],
}

impl Plain {
    fn new(count: usize, ahead: usize) -> Plain {
        let len = (ahead * BLOCK + SLACK) * LAYOUT.channels;
        let rings = (0..count).map(|_| vec![0.0; len].into()).collect();
        Plain { rings, len, written: 0, read: 0, sum: [0.0; SAMPLES] }
    }

    fn refill(&mut self, sound: &[f32]) {
        for ring in &mut self.rings {
            let (now, later) = sound.split_at(sound.len().min(self.len - self.written));
            ring[self.written..][..now.len()].copy_from_slice(now);
            ring[..later.len()].copy_from_slice(later);
        }
        self.written = (self.written + sound.len()) % self.len;
    }

    fn block(&mut self) {
        self.sum.fill(0.0);
        let until_end = SAMPLES.min(self.len - self.read);
        let (into_first, into_rest) = self.sum.split_at_mut(until_end);
        for ring in &self.rings {
            add_scaled(into_first, &ring[self.read..]);
            add_scaled(into_rest, ring);
        }
        self.read = (self.read + SAMPLES) % self.len;
        black_box(&self.sum);
    }
}

fn add_scaled(sum: &mut [f32], samples: &[f32]) {
    for (sum, sample) in sum.iter_mut().zip(samples) {
        *sum += sample * GAIN;
    }
}
