//! Any thread. What packets hold, as sound at the end of a line.

use crate::codec::opus::{self, OpusDecoder, Slot};
use crate::error::AudioError;
use crate::playout::line::Line;
use crate::units::{Frames, Hz};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Codec {
    Opus,
    /// Interleaved samples of 32-bit floating point, in the byte order of this machine.
    Pcm,
}

pub enum Decoder {
    Opus(Box<OpusDecoder>),
    Pcm,
}

impl Decoder {
    pub fn new(codec: Codec, rate: Hz, channels: usize) -> Result<Decoder, AudioError> {
        Ok(match codec {
            Codec::Opus => Decoder::Opus(Box::new(OpusDecoder::new(rate, channels)?)),
            Codec::Pcm => Decoder::Pcm,
        })
    }

    /// What it has allocated.
    pub fn memory_bytes(&self) -> usize {
        match self {
            Decoder::Opus(decoder) => decoder.memory_bytes(),
            Decoder::Pcm => 0,
        }
    }

    /// Frames that a payload lasts; None for what cannot be one.
    pub fn frames(&self, payload: &[u8], rate: Hz, channels: usize) -> Option<i64> {
        let frames = match self {
            Decoder::Opus(_) => opus::duration(payload, rate)?.0 as i64,
            Decoder::Pcm if payload.len().is_multiple_of(4 * channels) => (payload.len() / (4 * channels)) as i64,
            Decoder::Pcm => return None,
        };
        (frames > 0).then_some(frames)
    }

    /// Appends the `frames` that the packet holds; false, and nothing is appended, where they cannot be decoded.
    pub fn append(&mut self, payload: &[u8], frames: usize, line: &mut Line) -> bool {
        let out = line.grow(frames);
        match self {
            Decoder::Opus(decoder) => {
                let decoded = decoder.decode(Slot::Packet(payload), Frames(frames as u64), out);
                if decoded.is_err() {
                    line.shrink(frames);
                }
                decoded.is_ok()
            }
            Decoder::Pcm => {
                for (bytes, sample) in payload.chunks_exact(4).zip(out) {
                    let value = f32::from_ne_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
                    *sample = if value.is_nan() { 0.0 } else { value.clamp(-1.0, 1.0) };
                }
                true
            }
        }
    }

    /// Appends what `after`, the packet behind the lost one, tells of it; false where it tells nothing.
    pub fn recover(&mut self, after: &[u8], frames: usize, line: &mut Line) -> bool {
        let Decoder::Opus(decoder) = self else { return false };
        let decoded = decoder.decode(Slot::LostBefore(after), Frames(frames as u64), line.grow(frames));
        if decoded.is_err() {
            line.shrink(frames);
        }
        decoded.is_ok()
    }

    /// Whether a packet tells anything of the one before it.
    pub fn can_recover(&self, packet: &[u8]) -> bool {
        matches!(self, Decoder::Opus(_)) && carries_redundancy(packet)
    }

    /// Appends `frames` of what the decoder thinks may have followed; false where it has no thought of its own.
    pub fn conceal(&mut self, frames: usize, line: &mut Line) -> bool {
        let Decoder::Opus(decoder) = self else { return false };
        let decoded = decoder.decode(Slot::Lost, Frames(frames as u64), line.grow(frames));
        if decoded.is_err() {
            line.shrink(frames);
        }
        decoded.is_ok()
    }

    /// The stream begins anew.
    pub fn reset(&mut self) {
        if let Decoder::Opus(decoder) = self {
            let _ = decoder.reset();
        }
    }
}

/// Whether the first frame of a packet carries the one before it (RFC 6716, 4.2.4: LBRR), at a lower rate.
fn carries_redundancy(packet: &[u8]) -> bool {
    let Some(toc) = packet.first() else { return false };
    let (config, stereo, code) = (toc >> 3, toc & 4 != 0, toc & 3);
    // From 16 on it is CELT alone, which has none.
    if config >= 16 {
        return false;
    }
    let first = match code {
        0 | 1 => packet.get(1),
        2 => packet.get(if packet.get(1).is_some_and(|length| *length >= 252) { 3 } else { 2 }),
        _ => None,
    };
    let Some(first) = first else { return false };
    // SILK packs up to three frames of 20 ms into one of Opus; a bit of activity for each goes before.
    let inner = match (config < 12, config & 3) {
        (true, 2) => 2,
        (true, 3) => 3,
        _ => 1,
    };
    let middle = first >> (7 - inner) & 1 != 0;
    let side = stereo && first >> (6 - 2 * inner) & 1 != 0;
    middle || side
}
