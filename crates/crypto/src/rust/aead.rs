//! Authenticated encryption (RFC 5116).

use std::fmt;

use aes_gcm::aead::consts::{U12, U16};
use aes_gcm::{AeadInOut, Aes128Gcm, Aes256Gcm, KeyInit};
use chacha20poly1305::ChaCha20Poly1305;

use crate::{Aead, AeadKey, BadTag, KeyError};

/// Prepares a key.
pub(super) fn aead_key(algorithm: Aead, key: &[u8]) -> Result<Box<dyn AeadKey>, KeyError> {
    let length = KeyError::Length {
        expected: algorithm.key_len(),
        actual: key.len(),
    };
    Ok(match algorithm {
        Aead::Aes128Gcm => Box::new(Key(Aes128Gcm::new_from_slice(key).map_err(|_| length)?)),
        Aead::Aes256Gcm => Box::new(Key(Aes256Gcm::new_from_slice(key).map_err(|_| length)?)),
        Aead::ChaCha20Poly1305 => Box::new(Key(ChaCha20Poly1305::new_from_slice(key).map_err(|_| length)?)),
    })
}

struct Key<A>(A);

impl<A: AeadInOut<NonceSize = U12, TagSize = U16> + Send + Sync> AeadKey for Key<A> {
    fn seal(&self, nonce: &[u8; 12], aad: &[u8], data: &mut [u8], tag: &mut [u8; 16]) {
        match self
            .0
            .encrypt_inout_detached(nonce.into(), aad, (&mut *data).into())
        {
            Ok(sealed) => *tag = sealed.into(),
            Err(_) => {
                data.fill(0);
                tag.fill(0);
            }
        }
    }

    fn open(&self, nonce: &[u8; 12], aad: &[u8], data: &mut [u8], tag: &[u8; 16]) -> Result<(), BadTag> {
        self.0
            .decrypt_inout_detached(nonce.into(), aad, data.into(), tag.into())
            .map_err(|_| BadTag)
    }
}

impl<A> fmt::Debug for Key<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AeadKey")
    }
}
