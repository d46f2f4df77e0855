//! Misuse, and the ways an association ends.

use crate::codec::Cause;

/// Why a message was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// The association is shutting down or has ended. Nothing more can be sent.
    #[error("the association is closed")]
    Closed,
    /// The send buffer is full. Try again after [`Event::Writable`](crate::Event::Writable).
    #[error("the send buffer is full")]
    BufferFull,
    /// The message is larger than the whole send buffer; see [`Config::send_buffer`](crate::Config::send_buffer).
    #[error("the message is larger than the send buffer")]
    TooLarge,
    /// SCTP has no empty messages. Data channels send one byte with a PPID of its own instead.
    #[error("an empty message cannot be sent")]
    Empty,
    /// The stream number is not below what both ends agreed on.
    #[error("the stream does not exist")]
    InvalidStream,
    /// The stream is open at this end already (façade only).
    #[error("the stream is already open")]
    InUse,
    /// The stream is being reset; it can be used again after the reset's event.
    #[error("the stream is being reset")]
    Resetting,
}

/// Why streams cannot be reset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ResetError {
    /// The association is not established, or is shutting down.
    #[error("the association is not established")]
    NotEstablished,
    /// The peer does not know RFC 6525.
    #[error("the peer does not support stream reset")]
    NotSupported,
    /// A stream number is not below what both ends agreed on.
    #[error("the stream does not exist")]
    InvalidStream,
}

/// How an association ended.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CloseReason {
    /// Both ends agreed to shut down and everything queued before was delivered.
    #[error("shut down in good order")]
    Shutdown,
    /// This end called [`abort`](crate::core::Association::abort).
    #[error("aborted by this end: {0}")]
    LocalAbort(String),
    /// The peer aborted; with the first cause it gave and its text, if there was one.
    #[error("aborted by the peer ({}): {text}", cause.map_or("no cause given", Cause::name))]
    PeerAbort {
        /// The first cause in the chunk.
        cause: Option<Cause>,
        /// Its information as text, cut to 256 bytes.
        text: String,
    },
    /// The peer broke the protocol in a way that cannot be survived; it was told with an ABORT.
    #[error("the peer violated the protocol: {0}")]
    ProtocolViolation(&'static str),
    /// The peer never answered INIT or COOKIE ECHO.
    #[error("no answer to the handshake")]
    HandshakeTimeout,
    /// The peer stopped answering; see [`Config::max_retransmissions`](crate::Config::max_retransmissions).
    #[error("the peer does not answer any more")]
    Unreachable,
    /// The transport under the association failed (façade only).
    #[error("the transport failed: {0}")]
    Transport(String),
    /// The shutdown did not finish in time; the association was aborted.
    #[error("the shutdown did not finish in time")]
    ShutdownTimeout,
}
