//! What can be told beforehand: about all channels, and about one.

use sctp::Reliability;

/// Settings of the channels of one association.
#[derive(Clone, Debug)]
pub struct Config {
    /// The association below.
    pub sctp: sctp::Config,
    /// Channels at a time, of both sides together; the peer's further ones are refused. Default 1,024, the number of
    /// streams that Chromium announces.
    pub max_channels: usize,
    /// The largest message the peer takes, in bytes, until
    /// [`set_remote_max_message_size`](crate::core::Channels::set_remote_max_message_size) tells. Default 65,536
    /// (RFC 8841 §6.1).
    pub remote_max_message_size: usize,
    /// Bytes of messages held that arrive on streams without a channel, for a negotiated channel that this side is
    /// about to open. A stream with more is reset, as RFC 8832 §6 wants it. Default 64 KiB, zero resets at once.
    pub early_data: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            sctp: sctp::Config::default(),
            max_channels: 1024,
            remote_max_message_size: 65_536,
            early_data: 65_536,
        }
    }
}

/// Which end of the DTLS connection this is; it decides who numbers channels how (RFC 8832 §6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// The DTLS client: opens even streams.
    Client,
    /// The DTLS server: opens odd streams.
    Server,
}

impl Role {
    /// The first stream this end may open.
    pub(crate) fn first_stream(self) -> u16 {
        match self {
            Self::Client => 0,
            Self::Server => 1,
        }
    }

    /// Whether this end opens the stream.
    pub(crate) fn opens(self, stream_id: u16) -> bool {
        stream_id % 2 == self.first_stream()
    }
}

/// How a channel is to be, or was opened by the peer.
///
/// ```
/// use datachannel::{ChannelConfig, Reliability};
///
/// // Like UDP: no order, no retransmission.
/// let config = ChannelConfig {
///     ordered: false,
///     reliability: Reliability::Retransmits(0),
///     ..ChannelConfig::new("positions")
/// };
/// assert_eq!(config.priority, 256);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelConfig {
    /// Its name, at most 65,535 bytes. Need not be unique.
    pub label: String,
    /// The subprotocol, at most 65,535 bytes. Default empty: none.
    pub protocol: String,
    /// Whether messages arrive in the order they were sent. Default true.
    pub ordered: bool,
    /// How hard to try to deliver. Default: until delivered.
    pub reliability: Reliability,
    /// The weight among channels: 128, 256, 512 or 1,024 (RFC 8831 §6.4). Default 256.
    pub priority: u16,
    /// The stream, where both applications have agreed on it and no OPEN is sent; at most 65,534. Default: none.
    pub negotiated: Option<u16>,
}

impl ChannelConfig {
    /// An ordered and reliable channel.
    pub fn new(label: impl Into<String>) -> Self {
        Self {
            label: label.into(),
            ..Self::default()
        }
    }
}

impl Default for ChannelConfig {
    fn default() -> Self {
        Self {
            label: String::new(),
            protocol: String::new(),
            ordered: true,
            reliability: Reliability::Reliable,
            priority: 256,
            negotiated: None,
        }
    }
}
