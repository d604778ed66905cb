//! Any thread. AES in counter mode (NIST SP 800-38A, 6.5): 128-bit big-endian counter that starts at the IV, as OpenSSL's.
//! It hides and does not protect: whoever flips a bit of the ciphertext flips that bit of the plaintext, unnoticed. And two
//! messages under one key and overlapping counters give each other away.

use aes::cipher::{InnerIvInit, KeyInit, StreamCipher};
use aes::{Aes128Enc, Aes192Enc, Aes256Enc};
use ctr::{Ctr128BE, CtrCore, flavors};

use crate::error::{AudioError, ErrorCode};
use crate::packet::wipe::leaving_nothing;

pub const BLOCK_BYTES: usize = 16;
pub type Iv = [u8; BLOCK_BYTES];

/// An expanded key; wiped when it is dropped.
#[derive(Clone)]
pub enum AesKey {
    Aes128(Box<Aes128Enc>),
    Aes192(Box<Aes192Enc>),
    Aes256(Box<Aes256Enc>),
}

impl AesKey {
    /// 16, 24 or 32 bytes.
    pub fn new(bytes: &[u8]) -> Result<AesKey, AudioError> {
        let expand = || {
            Aes128Enc::new_from_slice(bytes)
                .map(|key| AesKey::Aes128(Box::new(key)))
                .or_else(|_| Aes192Enc::new_from_slice(bytes).map(|key| AesKey::Aes192(Box::new(key))))
                .or_else(|_| Aes256Enc::new_from_slice(bytes).map(|key| AesKey::Aes256(Box::new(key))))
        };
        leaving_nothing(expand).map_err(|_| {
            let detail = format!("a key has 16, 24 or 32 bytes, this one {}", bytes.len());
            AudioError::new(ErrorCode::KeyLength, "AES", detail)
        })
    }

    /// Encrypts (or decrypts, which is the same) in place, with the keystream that starts at `iv`.
    pub fn apply(&self, iv: &Iv, data: &mut [u8]) {
        let iv = iv.into();
        match self {
            AesKey::Aes128(key) => {
                Ctr128BE::<&Aes128Enc>::from_core(CtrCore::inner_iv_init(key, iv)).apply_keystream(data)
            }
            AesKey::Aes192(key) => {
                Ctr128BE::<&Aes192Enc>::from_core(CtrCore::inner_iv_init(key, iv)).apply_keystream(data)
            }
            AesKey::Aes256(key) => {
                Ctr128BE::<&Aes256Enc>::from_core(CtrCore::inner_iv_init(key, iv)).apply_keystream(data)
            }
        }
    }
}

type Counting<C> = CtrCore<C, flavors::Ctr128BE>;

/// A keystream that goes on where it stopped; wiped when it is dropped.
pub enum Keystream {
    Aes128(Box<Ctr128BE<Aes128Enc>>),
    Aes192(Box<Ctr128BE<Aes192Enc>>),
    Aes256(Box<Ctr128BE<Aes256Enc>>),
}

impl Keystream {
    pub fn new(key: &AesKey, iv: &Iv) -> Keystream {
        let iv = iv.into();
        leaving_nothing(|| match key {
            AesKey::Aes128(key) => {
                Keystream::Aes128(Box::new(Ctr128BE::from_core(Counting::inner_iv_init((**key).clone(), iv))))
            }
            AesKey::Aes192(key) => {
                Keystream::Aes192(Box::new(Ctr128BE::from_core(Counting::inner_iv_init((**key).clone(), iv))))
            }
            AesKey::Aes256(key) => {
                Keystream::Aes256(Box::new(Ctr128BE::from_core(Counting::inner_iv_init((**key).clone(), iv))))
            }
        })
    }

    /// Encrypts (or decrypts) the next bytes of the stream in place.
    pub fn apply(&mut self, data: &mut [u8]) {
        match self {
            Keystream::Aes128(stream) => stream.apply_keystream(data),
            Keystream::Aes192(stream) => stream.apply_keystream(data),
            Keystream::Aes256(stream) => stream.apply_keystream(data),
        }
    }
}
