//! What an association can be told beforehand.

use std::time::Duration;

/// Settings of an association. The defaults suit WebRTC; where they are those of libwebrtc's dcSCTP this is noted.
#[derive(Clone, Debug)]
pub struct Config {
    /// SCTP port of this end. Default 5000, as in RFC 8841 offers.
    pub local_port: u16,
    /// SCTP port of the peer. Default 5000.
    pub remote_port: u16,
    /// Largest SCTP packet in bytes, rounded down to a multiple of four and at least 512. Default 1,160: with a DTLS 1.2
    /// record around it (37 bytes) it stays within a datagram of 1,200.
    pub mtu: usize,
    /// Streams this end wants to send on. The peer may accept fewer. Default 65,535.
    pub outbound_streams: u16,
    /// Streams this end accepts. State exists only for streams that were used. Default 65,535.
    pub inbound_streams: u16,
    /// Bytes of received data held for the application or for missing pieces; what is left of it is advertised to the
    /// peer (a_rwnd). Small messages count with an overhead. At least `max_message_size`. Default 5 MiB, as dcSCTP.
    pub receive_window: usize,
    /// Bytes of queued and unacknowledged messages that [`send`](crate::core::Association::send) accepts. Default 4 MiB.
    pub send_buffer: usize,
    /// Largest message accepted from the peer, in bytes. A larger one ends the association. Default 256 KiB, as dcSCTP.
    pub max_message_size: usize,
    /// Retransmission timeout before the first measurement. Default 500 ms, as dcSCTP (RFC 9260: 1 s).
    pub rto_initial: Duration,
    /// Lower bound of the retransmission timeout. Default 400 ms, as dcSCTP (RFC 9260: 1 s).
    pub rto_min: Duration,
    /// Upper bound of the retransmission timeout. Default 60 s.
    pub rto_max: Duration,
    /// First timeout of INIT and COOKIE ECHO, doubled each time up to `rto_max`. Default 1 s.
    pub handshake_timeout: Duration,
    /// Retransmissions of INIT, and of COOKIE ECHO, before giving up. Default 8, as RFC 9260 §16.
    pub max_init_retransmissions: u32,
    /// Consecutive timeouts (data, heartbeat, shutdown, reset) after which the peer counts as gone; `None` never gives
    /// up. Default 10, as RFC 9260 §16.
    pub max_retransmissions: Option<u32>,
    /// How long an acknowledgement may wait for a second packet or for data to travel with. Default 200 ms.
    pub sack_delay: Duration,
    /// Idle time after which the peer is probed; `None` switches probes off. Default 30 s.
    pub heartbeat_interval: Option<Duration>,
    /// How long a state cookie stays good. Default 60 s, as RFC 9260 §16.
    pub cookie_lifetime: Duration,
    /// Initial congestion window in packets. Default 10, as dcSCTP (RFC 9260: about 4).
    pub initial_window: usize,
    /// Packets that may follow one acknowledgement back to back. RFC 9260 §6.1 suggests 4, which segmentation offload
    /// and one acknowledgement per receive batch make far too few. Default 256.
    pub max_burst: usize,
    /// Unacknowledged chunks in flight. Default 16,384; at most 65,535 since gap reports count with 16 bits.
    pub max_outstanding: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            local_port: 5000,
            remote_port: 5000,
            mtu: 1160,
            outbound_streams: 65_535,
            inbound_streams: 65_535,
            receive_window: 5 << 20,
            send_buffer: 4 << 20,
            max_message_size: 256 << 10,
            rto_initial: Duration::from_millis(500),
            rto_min: Duration::from_millis(400),
            rto_max: Duration::from_secs(60),
            handshake_timeout: Duration::from_secs(1),
            max_init_retransmissions: 8,
            max_retransmissions: Some(10),
            sack_delay: Duration::from_millis(200),
            heartbeat_interval: Some(Duration::from_secs(30)),
            cookie_lifetime: Duration::from_secs(60),
            initial_window: 10,
            max_burst: 256,
            max_outstanding: 16_384,
        }
    }
}

/// Smallest packet limit that still holds every control chunk this crate writes.
const MIN_MTU: usize = 512;
/// Largest packet limit: chunk lengths have 16 bits.
const MAX_MTU: usize = 65_532;

impl Config {
    /// The packet limit in effect.
    pub(crate) fn packet_limit(&self) -> usize {
        self.mtu.clamp(MIN_MTU, MAX_MTU) & !3
    }

    /// The receive window in effect: it must hold a whole message, and RFC 9260 §3.3.2 forbids less than 1,500.
    pub(crate) fn window(&self) -> usize {
        let limit = usize::try_from(u32::MAX / 2).unwrap_or(usize::MAX);
        self.receive_window.max(self.max_message_size).clamp(4096, limit)
    }
}
