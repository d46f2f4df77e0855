//! What can be wrong with bytes that claim to be STUN.

use thiserror::Error;

/// A message or an attribute does not follow the wire format.
///
/// Cheap to make and to copy; agents count it and drop the datagram (RFC 8489 §6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{reason} at byte {offset}")]
pub struct DecodeError {
    reason: &'static str,
    offset: usize,
}

impl DecodeError {
    /// An error found `offset` bytes into the input.
    pub const fn new(reason: &'static str, offset: usize) -> Self {
        Self { reason, offset }
    }

    /// What is wrong, for a log.
    pub const fn reason(&self) -> &'static str {
        self.reason
    }

    /// Where it is wrong: bytes from the start of the message, or of the value when a value was decoded alone.
    pub const fn offset(&self) -> usize {
        self.offset
    }

    /// The same error, seen from `base` bytes further out.
    pub(crate) const fn within(self, base: usize) -> Self {
        Self {
            reason: self.reason,
            offset: base.saturating_add(self.offset),
        }
    }
}

/// Why a message authentication code was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum IntegrityError {
    /// The message does not carry the attribute. Ask for credentials (401) or drop it.
    #[error("message carries no integrity attribute")]
    Missing,
    /// The code has a length the attribute does not allow (RFC 8489 §14.6).
    #[error("integrity attribute has a forbidden length")]
    Length,
    /// The code was made with another key, or the message was changed under way.
    #[error("integrity check failed")]
    Mismatch,
}
