//! What a caller can do wrong.

use thiserror::Error;

/// A stream cannot be added.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum AddError {
    /// [`Config::max_streams`](crate::Config::max_streams) are there. Remove some.
    #[error("too many streams")]
    TooManyStreams,
    /// Another stream of the same direction has the SSRC, or the SSRC of its retransmissions.
    #[error("SSRC {0:#010x} is in use")]
    SsrcInUse(u32),
    /// [`Chain::close`](crate::Chain::close) was called: the peer was told that nothing follows.
    #[error("the chain is closed")]
    Closed,
}

/// A packet is not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SendError {
    /// The stream was removed.
    #[error("no such stream")]
    UnknownStream,
    /// The stream pauses. [`Chain::resume_outbound`](crate::Chain::resume_outbound) goes on with it.
    #[error("the stream pauses")]
    Paused,
    /// A user's interceptor dropped the packet.
    #[error("dropped by an interceptor")]
    Intercepted,
    /// More than 65,535 bytes.
    #[error("packet too long")]
    TooLong,
}
