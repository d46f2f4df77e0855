//! The wire format, RFC 9260 §3: packets, chunks, parameters and error causes, with the chunks of RFC 3758
//! (FORWARD-TSN) and RFC 6525 (RE-CONFIG). Views borrow from the packet and decoding allocates nothing.

mod cause;
mod checksum;
mod chunk;
mod data;
mod forward_tsn;
mod init;
mod packet;
mod param;
mod reader;
mod reconfig;
mod sack;
#[cfg(test)]
mod tests;

pub use cause::{Cause, CauseRef, Causes};
pub use checksum::{checksum, seal};
pub use chunk::{ChunkKind, ChunkRef, Chunks, UnknownAction};
pub use data::{DataFlags, DataHeader, DataRef};
pub use forward_tsn::{ForwardTsnRef, SkippedStream};
pub use init::{Init, InitRef};
pub use packet::{Header, PacketRef};
pub use param::{ParamKind, ParamRef, Params};
pub use reconfig::{IncomingReset, OutgoingReset, ReconfigParam, ReconfigResponse, ResetResult, StreamIds};
pub use sack::{GapBlock, Sack, SackRef};

pub(crate) use chunk::{Padding, Trailing, pad, write_chunk};
pub(crate) use param::write_param;

/// Why bytes are not what they should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason} at byte {offset}")]
pub struct DecodeError {
    /// What is wrong.
    pub reason: &'static str,
    /// Where, counted from the start of the decoded slice.
    pub offset: usize,
}

/// Rounds up to the next multiple of four, the alignment of chunks and parameters.
#[must_use]
pub const fn padded(len: usize) -> usize {
    len.wrapping_add(3) & !3
}
