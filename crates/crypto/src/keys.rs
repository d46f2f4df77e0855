//! The objects a provider hands out. Each holds its prepared form (key schedule, keyed hash state), so that a packet
//! pays for its bytes only; all are `Send + Sync` except the ones that are used up.

use std::fmt::Debug;

use crate::{
    BadTag, Digest, KeyExchangeError, KeyKind, Secret, SignError, SignatureScheme, constant_time_eq,
};

/// A key for authenticated encryption, in place, with a detached tag.
pub trait AeadKey: Debug + Send + Sync {
    /// Encrypts `data` in place and writes the tag. The nonce must never come twice under one key.
    ///
    /// Data longer than the algorithm allows (64 GiB and more) is not sealed: data and tag are zeroed instead.
    fn seal(&self, nonce: &[u8; 12], aad: &[u8], data: &mut [u8], tag: &mut [u8; 16]);

    /// Checks the tag and decrypts `data` in place.
    ///
    /// # Errors
    /// [`BadTag`] if the tag does not match; what is in `data` then means nothing and must not be used.
    fn open(&self, nonce: &[u8; 12], aad: &[u8], data: &mut [u8], tag: &[u8; 16]) -> Result<(), BadTag>;
}

/// A key for a plain key stream, which protects nothing against change: SRTP adds a MAC.
pub trait CtrKey: Debug + Send + Sync {
    /// Adds (xor) the key stream that begins at the block `iv` to `data`; applying it twice gives `data` back.
    fn apply(&self, iv: &[u8; 16], data: &mut [u8]);
}

/// A MAC key with its keyed state prepared.
pub trait MacKey: Debug + Send + Sync {
    /// The tag of the parts, taken as one message.
    fn tag(&self, parts: &[&[u8]]) -> Digest;

    /// Checks a whole tag in constant time.
    ///
    /// # Errors
    /// [`BadTag`] if it differs, in length too.
    fn verify(&self, parts: &[&[u8]], tag: &[u8]) -> Result<(), BadTag> {
        if constant_time_eq(&self.tag(parts), tag) {
            Ok(())
        } else {
            Err(BadTag)
        }
    }

    /// Checks a tag that may be truncated (SRTP's 80 and 32 bits, STUN's MESSAGE-INTEGRITY-SHA256) in constant time.
    /// `min_len` is the shortest tag in bytes that the caller's protocol accepts; an empty tag is never right.
    ///
    /// # Errors
    /// [`BadTag`] if the tag is shorter than `min_len`, longer than the whole tag, or differs.
    fn verify_truncated(&self, parts: &[&[u8]], tag: &[u8], min_len: usize) -> Result<(), BadTag> {
        if tag.len() < min_len.max(1) {
            return Err(BadTag);
        }
        let whole = self.tag(parts);
        let expected = whole.get(..tag.len()).ok_or(BadTag)?;
        if constant_time_eq(expected, tag) {
            Ok(())
        } else {
            Err(BadTag)
        }
    }
}

/// A hash under way. A transcript hash is read at several points with [`fork`](Self::fork).
pub trait HashState: Debug + Send + Sync {
    /// Adds bytes.
    fn update(&mut self, data: &[u8]);
    /// A second state with the same bytes so far.
    fn fork(&self) -> Box<dyn HashState>;
    /// The digest of all bytes added.
    fn finish(self: Box<Self>) -> Digest;
}

/// One side of a key exchange that has made its share and waits for the peer's.
pub trait KeyExchange: Debug + Send + Sync {
    /// The share to send.
    fn share(&self) -> &[u8];

    /// Combines with the peer's answer. The private key is used up.
    ///
    /// # Errors
    /// What is wrong with the peer's share; it is never a panic.
    fn finish(self: Box<Self>, peer_share: &[u8]) -> Result<Secret, KeyExchangeError>;
}

/// A private key that signs. It may live elsewhere (an HSM, an agent): nothing here asks for its bytes.
pub trait SigningKey: Debug + Send + Sync {
    /// Its kind.
    fn kind(&self) -> KeyKind;

    /// The schemes it signs by, the preferred first.
    fn schemes(&self) -> &[SignatureScheme];

    /// Signs a message (not its hash). ECDSA signatures are DER (RFC 3279 §2.2.3), as TLS and X.509 want them.
    ///
    /// # Errors
    /// [`SignError::Scheme`] if the scheme is not one of [`schemes`](Self::schemes); [`SignError::Failed`] if the
    /// provider fails.
    fn sign(&self, scheme: SignatureScheme, message: &[u8]) -> Result<Vec<u8>, SignError>;

    /// The public key as SubjectPublicKeyInfo in DER (RFC 5280 §4.1.2.7).
    fn public_key_info(&self) -> &[u8];

    /// The private key as PKCS#8 in DER (RFC 5958), if it can leave the provider.
    fn pkcs8(&self) -> Option<Secret>;
}
