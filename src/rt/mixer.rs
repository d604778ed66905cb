//! Audio thread. Adds the sources to what the queue gives, applies the gain, and keeps the sum within full scale.

use std::sync::Arc;

use crate::format::{Layout, SampleFormat};
use crate::link::control::Control;
use crate::link::guests::{Guest, Guests};
use crate::rt::gain::GainRamp;
use crate::rt::voice::{Stretch, Voice, add_steady};
use crate::units::Frames;

/// Up to here a sum comes out as it is; above, it bends towards full scale and never reaches beyond.
pub const KNEE: f32 = 0.8;
/// Frames that are mixed at a time.
pub const CHUNK: Frames = Frames(512);

pub struct Mixer {
    layout: Layout,
    voices: Guests<Voice>,
    /// Room for one chunk.
    scratch: Box<[f32]>,
    gain: GainRamp,
    control: Arc<Control>,
}

impl Mixer {
    #[expect(clippy::disallowed_methods, reason = "not for the audio thread")]
    pub fn new(layout: Layout, voices: Guests<Voice>, control: Arc<Control>) -> Mixer {
        let scratch = (0..CHUNK.as_len() * layout.channels).map(|_| 0.0).collect();
        let gain = GainRamp::new(&control.gain);
        Mixer { layout, voices, scratch, gain, control }
    }

    /// Takes in new sources; true if there is anything to do for this block: with no source and a gain of one, what the
    /// queue gives is not touched.
    pub fn prepare(&mut self, curve: &[f32]) -> bool {
        self.gain.follow(&self.control.gain, curve.len());
        self.voices.take_in() || !self.gain.is_unity()
    }

    /// Works sources and gain into `block`; `at` is the position of its first frame. With `flows` false the sources are held:
    /// they fade and keep what they have. Returns true if the pump should look.
    pub fn run(&mut self, block: &mut [u8], at: Frames, flows: bool, curve: &[f32]) -> bool {
        let Mixer { layout, voices, scratch, gain, .. } = self;
        let (mut at, mut news, mut ended) = (at, false, false);
        let chunk_bytes = scratch.len() * layout.format.sample_bytes();
        for bytes in block.chunks_mut(chunk_bytes.max(1)) {
            let frames = layout.frames_in(bytes.len());
            let sum = scratch.get_mut(..frames.as_len() * layout.channels).unwrap_or_default();
            layout.format.decode(bytes, sum);
            sum.iter_mut().for_each(|sample| *sample = if sample.is_finite() { *sample } else { 0.0 });
            let stretch = Stretch { at, frames, flows, curve };
            voices.each(Voice::USED_IN_EVERY_BLOCK, Voice::bring_near, |voices| {
                let added = add_steady(voices, sum, &stretch);
                if added == 0
                    && let Some(Some(voice)) = voices.first_mut()
                {
                    news |= voice.mix(sum, &stretch);
                    ended |= voice.has_ended();
                }
                added
            });
            gain.apply(sum, layout.channels);
            limit(sum, layout.format, bytes);
            layout.format.encode(sum, bytes);
            at = at + frames;
        }
        news | (ended && self.voices.let_go())
    }

    /// Lets sources come and go while no device runs the callback.
    pub fn rest(&mut self) {
        self.voices.rest();
    }

    /// No source is sounding or fading.
    pub fn is_silent(&self) -> bool {
        self.voices.iter().all(Voice::is_silent)
    }
}

/// Bends what is above the knee towards full scale, without a corner and without memory. As loud as the queue, in `queue`, is
/// by itself it may stay: a source that only joins or leaves changes nothing.
fn limit(samples: &mut [f32], format: SampleFormat, queue: &[u8]) {
    let loudest = samples.iter().fold(0.0f32, |loudest, sample| loudest.max(sample.abs()));
    if loudest <= KNEE {
        return;
    }
    for (sample, queue) in samples.iter_mut().zip(queue.chunks_exact(format.sample_bytes())) {
        if sample.abs() > KNEE {
            let knee = (format.read(queue) * sample.signum()).clamp(KNEE, 1.0);
            let (beyond, room) = ((sample.abs() - knee).max(0.0), 1.0 - knee);
            let bent = if room > 0.0 { room * (beyond / room).tanh() } else { 0.0 };
            *sample = (knee.min(sample.abs()) + bent).copysign(*sample);
        }
    }
}
