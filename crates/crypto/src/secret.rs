//! Bytes with care: secrets that are wiped, digests that live on the stack, comparison in constant time.

use std::fmt;
use std::ops::Deref;

use subtle::ConstantTimeEq;
use zeroize::{Zeroize, Zeroizing};

/// Whether two byte strings are equal, in a time that depends on their lengths only.
///
/// ```
/// assert!(crypto::constant_time_eq(b"tag", b"tag"));
/// assert!(!crypto::constant_time_eq(b"tag", b"ta"));
/// ```
#[must_use]
pub fn constant_time_eq(left: &[u8], right: &[u8]) -> bool {
    left.ct_eq(right).into()
}

/// Secret bytes: a shared secret, a private key. Wiped when dropped, never printed, compared in constant time.
///
/// ```
/// let secret = crypto::Secret::new(vec![1, 2, 3]);
/// assert_eq!(secret.as_ref(), [1, 2, 3]);
/// assert_eq!(format!("{secret:?}"), "Secret(3 bytes)");
/// ```
#[derive(Clone)]
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// Takes over the bytes. Copies that `bytes` left behind when it grew are not wiped: reserve its room first.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The two secrets one after the other.
    #[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
    pub(crate) fn concat(first: &[u8], second: &[u8]) -> Self {
        let mut bytes = Vec::with_capacity(first.len() + second.len());
        bytes.extend_from_slice(first);
        bytes.extend_from_slice(second);
        Self::new(bytes)
    }
}

impl AsRef<[u8]> for Secret {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl From<&[u8]> for Secret {
    fn from(bytes: &[u8]) -> Self {
        Self::new(bytes.to_vec())
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        constant_time_eq(self.as_ref(), other.as_ref())
    }
}

impl Eq for Secret {}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({} bytes)", self.0.len())
    }
}

/// The output of a hash or a MAC: up to 64 bytes, held inline. Compared in constant time.
///
/// It is not wiped when dropped, since most are public; one that is a secret (a step of a key derivation) can be wiped
/// with [`Zeroize`].
#[derive(Clone)]
pub struct Digest {
    bytes: [u8; Self::MAX_LEN],
    len: usize,
}

impl Digest {
    /// The longest digest, that of SHA-512.
    pub const MAX_LEN: usize = 64;

    /// A digest of these bytes; what is beyond [`MAX_LEN`](Self::MAX_LEN) is left out.
    pub fn new(bytes: &[u8]) -> Self {
        let mut digest = Self {
            bytes: [0; Self::MAX_LEN],
            len: bytes.len().min(Self::MAX_LEN),
        };
        for (to, from) in digest.bytes.iter_mut().zip(bytes) {
            *to = *from;
        }
        digest
    }
}

impl AsRef<[u8]> for Digest {
    fn as_ref(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or(&[])
    }
}

impl Deref for Digest {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.as_ref()
    }
}

impl PartialEq for Digest {
    fn eq(&self, other: &Self) -> bool {
        constant_time_eq(self, other)
    }
}

impl Eq for Digest {}

impl Zeroize for Digest {
    fn zeroize(&mut self) {
        self.bytes.zeroize();
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Digest(")?;
        self.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
        f.write_str(")")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digest_keeps_at_most_64_bytes() {
        assert_eq!(Digest::new(&[7; 20]).as_ref(), [7; 20]);
        assert_eq!(Digest::new(&[7; 80]).as_ref(), [7; 64]);
        assert_eq!(Digest::new(&[]).as_ref(), []);
    }

    #[test]
    fn digests_of_different_lengths_differ() {
        assert_ne!(Digest::new(&[0; 20]), Digest::new(&[0; 32]));
        assert_eq!(Digest::new(&[1, 2]), Digest::new(&[1, 2]));
        assert_eq!(format!("{:?}", Digest::new(&[0xab, 1])), "Digest(ab01)");
    }

    #[test]
    fn zeroized_digest_is_zero() {
        let mut digest = Digest::new(&[9; 32]);
        digest.zeroize();
        assert_eq!(digest.as_ref(), [0; 32]);
    }

    #[test]
    fn secret_is_not_printed() {
        assert_eq!(format!("{:?}", Secret::from(&b"hunter2"[..])), "Secret(7 bytes)");
        #[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
        assert_eq!(Secret::concat(b"ab", b"c").as_ref(), b"abc");
        assert_ne!(Secret::from(&b"a"[..]), Secret::from(&b"b"[..]));
    }
}
