//! Any thread. When the media time of a sender is to be seen and heard here: one clock for all tracks of that sender. Pure: `now`
//! comes in, on one clock for all tracks, in µs.

use crate::playout::delay::{Delay, Seen};
use crate::playout::jitter::Mode;

/// Where a target that follows the network begins.
const START_MS: f64 = 40.0;
/// How fast a target that follows the network may move, in ms per ms: up to keep frames from being late, down unnoticed.
const RISE: f64 = 1.0;
const FALL: f64 = 0.05;
/// A media time whose transit time is off by so much is on another timeline, and is followed when so many in a row agree.
const EARLY_MS: f64 = 500.0;
const LATE_MS: f64 = 2000.0;
const AGREE: u32 = 3;
/// Unless another track was on the timeline of old so short a time ago: then this one is late, or has a timeline of its own.
const FRESH_US: f64 = 500_000.0;
/// A track without arrivals for so long beside the others decides nothing: drift has made its delay another one.
const STALE_US: f64 = 10_000_000.0;
/// Lip-sync is judged no finer: below it nobody sees it, and pacing suffers.
const FLOOR_US: f64 = 50_000.0;
/// Sound that has not told where it is for so long plays no more, and nothing waits for it.
const SILENT_US: f64 = 500_000.0;
/// No sound is held back for longer.
const LONGEST_LEAD_MS: f64 = 10_000.0;
/// Longer than any frame lasts.
const LONGEST_FRAME_US: f64 = 1_000_000.0;

/// What becomes of a frame, against what is being heard.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Sync {
    Play,
    /// Too late: the next one, please.
    Skip,
    /// Too early, by no more than this.
    Wait {
        us: f64,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Audio,
    Video,
}

#[derive(Clone, Debug)]
struct Track {
    name: String,
    kind: Kind,
    /// Who has opened it and not closed it yet.
    holders: usize,
    delay: Delay,
    known: bool,
    /// When it last had an arrival on the timeline.
    seen: f64,
    /// When anybody last named it.
    used: f64,
    /// Of the arrivals that do not fit: how many in a row, and the last transit time.
    strays: (u32, f64),
    last_pts: Option<f64>,
    frame_us: f64,
    /// Media time and now, when it last told.
    heard: Option<(f64, f64)>,
    /// A frame that was told to wait, and since when.
    waiting: Option<(f64, f64)>,
}

impl Track {
    fn new(name: &str, kind: Kind) -> Track {
        Track {
            name: name.to_owned(),
            kind,
            holders: 0,
            delay: Delay::default(),
            known: false,
            seen: f64::MIN,
            used: f64::MIN,
            strays: (0, 0.0),
            last_pts: None,
            frame_us: 0.0,
            heard: None,
            waiting: None,
        }
    }
}

/// Every method that takes a track's name knows it from then on: as sound, if its name begins with `audio`.
#[derive(Clone, Debug)]
pub struct Clock {
    mode: Mode,
    tracks: Vec<Track>,
    target: f64,
    /// Where the target last moved.
    moved: Option<f64>,
    /// When a track that plays by itself last told where it is.
    led: Option<f64>,
}

impl Clock {
    pub fn new(mode: Mode) -> Clock {
        let target = match mode {
            Mode::Auto { min_ms, max_ms } => START_MS.clamp(min_ms, max_ms),
            Mode::Fixed { ms } => ms,
        };
        Clock { mode, tracks: Vec::new(), target, moved: None, led: None }
    }

    fn track(&mut self, name: &str) -> &mut Track {
        let index = self.tracks.iter().position(|track| track.name == name).unwrap_or_else(|| {
            let kind = if name.starts_with("audio") { Kind::Audio } else { Kind::Video };
            self.tracks.push(Track::new(name, kind));
            self.tracks.len() - 1
        });
        &mut self.tracks[index]
    }

    /// Makes a track known, and says what it is. To be closed as often as it is opened.
    pub fn open(&mut self, name: &str, kind: Kind) {
        let track = self.track(name);
        track.kind = kind;
        track.holders += 1;
    }

    /// Forgets a track when nobody has it open any more: the others go on as they were, and wait for it no longer.
    pub fn close(&mut self, name: &str) {
        let track = self.track(name);
        track.holders = track.holders.saturating_sub(1);
        if track.holders > 0 {
            return;
        }
        let base = self.base();
        self.led = None;
        self.tracks.retain(|track| track.name != name);
        self.keep_times(base);
    }

    /// Other tracks decide than those that made the base what it was: playout times stay, and drift to their own from there. They
    /// move at once where what is left could not be there in time.
    fn keep_times(&mut self, before: Option<f64>) {
        let least = if let Mode::Auto { min_ms, .. } = self.mode { min_ms } else { 0.0 };
        if let (Some(before), Some(after)) = (before, self.base())
            && before != after
        {
            self.target = (self.target + before - after).max(least);
        }
    }

    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// Takes effect at once: every playout time moves by the difference, and none is forgotten.
    pub fn set_mode(&mut self, mode: Mode) {
        self.mode = mode;
        self.target = self.wanted();
    }

    /// The tracks that decide.
    fn live(&self) -> impl Iterator<Item = &Track> {
        let known = || self.tracks.iter().filter(|track| track.known);
        let newest = known().map(|track| track.seen).fold(f64::MIN, f64::max);
        known().filter(move |track| newest - track.seen <= STALE_US)
    }

    /// The fastest packet of the last seconds, of any track.
    fn base(&self) -> Option<f64> {
        self.live().map(|track| track.delay.base()).min_by(f64::total_cmp)
    }

    fn wanted(&self) -> f64 {
        match self.mode {
            Mode::Fixed { ms } => ms,
            Mode::Auto { min_ms, max_ms } => {
                let wanted = self.live().map(|track| track.delay.wanted()).max_by(f64::total_cmp);
                let above = wanted.zip(self.base()).map_or(START_MS, |(wanted, base)| wanted - base);
                above.clamp(min_ms, max_ms)
            }
        }
    }

    /// Delay between the fastest packet and playout.
    pub fn target_ms(&self) -> f64 {
        self.target
    }

    /// How old a packet may be and still be of use to a transport that drops by age.
    pub fn max_latency_ms(&self) -> f64 {
        1.5 * self.target
    }

    /// As RFC 3550 defines it; the worst of all tracks.
    pub fn jitter_ms(&self) -> f64 {
        self.live().map(|track| track.delay.jitter()).fold(0.0, f64::max)
    }

    /// A packet or frame of media time `pts` arrived.
    pub fn observe_arrival(&mut self, name: &str, pts: f64, now: f64) {
        let base = self.base();
        let transit_ms = (now - pts) / 1000.0;
        let track = self.track(name);
        track.used = now;
        if base.is_some_and(|base| !(base - EARLY_MS..=base + LATE_MS).contains(&transit_ms)) {
            let agrees = (transit_ms - track.strays.1).abs() < 200.0;
            track.strays = (if agrees { track.strays.0 + 1 } else { 1 }, transit_ms);
            if track.strays.0 < AGREE || self.is_on_the_timeline(name, now) {
                return;
            }
            let track = self.track(name);
            let usual = if track.known { track.delay.usual() } else { base.unwrap_or(transit_ms) };
            let by = transit_ms - usual;
            self.tracks.iter_mut().for_each(|track| {
                track.delay.shift(by);
                (track.heard, track.waiting, track.last_pts) = (None, None, None);
            });
        }
        self.see(name, now);
        let track = self.track(name);
        track.strays.0 = 0;
        track.known = true;
        let apart = track.last_pts.map_or(0.0, |last| pts - last);
        if apart > 0.0 && apart < LONGEST_FRAME_US {
            track.frame_us += (apart - track.frame_us) * if track.frame_us > 0.0 { 0.1 } else { 1.0 };
        }
        let overtaken = apart < 0.0;
        if !overtaken {
            track.last_pts = Some(pts);
        }
        track.delay.observe(Seen { transit_ms, usable_ms: transit_ms, overtaken }, now / 1000.0);
        self.follow(now / 1000.0);
    }

    /// Whether a track beside this one is where it was.
    fn is_on_the_timeline(&self, name: &str, now: f64) -> bool {
        let mut others = self.tracks.iter().filter(|track| track.known && track.name != name);
        others.any(|track| track.strays.0 == 0 && now - track.seen < FRESH_US)
    }

    /// A track has an arrival: one that comes back begins anew, and those that have stopped decide no longer.
    fn see(&mut self, name: &str, now: f64) {
        let before = self.base();
        let others = self.tracks.iter().filter(|track| track.known && track.name != name);
        let newest = others.map(|track| track.seen).fold(f64::MIN, f64::max);
        let track = self.track(name);
        if track.known && newest - track.seen > STALE_US {
            (track.delay, track.known) = (Delay::default(), false);
        }
        (track.seen, track.used) = (now, now);
        self.keep_times(before);
        // Names come from senders, perhaps: what nobody holds or uses is forgotten.
        self.tracks.retain(|track| track.holders > 0 || now - track.used <= STALE_US);
    }

    /// Moves the target towards what is wanted, no faster than goes unnoticed.
    fn follow(&mut self, now: f64) {
        let passed = self.moved.map_or(f64::MAX, |moved| (now - moved).max(0.0));
        self.moved = Some(now);
        if self.led.is_some_and(|led| now - led <= SILENT_US / 1000.0) {
            return;
        }
        let wanted = self.wanted();
        self.target = match self.mode {
            Mode::Fixed { .. } => wanted,
            Mode::Auto { .. } if wanted > self.target => wanted.min(self.target + passed * RISE),
            Mode::Auto { .. } => wanted.max(self.target - passed * FALL),
        };
    }

    /// When media time `pts` is to be seen or heard; None before the first arrival.
    pub fn playout_time(&self, pts: f64) -> Option<f64> {
        Some(pts + (self.base()? + self.target) * 1000.0)
    }

    /// Media time `pts` of a track is being heard or seen at `now`.
    pub fn report_playout(&mut self, name: &str, pts: f64, now: f64) {
        let track = self.track(name);
        track.used = now;
        track.heard = Some((pts, now));
        track.waiting = None;
    }

    /// The same of sound that is held back by somebody else, as long as that seems right: the playout times of all tracks follow it,
    /// unless the mode is a fixed one.
    pub fn lead(&mut self, name: &str, pts: f64, now: f64) {
        self.report_playout(name, pts, now);
        let Some(base) = self.base() else { return };
        let delay = (now - pts) / 1000.0 - base;
        // Beyond this it is on another timeline, which the next arrivals will tell.
        if matches!(self.mode, Mode::Auto { .. }) && (0.0..LONGEST_LEAD_MS).contains(&delay) {
            (self.target, self.led) = (delay, Some(now / 1000.0));
        }
    }

    /// The media time that is being heard, where sound plays.
    pub fn heard(&self, now: f64) -> Option<f64> {
        let told = self.tracks.iter().filter(|track| track.kind == Kind::Audio).filter_map(|track| track.heard);
        let fresh = told.filter(|(_, at)| (now - at).abs() <= SILENT_US);
        fresh.max_by(|a, b| a.1.total_cmp(&b.1)).map(|(pts, at)| pts + now - at)
    }

    /// Whether to show media time `pts` of a track now. Sound is the master and always plays; where there is none, so does
    /// everything. No frame is told to wait for longer than a quarter of the target, however often it asks.
    pub fn sync_check(&mut self, name: &str, pts: f64, now: f64) -> Sync {
        let heard = self.heard(now);
        let target = self.target * 1000.0;
        let track = self.track(name);
        track.used = now;
        let Some(heard) = heard.filter(|_| track.kind != Kind::Audio) else { return Sync::Play };
        let floor = track.frame_us.max(FLOOR_US);
        let ahead = pts - heard;
        if -ahead > f64::max(target / 2.0, floor) {
            track.waiting = None;
            return Sync::Skip;
        }
        let most = f64::max(target / 4.0, floor);
        if ahead <= most {
            return Sync::Play;
        }
        let since = match track.waiting {
            Some((waits, since)) if waits == pts => since,
            _ => now,
        };
        track.waiting = Some((pts, since));
        let left = most - (now - since);
        if left <= 0.0 { Sync::Play } else { Sync::Wait { us: left.min(ahead) } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tracks_that_nobody_holds_or_uses_are_forgotten() {
        let mut clock = Clock::new(Mode::default());
        clock.open("held", Kind::Audio);
        for name in 0..10_000 {
            let now = f64::from(name) * 20_000.0;
            clock.observe_arrival("audio", now, now);
            clock.observe_arrival(&format!("video {name}"), now, now);
            clock.sync_check("picture", now, now);
            assert!(clock.tracks.len() < 600, "{}", clock.tracks.len());
        }
        let kept = |name: &str| clock.tracks.iter().any(|track| track.name == name);
        assert!(kept("held") && kept("audio") && kept("picture") && !kept("video 5"));
    }
}
