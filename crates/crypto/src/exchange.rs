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
    share
        .split_at_checked(len.saturating_sub(X25519_LEN))
        .ok_or(KeyExchangeError::InvalidShare)
}

fn check_len(share: &[u8], expected: usize) -> Result<(), KeyExchangeError> {
    let actual = share.len();
    if actual == expected {
        Ok(())
    } else {
        Err(KeyExchangeError::Length { expected, actual })
    }
}

/// The vector of RFC 7748 §6.1.
#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) const ALICE: [u8; 32] = [
        0x77, 0x07, 0x6d, 0x0a, 0x73, 0x18, 0xa5, 0x7d, 0x3c, 0x16, 0xc1, 0x72, 0x51, 0xb2, 0x66, 0x45, 0xdf,
        0x4c, 0x2f, 0x87, 0xeb, 0xc0, 0x99, 0x2a, 0xb1, 0x77, 0xfb, 0xa5, 0x1d, 0xb9, 0x2c, 0x2a,
    ];
    pub(crate) const ALICE_PUBLIC: [u8; 32] = [
        0x85, 0x20, 0xf0, 0x09, 0x89, 0x30, 0xa7, 0x54, 0x74, 0x8b, 0x7d, 0xdc, 0xb4, 0x3e, 0xf7, 0x5a, 0x0d,
        0xbf, 0x3a, 0x0d, 0x26, 0x38, 0x1a, 0xf4, 0xeb, 0xa4, 0xa9, 0x8e, 0xaa, 0x9b, 0x4e, 0x6a,
    ];
    pub(crate) const BOB_PUBLIC: [u8; 32] = [
        0xde, 0x9e, 0xdb, 0x7d, 0x7b, 0x7d, 0xc1, 0xb4, 0xd3, 0x5b, 0x61, 0xc2, 0xec, 0xe4, 0x35, 0x37, 0x3f,
        0x83, 0x43, 0xc8, 0x5b, 0x78, 0x67, 0x4d, 0xad, 0xfc, 0x7e, 0x14, 0x6f, 0x88, 0x2b, 0x4f,
    ];
    pub(crate) const SHARED: [u8; 32] = [
        0x4a, 0x5d, 0x9d, 0x5b, 0xa4, 0xce, 0x2d, 0xe1, 0x72, 0x8e, 0x3b, 0xf4, 0x80, 0x35, 0x0f, 0x25, 0xe0,
        0x7e, 0x21, 0xc9, 0x47, 0xd1, 0x9e, 0x33, 0x76, 0xf0, 0x9b, 0x3c, 0x1e, 0x16, 0x17, 0x42,
    ];

    #[test]
    fn shares_are_checked_before_a_library_sees_them() {
        assert_eq!(check_share(Curve::P256, &[4; 65]), Ok(()));
        assert_eq!(
            check_share(Curve::P256, &[2; 65]),
            Err(KeyExchangeError::InvalidShare)
        );
        let length = KeyExchangeError::Length {
            expected: 97,
            actual: 65,
        };
        assert_eq!(check_share(Curve::P384, &[4; 65]), Err(length));
        assert_eq!(
            split_share(&[7; 40], 40).map(|(front, back)| (front.len(), back.len())),
            Ok((8, 32))
        );
        assert!(split_share(&[7; 39], 40).is_err());
    }
}
