//! The receiver in virtual time: what a network and a device may do, and what is heard of it.

use std::sync::{Arc, Mutex};

use sdl_callback_audio::codec::opus::{Application, OpusEncoder, Pcm};
use sdl_callback_audio::packet::header::{self, Format, Stream};
use sdl_callback_audio::packet::open::{Accepts, Opener};
use sdl_callback_audio::packet::seal::{Sealer, Wish};
use sdl_callback_audio::packet::suite::Suite;
use sdl_callback_audio::playout::clock::{Clock, Kind, Sync};
use sdl_callback_audio::playout::decode::Codec;
use sdl_callback_audio::playout::jitter::Mode;
use sdl_callback_audio::units::Hz;
use sdl_callback_audio::voice::receive::Track;

#[path = "receive/room.rs"]
mod room;

use room::{Room, Speaker, chance, pcm, stream, strangeness, tone};

const MONO: (u32, u8) = (16_000, 1);

fn pcm_room(speaker: Speaker) -> Room {
    Room::new(speaker, None, Codec::Pcm, None)
}

/// Up to 5 ms, as a busy machine has it.
fn sometimes_late(look: usize) -> f64 {
    chance(look) * 5.0
}

#[test]
fn whatever_the_period_and_however_late_the_thread_nothing_is_missing_and_nothing_made_up() {
    for period in [64, 128, 480, 512, 1024, 2048] {
        for late in [|_| 0.0, sometimes_late] {
            let mut room = pcm_room(Speaker::new(48_000, 1, period, 0.0));
            room.late = late;
            room.run(stream(500, (48_000, 1), |_| Some(3.0)), 9_500.0);
            let stats = room.stats();
            assert_eq!((room.shortages(), stats.totals.concealed, stats.cut), (0, 0, 0), "{period}: {stats:?}");
            assert_eq!((stats.totals.late, stats.totals.discarded), (0, 0), "{period}: {stats:?}");
            let period_ms = period as f64 / 48.0;
            assert!(stats.ahead_ms <= period_ms + 20.1, "{period}: {stats:?}");
            assert!(stats.delay_ms < 35.0, "{period}: {stats:?}");
            let heard = room.heard();
            let strange = strangeness(&heard[5 * 48_000..6 * 48_000], 48_000, 300.0);
            assert!(strange < 1e-4, "{period}: {strange}");
        }
    }
}
