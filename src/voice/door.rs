//! Voice threads. What comes in from the network: opened and judged before anything else sees it. Whatever it is, it is counted.

use crate::codec::opus;
use crate::error::ErrorCode;
use crate::packet::header::{Codec, Format, Header};
use crate::packet::open::Opener;
use crate::playout::decode;
use crate::units::Hz;

/// libopus writes no more into 120 ms at its highest rate.
const MOST_OPUS_BYTES: usize = 8000;
/// Rates of sound in packets; each has whole frames in 10 ms.
const PCM_RATES: [u32; 11] = [8_000, 12_000, 16_000, 24_000, 32_000, 44_100, 48_000, 88_200, 96_000, 176_400, 192_000];
const MOST_CHANNELS: u8 = 8;
/// Where Opus says nothing else, and the outlet's rate is none of its own.
const OPUS_RATE: Hz = Hz(48_000);
/// Packets in a row that have to agree before a stream of another kind is followed.
const AGREE: u32 = 3;

/// How the sound of a stream is to be played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind {
    pub codec: decode::Codec,
    pub rate: Hz,
    pub channels: usize,
}

/// What was taken in, and what was not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Entrance {
    pub packets: u64,
    /// No packets of this stream, or of nothing that can be played.
    pub malformed: u64,
    pub unauthentic: u64,
    pub replayed: u64,
}

pub struct Door {
    opener: Option<Opener>,
    codec: decode::Codec,
    /// The outlet's.
    rate: Hz,
    kind: Option<Kind>,
    /// Another kind, and how many packets in a row were of it.
    other: Option<(Kind, u32)>,
    payload: Vec<u8>,
    pub count: Entrance,
}

/// A packet that may be played.
#[derive(Clone, Copy, Debug)]
pub struct Admitted<'a> {
    pub kind: Kind,
    pub sequence: u32,
    pub pts_us: f64,
    /// In frames of `kind`, as many as 32 bits hold.
    pub timestamp: u32,
    pub payload: &'a [u8],
}

impl Door {
    /// Without an opener packets are `seq-pts` in the clear, and anybody's.
    pub fn new(opener: Option<Opener>, codec: decode::Codec, rate: Hz) -> Door {
        Door { opener, codec, rate, kind: None, other: None, payload: Vec::new(), count: Entrance::default() }
    }

    pub fn admit(&mut self, packet: &[u8]) -> Option<Admitted<'_>> {
        self.count.packets += 1;
        self.payload.clear();
        let header = match &mut self.opener {
            Some(opener) => {
                self.payload.resize(packet.len(), 0);
                opener.open_into(packet, &mut self.payload)
            }
            None => Header::read_clear(packet).inspect(|header| {
                self.payload.extend_from_slice(&packet[Format::SeqPts.header_bytes()..][..header.length]);
            }),
        };
        let header = match header {
            Ok(header) => header,
            Err(error) => {
                *match error.code {
                    ErrorCode::Replay => &mut self.count.replayed,
                    ErrorCode::AuthFailed => &mut self.count.unauthentic,
                    _ => &mut self.count.malformed,
                } += 1;
                return None;
            }
        };
        let kind = self.kind_of(&header).filter(|kind| self.follows(*kind));
        let Some(kind) = kind else {
            self.count.malformed += 1;
            return None;
        };
        let (stamp, payload) = (header.stamp, &self.payload[..header.length]);
        let micros = match header.stream.format {
            Format::SeqPts => u128::from(stamp.timestamp),
            // Milliseconds, as devices count them.
            Format::Xiaozhi => u128::from(stamp.timestamp) * 1000,
        };
        let timestamp = (micros * u128::from(kind.rate.0) / 1_000_000) as u32;
        Some(Admitted { kind, sequence: stamp.sequence, pts_us: micros as f64, timestamp, payload })
    }

    /// What the header says that the packet is; None for what cannot be played.
    fn kind_of(&self, header: &Header) -> Option<Kind> {
        let stream = header.stream;
        let channels = usize::from(stream.channels);
        match (self.codec, stream.codec) {
            (decode::Codec::Opus, Codec::Opus) if header.length <= MOST_OPUS_BYTES => {
                let rate = if opus::runs_at(self.rate) { self.rate } else { OPUS_RATE };
                Some(Kind { codec: decode::Codec::Opus, rate, channels: channels.clamp(1, 2) })
            }
            (decode::Codec::Pcm, Codec::Pcm)
                if PCM_RATES.contains(&stream.frequency) && stream.channels <= MOST_CHANNELS =>
            {
                Some(Kind { codec: decode::Codec::Pcm, rate: Hz(stream.frequency), channels })
            }
            _ => None,
        }
    }

    /// Whether a packet of this kind is played: one that strays from the others is not.
    fn follows(&mut self, kind: Kind) -> bool {
        if self.kind.is_none_or(|known| known == kind) {
            (self.kind, self.other) = (Some(kind), None);
            return true;
        }
        let seen = self.other.filter(|(other, _)| *other == kind).map_or(1, |(_, seen)| seen + 1);
        self.other = Some((kind, seen));
        if seen >= AGREE {
            (self.kind, self.other) = (Some(kind), None);
        }
        seen >= AGREE
    }
}
