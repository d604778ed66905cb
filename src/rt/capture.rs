//! Audio thread. Gives what the microphone gives to its taps, of which the device's own queue is the first.

use std::sync::Arc;

use crate::format::Layout;
use crate::link::control::Control;
use crate::link::guests::{Guest, Guests};
use crate::link::tally::Tally;
use crate::link::wake::Bell;
use crate::rt::gain::GainRamp;
use crate::rt::meter::Meter;
use crate::rt::tap::Tap;
use crate::units::{Frames, Hz};

/// Samples that are scaled at a time.
const CHUNK: usize = 256;
/// A gain takes at least this long to change, as in `ramp.rs`.
const LEAST_RAMPS_PER_SECOND: u32 = 200;

pub struct CaptureProcessor {
    own: Tap,
    taps: Guests<Tap>,
    layout: Layout,
    least_ramp: usize,
    gain: GainRamp,
    meter: Meter,
    /// For which the device was gone, as far as the taps know.
    gone: Frames,
    control: Arc<Control>,
    tally: Arc<Tally>,
    pump: Arc<Bell>,
}

impl CaptureProcessor {
    pub fn new(
        (layout, rate): (Layout, Hz),
        own: Tap,
        taps: Guests<Tap>,
        (control, tally, pump): (Arc<Control>, Arc<Tally>, Arc<Bell>),
    ) -> CaptureProcessor {
        let (gain, meter) = (GainRamp::new(&control.gain), Meter::new(layout, rate, tally.clone()));
        let least_ramp = (rate.0 / LEAST_RAMPS_PER_SECOND) as usize;
        let gone = Frames(tally.gap_frames.get());
        CaptureProcessor { own, taps, layout, least_ramp, gain, meter, gone, control, tally, pump }
    }

    /// Takes `block`, interleaved in the device's format.
    pub fn process(&mut self, block: &mut [u8]) {
        let at = Frames(self.tally.frames.get());
        let frames = self.layout.frames_in(block.len());
        let flows = self.control.playing.get() && !self.control.closing.get() && !self.control.lost.get();
        self.taps.take_in();
        self.gain.follow(&self.control.gain, self.least_ramp);
        let gone = Frames(self.tally.gap_frames.get());
        let missing = gone.saturating_sub(std::mem::replace(&mut self.gone, gone));
        if flows {
            if !self.gain.is_unity() {
                self.scale(block);
            }
            self.meter.note(block);
            self.own.miss(missing);
            self.own.keep(block, at);
        } else {
            self.meter.note_silence(frames);
            self.own.end_episode(at);
        }
        for tap in self.taps.iter_mut() {
            if flows && !tap.has_ended() {
                tap.miss(missing);
                tap.keep(block, at);
            } else {
                tap.end_episode(at);
            }
        }
        if self.taps.let_go() {
            self.pump.ring();
        }
        self.tally.frames.add(frames.0);
    }

    /// Lets taps come and go while no device runs the callback.
    pub fn rest(&mut self) {
        self.taps.rest();
    }

    fn scale(&mut self, block: &mut [u8]) {
        let Layout { format, channels } = self.layout;
        let mut samples = [0.0f32; CHUNK];
        // Whole frames, whatever the channels.
        for bytes in block.chunks_mut(CHUNK / channels.max(1) * self.layout.frame_bytes()) {
            let samples = samples.get_mut(..bytes.len() / format.sample_bytes()).unwrap_or_default();
            format.decode(bytes, samples);
            self.gain.apply(samples, channels);
            format.encode(samples, bytes);
        }
    }
}
