//! Which schemes a key of ours signs by. ECDSA keys sign with the hash of their curve's strength only: every peer
//! takes it, in TLS 1.2 and 1.3.

use crate::{KeyKind, SignError, SignatureScheme};

/// The schemes of a kind of key, the preferred first.
pub(crate) fn of(kind: KeyKind) -> &'static [SignatureScheme] {
    match kind {
        KeyKind::EcdsaP256 => &[SignatureScheme::EcdsaP256Sha256],
        KeyKind::EcdsaP384 => &[SignatureScheme::EcdsaP384Sha384],
        KeyKind::Ed25519 => &[SignatureScheme::Ed25519],
        KeyKind::Rsa2048 => &[
            SignatureScheme::RsaPssSha256,
            SignatureScheme::RsaPssSha384,
            SignatureScheme::RsaPssSha512,
            SignatureScheme::RsaPkcs1Sha256,
            SignatureScheme::RsaPkcs1Sha384,
            SignatureScheme::RsaPkcs1Sha512,
        ],
    }
}

/// Refuses a scheme that the key does not sign by.
pub(crate) fn check(kind: KeyKind, scheme: SignatureScheme) -> Result<(), SignError> {
    if of(kind).contains(&scheme) {
        Ok(())
    } else {
        Err(SignError::Scheme)
    }
}
