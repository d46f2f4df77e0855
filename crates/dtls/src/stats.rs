//! What a connection has seen.

/// Counters of one connection, from its beginning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Records of application data sealed.
    pub records_sent: u64,
    /// Bytes of application data sealed.
    pub bytes_sent: u64,
    /// Records of application data delivered.
    pub records_received: u64,
    /// Bytes of application data delivered.
    pub bytes_received: u64,
    /// Flights sent again because the timer expired.
    pub retransmissions: u64,
    /// Flights sent again because the peer repeated its own.
    pub resends: u64,
    /// What was dropped.
    pub dropped: Dropped,
}

/// Records that were dropped, by cause.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dropped {
    /// No DTLS 1.2 record, or one that is cut off; counted once per datagram.
    pub malformed: u64,
    /// Seen before, or older than the replay window.
    pub replayed: u64,
    /// The tag did not match.
    pub forged: u64,
    /// Of an epoch that is over, or not there yet and the room for early records is full.
    pub wrong_epoch: u64,
    /// A valid record with content that means nothing in this state.
    pub unexpected: u64,
    /// Handshake fragments that are no use: too far ahead, too long, contradicting others.
    pub fragments: u64,
}
