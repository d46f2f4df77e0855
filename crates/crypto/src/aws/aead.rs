//! Authenticated encryption (RFC 5116).

use aws_lc_rs::aead::{AES_128_GCM, AES_256_GCM, Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};

use crate::{Aead, AeadKey, BadTag, KeyError};

/// Prepares a key.
pub(super) fn aead_key(algorithm: Aead, key: &[u8]) -> Result<Box<dyn AeadKey>, KeyError> {
    let length = KeyError::Length {
        expected: algorithm.key_len(),
        actual: key.len(),
    };
    let algorithm = match algorithm {
        Aead::Aes128Gcm => &AES_128_GCM,
        Aead::Aes256Gcm => &AES_256_GCM,
        Aead::ChaCha20Poly1305 => &CHACHA20_POLY1305,
    };
    let key = UnboundKey::new(algorithm, key).map_err(|_| length)?;
    Ok(Box::new(Key(LessSafeKey::new(key))))
}

#[derive(Debug)]
struct Key(LessSafeKey);

impl AeadKey for Key {
    fn seal(&self, nonce: &[u8; 12], aad: &[u8], data: &mut [u8], tag: &mut [u8; 16]) {
        let sealed =
            self.0
                .seal_in_place_separate_tag(Nonce::assume_unique_for_key(*nonce), Aad::from(aad), data);
        match sealed
            .as_ref()
            .ok()
            .and_then(|sealed| sealed.as_ref().try_into().ok())
        {
            Some(sealed) => *tag = sealed,
            None => {
                data.fill(0);
                tag.fill(0);
            }
        }
    }

    fn open(&self, nonce: &[u8; 12], aad: &[u8], data: &mut [u8], tag: &[u8; 16]) -> Result<(), BadTag> {
        let nonce = Nonce::assume_unique_for_key(*nonce);
        self.0
            .open_in_place_separate_tag(nonce, Aad::from(aad), tag, data)
            .map(|_| ())
            .map_err(|_| BadTag)
    }
}
