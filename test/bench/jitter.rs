//! jitter TRACE SPEECH_S16LE RATE OUT_S16LE LOG_CSV [PACKETS]: plays 20 ms packets of the speech that arrive as the trace says,
//! 10 ms at a time, in virtual time. One row per request goes to the log: totals in samples. ESTIMATOR=rfc3550 in the environment is
//! for comparison.

use std::fmt::Write;

use sdl_callback_audio::codec::convert;
use sdl_callback_audio::playout::jitter::{Codec, Estimator, JitterBuffer, Mode, Options};
use sdl_callback_audio::units::{Hz, Micros};

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [trace, speech, rate, out, log, opus @ ..] = words.as_slice() else {
        eprintln!("usage: jitter TRACE SPEECH_S16LE RATE OUT_S16LE LOG_CSV [PACKETS]");
        std::process::exit(2);
    };
    let rate: u32 = rate.parse().expect("a rate");
    let trace = std::fs::read_to_string(trace).expect("a trace");
    let mut arrivals: Vec<(f64, u32)> = trace
        .lines()
        .filter_map(|line| line.split_once(' '))
        .map(|(at, index)| (at.parse().expect("an arrival"), index.trim().parse().expect("an index")))
        .collect();
    arrivals.sort_by(|a, b| a.0.total_cmp(&b.0));
    let bytes = std::fs::read(speech).expect("speech");
    let speech: Vec<f32> =
        bytes.chunks_exact(2).map(|pair| f32::from(i16::from_le_bytes([pair[0], pair[1]])) / 32_768.0).collect();

    // Opus packets of 20 ms, each behind its length in 16 bits.
    let opus = opus.first().map(|file| std::fs::read(file).expect("packets"));
    let opus: Option<Vec<&[u8]>> = opus.as_deref().map(|mut rest| {
        let mut packets = Vec::new();
        while let Some((length, behind)) = rest.split_first_chunk::<2>() {
            let (packet, behind) = behind.split_at(usize::from(u16::from_le_bytes(*length)));
            packets.push(packet);
            rest = behind;
        }
        packets
    });
    let codec = if opus.is_some() { Codec::Opus } else { Codec::Pcm };

    let estimator = match std::env::var("ESTIMATOR").as_deref() {
        Ok("rfc3550") => Estimator::Rfc3550,
        _ => Estimator::Cost,
    };
    let options = Options { rate: Hz(rate), channels: 1, codec, mode: Mode::default(), estimator };
    let mut buffer = JitterBuffer::new(options).expect("a jitter buffer");
    let packet = rate as usize / 50;
    let (mut sound, mut rows) =
        (Vec::new(), String::from("t_ms,delay_ms,target_ms,concealed,accel,preempt,disc,events\n"));
    let (mut block, mut samples) = (vec![0.0; rate as usize / 100], vec![0; rate as usize / 100]);
    let end = arrivals.last().expect("a packet").0 + 100.0;
    let mut coming = arrivals.iter().peekable();
    // Any number will do for the first timestamp.
    const FIRST: u32 = 12_345;
    let mut t = 0.0;
    while t < end {
        while let Some((at, index)) = coming.next_if(|(at, _)| *at <= t) {
            let start = *index as usize * packet;
            let payload: Vec<u8> =
                (start..start + packet).flat_map(|i| speech[i % speech.len()].to_ne_bytes()).collect();
            let timestamp = FIRST.wrapping_add(*index * packet as u32);
            let payload = match &opus {
                Some(packets) => packets[*index as usize],
                None => &payload,
            };
            buffer.push(*index, timestamp, payload, Micros(at * 1000.0));
        }
        buffer.pull(&mut block, Micros(t * 1000.0));
        convert::float_to_int16(&block, &mut samples);
        sound.extend(samples.iter().flat_map(|sample| sample.to_le_bytes()));
        let media = buffer.position().map(|frames| (frames - i64::from(FIRST)) as f64 * 1000.0 / f64::from(rate));
        let delay = media.map_or(-1.0, |media| t + 10.0 - media);
        let all = buffer.totals();
        let thrown = all.late + all.duplicate + all.discarded;
        let _ = writeln!(
            rows,
            "{t},{delay:.3},{:.3},{},{},{},{thrown},{}",
            buffer.target_ms(),
            all.concealed,
            all.accelerated,
            all.expanded,
            all.concealments
        );
        t += 10.0;
    }
    std::fs::write(out, sound).expect("room for the sound");
    std::fs::write(log, rows).expect("room for the log");
}
