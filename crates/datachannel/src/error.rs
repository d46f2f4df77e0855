//! Misuse, malformed messages, and the ways a channel ends.

/// A DCEP message that cannot be read. The stream it came on is reset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason} at byte {offset}")]
pub struct DecodeError {
    /// Where, in bytes from the start.
    pub offset: usize,
    /// What is wrong.
    pub reason: &'static str,
}

/// Why a channel cannot be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The label has more than 65,535 bytes.
    #[error("the label is longer than 65,535 bytes")]
    LabelTooLong,
    /// The protocol has more than 65,535 bytes.
    #[error("the protocol is longer than 65,535 bytes")]
    ProtocolTooLong,
    /// A negotiated id of 65,535, which SCTP does not have, or beyond the streams of the association. What the peer
    /// accepts is known only once the association is up: a channel made earlier is then closed with
    /// [`CloseReason::NoStream`].
    #[error("stream {0} does not exist")]
    InvalidId(u16),
    /// Every stream that this side may open is in use: close a channel first.
    #[error("no stream is free of the {streams} that both ends have")]
    NoStream {
        /// How many the association has, of both sides together.
        streams: u16,
    },
    /// Another channel has the negotiated id, or had it and is not closed on both sides yet.
    #[error("stream {0} is in use")]
    IdInUse(u16),
    /// There are as many channels as [`Config::max_channels`](crate::Config::max_channels) allows.
    #[error("there are {limit} channels already")]
    TooManyChannels {
        /// The limit.
        limit: usize,
    },
    /// The association has ended.
    #[error("the association is closed")]
    Closed,
}

/// Why a message was not taken. Nothing of it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// The channel is still connecting, or is closing or closed: send after [`Event::Open`](crate::Event::Open), and
    /// not after [`Event::Closing`](crate::Event::Closing).
    #[error("the channel is not open")]
    NotOpen,
    /// The message is larger than the peer takes, or than the send buffer: split it.
    #[error("the message is larger than {limit} bytes")]
    TooLarge {
        /// The largest message that can be sent, in bytes.
        limit: usize,
    },
    /// The send buffer is full: send again after [`Event::Writable`](crate::Event::Writable).
    #[error("the send buffer is full")]
    BufferFull,
}

/// How a channel ended.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CloseReason {
    /// This side closed it.
    #[error("closed by this side")]
    Local,
    /// The peer closed it, or refused to open it.
    #[error("closed by the peer")]
    Remote,
    /// The peer sent something that does not belong on the channel, which was closed for it (RFC 8831 §6.6).
    #[error("the peer broke the rules: {0}")]
    Violation(&'static str),
    /// No stream was left for it, or the peer does not accept so many: its id is beyond them.
    #[error("no stream is free, or the peer has not so many")]
    NoStream,
    /// The association ended below it.
    #[error("the association ended: {0}")]
    Association(sctp::CloseReason),
    /// The peer lost its state and started the association anew.
    #[error("the peer restarted the association")]
    Restarted,
}
