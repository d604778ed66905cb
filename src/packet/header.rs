//! Any thread. How packets lie on the wire.
//!
//! `xiaozhi`, big-endian, 16 bytes: type u8 = 1, flags u8, payload length u16, ssrc u32, timestamp u32, sequence u32. The
//! header is also the initial counter of AES-CTR. Bit 7 of the flags is the direction.
//!
//! `seq-pts`, little-endian, 24 bytes: version u8 = 1, channels u8, flags u16, frequency u32, frameCount u32, seq u32, pts in µs
//! u64. Bit 0 of the flags: Opus instead of Float32 samples; bit 1: a marker; bit 15: the direction.

use crate::codec::opus;
use crate::error::{AudioError, ErrorCode};
use crate::packet::aes_ctr::Iv;
use crate::packet::suite::Suite;
use crate::units::Hz;

pub const MAX_HEADER_BYTES: usize = 24;

const XIAOZHI_TYPE: u8 = 1;
const XIAOZHI_DIRECTION: u8 = 0x80;
const SEQ_PTS_VERSION: u8 = 1;
const OPUS: u16 = 1;
const MARKER: u16 = 2;
const DIRECTION: u16 = 0x8000;
const PCM_BYTES: u64 = 4;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Xiaozhi,
    SeqPts,
}

impl Format {
    pub fn header_bytes(self) -> usize {
        match self {
            Format::Xiaozhi => 16,
            Format::SeqPts => 24,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Codec {
    Opus,
    Pcm,
}

/// What a stream's headers have in common. Of the last three `xiaozhi` has no word.
#[derive(Clone, Copy, Debug)]
pub struct Stream {
    pub format: Format,
    pub ssrc: u32,
    /// Set for one of the two directions of a connection: both may use one key then.
    pub direction: bool,
    pub frequency: u32,
    pub channels: u8,
    pub codec: Codec,
}

/// What tells one packet from another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stamp {
    pub sequence: u32,
    /// Any unit in `xiaozhi`, 32 bits of it; µs in `seq-pts`.
    pub timestamp: u64,
    /// `seq-pts`; 0 where nobody knows.
    pub frames: u32,
    pub marker: bool,
}

/// A header as it came.
#[derive(Clone, Copy, Debug)]
pub struct Header {
    pub stream: Stream,
    pub stamp: Stamp,
    /// Of the payload, without a tag.
    pub length: usize,
}

fn malformed(detail: impl Into<String>) -> AudioError {
    AudioError::new(ErrorCode::PacketMalformed, "open", detail)
}

/// The field at `at`: callers have seen to the length.
fn field<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    bytes.get(at..).and_then(|rest| rest.first_chunk::<N>()).copied().unwrap_or([0; N])
}

impl Header {
    /// Writes the header at the start of `out`, which has room for it.
    pub fn write(&self, out: &mut [u8]) {
        let Header { stream, stamp, length } = self;
        let mut bytes = [0; MAX_HEADER_BYTES];
        match stream.format {
            Format::Xiaozhi => {
                bytes[0] = XIAOZHI_TYPE;
                bytes[1] = if stream.direction { XIAOZHI_DIRECTION } else { 0 };
                bytes[2..4].copy_from_slice(&(*length as u16).to_be_bytes());
                bytes[4..8].copy_from_slice(&stream.ssrc.to_be_bytes());
                bytes[8..12].copy_from_slice(&(stamp.timestamp as u32).to_be_bytes());
                bytes[12..16].copy_from_slice(&stamp.sequence.to_be_bytes());
            }
            Format::SeqPts => {
                let flag = |set: bool, bit: u16| if set { bit } else { 0 };
                let codec = flag(stream.codec == Codec::Opus, OPUS);
                let flags = codec | flag(stamp.marker, MARKER) | flag(stream.direction, DIRECTION);
                bytes[0] = SEQ_PTS_VERSION;
                bytes[1] = stream.channels;
                bytes[2..4].copy_from_slice(&flags.to_le_bytes());
                bytes[4..8].copy_from_slice(&stream.frequency.to_le_bytes());
                bytes[8..12].copy_from_slice(&stamp.frames.to_le_bytes());
                bytes[12..16].copy_from_slice(&stamp.sequence.to_le_bytes());
                bytes[16..24].copy_from_slice(&stamp.timestamp.to_le_bytes());
            }
        }
        let length = stream.format.header_bytes();
        out[..length].copy_from_slice(&bytes[..length]);
    }

    /// Reads the header of a packet whose payload is followed by `tag_bytes`; refuses what contradicts itself.
    pub fn read(format: Format, packet: &[u8], tag_bytes: usize) -> Result<Header, AudioError> {
        let overhead = format.header_bytes() + tag_bytes;
        let Some(length) = packet.len().checked_sub(overhead).filter(|length| *length > 0) else {
            return Err(malformed(format!("{} bytes are no packet: {overhead} come round any payload", packet.len())));
        };
        let header = match format {
            Format::Xiaozhi => Header::read_xiaozhi(packet, length)?,
            Format::SeqPts => Header::read_seq_pts(packet, length)?,
        };
        if header.stamp.sequence == 0 {
            return Err(malformed("sequence 0: the first packet has 1"));
        }
        Ok(header)
    }

    /// Reads the header of a `seq-pts` packet in the clear, whose sequence wraps.
    pub fn read_clear(packet: &[u8]) -> Result<Header, AudioError> {
        let overhead = Format::SeqPts.header_bytes();
        match packet.len().checked_sub(overhead).filter(|length| *length > 0) {
            Some(length) => Header::read_seq_pts(packet, length),
            None => Err(malformed(format!("{} bytes are no packet: the header has {overhead}", packet.len()))),
        }
    }

    fn read_xiaozhi(packet: &[u8], length: usize) -> Result<Header, AudioError> {
        let told = u16::from_be_bytes(field(packet, 2));
        if packet[0] != XIAOZHI_TYPE || packet[1] & !XIAOZHI_DIRECTION != 0 {
            let (kind, flags) = (packet[0], packet[1]);
            return Err(malformed(format!(
                "expected a packet of format 'xiaozhi', of type 1 with flags 0x00 or 0x80, but received type {kind} with flags \
                 {flags:#04x}: is it one of format 'seq-pts'?"
            )));
        }
        if usize::from(told) != length {
            return Err(malformed(format!("a payload of {told} bytes is announced, and there are {length}")));
        }
        let stream = Stream {
            format: Format::Xiaozhi,
            ssrc: u32::from_be_bytes(field(packet, 4)),
            direction: packet[1] & XIAOZHI_DIRECTION != 0,
            frequency: 0,
            channels: 0,
            codec: Codec::Opus,
        };
        let timestamp = u64::from(u32::from_be_bytes(field(packet, 8)));
        let stamp = Stamp { sequence: u32::from_be_bytes(field(packet, 12)), timestamp, ..Stamp::default() };
        Ok(Header { stream, stamp, length })
    }

    fn read_seq_pts(packet: &[u8], length: usize) -> Result<Header, AudioError> {
        let (version, channels, flags) = (packet[0], packet[1], u16::from_le_bytes(field(packet, 2)));
        if version != SEQ_PTS_VERSION || channels == 0 || flags & !(OPUS | MARKER | DIRECTION) != 0 {
            return Err(malformed(format!(
                "expected a packet of format 'seq-pts', of version 1 with channels and known flags, but received version {version}, \
                 {channels} channels, flags {flags:#06x}: is it one of format 'xiaozhi'?"
            )));
        }
        let frames = u32::from_le_bytes(field(packet, 8));
        let codec = if flags & OPUS != 0 { Codec::Opus } else { Codec::Pcm };
        if codec == Codec::Pcm && u64::from(frames) * u64::from(channels) * PCM_BYTES != length as u64 {
            return Err(malformed(format!(
                "{frames} frames of {channels} channels are announced, and there are {length} bytes"
            )));
        }
        let stream = Stream {
            format: Format::SeqPts,
            ssrc: 0,
            direction: flags & DIRECTION != 0,
            frequency: u32::from_le_bytes(field(packet, 4)),
            channels,
            codec,
        };
        let stamp = Stamp {
            sequence: u32::from_le_bytes(field(packet, 12)),
            timestamp: u64::from_le_bytes(field(packet, 16)),
            frames,
            marker: flags & MARKER != 0,
        };
        Ok(Header { stream, stamp, length })
    }
}

impl Stream {
    /// Whether the header is the initial counter, so that the blocks of a payload count on from its sequence.
    pub fn counts_blocks_in_sequence(&self, suite: Suite) -> bool {
        self.format == Format::Xiaozhi && !suite.authenticates()
    }

    /// Bytes of one frame of Float32 samples.
    pub fn pcm_frame_bytes(&self) -> usize {
        PCM_BYTES as usize * usize::from(self.channels.max(1))
    }

    /// Frames in a payload, as far as it shows.
    pub fn frames_in(&self, payload: &[u8]) -> u32 {
        match self.codec {
            Codec::Opus => opus::duration(payload, Hz(self.frequency)).map_or(0, |frames| frames.0 as u32),
            Codec::Pcm => (payload.len() / self.pcm_frame_bytes()) as u32,
        }
    }

    /// The initial counter of CTR, of which GCM uses the first 12 bytes. It names the stream, the direction and the packet; the
    /// rest counts blocks, and no payload has 2^32. In `xiaozhi` under CTR the wire format says that the header is the counter.
    pub fn iv(&self, header: &[u8], sequence: u32, authenticates: bool) -> Iv {
        let mut iv = [0; 16];
        if self.format == Format::Xiaozhi && !authenticates {
            iv.copy_from_slice(&header[..16]);
        } else {
            iv[..4].copy_from_slice(&self.ssrc.to_be_bytes());
            iv[7] = u8::from(self.direction);
            iv[8..12].copy_from_slice(&sequence.to_be_bytes());
        }
        iv
    }
}
