//! Any thread. The ciphers that packets may be sealed with.

use std::mem::{MaybeUninit, needs_drop};

use ring::aead::{AES_128_GCM, AES_256_GCM, Aad, LessSafeKey, Nonce, Tag, UnboundKey};
use zeroize::Zeroize;

use crate::error::{AudioError, ErrorCode};
use crate::packet::aes_ctr::{AesKey, Iv};
use crate::packet::wipe::leaving_nothing;

/// What GCM appends.
pub const TAG_BYTES: usize = 16;
pub const GCM_IV_BYTES: usize = 12;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Suite {
    Aes128Ctr,
    Aes192Ctr,
    Aes256Ctr,
    Aes128Gcm,
    Aes256Gcm,
}

impl Suite {
    pub fn from_name(name: &str) -> Option<Suite> {
        match name {
            "aes-128-ctr" => Some(Suite::Aes128Ctr),
            "aes-192-ctr" => Some(Suite::Aes192Ctr),
            "aes-256-ctr" => Some(Suite::Aes256Ctr),
            "aes-128-gcm" => Some(Suite::Aes128Gcm),
            "aes-256-gcm" => Some(Suite::Aes256Gcm),
            _ => None,
        }
    }

    pub fn key_bytes(self) -> usize {
        match self {
            Suite::Aes128Ctr | Suite::Aes128Gcm => 16,
            Suite::Aes192Ctr => 24,
            Suite::Aes256Ctr | Suite::Aes256Gcm => 32,
        }
    }

    pub fn authenticates(self) -> bool {
        matches!(self, Suite::Aes128Gcm | Suite::Aes256Gcm)
    }

    pub fn iv_bytes(self) -> usize {
        if self.authenticates() { GCM_IV_BYTES } else { size_of::<Iv>() }
    }

    /// Bytes that a ciphertext is longer than its plaintext.
    pub fn tag_bytes(self) -> usize {
        if self.authenticates() { TAG_BYTES } else { 0 }
    }
}

/// AES-GCM (NIST SP 800-38D), wiped when it is dropped.
pub struct GcmKey {
    // Boxed, so that moving it leaves no copies behind.
    key: Box<LessSafeKey>,
}

impl Drop for GcmKey {
    fn drop(&mut self) {
        const { assert!(!needs_drop::<LessSafeKey>()) };
        let bytes = (&raw mut *self.key).cast::<MaybeUninit<u8>>();
        // SAFETY: these are the bytes of a value that nobody looks at again: dropping it does nothing.
        unsafe { std::slice::from_raw_parts_mut(bytes, size_of::<LessSafeKey>()) }.zeroize();
    }
}

/// A key that fits its suite.
pub enum Cipher {
    Ctr(AesKey),
    Gcm(GcmKey),
}

impl Cipher {
    pub fn new(suite: Suite, key: &[u8]) -> Result<Cipher, AudioError> {
        let wrong = || {
            let detail = format!("this suite takes a key of {} bytes, not {}", suite.key_bytes(), key.len());
            AudioError::new(ErrorCode::KeyLength, "AES", detail)
        };
        if key.len() != suite.key_bytes() {
            return Err(wrong());
        }
        let algorithm = match suite {
            Suite::Aes128Gcm => &AES_128_GCM,
            Suite::Aes256Gcm => &AES_256_GCM,
            _ => return AesKey::new(key).map(Cipher::Ctr),
        };
        let expand = || UnboundKey::new(algorithm, key).map(|key| Box::new(LessSafeKey::new(key)));
        let key = leaving_nothing(expand).map_err(|_| wrong())?;
        Ok(Cipher::Gcm(GcmKey { key }))
    }

    /// Encrypts the first `length` bytes of `data` in place and writes the tag, if there is one, behind them; returns the
    /// bytes there are then. `iv` has 16 bytes, of which GCM uses the first 12; `header` is authenticated with them.
    pub fn seal(&self, iv: &Iv, header: &[u8], data: &mut [u8], length: usize) -> Result<usize, AudioError> {
        let act = "seal";
        let short = || AudioError::new(ErrorCode::OutOfRange, act, "there is too little room");
        match self {
            Cipher::Ctr(key) => {
                key.apply(iv, data.get_mut(..length).ok_or_else(short)?);
                Ok(length)
            }
            Cipher::Gcm(GcmKey { key }) => {
                let (text, rest) = data.split_at_mut_checked(length).ok_or_else(short)?;
                let room = rest.first_chunk_mut::<TAG_BYTES>().ok_or_else(short)?;
                let tag = key.seal_in_place_separate_tag(nonce(iv), Aad::from(header), text);
                let tag =
                    tag.map_err(|_| AudioError::new(ErrorCode::OutOfRange, act, "that is too much for one message"))?;
                room.copy_from_slice(tag.as_ref());
                Ok(length + TAG_BYTES)
            }
        }
    }

    /// Decrypts `data` in place; `tag` came with it. What is not authentic leaves nothing of itself behind in `data`.
    pub fn open(&self, iv: &Iv, header: &[u8], data: &mut [u8], tag: &[u8]) -> Result<(), AudioError> {
        match self {
            Cipher::Ctr(key) => {
                key.apply(iv, data);
                Ok(())
            }
            Cipher::Gcm(GcmKey { key }) => {
                let failed =
                    || AudioError::new(ErrorCode::AuthFailed, "open", "sealed with another key, or changed since");
                let tag = Tag::try_from(tag).map_err(|_| failed())?;
                let opened = key.open_in_place_separate_tag(nonce(iv), Aad::from(header), tag, data, 0..);
                let authentic = opened.is_ok();
                if !authentic {
                    data.fill(0);
                    return Err(failed());
                }
                Ok(())
            }
        }
    }
}

fn nonce(iv: &Iv) -> Nonce {
    let mut nonce = [0; GCM_IV_BYTES];
    nonce.copy_from_slice(&iv[..GCM_IV_BYTES]);
    Nonce::assume_unique_for_key(nonce)
}
