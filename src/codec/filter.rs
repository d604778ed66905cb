//! Any thread. The filters of the resampler: what each quality promises, and how long its filter has to be for that.

use rubato::WindowFunction;

use crate::units::Hz;

/// What to spend. N is half the narrower of the two rates; aliases are what is left of tones above it, and images, when the rate
/// goes up, what comes in addition. Delays are those of the filter; all of this holds for any two rates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quality {
    /// Aliases below -130 dB, flat as far as `speech_hz`, and further where the delay allows it: at most 1.5 ms or, where that
    /// is too short, 5.1 ms ÷ (N less `speech_hz`, in kHz) and 7 frames of the narrower rate.
    Voice,
    /// Aliases below -85 dB, as flat, for half the work and delay: 0.75 ms, or 3.1 ms ÷ that.
    Fast,
    /// Aliases below -120 dB, flat to 92 % of N or more; 128 to 264 frames of the narrower rate.
    Best,
}

/// Up to here speech stays as it is: 3 kHz, or three quarters of `half`, half the narrower rate.
fn speech_hz(half: f64) -> f64 {
    (0.75 * half).min(3000.0)
}

/// A windowed sinc. Taps are counted in frames of the input rate.
pub(super) struct Filter {
    pub(super) taps: usize,
    pub(super) shape: Shape,
}

/// What a window makes of a filter, in 1/taps of half the input rate: measured.
pub(super) struct Shape {
    pub(super) window: WindowFunction,
    /// From the cutoff up to the start of the stopband.
    falloff: f64,
    /// From the cutoff down to where the passband is flat within 0.1 dB.
    shoulder: f64,
}

const DEEP: Shape = Shape { window: WindowFunction::BlackmanHarris2, falloff: 13.4, shoulder: 7.0 };
const SHALLOW: Shape = Shape { window: WindowFunction::BlackmanHarris, falloff: 7.3, shoulder: 4.9 };

/// rubato rounds up to this, and our own filter takes them so.
const TAPS_STEP: usize = 8;
const QUICK_TAPS: usize = 128;

impl Filter {
    pub(super) fn of(quality: Quality, from: Hz, to: Hz) -> Filter {
        let narrowing = narrowing(from, to);
        let (shape, seconds) = match quality {
            Quality::Voice => (DEEP, 0.0015),
            Quality::Fast => (SHALLOW, 0.00075),
            Quality::Best => {
                // With more taps than 1536 single precision is what limits the stopband, unless the filter is that narrow.
                let taps = (512.0 * narrowing).min(1536.0).max(256.0 * narrowing) as usize;
                return Filter { taps: taps.next_multiple_of(TAPS_STEP), shape: DEEP };
            }
        };
        let half = f64::from(from.0.min(to.0)) / 2.0;
        let fall = 1.0 - speech_hz(half) / half;
        let needed = ((shape.falloff + shape.shoulder) * narrowing / fall).ceil() as usize;
        let taps = taps_within(seconds, from, to).max(needed.next_multiple_of(TAPS_STEP));
        Filter { taps, shape }
    }

    /// Where the filter lets half of a tone through, relative to half the narrower rate, so that it has fallen at that half.
    pub(super) fn cutoff(&self, from: Hz, to: Hz) -> f32 {
        (1.0 - self.shape.falloff * narrowing(from, to) / self.taps as f64) as f32
    }
}

/// How much wider the input rate is than the narrower one.
pub(super) fn narrowing(from: Hz, to: Hz) -> f64 {
    (f64::from(from.0) / f64::from(to.0)).max(1.0)
}

/// The longest filter whose delay, with the frames that are kept in hand over rubato, is no longer than this.
fn taps_within(seconds: f64, from: Hz, to: Hz) -> usize {
    let ratio = f64::from(to.0) / f64::from(from.0);
    let frames = (seconds * f64::from(to.0)).floor() - lead_frames(ratio) as f64 + 1.5;
    let taps = (2.0 * frames / ratio).max(0.0) as usize;
    // Of long filters rubato is quickest with these.
    let step = if taps > QUICK_TAPS { QUICK_TAPS } else { TAPS_STEP };
    taps / step * step
}

/// Silent frames at the start, which cover rubato's wavering.
pub(super) fn lead_frames(ratio: f64) -> usize {
    (2.0 * ratio).floor() as usize + 1
}
