//! What can go wrong: one small type per kind of call. None carries key material, so all may be logged.

use thiserror::Error;

/// A key was not accepted, or could not be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The key has another length than the algorithm takes. The caller derived or configured it wrongly.
    #[error("key has {actual} bytes, the algorithm takes {expected}")]
    Length {
        /// Bytes the algorithm takes.
        expected: usize,
        /// Bytes that were given.
        actual: usize,
    },
    /// The provider does not have this algorithm, or the key is of a kind that is not supported (another curve, an
    /// encrypted PKCS#8). Use another key or another provider.
    #[error("algorithm is not supported by the provider")]
    Unsupported,
    /// The bytes are no PKCS#8, SEC1 or PKCS#1 private key in DER.
    #[error("private key is not well-formed DER of PKCS#8, SEC1 or PKCS#1")]
    Malformed,
    /// The encoding is right, the key is not: a scalar out of range, a public key that does not belong to the private
    /// key, an RSA key under 2048 or over 8192 bits.
    #[error("private key is not valid")]
    Invalid,
    /// The provider could not generate a key, for instance because the system has no randomness.
    #[error("key generation failed")]
    Generation,
}

/// A key exchange failed. With a share from the network this is the peer's fault: a TLS stack answers it with the
/// alert `illegal_parameter`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum KeyExchangeError {
    /// The provider does not have this group. Check [`supports_group`](crate::Backend::supports_group) first.
    #[error("group is not supported by the provider")]
    Unsupported,
    /// The peer's share has another length than the group's shares.
    #[error("key share has {actual} bytes, the group takes {expected}")]
    Length {
        /// Bytes a share of this group has.
        expected: usize,
        /// Bytes that came.
        actual: usize,
    },
    /// The peer's share is no valid public key: a point off the curve, or an ML-KEM key with coefficients out of range.
    #[error("key share is not a valid public key")]
    InvalidShare,
    /// The shared secret is all zero: the peer sent a point of small order (RFC 7748 §6.1, RFC 8446 §7.4.2).
    #[error("shared secret is zero")]
    ZeroSecret,
    /// The provider could not make its own share.
    #[error("key generation failed")]
    Generation,
}

/// An authentication tag did not match: the data was changed, or sealed under another key or nonce.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("authentication tag does not match")]
pub struct BadTag;

/// A signature was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum BadSignature {
    /// The signature does not belong to this message and key.
    #[error("signature does not match")]
    Mismatch,
    /// The public key is of another kind (or on another curve) than the scheme asks for.
    #[error("public key does not match the signature scheme")]
    WrongKey,
    /// The public key is not well-formed, not on its curve, or an RSA key under 2048 or over 8192 bits.
    #[error("public key is not valid")]
    InvalidKey,
    /// The provider does not have this scheme.
    #[error("signature scheme is not supported by the provider")]
    Unsupported,
}

/// A message could not be signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SignError {
    /// The key does not sign by this scheme: choose one of [`SigningKey::schemes`](crate::SigningKey::schemes).
    #[error("key does not sign by this scheme")]
    Scheme,
    /// The provider failed inside, for instance because the system has no randomness.
    #[error("signing failed")]
    Failed,
}
