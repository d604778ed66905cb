//! Random numbers that a seed repeats, and sounds made of them.

use sdl_callback_audio::format::Layout;

/// xorshift64*: short, and good enough to choose sizes by.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Random {
        Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// A number below `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        (self.next() >> 11) % end.max(1)
    }

    pub fn one_in(&mut self, chances: u64) -> bool {
        self.below(chances) == 0
    }

    pub fn bytes(&mut self, len: usize) -> Vec<u8> {
        let mut bytes = vec![0; len];
        bytes.chunks_mut(8).for_each(|chunk| chunk.copy_from_slice(&self.next().to_le_bytes()[..chunk.len()]));
        bytes
    }

    /// Any of `0.0 ..= 1.0`.
    pub fn unit(&mut self) -> f32 {
        self.below(1 << 20) as f32 / (1 << 20) as f32
    }
}

/// Interleaved samples as numbers.
pub fn samples(layout: Layout, pcm: &[u8]) -> Vec<f32> {
    pcm.chunks_exact(layout.format.sample_bytes()).map(|sample| layout.format.read(sample)).collect()
}

/// Numbers as interleaved samples.
pub fn pcm(layout: Layout, samples: impl IntoIterator<Item = f32>) -> Vec<u8> {
    let mut one = [0; 4];
    let size = layout.format.sample_bytes();
    let mut bytes = Vec::new();
    for sample in samples {
        layout.format.write(&mut one, sample);
        bytes.extend_from_slice(&one[..size]);
    }
    bytes
}

/// Bytes whose every place tells which one it is: no two of a stream look alike for long.
pub fn byte_at(place: u64) -> u8 {
    (place.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8
}
