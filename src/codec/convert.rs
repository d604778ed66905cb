//! Any thread. Samples between [-1, 1] and 16-bit integers; frames of more or fewer channels.

const SCALE: f32 = 32_768.0;
/// 1.5 × 2^23: added to a number below 2^22 it leaves the nearest integer in the low bits, which every SIMD unit can do; rounding
/// functions need SSE4.1.
const ROUNDER: f32 = 12_582_912.0;

/// Writes `samples` as 16-bit integers, rounded to the nearest and saturating; NaN becomes 0. As many as both slices hold.
pub fn float_to_int16(samples: &[f32], out: &mut [i16]) {
    for (sample, out) in samples.iter().zip(out) {
        let scaled = if sample.is_nan() { 0.0 } else { sample * SCALE };
        *out = (scaled.clamp(-SCALE, SCALE - 1.0) + ROUNDER).to_bits() as i16;
    }
}

/// Writes 16-bit integers as samples in [-1, 1); exact. As many as both slices hold.
pub fn int16_to_float(samples: &[i16], out: &mut [f32]) {
    for (sample, out) in samples.iter().zip(out) {
        *out = f32::from(*sample) * (1.0 / SCALE);
    }
}

/// Brings every sample into [-1, 1], NaN to 0; returns how many it had to change.
pub fn clamp(samples: &mut [f32]) -> u64 {
    // In chunks, so that the common case (nothing to do) runs at the speed of memory.
    samples.chunks_mut(256).map(clamp_chunk).sum()
}

/// Appends a frame with as many channels as are wanted. One to many: the same in every channel. Many to one: their mean. Otherwise each to its own, and silence where there is none.
pub fn map_frame(samples: &mut impl Iterator<Item = f32>, from: usize, to: usize, out: &mut Vec<f32>) {
    match (from, to) {
        (1, _) => {
            let sample = samples.next().unwrap_or_default();
            out.extend(std::iter::repeat_n(sample, to));
        }
        (_, 1) => out.push(samples.sum::<f32>() / from as f32),
        _ => out.extend((0..to).map(|_| samples.next().unwrap_or_default())),
    }
}

fn clamp_chunk(samples: &mut [f32]) -> u64 {
    let beyond = |sample: f32| u32::from(!(-1.0..=1.0).contains(&sample));
    let changed: u32 = samples.iter().map(|sample| beyond(*sample)).sum();
    if changed > 0 {
        for sample in samples {
            *sample = if sample.is_nan() { 0.0 } else { sample.clamp(-1.0, 1.0) };
        }
    }
    u64::from(changed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn to_int16(samples: &[f32]) -> Vec<i16> {
        let mut out = vec![7; samples.len()];
        float_to_int16(samples, &mut out);
        out
    }

    #[test]
    fn every_integer_comes_back() {
        let all: Vec<i16> = (i16::MIN..=i16::MAX).collect();
        let mut floats = vec![0.0; all.len()];
        int16_to_float(&all, &mut floats);
        assert_eq!((floats[0], floats[32_768]), (-1.0, 0.0));
        assert_eq!(to_int16(&floats), all);
    }

    #[test]
    fn what_is_out_of_range_saturates_and_nan_is_silence() {
        let odd = [1.0, -1.0, 2.0, -2.0, f32::INFINITY, f32::NEG_INFINITY, f32::NAN, f32::MAX, f32::MIN, -0.0, 1e-40];
        let max = i16::MAX;
        assert_eq!(to_int16(&odd), [max, i16::MIN, max, i16::MIN, max, i16::MIN, 0, max, i16::MIN, 0, 0]);
    }

    #[test]
    fn the_nearest_integer_is_taken() {
        for step in -70_000..70_000i32 {
            let value = step as f32 / 65_536.0 * 1.01;
            let wanted = (f64::from(value) * 32_768.0).clamp(-32_768.0, 32_767.0);
            let got = f64::from(to_int16(&[value])[0]);
            assert!((got - wanted).abs() <= 0.5, "{value}: {got}");
        }
    }

    #[test]
    fn clamping_counts_what_it_changes() {
        let mut samples = [0.5, 1.0, -1.0, 1.5, f32::NAN, f32::NEG_INFINITY, 7.5e6];
        assert_eq!(clamp(&mut samples), 4);
        assert_eq!(samples, [0.5, 1.0, -1.0, 1.0, 0.0, -1.0, 1.0]);
        assert_eq!(clamp(&mut samples), 0);
    }
}
