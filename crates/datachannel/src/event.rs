//! What goes in and what comes out.

use std::str;

use bytes::Bytes;

use crate::core::ChannelId;
use crate::error::CloseReason;

/// How a message is meant (RFC 8831 §6.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A string in UTF-8.
    Text,
    /// Bytes.
    Binary,
}

/// A received message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Text or binary.
    pub kind: Kind,
    /// The content, which may be empty.
    pub data: Bytes,
}

impl Message {
    /// The content of a text message.
    pub fn text(&self) -> Option<&str> {
        match self.kind {
            Kind::Text => str::from_utf8(&self.data).ok(),
            Kind::Binary => None,
        }
    }
}

/// The state of a channel (`RTCDataChannelState`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// Waits for the association.
    Connecting,
    /// Takes and gives messages.
    Open,
    /// One side has closed it; the streams are being reset.
    Closing,
    /// It is over. Messages that came before can still be received.
    Closed,
}

/// News of the channels. Payload is pulled with [`recv`](crate::core::Channels::recv).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The association is established.
    Connected,
    /// The peer opened a channel, which is open for this side as well.
    Incoming(ChannelId),
    /// A channel of this side is open.
    Open(ChannelId),
    /// There may be messages to receive; call `recv` until it returns `None`.
    Readable(ChannelId),
    /// There is room again after [`SendError::BufferFull`](crate::SendError::BufferFull).
    Writable(ChannelId),
    /// The bytes waiting on the channel fell to its threshold.
    BufferedAmountLow(ChannelId),
    /// The peer, or an error of the peer's, is closing the channel.
    Closing(ChannelId),
    /// The channel is closed: the last event about it.
    Closed(ChannelId, CloseReason),
    /// The association has ended; all its channels were closed before.
    Disconnected(sctp::CloseReason),
}
