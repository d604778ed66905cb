//! Any thread. Opus (RFC 6716) over libopus. Whatever a packet holds, what comes out is finite and within [-1, 1].

use audiopus::coder::{Decoder, Encoder, GenericCtl};
use audiopus::packet::{self, Packet};
use audiopus::{Bitrate, Channels, MutSignals, SampleRate};

pub use audiopus::{Application, Signal};

use crate::codec::convert;
use crate::error::{AudioError, ErrorCode};
use crate::units::{Frames, Hz};

/// No packet of up to 60 ms is longer: three times 1275 bytes, and how they are divided.
pub const MAX_PACKET_BYTES: usize = 4000;
/// Of a frame of up to 20 ms; longer ones are several.
const MAX_FRAME_BYTES: u64 = 1275;
/// Frame lengths that an encoder takes, in units of 2.5 ms.
const LENGTHS: [u64; 6] = [1, 2, 4, 8, 16, 24];
/// The longest packet lasts 120 ms.
const MAX_PACKET_UNITS: u64 = 48;

pub const MIN_BITRATE: i32 = 500;
pub const MAX_BITRATE: i32 = 512_000;

/// The text that libopus gives of itself, as in `libopus 1.6.1`.
pub fn version() -> &'static str {
    audiopus::version()
}

fn refused(act: &str, error: audiopus::Error) -> AudioError {
    AudioError::new(ErrorCode::Codec, act, error.to_string())
}

fn rate_and_channels(act: &str, rate: Hz, channels: usize) -> Result<(SampleRate, Channels), AudioError> {
    let sample_rate = SampleRate::try_from(rate.0 as i32).ok();
    let layout = [Channels::Mono, Channels::Stereo].get(channels.wrapping_sub(1)).copied();
    match (sample_rate, layout) {
        (Some(sample_rate), Some(layout)) => Ok((sample_rate, layout)),
        _ => Err(AudioError::new(
            ErrorCode::OutOfRange,
            act,
            format!(
                "{} Hz, {channels} channels; Opus has 8000, 12000, 16000, 24000 and 48000 Hz, 1 or 2 channels",
                rate.0
            ),
        )),
    }
}

/// Whether Opus runs at this rate.
pub fn runs_at(rate: Hz) -> bool {
    SampleRate::try_from(rate.0 as i32).is_ok()
}

/// How long a packet lasts at `rate`; None for what is no packet, and at rates that Opus does not have.
pub fn duration(bytes: &[u8], rate: Hz) -> Option<Frames> {
    let rate = SampleRate::try_from(rate.0 as i32).ok()?;
    packet::nb_samples(Packet::try_from(bytes).ok()?, rate).ok().map(|frames| Frames(frames as u64))
}

/// What may change while an encoder runs; None leaves it as it is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Settings {
    /// Bits per second, 500 to 512000.
    pub bitrate: Option<i32>,
    /// 0 to 10.
    pub complexity: Option<u8>,
    pub fec: Option<bool>,
    pub dtx: Option<bool>,
    /// 0 to 100.
    pub packet_loss_percent: Option<u8>,
    pub signal: Option<Signal>,
}

fn apply(encoder: &mut Encoder, settings: Settings) -> audiopus::Result<()> {
    if let Some(bitrate) = settings.bitrate {
        encoder.set_bitrate(Bitrate::BitsPerSecond(bitrate.clamp(MIN_BITRATE, MAX_BITRATE)))?;
    }
    if let Some(complexity) = settings.complexity {
        encoder.set_complexity(complexity.min(10))?;
    }
    if let Some(fec) = settings.fec {
        encoder.set_inband_fec(fec)?;
    }
    if let Some(dtx) = settings.dtx {
        encoder.set_dtx(dtx)?;
    }
    if let Some(percent) = settings.packet_loss_percent {
        encoder.set_packet_loss_perc(percent.min(100))?;
    }
    if let Some(signal) = settings.signal {
        encoder.set_signal(signal)?;
    }
    Ok(())
}

/// Samples as callers have them.
#[derive(Clone, Copy, Debug)]
pub enum Pcm<'a> {
    Float(&'a [f32]),
    Int16(&'a [i16]),
}

impl Pcm<'_> {
    pub fn len(self) -> usize {
        match self {
            Pcm::Float(samples) => samples.len(),
            Pcm::Int16(samples) => samples.len(),
        }
    }

    pub fn is_empty(self) -> bool {
        self.len() == 0
    }
}

pub struct OpusEncoder {
    inner: Encoder,
    rate: Hz,
    channels: usize,
    bitrate: i32,
}

impl OpusEncoder {
    pub fn new(rate: Hz, channels: usize, application: Application) -> Result<OpusEncoder, AudioError> {
        let (sample_rate, layout) = rate_and_channels("OpusEncoder", rate, channels)?;
        let inner =
            Encoder::new(sample_rate, layout, application).map_err(|error| refused("opus_encoder_create()", error))?;
        let mut encoder = OpusEncoder { inner, rate, channels, bitrate: 0 };
        encoder.bitrate = encoder.nominal_bitrate()?;
        Ok(encoder)
    }

    pub fn configure(&mut self, settings: Settings) -> Result<(), AudioError> {
        apply(&mut self.inner, settings).map_err(|error| refused("opus_encoder_ctl()", error))?;
        self.bitrate = self.nominal_bitrate()?;
        Ok(())
    }

    fn nominal_bitrate(&self) -> Result<i32, AudioError> {
        match self.inner.bitrate().map_err(|error| refused("opus_encoder_ctl()", error))? {
            Bitrate::BitsPerSecond(bits) => Ok(bits),
            Bitrate::Max | Bitrate::Auto => Ok(MAX_BITRATE),
        }
    }

    pub fn channels(&self) -> usize {
        self.channels
    }

    /// What libopus has allocated for it.
    pub fn memory_bytes(&self) -> usize {
        // SAFETY: it only computes a number.
        unsafe { audiopus::ffi::opus_encoder_get_size(self.channels as i32) as usize }
    }

    /// Frames by which what is decoded lags behind what was encoded.
    pub fn lookahead(&self) -> Result<Frames, AudioError> {
        let frames = self.inner.lookahead().map_err(|error| refused("opus_encoder_ctl()", error))?;
        Ok(Frames(u64::from(frames)))
    }

    /// Bytes that an encoding at the set bitrate takes on average: `out` may not be shorter.
    pub fn needed_bytes(&self, frames: Frames) -> usize {
        let bits = i64::from(self.bitrate) as u64 * frames.0 / u64::from(self.rate.0);
        let coded = (frames.0 * 50).div_ceil(u64::from(self.rate.0)).max(1);
        (bits / 8).clamp(2, coded * MAX_FRAME_BYTES) as usize
    }

    /// Encodes one frame of 2.5, 5, 10, 20, 40 or 60 ms; returns how many bytes of `out` it took. `out` may be as short as
    /// `needed_bytes`; below `MAX_PACKET_BYTES` its length limits what the encoder may spend on a frame. A refusal leaves
    /// the encoder as it was.
    pub fn encode(&mut self, pcm: Pcm<'_>, out: &mut [u8]) -> Result<usize, AudioError> {
        if !pcm.len().is_multiple_of(self.channels) {
            let detail = format!("{} samples of {} channels; pass whole frames", pcm.len(), self.channels);
            return Err(AudioError::new(ErrorCode::FrameAlignment, "encode", detail));
        }
        let frames = Frames((pcm.len() / self.channels) as u64);
        if !LENGTHS.iter().any(|units| frames.0 * 400 == units * u64::from(self.rate.0)) {
            let detail = format!(
                "{} frames at {} Hz, which are not 2.5, 5, 10, 20, 40 or 60 ms; gather them until they are",
                frames.0, self.rate.0
            );
            return Err(AudioError::new(ErrorCode::OutOfRange, "encode", detail));
        }
        let needed = self.needed_bytes(frames);
        if out.len() < needed {
            let detail = format!(
                "this bitrate takes {needed} bytes, and there is room for {}; pass 4000 bytes, or lower the bitrate",
                out.len()
            );
            return Err(AudioError::new(ErrorCode::OutOfRange, "encode", detail));
        }
        let most = out.len().min(MAX_PACKET_BYTES);
        let out = &mut out[..most];
        let encoded = match pcm {
            Pcm::Float(samples) => self.inner.encode_float(samples, out),
            Pcm::Int16(samples) => self.inner.encode(samples, out),
        };
        encoded.map_err(|error| refused("opus_encode()", error))
    }

    /// As if it were new, with the same settings.
    pub fn reset(&mut self) -> Result<(), AudioError> {
        self.inner.reset_state().map_err(|error| refused("opus_encoder_ctl()", error))
    }
}

/// What a decoder is to make of the next slot of a stream.
#[derive(Clone, Copy, Debug)]
pub enum Slot<'a> {
    Packet(&'a [u8]),
    /// The slot's own packet is lost, and this is the one after it: take the redundancy that it carries.
    LostBefore(&'a [u8]),
    Lost,
}

pub struct OpusDecoder {
    inner: Decoder,
    rate: Hz,
    channels: usize,
    last: Frames,
    clamped: u64,
}

impl OpusDecoder {
    pub fn new(rate: Hz, channels: usize) -> Result<OpusDecoder, AudioError> {
        let (sample_rate, layout) = rate_and_channels("OpusDecoder", rate, channels)?;
        let inner = Decoder::new(sample_rate, layout).map_err(|error| refused("opus_decoder_create()", error))?;
        Ok(OpusDecoder { inner, rate, channels, last: Frames(u64::from(rate.0) / 50), clamped: 0 })
    }

    pub fn channels(&self) -> usize {
        self.channels
    }

    /// What libopus has allocated for it.
    pub fn memory_bytes(&self) -> usize {
        // SAFETY: it only computes a number.
        unsafe { audiopus::ffi::opus_decoder_get_size(self.channels as i32) as usize }
    }

    /// Samples that had to be brought into [-1, 1] so far.
    pub fn clamped_samples(&self) -> u64 {
        self.clamped
    }

    /// Frames that the next slot takes. A lost one takes `wanted`, or else as many as the slot before it.
    pub fn frames_of(&self, slot: Slot<'_>, wanted: Option<Frames>) -> Result<Frames, AudioError> {
        let bytes = match slot {
            Slot::Packet(bytes) | Slot::LostBefore(bytes) => bytes,
            Slot::Lost => &[],
        };
        let own = duration(bytes, self.rate).filter(|frames| frames.0 > 0);
        match slot {
            Slot::Packet(_) | Slot::LostBefore(_) if own.is_none() => {
                let detail = format!(
                    "{} bytes that are no Opus packet; pass one as it was encoded, or null for one that is lost",
                    bytes.len()
                );
                Err(AudioError::new(ErrorCode::Codec, "decode", detail))
            }
            Slot::Packet(_) => Ok(own.unwrap_or(self.last)),
            Slot::LostBefore(_) | Slot::Lost => {
                let frames = wanted.unwrap_or(self.last);
                let unit = u64::from(self.rate.0) / 400;
                if frames.0 == 0 || !frames.0.is_multiple_of(unit) || frames.0 > MAX_PACKET_UNITS * unit {
                    let detail = format!(
                        "{} frames; ask for a multiple of 2.5 ms up to 120 ms, which are {unit} to {} frames",
                        frames.0,
                        MAX_PACKET_UNITS * unit
                    );
                    return Err(AudioError::new(ErrorCode::OutOfRange, "decode", detail));
                }
                Ok(frames)
            }
        }
    }

    /// Decodes, recovers or conceals `frames` (from `frames_of`) into `out`, interleaved; returns how many there are. Too
    /// short an `out` and what is no packet leave the decoder as it was.
    pub fn decode(&mut self, slot: Slot<'_>, frames: Frames, out: &mut [f32]) -> Result<Frames, AudioError> {
        let samples = frames.as_len() * self.channels;
        let room = out.len();
        let Some(out) = out.get_mut(..samples) else {
            let detail = format!("{samples} samples, and there is room for {room}; pass a longer output");
            return Err(AudioError::new(ErrorCode::OutOfRange, "decode", detail));
        };
        let (bytes, fec) = match slot {
            Slot::Packet(bytes) => (Some(bytes), false),
            Slot::LostBefore(bytes) => (Some(bytes), true),
            Slot::Lost => (None, false),
        };
        let packet = bytes.map(Packet::try_from).transpose().map_err(|error| refused("opus_decode_float()", error))?;
        let signals = MutSignals::try_from(&mut *out).map_err(|error| refused("opus_decode_float()", error))?;
        let decoded = self.inner.decode_float(packet, signals, fec);
        let frames = Frames(decoded.map_err(|error| refused("opus_decode_float()", error))? as u64);
        self.clamped += convert::clamp(&mut out[..frames.as_len() * self.channels]);
        self.last = frames;
        Ok(frames)
    }

    /// As if it were new.
    pub fn reset(&mut self) -> Result<(), AudioError> {
        self.last = Frames(u64::from(self.rate.0) / 50);
        self.inner.reset_state().map_err(|error| refused("opus_decoder_ctl()", error))
    }
}
