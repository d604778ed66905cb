//! Any thread. Errors as JavaScript meets them: a stable code, what was tried, and why it failed.

use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

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

/// Runs `act`; a panic in it, a defect of ours, becomes an error. What `act` has changed may be half done: let nobody use it again.
pub fn guarded<R>(act: impl FnOnce() -> Result<R, AudioError>) -> Result<R, AudioError> {
    catch_unwind(AssertUnwindSafe(act)).unwrap_or_else(|panic| Err(defect(&*panic)))
}

fn defect(panic: &(dyn Any + Send)) -> AudioError {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("a panic");
    let detail = format!("{text}; this is a defect of sdl-callback-audio: please report it, and open another object");
    AudioError::new(ErrorCode::Codec, "call", detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_an_error_that_says_what_happened() {
        let room = [0; 3];
        for at in [3, 7] {
            let error = guarded(|| Ok(room[std::hint::black_box(at)])).expect_err("there is no such element");
            assert_eq!(error.code, ErrorCode::Codec);
            assert!(error.detail.starts_with(&format!("index out of bounds: the len is 3 but the index is {at};")));
        }
        assert_eq!(guarded(|| Ok(room[1])), Ok(0));
        let own = AudioError::new(ErrorCode::Closed, "call", "it is closed");
        assert_eq!(guarded(|| Err::<(), _>(own.clone())), Err(own));
    }
}
