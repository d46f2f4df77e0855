//! What can be wrong with bytes that claim to be RTP.

use thiserror::Error;

/// A packet, a header extension or a payload does not follow its wire format.
///
/// Cheap to make and to copy; receivers count it and drop the packet.
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

    /// Where it is wrong: bytes from the start of what was decoded (the packet, the extension's data, the payload).
    pub const fn offset(&self) -> usize {
        self.offset
    }
}
