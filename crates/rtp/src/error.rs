//! What can be wrong: with bytes that claim to be RTP, and with extensions that were to be written.

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

/// A header extension element cannot be written (RFC 8285 §4.1.2, §4.2, §4.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ExtensionError {
    /// Id 0 stands for padding. Use the id that was negotiated.
    #[error("0 is not the id of an extension")]
    ReservedId,
    /// More than 255 bytes of data fit into no element.
    #[error("data of an extension is longer than 255 bytes")]
    TooLong,
    /// An id above 14, no data or more than 16 bytes of it, while [`FormRule::OneByte`](crate::FormRule::OneByte) holds.
    /// Leave the element out, or negotiate `extmap-allow-mixed`.
    #[error("extension needs the two-byte form, which is not allowed")]
    NeedsTwoByteForm,
}
