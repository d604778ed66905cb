//! Any thread. Frames of any kind, each handed out when its time has come. Pure: `now` comes in, and frames are numbers that
//! their owner knows.

use std::collections::BTreeMap;

use crate::playout::clock::{Clock, Kind};

/// So many late frames in a row, each after the one before, are those of a sender that begins anew.
const AGREE: u32 = 5;
/// What is further in the past than this is not late.
const LATE_US: f64 = 2e6;
/// No wait is longer, whatever the timestamps say: whoever waits looks again.
const LONGEST_WAIT_US: f64 = 100_000.0;

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Pop {
    Frame {
        pts: f64,
        frame: u64,
    },
    Wait {
        us: f64,
    },
    /// It came too late to be seen, or its successor's time has come as well.
    Skip {
        pts: f64,
        frame: u64,
    },
    Empty,
}

/// Totals, in frames.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Frames {
    pub pushed: u64,
    pub popped: u64,
    pub skipped: u64,
    pub late: u64,
    pub duplicate: u64,
    /// Thrown away because the buffer was full.
    pub overflowed: u64,
}

#[derive(Clone, Copy, Debug)]
struct Held {
    pts: f64,
    frame: u64,
    /// No later than this, whatever its timestamp says.
    until: f64,
}

#[derive(Clone, Debug)]
pub struct FrameBuffer {
    track: String,
    kind: Kind,
    most: usize,
    /// By media time in whole µs.
    held: BTreeMap<i64, Held>,
    last: Option<f64>,
    /// Late frames in a row, and the media time of the last one.
    late: (u32, f64),
    frames: Frames,
}

impl FrameBuffer {
    pub fn new(clock: &mut Clock, track: &str, kind: Kind, most: usize) -> FrameBuffer {
        clock.open(track, kind);
        FrameBuffer {
            track: track.to_owned(),
            kind,
            most: most.max(1),
            held: BTreeMap::new(),
            last: None,
            late: (0, 0.0),
            frames: Frames::default(),
        }
    }

    pub fn len(&self) -> usize {
        self.held.len()
    }

    pub fn is_empty(&self) -> bool {
        self.held.is_empty()
    }

    pub fn frames(&self) -> Frames {
        self.frames
    }

    pub fn track(&self) -> &str {
        &self.track
    }

    /// Takes a frame; gives those that are no longer wanted to `dropped`, which may be this one.
    pub fn push(&mut self, clock: &mut Clock, pts: f64, frame: u64, now: f64, mut dropped: impl FnMut(u64)) {
        clock.observe_arrival(&self.track, pts, now);
        self.frames.pushed += 1;
        let hold = clock.max_latency_ms() * 1000.0;
        if let Some(last) = self.last.filter(|last| pts <= *last) {
            let (run, before) = self.late;
            self.late = (if pts > before || run == 0 { run + 1 } else { 1 }, pts);
            // A sender that began anew is far in the past, or goes on; what is only late is near, and alone.
            if last - pts < LATE_US && self.late.0 < AGREE {
                self.frames.late += 1;
                return dropped(frame);
            }
            self.last = None;
            self.drop_all(&mut dropped);
        }
        self.late.0 = 0;
        if self.held.contains_key(&(pts as i64)) {
            self.frames.duplicate += 1;
            return dropped(frame);
        }
        self.held.insert(pts as i64, Held { pts, frame, until: now + hold });
        if self.held.len() > self.most {
            // Half of the sound is soon in time again, and still sound; of pictures only the newest is.
            let keep = if self.kind == Kind::Audio { self.most / 2 + 1 } else { 1 };
            while self.held.len() > keep {
                let Some((_, old)) = self.held.pop_first() else { break };
                self.frames.overflowed += 1;
                dropped(old.frame);
            }
            // What is kept is due: waiting for a time that lies too far ahead would freeze the picture.
            self.held.values_mut().for_each(|held| held.until = held.until.min(now));
        }
    }

    fn drop_all(&mut self, dropped: &mut impl FnMut(u64)) {
        while let Some((_, old)) = self.held.pop_first() {
            self.frames.overflowed += 1;
            dropped(old.frame);
        }
    }

    fn due(&self, clock: &Clock, held: &Held) -> f64 {
        clock.playout_time(held.pts).map_or(held.until, |time| time.min(held.until))
    }

    /// The next frame, if its time has come. Sound comes one frame after the other; of pictures only the newest that is due is
    /// worth showing, and the others are skipped, one at each call.
    pub fn pop(&mut self, clock: &mut Clock, now: f64) -> Pop {
        let mut coming = self.held.values();
        let Some(first) = coming.next().copied() else { return Pop::Empty };
        let due = self.due(clock, &first);
        if now < due {
            return Pop::Wait { us: (due - now).min(LONGEST_WAIT_US) };
        }
        let next_is_due = coming.next().is_some_and(|next| now >= self.due(clock, next));
        self.held.pop_first();
        self.last = Some(first.pts);
        if self.kind == Kind::Video && next_is_due {
            self.frames.skipped += 1;
            return Pop::Skip { pts: first.pts, frame: first.frame };
        }
        self.frames.popped += 1;
        clock.report_playout(&self.track, first.pts, now);
        Pop::Frame { pts: first.pts, frame: first.frame }
    }

    /// Lets go of the clock; gives what is still held to `dropped`.
    pub fn close(&mut self, clock: &mut Clock, mut dropped: impl FnMut(u64)) {
        clock.close(&self.track);
        self.drop_all(&mut dropped);
    }
}
