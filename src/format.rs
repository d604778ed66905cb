//! Any thread. How one sample lies in memory, and how a frame is made of samples.

use crate::units::Frames;

/// The ten sample formats of SDL2; `sys` and short names are aliases that JavaScript resolves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SampleFormat {
    S8,
    U8,
    S16Lsb,
    S16Msb,
    U16Lsb,
    U16Msb,
    S32Lsb,
    S32Msb,
    F32Lsb,
    F32Msb,
}

use SampleFormat::{F32Lsb, F32Msb, S8, S16Lsb, S16Msb, S32Lsb, S32Msb, U8, U16Lsb, U16Msb};

impl SampleFormat {
    pub const ALL: [SampleFormat; 10] = [S8, U8, S16Lsb, S16Msb, U16Lsb, U16Msb, S32Lsb, S32Msb, F32Lsb, F32Msb];

    /// The name that JavaScript uses, without its aliases.
    pub fn name(self) -> &'static str {
        match self {
            S8 => "s8",
            U8 => "u8",
            S16Lsb => "s16lsb",
            S16Msb => "s16msb",
            U16Lsb => "u16lsb",
            U16Msb => "u16msb",
            S32Lsb => "s32lsb",
            S32Msb => "s32msb",
            F32Lsb => "f32lsb",
            F32Msb => "f32msb",
        }
    }

    pub fn from_name(name: &str) -> Option<SampleFormat> {
        Self::ALL.into_iter().find(|format| format.name() == name)
    }

    /// `SDL_AudioFormat`: bit size in the low byte, then float (8), big endian (12), signed (15).
    pub fn sdl_code(self) -> u16 {
        match self {
            S8 => 0x8008,
            U8 => 0x0008,
            S16Lsb => 0x8010,
            S16Msb => 0x9010,
            U16Lsb => 0x0010,
            U16Msb => 0x1010,
            S32Lsb => 0x8020,
            S32Msb => 0x9020,
            F32Lsb => 0x8120,
            F32Msb => 0x9120,
        }
    }

    pub fn from_sdl_code(code: u16) -> Option<SampleFormat> {
        Self::ALL.into_iter().find(|format| format.sdl_code() == code)
    }

    pub fn sample_bytes(self) -> usize {
        match self {
            S8 | U8 => 1,
            S16Lsb | S16Msb | U16Lsb | U16Msb => 2,
            S32Lsb | S32Msb | F32Lsb | F32Msb => 4,
        }
    }

    /// The sample at the start of `bytes` as a number in [-1, 1]; 0 where `bytes` is too short.
    pub fn read(self, bytes: &[u8]) -> f32 {
        let one = bytes.first().copied().unwrap_or_default();
        let two = bytes.first_chunk::<2>().copied().unwrap_or_default();
        let four = bytes.first_chunk::<4>().copied().unwrap_or_default();
        match self {
            S8 => f32::from(one as i8) / 128.0,
            U8 => (f32::from(one) - 128.0) / 128.0,
            S16Lsb => f32::from(i16::from_le_bytes(two)) / 32_768.0,
            S16Msb => f32::from(i16::from_be_bytes(two)) / 32_768.0,
            U16Lsb => (f32::from(u16::from_le_bytes(two)) - 32_768.0) / 32_768.0,
            U16Msb => (f32::from(u16::from_be_bytes(two)) - 32_768.0) / 32_768.0,
            S32Lsb => i32::from_le_bytes(four) as f32 / 2_147_483_648.0,
            S32Msb => i32::from_be_bytes(four) as f32 / 2_147_483_648.0,
            F32Lsb => f32::from_le_bytes(four),
            F32Msb => f32::from_be_bytes(four),
        }
    }

    /// Writes `value` at the start of `bytes`, saturating; NaN becomes silence.
    pub fn write(self, bytes: &mut [u8], value: f32) {
        let value = if value.is_nan() { 0.0 } else { value.clamp(-1.0, 1.0) };
        match self {
            S8 => put(bytes, (value * 128.0).round() as i8 as u8),
            U8 => put(bytes, (value * 128.0 + 128.0).round() as u8),
            S16Lsb => put_all(bytes, ((value * 32_768.0).round() as i16).to_le_bytes()),
            S16Msb => put_all(bytes, ((value * 32_768.0).round() as i16).to_be_bytes()),
            U16Lsb => put_all(bytes, ((value * 32_768.0 + 32_768.0).round() as u16).to_le_bytes()),
            U16Msb => put_all(bytes, ((value * 32_768.0 + 32_768.0).round() as u16).to_be_bytes()),
            S32Lsb => put_all(bytes, ((f64::from(value) * 2_147_483_648.0).round() as i32).to_le_bytes()),
            S32Msb => put_all(bytes, ((f64::from(value) * 2_147_483_648.0).round() as i32).to_be_bytes()),
            F32Lsb => put_all(bytes, value.to_le_bytes()),
            F32Msb => put_all(bytes, value.to_be_bytes()),
        }
    }

    /// Reads as many samples as both sides hold.
    pub fn decode(self, bytes: &[u8], samples: &mut [f32]) {
        let places = samples.iter_mut().zip(bytes.chunks_exact(self.sample_bytes()));
        // Told apart here and not for each sample: what the loop does is then known to the compiler.
        match self {
            F32Lsb => places.for_each(|(sample, bytes)| *sample = F32Lsb.read(bytes)),
            S16Lsb => places.for_each(|(sample, bytes)| *sample = S16Lsb.read(bytes)),
            _ => places.for_each(|(sample, bytes)| *sample = self.read(bytes)),
        }
    }

    /// Writes as many samples as both sides hold, as `write` does.
    pub fn encode(self, samples: &[f32], bytes: &mut [u8]) {
        let places = bytes.chunks_exact_mut(self.sample_bytes()).zip(samples);
        match self {
            F32Lsb => places.for_each(|(bytes, sample)| F32Lsb.write(bytes, *sample)),
            S16Lsb => places.for_each(|(bytes, sample)| S16Lsb.write(bytes, *sample)),
            _ => places.for_each(|(bytes, sample)| self.write(bytes, *sample)),
        }
    }

    /// Fills `bytes` with the midpoint of the format.
    pub fn silence(self, bytes: &mut [u8]) {
        match self {
            U8 => bytes.fill(0x80),
            U16Lsb => bytes.chunks_exact_mut(2).for_each(|sample| put_all(sample, 0x8000u16.to_le_bytes())),
            U16Msb => bytes.chunks_exact_mut(2).for_each(|sample| put_all(sample, 0x8000u16.to_be_bytes())),
            _ => bytes.fill(0),
        }
    }
}

fn put(bytes: &mut [u8], value: u8) {
    if let Some(first) = bytes.first_mut() {
        *first = value;
    }
}

fn put_all<const N: usize>(bytes: &mut [u8], value: [u8; N]) {
    if let Some(place) = bytes.first_chunk_mut::<N>() {
        *place = value;
    }
}

/// How a frame lies in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    pub format: SampleFormat,
    /// 1 to [`Layout::MAX_CHANNELS`].
    pub channels: usize,
}

impl Layout {
    pub const MAX_CHANNELS: usize = 8;

    pub fn frame_bytes(self) -> usize {
        self.format.sample_bytes() * self.channels
    }

    /// Whole frames in so many bytes.
    pub fn frames_in(self, bytes: usize) -> Frames {
        let each = self.frame_bytes();
        // Mostly a shift will do; a division takes as long as copying a small buffer.
        Frames(if each.is_power_of_two() { bytes >> each.trailing_zeros() } else { bytes / each } as u64)
    }

    pub fn bytes_of(self, frames: Frames) -> usize {
        frames.as_len().saturating_mul(self.frame_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_reads_back_what_it_writes() {
        for format in SampleFormat::ALL {
            for value in [-1.0, -0.5, 0.0, 0.25, 0.5] {
                let mut bytes = [0u8; 4];
                format.write(&mut bytes, value);
                assert!((format.read(&bytes) - value).abs() < 0.01, "{format:?} {value}");
            }
        }
    }

    #[test]
    fn every_format_saturates_and_makes_silence_of_nan() {
        for format in SampleFormat::ALL {
            let mut bytes = [0u8; 4];
            format.write(&mut bytes, 7.0);
            assert!(format.read(&bytes) > 0.98, "{format:?}");
            format.write(&mut bytes, f32::NAN);
            assert_eq!(format.read(&bytes), 0.0, "{format:?}");
            format.silence(&mut bytes);
            assert_eq!(format.read(&bytes), 0.0, "{format:?}");
        }
    }

    #[test]
    fn names_and_sdl_codes_are_one_to_one() {
        for format in SampleFormat::ALL {
            assert_eq!(SampleFormat::from_name(format.name()), Some(format));
            assert_eq!(SampleFormat::from_sdl_code(format.sdl_code()), Some(format));
        }
        assert_eq!(SampleFormat::from_name("f64"), None);
    }
}
