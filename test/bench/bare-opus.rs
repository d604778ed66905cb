//! bare-opus STREAMS SECONDS [paced]: libopus itself, with so many encoders in turn on one thread: µs of processor time per frame of
//! 20 ms; or paced, a frame of each every 20 ms, and how many were late. 24 kHz mono, 24 kb/s, complexity 10, application voip,
//! as the streams it is held against.

use std::time::{Duration, Instant};

use audiopus::coder::Encoder;
use audiopus::{Application, Bitrate, Channels, SampleRate};

const FRAME: usize = 480;
/// An encoder's first frames cost three times as much as those that follow, while it gets to know the sound.
const WARM_UP: usize = 50;
const TICK: Duration = Duration::from_millis(20);

/// The same voice as `voice` in test/js/sounds.cjs.
fn voice(frames: usize) -> Vec<f32> {
    let (rate, tau) = (24_000.0f64, std::f64::consts::TAU);
    let mut phase = 0.0;
    let sample = |frame: usize| {
        let t = frame as f64 / rate;
        phase += tau * (140.0 + 30.0 * (t * 2.1).sin()) / rate;
        let tone: f64 = (1..12).map(|k| (phase * f64::from(k)).sin() / f64::from(k)).sum();
        (0.25 * tone * (0.6 - 0.4 * (tau * t * 3.0).cos())) as f32
    };
    (0..frames).map(sample).collect()
}

/// Of this process so far: what else runs on the machine does not count.
fn processor_us() -> f64 {
    let mut usage = std::mem::MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: `usage` has room for what is written; zeros are a valid `rusage` besides.
    let usage = unsafe {
        libc::getrusage(libc::RUSAGE_SELF, usage.as_mut_ptr());
        usage.assume_init()
    };
    [usage.ru_utime, usage.ru_stime].iter().map(|time| time.tv_sec as f64 * 1e6 + time.tv_usec as f64).sum()
}

fn main() {
    let argument = |index| std::env::args().nth(index).and_then(|word| word.parse::<f64>().ok());
    let (Some(streams), Some(seconds)) = (argument(1), argument(2)) else {
        eprintln!("usage: bare-opus STREAMS SECONDS");
        std::process::exit(2);
    };
    let sound = voice(FRAME * 100);
    let encoders: Vec<Encoder> = (0..streams as usize)
        .map(|_| {
            let mut encoder =
                Encoder::new(SampleRate::Hz24000, Channels::Mono, Application::Voip).expect("libopus gives an encoder");
            encoder.set_bitrate(Bitrate::BitsPerSecond(24_000)).expect("a bitrate in range");
            encoder.set_complexity(10).expect("a complexity in range");
            encoder
        })
        .collect();
    let mut packet = [0; 4000];
    let mut encode = |encoder: &Encoder, round: usize| {
        let at = round % 100 * FRAME;
        encoder.encode_float(&sound[at..at + FRAME], &mut packet).expect("a frame");
    };
    (0..WARM_UP).for_each(|round| encoders.iter().for_each(|encoder| encode(encoder, round)));
    let started = Instant::now();
    if std::env::args().any(|word| word == "paced") {
        let (mut missed, ticks) = (0usize, (seconds / TICK.as_secs_f64()) as u32);
        for tick in 0..ticks {
            let due = started + tick * TICK;
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            for encoder in &encoders {
                encode(encoder, WARM_UP + tick as usize);
                missed += usize::from(due.elapsed() > TICK);
            }
        }
        println!("{{\"missed\":{missed},\"frames\":{}}}", encoders.len() * ticks as usize);
        return;
    }
    let (mut rounds, before) = (WARM_UP, processor_us());
    while started.elapsed().as_secs_f64() < seconds || rounds < WARM_UP + 3 {
        encoders.iter().for_each(|encoder| encode(encoder, rounds));
        rounds += 1;
    }
    let us = (processor_us() - before) / ((rounds - WARM_UP) * encoders.len()) as f64;
    println!("{{\"usPerFrame\":{us}}}");
}
