//! Counters and gauges of an association.

use std::time::Duration;

/// A snapshot, from [`Association::stats`](crate::core::Association::stats).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Packets written.
    pub packets_sent: u64,
    /// Packets taken in.
    pub packets_received: u64,
    /// Bytes of packets written.
    pub bytes_sent: u64,
    /// Bytes of packets taken in.
    pub bytes_received: u64,
    /// DATA chunks written, without retransmissions.
    pub data_chunks_sent: u64,
    /// DATA chunks taken in, without duplicates.
    pub data_chunks_received: u64,
    /// Messages accepted by `send`.
    pub messages_sent: u64,
    /// Messages handed to `recv`.
    pub messages_received: u64,
    /// Messages given up: by partial reliability, by a restart of the peer, or on streams that the peer does not accept.
    pub messages_abandoned: u64,
    /// DATA chunks written again.
    pub retransmissions: u64,
    /// Times fast recovery was entered.
    pub fast_recoveries: u64,
    /// Retransmission timeouts of data.
    pub timeouts: u64,
    /// DATA chunks that had been received before.
    pub duplicate_chunks: u64,
    /// Packets shorter than a header, for other ports, or malformed further on.
    pub malformed: u64,
    /// Packets with a wrong checksum.
    pub bad_checksum: u64,
    /// Packets with a wrong verification tag.
    pub bad_tag: u64,
    /// Packets that belong to no association: none had begun, or it was over.
    pub out_of_the_blue: u64,
    /// Chunks that do not fit the state or carry impossible values.
    pub unexpected_chunks: u64,
    /// Cookies that were forged, stale or of no use.
    pub rejected_cookies: u64,
    /// DATA chunks dropped because the receive buffer was full.
    pub dropped_full: u64,
    /// Congestion window in bytes.
    pub congestion_window: usize,
    /// Slow-start threshold in bytes.
    pub slow_start_threshold: usize,
    /// Bytes in flight.
    pub flight_size: usize,
    /// The peer's window in bytes, as far as known.
    pub peer_window: usize,
    /// Room in this end's receive window in bytes.
    pub receive_window: usize,
    /// Bytes of messages queued or unacknowledged.
    pub send_buffered: usize,
    /// Bytes of messages not read yet and of what waits for missing pieces, each with 64 bytes for its place. At most three
    /// times the window and a message, however the peer sends.
    pub receive_buffered: usize,
    /// Smoothed round trip time, once measured.
    pub srtt: Option<Duration>,
    /// Retransmission timeout.
    pub rto: Duration,
}
