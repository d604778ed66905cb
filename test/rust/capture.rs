//! Capture: what the microphone gives is read bit for bit, or is lost by a stated policy and counted.

mod stage;

use sdl_callback_audio::format::{Layout, SampleFormat};
use sdl_callback_audio::link::episodes::Episode;
use sdl_callback_audio::rt::tap::Overflow;
use sdl_callback_audio::units::Frames;
use stage::random::Random;
use stage::{Capture, Shared};

/// Frames of eight bytes that say which one they are.
const NUMBERED: Layout = Layout { format: SampleFormat::S32Msb, channels: 2 };
const LIMIT: Frames = Frames(700);
/// Also below a block, which has 130 frames at most.
const LIMITS: [Frames; 4] = [LIMIT, Frames(130), Frames(60), Frames(1)];
const RING: Frames = Frames(900);

fn numbers(from: u64, frames: u64) -> Vec<u8> {
    (from..from + frames).flat_map(u64::to_le_bytes).collect()
}

/// Reads at most so many frames; returns which ones.
fn read(shared: &Shared, frames: u64) -> Vec<u64> {
    let mut out = vec![0; NUMBERED.bytes_of(Frames(frames))];
    let filled = shared.read(&mut out);
    out[..filled].chunks_exact(8).map(|frame| u64::from_le_bytes(frame.try_into().expect("eight bytes"))).collect()
}

fn overflowing(overflow: Overflow) -> Capture {
    overflowing_at(LIMIT, overflow)
}

fn overflowing_at(limit: Frames, overflow: Overflow) -> Capture {
    stage::capture(NUMBERED, RING, overflow, limit)
}

#[test]
fn what_the_microphone_gives_arrives_bit_for_bit_in_every_format_whatever_the_rhythm_of_the_reader() {
    let mut switched = 0;
    for (format, seed) in SampleFormat::ALL.into_iter().zip(0..) {
        for channels in 1..=Layout::MAX_CHANNELS {
            let layout = Layout { format, channels };
            let mut random = Random::new(seed);
            let mut stage = stage::capture(layout, Frames(100), Overflow::DropOldest, Frames(1_000_000));
            let (mut said, mut heard) = (Vec::new(), Vec::new());
            for _ in 0..60 {
                let frames = Frames(random.below(100));
                let pcm = random.bytes(layout.bytes_of(frames));
                stage.offer_spare(Frames(100 + random.below(100)));
                stage.say(&pcm);
                said.extend(pcm);
                let mut out = vec![0; random.below(200) as usize];
                let filled = stage.shared.read(&mut out);
                heard.extend_from_slice(&out[..filled]);
                switched += stage.backstage.free_all();
            }
            let mut out = vec![0; said.len()];
            let filled = stage.shared.read(&mut out);
            heard.extend_from_slice(&out[..filled]);
            assert!(heard == said, "{layout:?}");
            assert_eq!(stage.shared.tally.queue.episode_frames.get(), 0);
        }
    }
    assert!(switched > 100, "rings changed {switched} times only");
}

#[test]
fn dropping_the_oldest_keeps_exactly_the_newest() {
    for limit in LIMITS {
        let (mut stage, mut random, mut said) = (overflowing_at(limit, Overflow::DropOldest), Random::new(1), 0);
        while said < 10_000 {
            let frames = 1 + random.below(130);
            stage.say(&numbers(said, frames));
            said += frames;
            assert_eq!(stage.shared.marks.queued(), limit.min(Frames(said)));
        }
        assert_eq!(stage.shared.tally.queue.episode_frames.get(), said - limit.0);
        assert_eq!(read(&stage.shared, 2_000), (said - limit.0..said).collect::<Vec<_>>());
        let count = stage.shared.marks.count();
        assert_eq!(count.written, count.delivered + count.dropped);
        // Of what came in blocks longer than the queue, the beginning was never in it.
        assert!(if limit >= Frames(130) { count.written.0 == said } else { count.written.0 < said });
    }
}

#[test]
fn dropping_the_newest_keeps_exactly_the_oldest() {
    for limit in LIMITS {
        let (mut stage, mut random, mut said) = (overflowing_at(limit, Overflow::DropNewest), Random::new(2), 0);
        while said < 10_000 {
            let frames = 1 + random.below(130);
            stage.say(&numbers(said, frames));
            said += frames;
            assert_eq!(stage.shared.marks.queued(), limit.min(Frames(said)));
        }
        assert_eq!(read(&stage.shared, 2_000), (0..limit.0).collect::<Vec<_>>());
        assert_eq!(stage.shared.tally.queue.episode_frames.get(), said - limit.0);
    }
}

#[test]
fn every_overrun_is_told_once_with_the_frames_where_it_began_and_where_it_ended() {
    let policies = [Overflow::DropOldest, Overflow::DropNewest];
    for (limit, overflow) in LIMITS.into_iter().flat_map(|limit| policies.map(|overflow| (limit, overflow))) {
        let (mut stage, mut random) = (overflowing_at(limit, overflow), Random::new(3));
        let (mut told, mut expected, mut open) = (Vec::new(), Vec::new(), None);
        let (mut said, mut seen, mut next, mut lost) = (0, 0, 0, 0);
        for _ in 0..2_000 {
            let frames = 1 + random.below(130);
            let over = (stage.shared.marks.queued().0 + frames).saturating_sub(limit.0);
            if over > 0 && open.is_none() {
                expected.push(Episode::Began { from: Frames(said), before: Frames(lost) });
            }
            open = match (open, over) {
                (Some((from, frames)), 0) => {
                    expected.push(Episode::Ended { from, to: Frames(said), frames });
                    None
                }
                (open, 0) => open,
                (open, over) => {
                    let (from, before) = open.unwrap_or((Frames(said), Frames::ZERO));
                    Some((from, before + Frames(over)))
                }
            };
            lost += over;
            stage.say(&numbers(said, frames));
            said += frames;
            told.extend(stage.backstage.episodes());
            if random.one_in(4) {
                for number in read(&stage.shared, random.below(600)) {
                    assert!(number >= next, "{number} after {next}");
                    (seen, next) = (seen + 1, number + 1);
                }
            }
        }
        assert_eq!(told, expected, "{limit:?} {overflow:?}");
        // A short queue is hardly ever without an overrun.
        assert!(told.len() > if limit == LIMIT { 50 } else { 0 }, "{limit:?} {overflow:?}: {}", told.len());
        assert_eq!(stage.shared.tally.queue.episode_frames.get(), lost);
        assert_eq!(said, seen + lost + stage.shared.marks.queued().0, "{overflow:?}: a frame went no way at all");
    }
}

#[test]
fn while_the_reader_is_at_work_the_reserve_takes_the_block_and_the_next_one_makes_up_for_it() {
    let mut stage = overflowing(Overflow::DropOldest);
    stage.say(&numbers(0, LIMIT.0));
    let shared = stage.shared.clone();
    shared.reader.with(|_| stage.say(&numbers(LIMIT.0, 100)));
    assert_eq!(shared.marks.queued(), LIMIT + Frames(100));
    assert_eq!(shared.tally.queue.episode_frames.get(), 0);
    stage.say(&numbers(LIMIT.0 + 100, 50));
    assert_eq!(read(&shared, 2_000), (150..LIMIT.0 + 150).collect::<Vec<_>>());
}

#[test]
fn a_clear_makes_room_although_nobody_reads() {
    for overflow in [Overflow::DropOldest, Overflow::DropNewest] {
        let mut stage = overflowing(overflow);
        for round in 0..20 {
            stage.say(&numbers(round * LIMIT.0, LIMIT.0));
            // Only the mark: whoever needs the room steps over what was cleared.
            stage.shared.marks.discard_all();
        }
        assert_eq!(stage.shared.tally.queue.episode_frames.get(), 0, "{overflow:?}");
        assert_eq!(stage.shared.marks.count().discarded, Frames(20 * LIMIT.0));
    }
}

#[test]
fn while_it_is_paused_closing_or_lost_the_microphone_goes_by_and_an_overrun_is_over() {
    let steers: [fn(&Shared, bool); 3] = [
        |shared, on| shared.control.playing.set(!on),
        |shared, on| shared.control.closing.set(on),
        |shared, on| shared.control.lost.set(on),
    ];
    for steer in steers {
        let mut stage = overflowing(Overflow::DropNewest);
        stage.say(&numbers(0, LIMIT.0 + 10));
        steer(&stage.shared, true);
        stage.say(&numbers(0, 100));
        let (from, to) = (Frames::ZERO, LIMIT + Frames(10));
        let ended = Episode::Ended { from, to, frames: Frames(10) };
        assert_eq!(stage.backstage.episodes(), [Episode::Began { from, before: Frames::ZERO }, ended]);
        assert_eq!(stage.shared.marks.count().written, LIMIT);
        steer(&stage.shared, false);
        assert_eq!(read(&stage.shared, 2_000).len() as u64, LIMIT.0);
        stage.say(&numbers(5, 3));
        assert_eq!(read(&stage.shared, 2_000), [5, 6, 7]);
    }
}
