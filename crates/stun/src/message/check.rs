//! RFC 8489 §14.5 to §14.7: whether a message is whole and from whom it claims to be.

use super::reader::MessageRef;
use super::{FINGERPRINT_XOR, HEADER_LEN};
use crate::IntegrityError;
use crate::integrity::IntegrityKey;

impl<'a> MessageRef<'a> {
    /// Whether FINGERPRINT is there.
    pub const fn has_fingerprint(&self) -> bool {
        self.closing.fingerprint != 0
    }

    /// Whether FINGERPRINT is there, the last attribute, and right (RFC 8489 §14.7).
    #[inline]
    pub fn check_fingerprint(&self) -> bool {
        let Some((message, attribute)) = self.bytes.split_at_checked(self.closing.fingerprint) else {
            return false;
        };
        let Some((&[_, _, 0, 4, v0, v1, v2, v3], [])) = attribute.split_first_chunk::<8>() else {
            return false;
        };
        crc32fast::hash(message) ^ FINGERPRINT_XOR == u32::from_be_bytes([v0, v1, v2, v3])
    }

    /// Whether MESSAGE-INTEGRITY is there.
    pub const fn has_integrity(&self) -> bool {
        self.closing.integrity != 0
    }

    /// Whether MESSAGE-INTEGRITY-SHA256 is there.
    pub const fn has_integrity_sha256(&self) -> bool {
        self.closing.integrity_sha256 != 0
    }

    /// Checks MESSAGE-INTEGRITY in constant time (RFC 8489 §14.5).
    ///
    /// # Errors
    /// [`IntegrityError`] says whether it was missing or wrong.
    #[inline]
    pub fn check_integrity(&self, key: &IntegrityKey) -> Result<(), IntegrityError> {
        let (parts, tag) = self.protected(self.closing.integrity)?;
        if tag.len() != 20 {
            return Err(IntegrityError::Length);
        }
        key.verify_sha1(&parts.as_slices(), tag)
    }

    /// Checks MESSAGE-INTEGRITY-SHA256 in constant time; the code has to have its full 32 bytes.
    ///
    /// # Errors
    /// [`IntegrityError`] says whether it was missing, of a wrong length, or wrong.
    pub fn check_integrity_sha256(&self, key: &IntegrityKey) -> Result<(), IntegrityError> {
        self.check_integrity_sha256_truncated(key, 32)
    }

    /// As [`check_integrity_sha256`](Self::check_integrity_sha256), for usages that allow a code cut to
    /// `shortest` bytes; below 16, or not a multiple of four, is never accepted (RFC 8489 §14.6).
    ///
    /// # Errors
    /// [`IntegrityError`] says whether it was missing, of a wrong length, or wrong.
    pub fn check_integrity_sha256_truncated(
        &self,
        key: &IntegrityKey,
        shortest: usize,
    ) -> Result<(), IntegrityError> {
        let (parts, tag) = self.protected(self.closing.integrity_sha256)?;
        if !(shortest.max(16)..=32).contains(&tag.len()) || !tag.len().is_multiple_of(4) {
            return Err(IntegrityError::Length);
        }
        key.verify_sha256(&parts.as_slices(), tag)
    }

    /// What an integrity attribute at `offset` covers, and its value.
    fn protected(&self, offset: usize) -> Result<(Protected<'a>, &'a [u8]), IntegrityError> {
        if offset == 0 {
            return Err(IntegrityError::Missing);
        }
        let covered = self
            .bytes
            .split_at_checked(offset)
            .and_then(|(covered, attribute)| {
                let (&[_, _, l0, l1], value) = attribute.split_first_chunk::<4>()?;
                let length = usize::from(u16::from_be_bytes([l0, l1]));
                let (&[t0, t1, _, _], rest) = covered.split_first_chunk::<4>()?;
                // §14.5: the header's length counts up to the end of this attribute and nothing behind it.
                let end = offset
                    .checked_add(4 + length.next_multiple_of(4))?
                    .checked_sub(HEADER_LEN)?;
                let [e0, e1] = u16::try_from(end).ok()?.to_be_bytes();
                Some((
                    Protected {
                        start: [t0, t1, e0, e1],
                        rest,
                    },
                    value.get(..length)?,
                ))
            });
        covered.ok_or(IntegrityError::Length)
    }
}

/// The input of an HMAC: the message up to the attribute, with a length of its own.
struct Protected<'a> {
    start: [u8; 4],
    rest: &'a [u8],
}

impl Protected<'_> {
    fn as_slices(&self) -> [&[u8]; 2] {
        [&self.start, self.rest]
    }
}
