//! Any thread. Payload in, packet out. The sealer owns the sequence, and with it the promise that no keystream is used twice
//! for as long as nobody else seals with its key under its ssrc and direction.

use crate::error::{AudioError, ErrorCode};
use crate::packet::aes_ctr::BLOCK_BYTES;
use crate::packet::fresh::{FreshTimestamps, REACH};
use crate::packet::header::{Codec, Format, Header, Stamp, Stream};
use crate::packet::suite::{Cipher, Suite};

/// What one packet may carry: the length field of `xiaozhi` ends there, and so does UDP.
pub const MAX_PAYLOAD_BYTES: usize = u16::MAX as usize;

pub struct Sealer {
    stream: Stream,
    suite: Suite,
    cipher: Cipher,
    /// The next one; None when all are used up.
    sequence: Option<u32>,
    fresh: FreshTimestamps,
}

/// What the caller says of a packet.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wish {
    pub timestamp: u64,
    /// `seq-pts`; None has them counted, as far as the payload shows.
    pub frames: Option<u32>,
    pub marker: bool,
}

impl Sealer {
    /// `first` is the sequence to begin with: 1, or for a stream that goes on the next that was not used. Where the sequence
    /// counts blocks too, nobody knows any more what was sent before it: as many numbers as that may reach are left out then.
    pub fn new(stream: Stream, suite: Suite, key: &[u8], first: u32) -> Result<Sealer, AudioError> {
        let cipher = Cipher::new(suite, key)?;
        let left_out = if first > 1 && stream.counts_blocks_in_sequence(suite) { REACH } else { 0 };
        let sequence = first.max(1).checked_add(left_out);
        Ok(Sealer { stream, suite, cipher, sequence, fresh: FreshTimestamps::new() })
    }

    /// Bytes that a packet is longer than its payload.
    pub fn overhead(&self) -> usize {
        self.stream.format.header_bytes() + self.suite.tag_bytes()
    }

    /// What its headers say.
    pub fn stream(&self) -> &Stream {
        &self.stream
    }

    pub fn header_bytes(&self) -> usize {
        self.stream.format.header_bytes()
    }

    /// The next packet's sequence; None when there is none left.
    pub fn sequence(&self) -> Option<u32> {
        self.sequence
    }

    /// Whether a payload of `length` bytes can be sealed into `room` bytes as wished; changes nothing.
    pub fn check(&self, length: usize, wish: Wish, room: usize) -> Result<u32, AudioError> {
        let refuse = |code, detail| Err(AudioError::new(code, "seal", detail));
        if length == 0 || length > MAX_PAYLOAD_BYTES {
            return refuse(
                ErrorCode::OutOfRange,
                format!("a payload has 1 to {MAX_PAYLOAD_BYTES} bytes, this one {length}"),
            );
        }
        if self.stream.format == Format::SeqPts && self.stream.codec == Codec::Pcm {
            let frame_bytes = self.stream.pcm_frame_bytes();
            if !length.is_multiple_of(frame_bytes) {
                let channels = self.stream.channels;
                let detail = format!("{length} bytes are not whole frames of Float32, {channels} channels");
                return refuse(ErrorCode::FrameAlignment, detail);
            }
            let frames = length / frame_bytes;
            if let Some(told) = wish.frames.filter(|told| *told as usize != frames) {
                let detail =
                    format!("the payload has {frames} frames, not {told}; leave frames out to have them counted");
                return refuse(ErrorCode::OutOfRange, detail);
            }
        }
        if room < length + self.overhead() {
            let needed = length + self.overhead();
            return refuse(
                ErrorCode::OutOfRange,
                format!("the packet takes {needed} bytes, and there is room for {room}"),
            );
        }
        // The block counter that runs on from the sequence must not carry into the timestamp.
        let counts_blocks = self.stream.counts_blocks_in_sequence(self.suite);
        let reach = if counts_blocks { length.div_ceil(BLOCK_BYTES) as u32 - 1 } else { 0 };
        match self.sequence.filter(|sequence| sequence.checked_add(reach).is_some()) {
            Some(sequence) => Ok(sequence),
            None => refuse(ErrorCode::NonceReuse, "all sequence numbers are used up: take a new key".to_owned()),
        }
    }

    /// Seals the payload that lies behind the room for a header in `packet`; returns the bytes of the packet.
    pub fn seal_in_place(&mut self, packet: &mut [u8], length: usize, wish: Wish) -> Result<usize, AudioError> {
        let sequence = self.check(length, wish, packet.len())?;
        let (head, data) = packet.split_at_mut(self.header_bytes());
        let timestamp = match self.stream.format {
            Format::Xiaozhi if self.stream.counts_blocks_in_sequence(self.suite) => {
                u64::from(self.fresh.take(length as u16, wish.timestamp as u32))
            }
            Format::Xiaozhi => u64::from(wish.timestamp as u32),
            Format::SeqPts => wish.timestamp,
        };
        let frames = wish.frames.unwrap_or_else(|| match self.stream.format {
            Format::Xiaozhi => 0,
            Format::SeqPts => self.stream.frames_in(&data[..length]),
        });
        let stamp = Stamp { sequence, timestamp, frames, marker: wish.marker };
        Header { stream: self.stream, stamp, length }.write(head);
        let iv = self.stream.iv(head, sequence, self.suite.authenticates());
        let sealed = self.cipher.seal(&iv, head, data, length)?;
        self.sequence = sequence.checked_add(1);
        Ok(self.header_bytes() + sealed)
    }

    /// The same from a payload elsewhere.
    pub fn seal_into(&mut self, payload: &[u8], wish: Wish, packet: &mut [u8]) -> Result<usize, AudioError> {
        self.check(payload.len(), wish, packet.len())?;
        let start = self.header_bytes();
        packet[start..start + payload.len()].copy_from_slice(payload);
        self.seal_in_place(packet, payload.len(), wish)
    }
}
