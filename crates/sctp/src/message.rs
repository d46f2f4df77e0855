//! What goes in and what comes out.

use crate::error::CloseReason;
use bytes::Bytes;
use std::time::Duration;

/// How hard to try to deliver a message, RFC 3758 §4.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reliability {
    /// Until it is delivered. The default.
    #[default]
    Reliable,
    /// At most so many retransmissions of each of its fragments (RFC 7496 §4.1).
    Retransmits(u32),
    /// Not after so much time since `send` (RFC 3758 §4.1).
    Lifetime(Duration),
}

/// How to send a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SendOptions {
    /// Deliver it as soon as it is complete, whatever came before. Default false.
    pub unordered: bool,
    /// How hard to try. Partial reliability needs the peer's support of RFC 3758; without it everything is reliable.
    pub reliability: Reliability,
    /// The stream's priority as in RFC 8831 §6.4 (128 below normal, 256 normal, 512 high, 1024 extra high). Streams take
    /// turns message by message whatever it says; weighted scheduling needs I-DATA (RFC 8260).
    pub priority: u16,
}

impl Default for SendOptions {
    fn default() -> Self {
        Self {
            unordered: false,
            reliability: Reliability::Reliable,
            priority: 256,
        }
    }
}

/// A received message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The stream it came on.
    pub stream_id: u16,
    /// Its payload protocol identifier.
    pub ppid: u32,
    /// It was sent unordered.
    pub unordered: bool,
    /// The payload, never empty, in a buffer of its own.
    pub data: Bytes,
}

/// The state of an association, RFC 9260 §4.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Not started; an INIT of the peer is answered.
    Closed,
    /// INIT is sent.
    CookieWait,
    /// COOKIE ECHO is sent.
    CookieEchoed,
    /// Data flows.
    Established,
    /// `shutdown` was called, data is still outstanding.
    ShutdownPending,
    /// SHUTDOWN is sent.
    ShutdownSent,
    /// SHUTDOWN has come, data is still outstanding.
    ShutdownReceived,
    /// SHUTDOWN ACK is sent.
    ShutdownAckSent,
    /// It is over; [`Event::Closed`] said why.
    Ended,
}

/// Whose streams were reset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// The peer reset its outgoing stream: after the messages already readable nothing older follows, and its numbering
    /// starts again.
    Incoming,
    /// The peer has confirmed the reset of our outgoing stream.
    Outgoing,
}

/// News from an association. Payload is pulled with [`recv`](crate::core::Association::recv).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The association is established.
    Connected,
    /// The peer lost its state and started again (RFC 9260 §5.2.4 action A). Unacknowledged messages are lost, streams
    /// start from zero.
    Restarted,
    /// The stream went from nothing to read to something to read. Read until `recv` returns `None`.
    Readable(u16),
    /// The stream's unsent bytes fell to its threshold.
    BufferedAmountLow(u16),
    /// There is room again after [`SendError::BufferFull`](crate::SendError::BufferFull).
    Writable,
    /// A stream was reset.
    StreamReset {
        /// The stream.
        stream_id: u16,
        /// Whose.
        direction: Direction,
    },
    /// The peer refused to let us reset the stream.
    StreamResetFailed(u16),
    /// The association has ended. Always the last event.
    Closed(CloseReason),
}
