//! What may happen to a callback that mixes sources or has taps, all of it in floods from another thread.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use sdl_callback_audio::link::guests::Door;
use sdl_callback_audio::link::latest::GainOrder;
use sdl_callback_audio::link::source::SourceControl;
use sdl_callback_audio::rt::tap::Overflow;
use sdl_callback_audio::rt::voice::Voice;
use sdl_callback_audio::units::Frames;

use super::conditions::{BLOCK, RING, Run, beside, block, frames, until};
use super::guests::{JsRing, Source, shared_source, source, tap};
use super::random::Random;
use super::{Capture, Playback, STEREO, capture, playback, playback_with};

/// More than go home at a time.
const MOST: usize = 70;
const SOUND: [f32; 400] = [0.3; 400];

/// Many times before the other thread's turn comes.
fn often(mut act: impl FnMut() + Send) -> impl FnMut() + Send {
    move || (0..20).for_each(|_| act())
}

/// What the flood tells the thread that waits for it to come about.
struct Count(AtomicU64);

impl Count {
    fn new() -> Count {
        Count(AtomicU64::new(0))
    }

    fn more(&self, amount: u64) {
        self.0.fetch_add(amount, Ordering::Relaxed);
    }

    fn over(&self, least: u64) -> bool {
        self.0.load(Ordering::Relaxed) > least
    }
}

fn admit(door: &mut Door<Voice>) -> Option<Source> {
    let (mut source, voice) = source(STEREO.channels, Frames(300));
    source.writer.push(&SOUND);
    door.admit(voice).is_ok().then_some(source)
}

pub fn come_and_go(mut run: Run, blocks: u64) {
    let Playback { mut callback, mut door, .. } = playback_with(STEREO, RING, MOST);
    let (mut random, mut inside, turned_away) = (Random::new(11), Vec::new(), Count::new());
    let flood = || {
        match admit(&mut door) {
            Some(source) => inside.push(source),
            None => {
                turned_away.more(1);
                inside.drain(..).for_each(|source| source.seen.close());
            }
        }
        if random.one_in(3) && !inside.is_empty() {
            let source: Source = inside.swap_remove(random.below(inside.len() as u64) as usize);
            source.seen.close();
        }
        door.take_home();
    };
    beside(often(flood), || until(&mut run, &mut callback, blocks, || turned_away.over(3)));
}

pub fn nobody_takes_home(mut run: Run, blocks: u64) {
    for _ in 0..blocks.div_ceil(200) {
        let mut device = playback_with(STEREO, RING, MOST);
        let sources: Vec<Source> = std::iter::from_fn(|| admit(&mut device.door)).collect();
        assert_eq!(sources.len(), MOST);
        block(&mut run, &mut device.callback);
        sources.iter().for_each(|source| source.seen.close());
        (0..199).for_each(|_| _ = block(&mut run, &mut device.callback));
        assert!(sources.iter().all(|source| source.seen.control.faded.get()));
        // Those that have no way home stay, and are silent.
        assert_eq!(block(&mut run, &mut device.callback), [0; 4 * BLOCK as usize]);
    }
}

pub fn steered_sources(mut run: Run, blocks: u64) {
    let Playback { mut callback, mut door, mut writer, shared, .. } = playback(STEREO, RING);
    let mut sources: Vec<Source> = (0..12).filter_map(|_| admit(&mut door)).collect();
    let (first, mut random) = (sources[0].seen.control.clone(), Random::new(12));
    let steer = || {
        let at = random.below(12) as usize;
        let source = &mut sources[at];
        match random.below(8) {
            0 => source.seen.marks().discard_all(),
            1 => source.seen.set_gain(random.unit(), random.below(500)),
            2 => shared.control.gain.set(GainOrder { gain: random.unit(), over: Frames(random.below(500)) }),
            3 => shared.control.playing.set(!random.one_in(4)),
            4 => _ = writer.push(frames(random.below(60))),
            5 => while source.seen.episodes.try_next().is_some() {},
            _ => _ = source.writer.push(&SOUND[..2 * random.below(200) as usize]),
        }
    };
    let every_way = || {
        let count = first.marks.count();
        count.delivered > Frames(50 * BLOCK) && count.discarded > Frames(BLOCK)
    };
    beside(often(steer), || until(&mut run, &mut callback, blocks, every_way));
}

pub fn scribbled_rings(mut run: Run, blocks: u64) {
    let Playback { mut callback, mut door, .. } = playback(STEREO, RING);
    let rings: Vec<JsRing> = [1, 50, 4_000].map(|capacity| JsRing::new(STEREO.channels, capacity)).into();
    let sources: Vec<Arc<SourceControl>> = rings
        .iter()
        .map(|ring| {
            let (seen, voice) = shared_source(STEREO.channels, ring);
            assert!(door.admit(voice).is_ok());
            seen.control
        })
        .collect();
    let mut random = Random::new(13);
    let scribble = || {
        rings[random.below(3) as usize].scribble(&mut random);
        if random.one_in(8) {
            sources[random.below(3) as usize].marks.discard_all();
        }
    };
    let delivered = || sources.iter().all(|source| source.marks.count().delivered > Frames(10));
    beside(often(scribble), || until(&mut run, &mut callback, blocks, delivered));
}

pub fn detached_rings(mut run: Run, blocks: u64) {
    let Playback { mut callback, mut door, .. } = playback_with(STEREO, RING, MOST);
    let (mut random, heard) = (Random::new(14), Count::new());
    let detach = || {
        let ring = JsRing::new(STEREO.channels, 200);
        let (seen, voice) = shared_source(STEREO.channels, &ring);
        if door.admit(voice).is_ok() {
            (0..random.below(60)).for_each(|_| _ = ring.write(&SOUND[..20]));
            (0..random.below(2_000)).for_each(|_| std::hint::spin_loop());
            // The memory goes while the source is still in the mix.
            drop(ring);
            heard.more(seen.marks().count().delivered.0);
        }
        seen.close();
        door.take_home();
    };
    beside(detach, || until(&mut run, &mut callback, blocks, || heard.over(20)));
}

pub fn cuts(mut run: Run, blocks: u64) {
    let Playback { mut callback, mut writer, mut backstage, shared, .. } = playback(STEREO, RING);
    let mut random = Random::new(15);
    let write_and_cut = || {
        assert!(writer.append(frames(random.below(300))));
        match random.below(6) {
            0 => shared.clear(),
            1 => shared.control.playing.set(!random.one_in(4)),
            2 => {}
            _ => _ = shared.reader.with(|reader| reader.cut(Frames(random.below(200)))),
        }
        backstage.free_all();
    };
    let cut = || shared.marks.count().discarded > Frames(100 * BLOCK);
    beside(often(write_and_cut), || until(&mut run, &mut callback, blocks, cut));
}

pub fn taps_come_and_go(mut run: Run, blocks: u64) {
    let Capture { mut callback, mut door, shared, .. } = capture(STEREO, RING, Overflow::DropOldest, Frames(BLOCK));
    let (mut random, mut inside, read, turned_away) = (Random::new(16), Vec::new(), Count::new(), Count::new());
    let flood = || {
        let overflow = [Overflow::DropOldest, Overflow::DropNewest][random.below(2) as usize];
        let (end, guest) = tap(STEREO, &shared.pump, overflow, Frames(1 + random.below(3 * BLOCK)));
        match door.admit(guest) {
            Ok(()) => inside.push(end),
            Err(_) => turned_away.more(1),
        }
        for end in &inside {
            read.more(end.read(&mut [0; 512]) as u64);
        }
        if inside.len() > random.below(40) as usize {
            inside.swap_remove(0).control.closing.set(true);
        }
        if random.one_in(5) {
            let gain = if random.one_in(2) { 1.0 } else { random.unit() };
            shared.control.gain.set(GainOrder { gain, over: Frames(random.below(500)) });
        }
        door.take_home();
    };
    beside(often(flood), || until(&mut run, &mut callback, blocks, || read.over(5_000) && turned_away.over(3)));
}

pub fn scribbled_taps(mut run: Run, blocks: u64) {
    let rings = [1, 50, 4_000].map(|capacity| JsRing::new(STEREO.channels, capacity));
    let mut device = capture(STEREO, RING, Overflow::DropNewest, Frames(BLOCK));
    let controls = rings.each_ref().map(|ring| device.add_shared(ring).0);
    let Capture { mut callback, .. } = device;
    let mut random = Random::new(17);
    let scribble = || rings[random.below(3) as usize].scribble(&mut random);
    let written = || controls.iter().all(|control| control.written.get() > 10);
    beside(often(scribble), || until(&mut run, &mut callback, blocks, written));
}
