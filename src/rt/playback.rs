//! Audio thread. Fills the device's block from the frame ring, bit for bit while data flows, ramped where it stops.

use std::sync::Arc;

use crate::format::Layout;
use crate::link::control::Control;
use crate::link::episodes::EpisodeSender;
use crate::link::frames::{Fading, FrameReader};
use crate::link::guests::Guests;
use crate::link::tally::Tally;
use crate::link::try_cell::TryCell;
use crate::link::wake::Bell;
use crate::rt::meter::Meter;
use crate::rt::mixer::Mixer;
use crate::rt::ramp::Ramp;
use crate::rt::voice::Voice;
use crate::units::{Frames, Hz};

pub struct PlaybackProcessor {
    /// Shared by turns with whoever clears the queue.
    reader: Arc<TryCell<FrameReader>>,
    layout: Layout,
    ramp: Ramp,
    last: [f32; Layout::MAX_CHANNELS],
    /// Where the last clear that was acted upon reached.
    clear_mark: Frames,
    mixer: Mixer,
    meter: Meter,
    sounding: bool,
    /// The next data comes after an interruption.
    interrupted: bool,
    /// Data has come since the start or the last clear, so that a lack of it is an underrun.
    started: bool,
    episodes: EpisodeSender,
    control: Arc<Control>,
    tally: Arc<Tally>,
    pump: Arc<Bell>,
}

/// What one turn at the ring brought; nothing if somebody else had it.
#[derive(Default)]
struct Taken {
    clear_mark: Option<Frames>,
    queued: Frames,
    filled: usize,
    /// The queue was cut.
    fading: Option<Fading>,
}

impl PlaybackProcessor {
    pub fn new(
        layout: Layout,
        rate: Hz,
        reader: Arc<TryCell<FrameReader>>,
        episodes: EpisodeSender,
        voices: Guests<Voice>,
        (control, tally, pump): (Arc<Control>, Arc<Tally>, Arc<Bell>),
    ) -> PlaybackProcessor {
        let ramp = Ramp::new(layout, rate);
        let (mixer, meter) = (Mixer::new(layout, voices, control.clone()), Meter::new(layout, rate, tally.clone()));
        let last = [0.0; Layout::MAX_CHANNELS];
        let (sounding, interrupted, started) = (false, false, false);
        let clear_mark = Frames::ZERO;
        PlaybackProcessor {
            reader,
            layout,
            ramp,
            last,
            clear_mark,
            mixer,
            meter,
            sounding,
            interrupted,
            started,
            episodes,
            control,
            tally,
            pump,
        }
    }

    /// Fills `block`, interleaved in the device's format.
    pub fn process(&mut self, block: &mut [u8]) {
        let at = Frames(self.tally.frames.get());
        let wanted = self.layout.frames_in(block.len());
        let closing = self.control.closing.get();
        // While the device is gone its queue waits, as in a pause.
        let flows = self.control.playing.get() && !closing && !self.control.lost.get();
        let taken = self.reader.try_with(|reader| {
            if !flows {
                reader.finish_cut();
            }
            let clear_mark = reader.settle();
            let (queued, fading) = (reader.queued(), reader.fading());
            let filled = if flows { reader.pop(block) } else { 0 };
            Taken { clear_mark: Some(clear_mark), queued, filled, fading }
        });
        // Somebody is clearing the queue this very moment: there is nothing in it.
        let Taken { clear_mark, queued, filled, fading } = taken.unwrap_or_default();
        let cleared = clear_mark != Some(self.clear_mark);
        self.clear_mark = clear_mark.unwrap_or(self.clear_mark);
        if cleared || !flows {
            self.interrupt();
            self.started &= !cleared;
            self.end_episode(at);
        }
        if flows && self.started {
            self.tally.queue.depth.note(queued);
        }
        let got = self.layout.frames_in(filled);
        let (data, rest) = block.split_at_mut_checked(filled).unwrap_or_default();
        self.layout.format.silence(rest);

        if !data.is_empty() {
            if !self.sounding && self.interrupted {
                self.ramp.fade_in(self.ramp.first_frame(data));
            }
            (self.sounding, self.started, self.interrupted) = (true, true, false);
            self.end_episode(at);
            if self.ramp.is_active() {
                self.ramp.apply(data);
            }
            let mut has_faded = false;
            if let Some(Fading { done, over, left }) = fading {
                self.ramp.fade_out(data, done, over);
                // The end of a queue that was cut is no underrun.
                self.started = got < left;
                has_faded = done + got == over;
            }
            self.last = if has_faded { [0.0; Layout::MAX_CHANNELS] } else { self.ramp.last_frame(data) };
        }
        if !rest.is_empty() {
            self.interrupt();
            if flows && self.started {
                self.tally.queue.episode_frames.add((wanted - got).0);
                if self.episodes.lose(at + got, wanted - got) {
                    self.tally.queue.episodes.add(1);
                    self.pump.ring();
                }
            }
            if self.ramp.is_active() {
                self.ramp.apply(rest);
            }
        }
        if self.mixer.prepare(self.ramp.curve()) && self.mixer.run(block, at, flows, self.ramp.curve()) {
            self.pump.ring();
        }
        self.meter.note(block);
        if closing && !self.ramp.is_decaying() && self.mixer.is_silent() {
            self.control.faded.set(true);
        }
        self.tally.frames.add(wanted.0);
    }

    /// Lets sources come and go while no device runs the callback.
    pub fn rest(&mut self) {
        self.mixer.rest();
    }

    fn interrupt(&mut self) {
        if self.sounding {
            self.ramp.decay_from(self.last);
            (self.sounding, self.interrupted) = (false, true);
        }
    }

    fn end_episode(&mut self, at: Frames) {
        if self.episodes.end(at) {
            self.pump.ring();
        }
    }
}
