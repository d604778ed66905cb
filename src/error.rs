//! Any thread. Errors as JavaScript meets them: a stable code, what was tried, and why it failed.

use std::fmt;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorCode {
    InvalidArg,
    OutOfRange,
    Closed,
    NotSupported,
    DeviceNotFound,
    DeviceBusy,
    OpenFailed,
    WriterTaken,
    FrameAlignment,
    Codec,
    KeyLength,
    IvLength,
    NonceReuse,
    AuthFailed,
    Replay,
    PacketMalformed,
    LoadFailed,
}

impl ErrorCode {
    pub fn as_str(self) -> &'static str {
        match self {
            ErrorCode::InvalidArg => "ERR_AUDIO_INVALID_ARG",
            ErrorCode::OutOfRange => "ERR_AUDIO_OUT_OF_RANGE",
            ErrorCode::Closed => "ERR_AUDIO_CLOSED",
            ErrorCode::NotSupported => "ERR_AUDIO_NOT_SUPPORTED",
            ErrorCode::DeviceNotFound => "ERR_AUDIO_DEVICE_NOT_FOUND",
            ErrorCode::DeviceBusy => "ERR_AUDIO_DEVICE_BUSY",
            ErrorCode::OpenFailed => "ERR_AUDIO_OPEN_FAILED",
            ErrorCode::WriterTaken => "ERR_AUDIO_WRITER_TAKEN",
            ErrorCode::FrameAlignment => "ERR_AUDIO_FRAME_ALIGNMENT",
            ErrorCode::Codec => "ERR_AUDIO_CODEC",
            ErrorCode::KeyLength => "ERR_AUDIO_KEY_LENGTH",
            ErrorCode::IvLength => "ERR_AUDIO_IV_LENGTH",
            ErrorCode::NonceReuse => "ERR_AUDIO_NONCE_REUSE",
            ErrorCode::AuthFailed => "ERR_AUDIO_AUTH_FAILED",
            ErrorCode::Replay => "ERR_AUDIO_REPLAY",
            ErrorCode::PacketMalformed => "ERR_AUDIO_PACKET_MALFORMED",
            ErrorCode::LoadFailed => "ERR_AUDIO_LOAD_FAILED",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AudioError {
    pub code: ErrorCode,
    /// What was tried, as in `SDL_OpenAudioDevice()`.
    pub act: String,
    /// What came of it, in the words of whoever refused.
    pub detail: String,
}

impl AudioError {
    pub fn new(code: ErrorCode, act: impl Into<String>, detail: impl Into<String>) -> AudioError {
        AudioError { code, act: act.into(), detail: detail.into() }
    }
}

impl fmt::Display for AudioError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} error: {}", self.act, self.detail)
    }
}

impl std::error::Error for AudioError {}
