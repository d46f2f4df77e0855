//! Counters.

/// Of all channels of an association; [`Channels::stats`](crate::core::Channels::stats).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Channels that came to be open, of either side.
    pub opened: u64,
    /// Channels that were closed.
    pub closed: u64,
    /// OPEN messages of the peer that were refused: malformed, on a used stream, of the wrong parity, too many.
    pub refused_opens: u64,
    /// Messages on streams without a channel that were dropped.
    pub unclaimed_messages: u64,
    /// Messages that came while the channel was being closed, or after a violation, and were dropped.
    pub late_messages: u64,
    /// Channels closed because a message was not what it said, was too large or had an unknown PPID.
    pub violations: u64,
}

/// Of one channel (`RTCDataChannelStats`); [`Channels::channel_stats`](crate::core::Channels::channel_stats).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ChannelStats {
    /// Messages taken by `send`.
    pub messages_sent: u64,
    /// Their bytes.
    pub bytes_sent: u64,
    /// Messages given by `recv`.
    pub messages_received: u64,
    /// Their bytes.
    pub bytes_received: u64,
}
