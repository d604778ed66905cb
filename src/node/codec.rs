//! JavaScript threads. Conversion, resampling and Opus as JavaScript calls them. It has checked types and ranges; lengths are
//! checked here, where memory is at stake.

use napi::sys;
use napi_derive::napi;

use crate::codec::convert;
use crate::codec::opus::{self, Application, OpusDecoder, OpusEncoder, Pcm, Settings, Signal, Slot};
use crate::codec::resample::{Quality, Resampler};
use crate::error::{AudioError, ErrorCode, guarded};
use crate::node::values::{self, Arguments, Memory, Slots, answer, apart, done};
use crate::units::{Frames, Hz};

type Result<T> = std::result::Result<T, napi::Error<ErrorCode>>;

thread_local! {
    static RESAMPLERS: Slots<Resampler> = const { Slots::new() };
    static ENCODERS: Slots<OpusEncoder> = const { Slots::new() };
    static DECODERS: Slots<OpusDecoder> = const { Slots::new() };
}

/// # Safety
/// As for `values::export`.
pub unsafe fn export(env: sys::napi_env, exports: sys::napi_value) {
    let calls: [(&std::ffi::CStr, values::Callback); 9] = [
        (c"floatToInt16", float_to_int16),
        (c"int16ToFloat", int16_to_float),
        (c"resample", resample),
        (c"resampleFlush", resample_flush),
        (c"opusEncodeFloat", opus_encode_float),
        (c"opusEncodeInt16", opus_encode_int16),
        (c"opusDecodeFloat", opus_decode_float),
        (c"opusDecodeInt16", opus_decode_int16),
        (c"opusFrames", opus_frames),
    ];
    // SAFETY: by the contract.
    unsafe { values::export(env, exports, &calls) };
}

fn same_length(samples: usize, room: usize) -> std::result::Result<(), AudioError> {
    if room >= samples {
        return Ok(());
    }
    let detail = format!("{samples} samples, and there is room for {room}; pass a longer output");
    Err(AudioError::new(ErrorCode::OutOfRange, "convert", detail))
}

/// `floatToInt16(samples, out)`
unsafe extern "C" fn float_to_int16(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    // SAFETY: Node calls us with a live `env` and `info`; JavaScript has checked the types of the arrays.
    unsafe {
        let args = Arguments::<2>::of(env, info);
        let convert = || {
            let (samples, out) = apart::<f32, i16>(args.memory(0)?, args.memory(1)?)?;
            same_length(samples.len(), out.len())?;
            convert::float_to_int16(samples, out);
            Ok(())
        };
        done(env, guarded(convert))
    }
}

/// `int16ToFloat(samples, out)`
unsafe extern "C" fn int16_to_float(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    // SAFETY: as in `float_to_int16`.
    unsafe {
        let args = Arguments::<2>::of(env, info);
        let convert = || {
            let (samples, out) = apart::<i16, f32>(args.memory(0)?, args.memory(1)?)?;
            same_length(samples.len(), out.len())?;
            convert::int16_to_float(samples, out);
            Ok(())
        };
        done(env, guarded(convert))
    }
}

/// What V8 knows of memory outside its heap; its own statistics leave out what it was told of.
#[napi(catch_unwind)]
pub fn told_memory_bytes() -> f64 {
    values::tell_of_memory(0) as f64
}

#[napi(catch_unwind)]
pub fn new_resampler(from: u32, to: u32, channels: u32, quality: String) -> Result<u32> {
    let quality = match quality.as_str() {
        "fast" => Quality::Fast,
        "best" => Quality::Best,
        _ => Quality::Voice,
    };
    let resampler = guarded(|| Resampler::new(Hz(from), Hz(to), channels as usize, quality))?;
    let bytes = resampler.memory_bytes();
    Ok(RESAMPLERS.with(|slots| slots.keep_with(resampler, bytes)))
}

#[napi(catch_unwind)]
pub fn close_resampler(slot: u32) {
    RESAMPLERS.with(|slots| slots.let_go(slot));
}

#[napi(catch_unwind)]
pub fn reset_resampler(slot: u32) -> Result<()> {
    let reset = |resampler: &mut Resampler| {
        resampler.reset();
        Ok(())
    };
    Ok(RESAMPLERS.with(|slots| slots.with(slot, reset))?)
}

#[napi(catch_unwind)]
pub fn resampler_delay_frames(slot: u32) -> Result<f64> {
    Ok(RESAMPLERS.with(|slots| slots.with(slot, |resampler| Ok(resampler.delay().0 as f64)))?)
}

/// How many frames come out for so many more, or at the end.
#[napi(catch_unwind)]
pub fn resampler_frames(slot: u32, frames: Option<f64>) -> Result<f64> {
    let frames = |resampler: &mut Resampler| match frames {
        Some(frames) => resampler.frames_after(Frames(frames as u64)),
        None => resampler.frames_left(),
    };
    Ok(RESAMPLERS.with(|slots| slots.with(slot, |resampler| Ok(frames(resampler).0 as f64)))?)
}

fn frames_or_short(done: std::result::Result<Frames, Frames>, channels: usize, room: usize) -> FramesOrError {
    done.map(|frames| frames.0 as f64).map_err(|needed| {
        let samples = needed.as_len() * channels;
        let detail = format!("{samples} samples come out, and there is room for {room}; pass a longer output");
        AudioError::new(ErrorCode::OutOfRange, "resample", detail)
    })
}

type FramesOrError = std::result::Result<f64, AudioError>;

/// `resample(slot, samples, out)`: frames.
unsafe extern "C" fn resample(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    // SAFETY: as in `float_to_int16`.
    unsafe {
        let args = Arguments::<3>::of(env, info);
        let act = |resampler: &mut Resampler| {
            let (samples, out) = apart::<f32, f32>(args.memory(1)?, args.memory(2)?)?;
            let channels = resampler.channels();
            if !samples.len().is_multiple_of(channels) {
                let detail = format!("{} samples of {channels} channels; pass whole frames", samples.len());
                return Err(AudioError::new(ErrorCode::FrameAlignment, "resample", detail));
            }
            frames_or_short(resampler.process(samples, out), channels, out.len())
        };
        answer(env, RESAMPLERS.with(|slots| slots.with(args.small(0), act)))
    }
}

/// `resampleFlush(slot, out)`: frames.
unsafe extern "C" fn resample_flush(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    // SAFETY: as in `float_to_int16`.
    unsafe {
        let args = Arguments::<2>::of(env, info);
        let act = |resampler: &mut Resampler| {
            let out = args.memory::<f32>(1)?.write();
            let channels = resampler.channels();
            frames_or_short(resampler.flush(out), channels, out.len())
        };
        answer(env, RESAMPLERS.with(|slots| slots.with(args.small(0), act)))
    }
}

#[napi(catch_unwind)]
pub fn opus_version() -> String {
    opus::version().to_owned()
}

/// What is not given stays as it is.
#[napi(object)]
pub struct RawOpusSettings {
    pub bitrate: Option<i32>,
    pub complexity: Option<u32>,
    pub fec: Option<bool>,
    pub dtx: Option<bool>,
    pub packet_loss_percent: Option<u32>,
    pub signal: Option<String>,
}

impl From<RawOpusSettings> for Settings {
    fn from(raw: RawOpusSettings) -> Settings {
        Settings {
            bitrate: raw.bitrate,
            complexity: raw.complexity.map(|complexity| complexity.min(10) as u8),
            fec: raw.fec,
            dtx: raw.dtx,
            packet_loss_percent: raw.packet_loss_percent.map(|percent| percent.min(100) as u8),
            signal: raw.signal.map(|word| match word.as_str() {
                "voice" => Signal::Voice,
                "music" => Signal::Music,
                _ => Signal::Auto,
            }),
        }
    }
}

pub fn application(word: &str) -> Application {
    match word {
        "audio" => Application::Audio,
        "lowdelay" => Application::LowDelay,
        _ => Application::Voip,
    }
}

#[napi(catch_unwind)]
pub fn new_opus_encoder(frequency: u32, channels: u32, word: String, settings: RawOpusSettings) -> Result<u32> {
    let mut encoder = OpusEncoder::new(Hz(frequency), channels as usize, application(&word))?;
    encoder.configure(settings.into())?;
    let bytes = encoder.memory_bytes();
    Ok(ENCODERS.with(|slots| slots.keep_with(encoder, bytes)))
}

#[napi(catch_unwind)]
pub fn configure_opus_encoder(slot: u32, settings: RawOpusSettings) -> Result<()> {
    Ok(ENCODERS.with(|slots| slots.with(slot, |encoder| encoder.configure(settings.into())))?)
}

#[napi(catch_unwind)]
pub fn reset_opus_encoder(slot: u32) -> Result<()> {
    Ok(ENCODERS.with(|slots| slots.with(slot, OpusEncoder::reset))?)
}

#[napi(catch_unwind)]
pub fn close_opus_encoder(slot: u32) {
    ENCODERS.with(|slots| slots.let_go(slot));
}

#[napi(catch_unwind)]
pub fn opus_lookahead_frames(slot: u32) -> Result<u32> {
    Ok(ENCODERS.with(|slots| slots.with(slot, |encoder| Ok(encoder.lookahead()?.0 as u32)))?)
}

/// `opusEncodeFloat(slot, pcm, out)`: bytes.
unsafe extern "C" fn opus_encode_float(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    // SAFETY: as in `float_to_int16`.
    unsafe {
        let args = Arguments::<3>::of(env, info);
        let act = |encoder: &mut OpusEncoder| {
            let (pcm, out) = apart::<f32, u8>(args.memory(1)?, args.memory(2)?)?;
            Ok(encoder.encode(Pcm::Float(pcm), out)? as f64)
        };
        answer(env, ENCODERS.with(|slots| slots.with(args.small(0), act)))
    }
}

/// `opusEncodeInt16(slot, pcm, out)`: bytes.
unsafe extern "C" fn opus_encode_int16(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    // SAFETY: as in `float_to_int16`.
    unsafe {
        let args = Arguments::<3>::of(env, info);
        let act = |encoder: &mut OpusEncoder| {
            let (pcm, out) = apart::<i16, u8>(args.memory(1)?, args.memory(2)?)?;
            Ok(encoder.encode(Pcm::Int16(pcm), out)? as f64)
        };
        answer(env, ENCODERS.with(|slots| slots.with(args.small(0), act)))
    }
}

#[napi(catch_unwind)]
pub fn new_opus_decoder(frequency: u32, channels: u32) -> Result<u32> {
    let decoder = OpusDecoder::new(Hz(frequency), channels as usize)?;
    let bytes = decoder.memory_bytes();
    Ok(DECODERS.with(|slots| slots.keep_with(decoder, bytes)))
}

#[napi(catch_unwind)]
pub fn reset_opus_decoder(slot: u32) -> Result<()> {
    Ok(DECODERS.with(|slots| slots.with(slot, OpusDecoder::reset))?)
}

#[napi(catch_unwind)]
pub fn close_opus_decoder(slot: u32) {
    DECODERS.with(|slots| slots.let_go(slot));
}

#[napi(catch_unwind)]
pub fn opus_clamped_samples(slot: u32) -> Result<f64> {
    Ok(DECODERS.with(|slots| slots.with(slot, |decoder| Ok(decoder.clamped_samples() as f64)))?)
}

/// What a slot holds, in JavaScript's numbers.
const PACKET: u32 = 0;
const LOST_BEFORE: u32 = 1;

fn slot_of(kind: u32, bytes: &[u8]) -> Slot<'_> {
    match kind {
        PACKET => Slot::Packet(bytes),
        LOST_BEFORE => Slot::LostBefore(bytes),
        _ => Slot::Lost,
    }
}

/// No number stands for as many as there were last.
fn wanted(frames: f64) -> Option<Frames> {
    (frames >= 0.0).then_some(Frames(frames as u64))
}

/// The slot that the arguments from `first` on describe: kind, bytes.
fn memory_of<const N: usize>(
    args: &Arguments<N>,
    kind: u32,
    index: usize,
) -> std::result::Result<Memory<u8>, AudioError> {
    if kind > LOST_BEFORE { Ok(Memory { data: std::ptr::NonNull::dangling(), length: 0 }) } else { args.memory(index) }
}

/// `opusFrames(slot, kind, packet, frames)`: how many frames `opusDecode…` will give.
unsafe extern "C" fn opus_frames(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    // SAFETY: as in `float_to_int16`.
    unsafe {
        let args = Arguments::<4>::of(env, info);
        let kind = args.small(1);
        let act = |decoder: &mut OpusDecoder| {
            let bytes = memory_of(&args, kind, 2)?.read();
            Ok(decoder.frames_of(slot_of(kind, bytes), wanted(args.number(3)))?.0 as f64)
        };
        answer(env, DECODERS.with(|slots| slots.with(args.small(0), act)))
    }
}

/// `opusDecodeFloat(slot, kind, packet, frames, out)`: frames.
unsafe extern "C" fn opus_decode_float(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    // SAFETY: as in `float_to_int16`.
    unsafe {
        let args = Arguments::<5>::of(env, info);
        let kind = args.small(1);
        let act = |decoder: &mut OpusDecoder| {
            let (bytes, out) = apart::<u8, f32>(memory_of(&args, kind, 2)?, args.memory(4)?)?;
            let slot = slot_of(kind, bytes);
            let frames = decoder.frames_of(slot, wanted(args.number(3)))?;
            Ok(decoder.decode(slot, frames, out)?.0 as f64)
        };
        answer(env, DECODERS.with(|slots| slots.with(args.small(0), act)))
    }
}

/// `opusDecodeInt16(slot, kind, packet, frames, out)`: frames.
unsafe extern "C" fn opus_decode_int16(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    // SAFETY: as in `float_to_int16`.
    unsafe {
        let args = Arguments::<5>::of(env, info);
        let kind = args.small(1);
        let act = |decoder: &mut OpusDecoder| {
            let (bytes, out) = apart::<u8, i16>(memory_of(&args, kind, 2)?, args.memory(4)?)?;
            let slot = slot_of(kind, bytes);
            let frames = decoder.frames_of(slot, wanted(args.number(3)))?;
            let samples = frames.as_len() * decoder.channels();
            same_length(samples, out.len())?;
            // 120 ms of stereo at 48 kHz, the longest packet there is.
            let mut floats = [0.0; 2 * 5760];
            let frames = decoder.decode(slot, frames, &mut floats)?;
            convert::float_to_int16(&floats[..frames.as_len() * decoder.channels()], out);
            Ok(frames.0 as f64)
        };
        answer(env, DECODERS.with(|slots| slots.with(args.small(0), act)))
    }
}
