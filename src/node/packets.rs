//! JavaScript threads. AES-CTR, the sealer and the opener as JavaScript calls them.

use std::ptr;

use napi::bindgen_prelude::Uint8Array;
use napi::sys;
use napi_derive::napi;

use crate::error::{AudioError, ErrorCode};
use crate::node::values::{self, Arguments, Memory, Slots, answer, done};
use crate::packet::aes_ctr::{AesKey, Iv, Keystream};
use crate::packet::header::{Codec, Format, Header, MAX_HEADER_BYTES, Stream};
use crate::packet::open::{Accepts, Opener};
use crate::packet::seal::{Sealer, Wish};
use crate::packet::suite::{Suite, TAG_BYTES};

type Result<T> = std::result::Result<T, napi::Error<ErrorCode>>;

thread_local! {
    static KEYS: Slots<AesKey> = const { Slots::new() };
    static STREAMS: Slots<Keystream> = const { Slots::new() };
    pub(super) static SEALERS: Slots<Sealer> = const { Slots::new() };
    pub(super) static OPENERS: Slots<(Opener, Option<Header>)> = const { Slots::new() };
}

/// # Safety
/// As for `values::export`.
pub unsafe fn export(env: sys::napi_env, exports: sys::napi_value) {
    let calls: [(&std::ffi::CStr, values::Callback); 4] =
        [(c"aesApply", aes_apply), (c"aesStreamApply", aes_stream_apply), (c"seal", seal), (c"openPacket", open)];
    // SAFETY: by the contract.
    unsafe { values::export(env, exports, &calls) };
}

#[napi(catch_unwind)]
pub fn new_aes_key(key: Uint8Array) -> Result<u32> {
    let key = AesKey::new(&key)?;
    Ok(KEYS.with(|slots| slots.keep(key)))
}

#[napi(catch_unwind)]
pub fn close_aes_key(slot: u32) {
    KEYS.with(|slots| slots.let_go(slot));
}

#[napi(catch_unwind)]
pub fn new_aes_stream(slot: u32, iv: Uint8Array) -> Result<u32> {
    let stream = KEYS.with(|slots| slots.with(slot, |key| Ok(Keystream::new(key, iv_of(&iv)?))))?;
    Ok(STREAMS.with(|slots| slots.keep(stream)))
}

#[napi(catch_unwind)]
pub fn close_aes_stream(slot: u32) {
    STREAMS.with(|slots| slots.let_go(slot));
}

fn iv_of(bytes: &[u8]) -> std::result::Result<&Iv, AudioError> {
    bytes.try_into().map_err(|_| {
        AudioError::new(ErrorCode::IvLength, "AES-CTR", format!("an IV has 16 bytes, this one {}", bytes.len()))
    })
}

/// `aesApply(slot, data, iv)`
unsafe extern "C" fn aes_apply(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    // SAFETY: Node calls us with a live `env` and `info`; JavaScript has checked that these are bytes. The IV is copied before
    // the data, which may hold it, is written.
    unsafe {
        let args = Arguments::<3>::of(env, info);
        let act = |key: &mut AesKey| {
            let iv = *iv_of(args.memory(2)?.read())?;
            key.apply(&iv, args.memory(1)?.write());
            Ok(())
        };
        done(env, KEYS.with(|slots| slots.with(args.small(0), act)))
    }
}

/// `aesStreamApply(slot, data)`
unsafe extern "C" fn aes_stream_apply(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    // SAFETY: as in `aes_apply`.
    unsafe {
        let args = Arguments::<2>::of(env, info);
        let act = |stream: &mut Keystream| {
            stream.apply(args.memory(1)?.write());
            Ok(())
        };
        done(env, STREAMS.with(|slots| slots.with(args.small(0), act)))
    }
}

#[napi(object)]
pub struct RawPacketOptions {
    pub format: String,
    pub suite: String,
    pub ssrc: Option<u32>,
    pub direction: Option<bool>,
    pub frequency: u32,
    pub channels: u32,
    pub pcm: bool,
    pub sequence: u32,
}

impl RawPacketOptions {
    fn format(&self) -> Format {
        if self.format == "xiaozhi" { Format::Xiaozhi } else { Format::SeqPts }
    }

    fn suite(&self) -> std::result::Result<Suite, AudioError> {
        let unknown = || AudioError::new(ErrorCode::InvalidArg, "suite", self.suite.clone());
        Suite::from_name(&self.suite).ok_or_else(unknown)
    }
}

#[napi(catch_unwind)]
pub fn new_sealer(options: RawPacketOptions, key: Uint8Array) -> Result<u32> {
    let stream = Stream {
        format: options.format(),
        ssrc: options.ssrc.unwrap_or(0),
        direction: options.direction.unwrap_or(false),
        frequency: options.frequency,
        channels: options.channels.clamp(1, 255) as u8,
        codec: if options.pcm { Codec::Pcm } else { Codec::Opus },
    };
    let sealer = Sealer::new(stream, options.suite()?, &key, options.sequence)?;
    Ok(SEALERS.with(|slots| slots.keep(sealer)))
}

#[napi(catch_unwind)]
pub fn close_sealer(slot: u32) {
    SEALERS.with(|slots| slots.let_go(slot));
}

#[napi(catch_unwind)]
pub fn sealer_overhead(slot: u32) -> Result<u32> {
    Ok(SEALERS.with(|slots| slots.with(slot, |sealer| Ok(sealer.overhead() as u32)))?)
}

/// The next packet's sequence; null when there is none left.
#[napi(catch_unwind)]
pub fn sealer_sequence(slot: u32) -> Result<Option<u32>> {
    Ok(SEALERS.with(|slots| slots.with(slot, |sealer| Ok(sealer.sequence())))?)
}

/// Moves `length` bytes from `input` to `output`, which may overlap.
///
/// # Safety
/// Both have so many bytes.
unsafe fn shift(input: Memory<u8>, skip: usize, output: Memory<u8>, at: usize, length: usize) {
    // SAFETY: by the contract.
    unsafe { ptr::copy(input.data.as_ptr().add(skip), output.data.as_ptr().add(at), length) };
}

/// `seal(slot, payload, out, timestamp, frames, marker)`: bytes. Frames below zero are counted.
unsafe extern "C" fn seal(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    // SAFETY: as in `aes_apply`; the payload is moved before the packet, which may overlap with it, is looked at as a slice.
    unsafe {
        let args = Arguments::<6>::of(env, info);
        let act = |sealer: &mut Sealer| {
            let (payload, out): (Memory<u8>, Memory<u8>) = (args.memory(1)?, args.memory(2)?);
            let frames = args.number(4);
            let wish = Wish {
                timestamp: args.number(3) as u64,
                frames: (frames >= 0.0).then_some(frames as u32),
                marker: args.number(5) > 0.0,
            };
            sealer.check(payload.length, wish, out.length)?;
            shift(payload, 0, out, sealer.header_bytes(), payload.length);
            Ok(sealer.seal_in_place(out.write(), payload.length, wish)? as f64)
        };
        answer(env, SEALERS.with(|slots| slots.with(args.small(0), act)))
    }
}

#[napi(catch_unwind)]
pub fn new_opener(options: RawPacketOptions, key: Uint8Array) -> Result<u32> {
    let accepts = Accepts { format: options.format(), ssrc: options.ssrc, direction: options.direction };
    let opener = Opener::new(accepts, options.suite()?, &key)?;
    Ok(OPENERS.with(|slots| slots.keep((opener, None))))
}

#[napi(catch_unwind)]
pub fn close_opener(slot: u32) {
    OPENERS.with(|slots| slots.let_go(slot));
}

/// `openPacket(slot, packet, out)`: bytes of payload.
unsafe extern "C" fn open(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    // SAFETY: as in `aes_apply`; header and tag are copied and the ciphertext is moved before `out`, which may overlap with
    // the packet, is looked at as a slice.
    unsafe {
        let args = Arguments::<3>::of(env, info);
        let act = |(opener, last): &mut (Opener, Option<Header>)| {
            let (packet, out): (Memory<u8>, Memory<u8>) = (args.memory(1)?, args.memory(2)?);
            let bytes = packet.read();
            let header = opener.check(bytes, out.length)?;
            let start = opener.header_bytes();
            let (mut head, mut tag) = ([0; MAX_HEADER_BYTES], [0; TAG_BYTES]);
            head[..start].copy_from_slice(&bytes[..start]);
            let rest = &bytes[start + header.length..];
            tag[..rest.len()].copy_from_slice(rest);
            let tag_bytes = rest.len();
            shift(packet, start, out, 0, header.length);
            let opened = opener.open_in_place(&header, &head[..start], &tag[..tag_bytes], out.write())?;
            *last = Some(header);
            Ok(opened as f64)
        };
        answer(env, OPENERS.with(|slots| slots.with(args.small(0), act)))
    }
}

#[napi(object)]
pub struct RawHeader {
    pub sequence: u32,
    pub timestamp: f64,
    pub ssrc: u32,
    pub frequency: u32,
    pub channels: u32,
    pub frames: u32,
    pub pcm: bool,
    pub marker: bool,
}

/// Of the packet that was opened last.
#[napi(catch_unwind)]
pub fn opener_last(slot: u32) -> Result<Option<RawHeader>> {
    let raw = |Header { stream, stamp, .. }: Header| RawHeader {
        sequence: stamp.sequence,
        timestamp: stamp.timestamp as f64,
        ssrc: stream.ssrc,
        frequency: stream.frequency,
        channels: stream.channels.into(),
        frames: stamp.frames,
        pcm: stream.codec == Codec::Pcm,
        marker: stamp.marker,
    };
    Ok(OPENERS.with(|slots| slots.with(slot, |(_, last)| Ok(last.map(raw))))?)
}
