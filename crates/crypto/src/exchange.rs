//! What both providers check about key shares before a library sees them.

use crate::container::is_uncompressed_point;
use crate::{Group, KeyExchangeError};

/// Length of the X25519 part of a hybrid share.
const X25519_LEN: usize = 32;

/// The curves under the groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Curve {
    P256,
    P384,
    X25519,
}

impl Curve {
    /// The curve of a group that is a curve alone; `None` for the hybrid.
    pub(crate) fn of(group: Group) -> Option<Self> {
        match group {
            Group::Secp256r1 => Some(Self::P256),
            Group::Secp384r1 => Some(Self::P384),
            Group::X25519 => Some(Self::X25519),
            Group::X25519MlKem768 => None,
        }
    }

    fn share_len(self) -> usize {
        match self {
            Self::P256 => 65,
            Self::P384 => 97,
            Self::X25519 => X25519_LEN,
        }
    }
}

/// Length and form of a share on a curve. Points are uncompressed (RFC 8446 §4.2.8.2, RFC 8422 §5.4.1).
pub(crate) fn check_share(curve: Curve, share: &[u8]) -> Result<(), KeyExchangeError> {
    check_len(share, curve.share_len())?;
    match curve {
        Curve::X25519 => Ok(()),
        Curve::P256 | Curve::P384 if is_uncompressed_point(share, curve.share_len()) => Ok(()),
        Curve::P256 | Curve::P384 => Err(KeyExchangeError::InvalidShare),
    }
}

/// Splits a hybrid share of `len` bytes into its ML-KEM and its X25519 part.
pub(crate) fn split_share(share: &[u8], len: usize) -> Result<(&[u8], &[u8]), KeyExchangeError> {
    check_len(share, len)?;
    share.split_at_checked(len.saturating_sub(X25519_LEN)).ok_or(KeyExchangeError::InvalidShare)
}

fn check_len(share: &[u8], expected: usize) -> Result<(), KeyExchangeError> {
    let actual = share.len();
    if actual == expected { Ok(()) } else { Err(KeyExchangeError::Length { expected, actual }) }
}
