//! Everything that may happen to a callback. Each condition runs so many blocks and ends with the proof that it came about.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use ringbuf::HeapRb;
use ringbuf::traits::{Producer, Split};
use sdl_callback_audio::link::frames::SpareRing;
use sdl_callback_audio::link::scrap::scrap_lane;
use sdl_callback_audio::rt::callback::Callback;
use sdl_callback_audio::rt::tap::Overflow;
use sdl_callback_audio::units::Frames;

use super::floods;
use super::random::Random;
use super::{Capture, Playback, STEREO, capture, playback};

/// Runs one block under watch.
pub type Run<'a> = &'a mut dyn FnMut(&mut Callback, &mut [u8]);

pub struct Condition {
    pub name: &'static str,
    /// Somebody sleeps, and is to be woken.
    pub wakes: bool,
    pub run: fn(Run, u64),
}

const fn quiet(name: &'static str, run: fn(Run, u64)) -> Condition {
    Condition { name, wakes: false, run }
}

pub const ALL: [Condition; 30] = [
    quiet("a full ring", full_ring),
    quiet("an empty ring", empty_ring),
    quiet("underruns", underruns),
    quiet("rings that grow and shrink under another thread's writing", growth),
    quiet("a flood of clears from another thread", clears),
    quiet("a flood of pauses", pauses),
    quiet("another thread at the reader", contention),
    quiet("closing", closing),
    quiet("a lost device", lost),
    quiet("a failed device", failed),
    quiet("a scrap lane that nobody empties", scrap_full),
    quiet("an episode lane that nobody empties", episodes_full),
    Condition { name: "sleepers on every bell", wakes: true, run: sleepers },
    quiet("a microphone that is read at once, the oldest to be dropped", |run, blocks| {
        read_at_once(run, blocks, OLDEST)
    }),
    quiet("a microphone that is read at once, the newest to be dropped", |run, blocks| {
        read_at_once(run, blocks, NEWEST)
    }),
    quiet("a microphone that is read slowly, dropping the oldest", |run, blocks| read_slowly(run, blocks, OLDEST)),
    quiet("a microphone that is read slowly, dropping the newest", |run, blocks| read_slowly(run, blocks, NEWEST)),
    quiet("a microphone that nobody reads, dropping the oldest", |run, blocks| never_read(run, blocks, OLDEST)),
    quiet("a microphone that nobody reads, dropping the newest", |run, blocks| never_read(run, blocks, NEWEST)),
    quiet("a microphone that takes up spare rings", spares),
    quiet("a microphone whose old rings nobody takes home", write_ends_stay),
    quiet("a microphone that is cleared, paused, lost, closed and failed", steered),
    quiet("sources that come and go until the door is shut", floods::come_and_go),
    quiet("sources that have left and that nobody takes home", floods::nobody_takes_home),
    quiet("sources that are cleared, paused, and told one gain after another", floods::steered_sources),
    quiet("sources from rings into which a script writes anything", floods::scribbled_rings),
    quiet("sources whose rings are taken away while they play", floods::detached_rings),
    quiet("a flood of cuts from another thread", floods::cuts),
    quiet("taps that come and go until the door is shut, and gains", floods::taps_come_and_go),
    quiet("taps into rings into which a script writes anything", floods::scribbled_taps),
];

const OLDEST: Overflow = Overflow::DropOldest;
const NEWEST: Overflow = Overflow::DropNewest;
pub const BLOCK: u64 = 64;
pub const RING: Frames = Frames(4 * BLOCK);
const PCM: [u8; 4096] = [0x21; 4096];

pub fn frames(count: u64) -> &'static [u8] {
    &PCM[..STEREO.bytes_of(Frames(count))]
}

pub fn block(run: &mut Run, callback: &mut Callback) -> [u8; 4 * BLOCK as usize] {
    let mut block = [0x42; 4 * BLOCK as usize];
    run(callback, &mut block);
    block
}

fn many(run: &mut Run, callback: &mut Callback, blocks: u64) {
    until(run, callback, blocks, || true);
}

/// So many blocks, and as many more as another thread takes to do its part.
pub fn until(run: &mut Run, callback: &mut Callback, blocks: u64, mut done: impl FnMut() -> bool) {
    let mut ran = 0;
    while !done() || ran < blocks {
        block(run, callback);
        ran += 1;
    }
}

/// Does `there` over and over on another thread for as long as `here` takes.
pub fn beside<R>(mut there: impl FnMut() + Send, here: impl FnOnce() -> R) -> R {
    struct Ending<'a>(&'a AtomicBool);
    impl Drop for Ending<'_> {
        fn drop(&mut self) {
            self.0.store(true, Ordering::Release);
        }
    }
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let other = scope.spawn(|| {
            while !over.load(Ordering::Acquire) {
                there();
                thread::yield_now();
            }
        });
        let ending = Ending(&over);
        let done = here();
        drop(ending);
        // A scope ends with less of a handshake than a join, too little for the thread sanitizer.
        other.join().expect("the other thread's assertions hold");
        done
    })
}

fn full_ring(mut run: Run, blocks: u64) {
    let mut device = playback(STEREO, RING);
    for _ in 0..blocks {
        assert!(device.writer.push(&PCM).len() < PCM.len());
        block(&mut run, &mut device.callback);
    }
    assert_eq!(device.delivered(), Frames(blocks * BLOCK));
    assert_eq!(device.shared.tally.queue.episodes.get(), 0);
}

fn empty_ring(mut run: Run, blocks: u64) {
    let mut device = playback(STEREO, RING);
    (0..blocks).for_each(|_| assert_eq!(block(&mut run, &mut device.callback), [0; 4 * BLOCK as usize]));
    assert_eq!(device.shared.tally.frames.get(), blocks * BLOCK);
}

fn underruns(mut run: Run, blocks: u64) {
    let (mut device, mut random) = (playback(STEREO, RING), Random::new(1));
    let mut told = 0;
    for _ in 0..blocks {
        assert!(device.writer.append(frames(random.below(120))));
        block(&mut run, &mut device.callback);
        told += device.backstage.episodes().len() as u64;
    }
    assert!(told > blocks / 10);
}

fn growth(mut run: Run, blocks: u64) {
    let Playback { mut callback, mut writer, mut backstage, shared, .. } = playback(STEREO, RING);
    let (mut random, switched) = (Random::new(2), AtomicUsize::new(0));
    let write = || {
        if shared.marks.in_rings() == Frames::ZERO {
            writer.shrink_if_drained();
        } else if shared.marks.in_rings() > Frames(100 * BLOCK) {
            return;
        }
        assert!(writer.append(frames(random.below(1_000))));
        switched.fetch_add(backstage.free_all(), Ordering::Relaxed);
    };
    beside(write, || until(&mut run, &mut callback, blocks, || switched.load(Ordering::Relaxed) > 100));
}

fn clears(mut run: Run, blocks: u64) {
    let Playback { mut callback, mut writer, mut backstage, shared, .. } = playback(STEREO, RING);
    let mut random = Random::new(3);
    let write_and_clear = || {
        assert!(writer.append(frames(random.below(300))));
        shared.clear();
        backstage.free_all();
    };
    let cleared = || shared.marks.count().discarded > Frames(100 * BLOCK);
    beside(write_and_clear, || until(&mut run, &mut callback, blocks, cleared));
}

fn pauses(mut run: Run, blocks: u64) {
    let (mut device, mut random) = (playback(STEREO, RING), Random::new(4));
    let mut paused = 0;
    for _ in 0..blocks {
        let playing = random.one_in(2);
        device.play(playing);
        paused += u64::from(!playing);
        device.writer.push(&PCM);
        block(&mut run, &mut device.callback);
    }
    assert_eq!(device.delivered(), Frames((blocks - paused) * BLOCK));
}

fn contention(mut run: Run, blocks: u64) {
    let Playback { mut callback, mut writer, shared, .. } = playback(STEREO, RING);
    let hold = || shared.reader.with(|_| (0..200).for_each(|_| std::hint::spin_loop()));
    let (mut turned_away, mut delivered) = (0, Frames::ZERO);
    let refill = || {
        let before = std::mem::replace(&mut delivered, shared.marks.count().delivered);
        turned_away += u64::from(before == delivered);
        writer.push(&PCM);
        turned_away > 100
    };
    beside(hold, || until(&mut run, &mut callback, blocks, refill));
}

fn closing(mut run: Run, blocks: u64) {
    for _ in 0..blocks.div_ceil(40) {
        let mut device = playback(STEREO, RING);
        for at in 0..40 {
            device.shared.control.closing.set(at >= 30);
            device.writer.push(&PCM);
            block(&mut run, &mut device.callback);
        }
        assert!(device.shared.control.faded.get());
        assert_eq!(device.delivered(), Frames(30 * BLOCK));
    }
}

fn lost(mut run: Run, blocks: u64) {
    let mut device = playback(STEREO, RING);
    for at in 0..blocks {
        device.shared.control.lost.set(at >= blocks / 4);
        device.writer.push(frames(BLOCK));
        block(&mut run, &mut device.callback);
    }
    assert_eq!(device.delivered(), Frames(blocks / 4 * BLOCK));
}

fn failed(mut run: Run, blocks: u64) {
    let mut device = playback(STEREO, RING);
    device.shared.control.failed.set(true);
    for _ in 0..blocks {
        device.writer.push(&PCM);
        assert_eq!(block(&mut run, &mut device.callback), [0; 4 * BLOCK as usize]);
    }
    assert_eq!(device.delivered(), Frames::ZERO);
}

fn scrap_full(mut run: Run, blocks: u64) {
    let mut device = playback(STEREO, RING);
    let (mut spares_in, mut spares) = HeapRb::new(1).split();
    let (mut scrap, mut write_ends) = scrap_lane();
    let (mut stuck, mut came_home) = (0, 0);
    for at in 0..blocks {
        let _ = spares_in.try_push(SpareRing::new(STEREO, Frames(BLOCK)));
        device.writer.adopt(&mut spares, &mut scrap);
        write_ends.free_all();
        device.writer.push(frames(BLOCK));
        let before = device.delivered();
        block(&mut run, &mut device.callback);
        stuck += u64::from(device.delivered() == before);
        if at % 200 == 199 {
            came_home += device.backstage.free_all();
        }
    }
    assert!(stuck > blocks / 4 && came_home > 64, "{stuck} blocks without a way on, {came_home} rings came home");
    while device.shared.marks.queued() > Frames::ZERO {
        device.backstage.free_all();
        block(&mut run, &mut device.callback);
    }
    assert_eq!(device.delivered(), device.shared.marks.count().written);
}

fn episodes_full(mut run: Run, blocks: u64) {
    let mut device = playback(STEREO, RING);
    for at in 0..blocks {
        device.writer.push(frames(if at % 2 == 0 { BLOCK } else { 0 }));
        block(&mut run, &mut device.callback);
    }
    assert_eq!(device.shared.tally.queue.episodes.get(), blocks / 2);
    assert_eq!(device.backstage.episodes().len(), 128);
}

fn sleepers(mut run: Run, blocks: u64) {
    let Playback { mut callback, mut writer, shared, .. } = playback(STEREO, RING);
    for bell in [&shared.control.block_done, &*shared.pump] {
        let woken = AtomicUsize::new(0);
        let sleep = || {
            let heard = bell.listen();
            bell.wait(heard, Duration::from_secs(1));
            woken.fetch_add(1, Ordering::Relaxed);
        };
        let mut at = 0;
        let short_now_and_then = || {
            at += 1;
            writer.push(frames(if at % 2 == 0 { BLOCK } else { 0 }));
            woken.load(Ordering::Relaxed) > 10
        };
        beside(sleep, || until(&mut run, &mut callback, blocks / 2, short_now_and_then));
    }
}

fn record(overflow: Overflow) -> Capture {
    capture(STEREO, Frames(20 * BLOCK), overflow, Frames(12 * BLOCK))
}

fn read_at_once(mut run: Run, blocks: u64, overflow: Overflow) {
    let Capture { mut callback, shared, .. } = record(overflow);
    let read = || _ = shared.read(&mut [0; 4096]);
    let delivered = || shared.marks.count().delivered > Frames(100 * BLOCK);
    beside(read, || until(&mut run, &mut callback, blocks, delivered));
}

fn read_slowly(mut run: Run, blocks: u64, overflow: Overflow) {
    let mut device = record(overflow);
    for at in 0..blocks {
        block(&mut run, &mut device.callback);
        if at % 3 == 0 {
            device.shared.read(&mut [0; 2 * BLOCK as usize]);
        }
        device.backstage.episodes();
    }
    assert!(device.shared.tally.queue.episode_frames.get() > blocks * BLOCK / 2);
    assert!(device.shared.marks.count().delivered > Frames(blocks * BLOCK / 10));
}

fn never_read(mut run: Run, blocks: u64, overflow: Overflow) {
    let mut device = record(overflow);
    many(&mut run, &mut device.callback, blocks);
    assert_eq!(device.shared.marks.queued(), Frames(12 * BLOCK));
    assert_eq!(device.shared.tally.queue.episode_frames.get(), (blocks - 12) * BLOCK);
}

fn spares(mut run: Run, blocks: u64) {
    let mut device = capture(STEREO, RING, OLDEST, Frames(1_000 * BLOCK));
    let (mut random, mut switched) = (Random::new(5), 0);
    for _ in 0..blocks {
        device.offer_spare(RING);
        block(&mut run, &mut device.callback);
        if random.one_in(12) {
            while device.shared.read(&mut [0; 4096]) > 0 {}
        }
        switched += device.backstage.free_all();
    }
    assert!(switched as u64 > blocks / 10, "rings changed {switched} times only");
    assert_eq!(device.shared.tally.queue.episodes.get(), 0, "with a spare at hand nothing is lost");
}

fn write_ends_stay(mut run: Run, blocks: u64) {
    let mut device = capture(STEREO, RING, OLDEST, Frames(1_000 * BLOCK));
    for at in 0..blocks {
        device.offer_spare(RING);
        block(&mut run, &mut device.callback);
        // Every six blocks go beyond a ring of four.
        if at % 6 == 5 {
            while device.shared.read(&mut [0; 4096]) > 0 {}
        }
        device.backstage.scraps[0].free_all();
    }
    assert_eq!(device.backstage.scraps[1].free_all(), 64);
    assert!(
        device.shared.tally.queue.episode_frames.get() > blocks * BLOCK / 4,
        "what has no ring to go to is counted"
    );
}

fn steered(mut run: Run, blocks: u64) {
    let Capture { mut callback, shared, .. } = record(OLDEST);
    let mut random = Random::new(6);
    let steer = || {
        let control = &shared.control;
        match random.below(6) {
            0 => shared.clear(),
            1 => control.playing.set(random.one_in(2)),
            2 => control.lost.set(random.one_in(8)),
            3 => control.closing.set(random.one_in(8)),
            4 => control.failed.set(random.one_in(8)),
            _ => _ = shared.read(&mut [0; 512]),
        }
    };
    let every_way = || {
        let count = shared.marks.count();
        [count.written, count.discarded, count.delivered].iter().all(|frames| *frames > Frames(10 * BLOCK))
    };
    beside(steer, || until(&mut run, &mut callback, blocks, every_way));
}
