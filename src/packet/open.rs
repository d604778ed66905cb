//! Any thread. Packet in, payload out: of this stream and direction, not seen before, and, where the suite has a tag, exactly as
//! it was sealed. Without a tag (CTR) anybody may have made it: a forged packet opens to noise and moves the window, to its end
//! if it likes, and the first one decides on the ssrc and direction that were not given. Both are for good.

use crate::error::{AudioError, ErrorCode};
use crate::packet::header::{Format, Header};
use crate::packet::replay::{ReplayWindow, WINDOW};
use crate::packet::suite::{Cipher, Suite};

/// Which packets an opener takes.
#[derive(Clone, Copy, Debug)]
pub struct Accepts {
    pub format: Format,
    /// None takes that of the first good packet. `seq-pts` does not carry it: there it has to be known.
    pub ssrc: Option<u32>,
    /// None takes that of the first good packet.
    pub direction: Option<bool>,
}

pub struct Opener {
    accepts: Accepts,
    suite: Suite,
    cipher: Cipher,
    window: ReplayWindow,
}

impl Opener {
    pub fn new(accepts: Accepts, suite: Suite, key: &[u8]) -> Result<Opener, AudioError> {
        Ok(Opener { accepts, suite, cipher: Cipher::new(suite, key)?, window: ReplayWindow::default() })
    }

    pub fn header_bytes(&self) -> usize {
        self.accepts.format.header_bytes()
    }

    /// Reads and judges the header of `packet`, whose payload is to be written to `room` bytes; changes nothing.
    pub fn check(&self, packet: &[u8], room: usize) -> Result<Header, AudioError> {
        let mut header = Header::read(self.accepts.format, packet, self.suite.tag_bytes())?;
        let malformed = |detail: String| Err(AudioError::new(ErrorCode::PacketMalformed, "open", detail));
        if let Some(direction) = self.accepts.direction
            && direction != header.stream.direction
        {
            return malformed("a packet of the other direction: one of our own, thrown back?".to_owned());
        }
        match self.accepts.ssrc {
            Some(ssrc) if self.accepts.format == Format::SeqPts => header.stream.ssrc = ssrc,
            Some(ssrc) if ssrc != header.stream.ssrc => {
                return malformed(format!("a packet of stream {}, and not of {ssrc}", header.stream.ssrc));
            }
            _ => {}
        }
        let sequence = header.stamp.sequence;
        if !self.window.allows(sequence) {
            let detail = format!("packet {sequence} came before, or over {WINDOW} packets late");
            return Err(AudioError::new(ErrorCode::Replay, "open", detail));
        }
        if room < header.length {
            let detail = format!("the payload has {} bytes, and there is room for {room}", header.length);
            return Err(AudioError::new(ErrorCode::OutOfRange, "open", detail));
        }
        Ok(header)
    }

    /// Opens the ciphertext that was copied from behind the header to the start of `data`. `head` and `tag` hold the bytes
    /// before and behind it.
    pub fn open_in_place(
        &mut self,
        header: &Header,
        head: &[u8],
        tag: &[u8],
        data: &mut [u8],
    ) -> Result<usize, AudioError> {
        let data = &mut data[..header.length];
        let iv = header.stream.iv(head, header.stamp.sequence, self.suite.authenticates());
        self.cipher.open(&iv, head, data, tag)?;
        self.window.accept(header.stamp.sequence);
        self.accepts.ssrc.get_or_insert(header.stream.ssrc);
        self.accepts.direction.get_or_insert(header.stream.direction);
        Ok(data.len())
    }

    /// Opens `packet` into `out`; returns the header, whose `length` the payload has.
    pub fn open_into(&mut self, packet: &[u8], out: &mut [u8]) -> Result<Header, AudioError> {
        let header = self.check(packet, out.len())?;
        let (head, rest) = packet.split_at(self.accepts.format.header_bytes());
        let (data, tag) = rest.split_at(header.length);
        out[..data.len()].copy_from_slice(data);
        self.open_in_place(&header, head, tag, out)?;
        Ok(header)
    }
}
