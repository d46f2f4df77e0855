//! Why bytes are not what they should be.

/// Why bytes are not an RTCP packet.
///
/// ```
/// let error = rtcp::packets(&[0x80, 201, 0, 9]).next().unwrap().unwrap_err();
/// assert_eq!(error.to_string(), "length beyond the datagram at byte 2");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason} at byte {offset}")]
pub struct DecodeError {
    /// What is wrong.
    pub reason: &'static str,
    /// Where, in bytes from the start of the decoded slice.
    pub offset: usize,
}

impl DecodeError {
    pub(crate) const fn new(reason: &'static str, offset: usize) -> Self {
        Self { reason, offset }
    }

    /// The same error, seen from `base` bytes further out.
    pub(crate) const fn within(self, base: usize) -> Self {
        Self::new(self.reason, base.saturating_add(self.offset))
    }
}
