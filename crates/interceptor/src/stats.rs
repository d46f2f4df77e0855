//! Counters of streams under the meaning of W3C's webrtc-stats, and of the chain.

use crate::report::RoundTrips;
use rtcp::NtpTime;
use std::time::{Duration, Instant};

/// A received stream, from [`Chain::inbound_stats`](crate::Chain::inbound_stats): `RTCInboundRtpStreamStats`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct InboundStats {
    /// Its SSRC.
    pub ssrc: u32,
    /// The SSRC of its retransmissions.
    pub rtx_ssrc: Option<u32>,
    /// The payload type of the latest packet that has one of its codecs'. Unset before the first.
    pub payload_type: Option<u8>,
    /// Packets received, retransmissions included.
    pub packets_received: u64,
    /// Bytes of their payloads.
    pub bytes_received: u64,
    /// Bytes of their headers and padding.
    pub header_bytes_received: u64,
    /// Packets that came by RTX and were new.
    pub retransmitted_packets_received: u64,
    /// Bytes of their payloads.
    pub retransmitted_bytes_received: u64,
    /// Packets that forward error correction gave back and were new.
    pub packets_recovered: u64,
    /// Packets lost on the way (RFC 3550 §6.4.1), repaired or not; negative with duplicates.
    pub packets_lost: i64,
    /// Packets that had come before, mostly retransmissions of what was only late.
    pub packets_duplicated: u64,
    /// Packets given up: never repaired although they were asked for, or too many to ask.
    pub packets_unrepaired: u64,
    /// Frames of video of which every packet came, repaired or not: from behind one marker to the next. The first packet of
    /// all counts as the first of its frame. Zero for audio.
    pub frames_received: u64,
    /// Interarrival jitter (RFC 3550 §6.4.1).
    pub jitter: Duration,
    /// When the last packet came.
    pub last_packet_received: Option<Instant>,
    /// Packets marked ECT(1).
    pub packets_received_with_ect1: u64,
    /// Packets marked CE.
    pub packets_received_with_ce: u64,
    /// Packets that an RFC 8888 report called lost.
    pub packets_reported_as_lost: u64,
    /// Of these, those that a later report called received.
    pub packets_reported_as_lost_but_recovered: u64,
    /// NACK messages sent.
    pub nack_count: u64,
    /// PLI messages sent.
    pub pli_count: u64,
    /// FIR messages sent.
    pub fir_count: u64,
    /// What its sender says; unset before the first sender report.
    pub remote: Option<RemoteOutboundStats>,
}

/// What the sender of a received stream reports: `RTCRemoteOutboundRtpStreamStats`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RemoteOutboundStats {
    /// Packets it has sent: the 32 bits of its reports, extended.
    pub packets_sent: u64,
    /// Bytes of their payloads, extended likewise.
    pub bytes_sent: u64,
    /// The sender's clock when it sent its last report.
    pub remote_timestamp: NtpTime,
    /// The RTP timestamp at that time; with the former it relates streams to each other (lip sync).
    pub rtp_timestamp: u32,
    /// When the report arrived.
    pub received: Instant,
    /// Reports received.
    pub reports_sent: u64,
    /// Round trips measured by extended reports (DLRR).
    pub round_trips: RoundTrips,
}

/// A sent stream, from [`Chain::outbound_stats`](crate::Chain::outbound_stats): `RTCOutboundRtpStreamStats`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct OutboundStats {
    /// Its SSRC.
    pub ssrc: u32,
    /// The SSRC of its retransmissions.
    pub rtx_ssrc: Option<u32>,
    /// The payload type of the latest packet that has one of its codecs'. Unset before the first.
    pub payload_type: Option<u8>,
    /// Packets sent, retransmissions included.
    pub packets_sent: u64,
    /// Bytes of their payloads.
    pub bytes_sent: u64,
    /// Bytes of their headers.
    pub header_bytes_sent: u64,
    /// Packets with a marker, retransmissions not counted: in video as many as frames.
    pub markers_sent: u64,
    /// Packets sent again.
    pub retransmitted_packets_sent: u64,
    /// Bytes of their payloads.
    pub retransmitted_bytes_sent: u64,
    /// Packets that were asked for and could not be sent again: too old, without room in the queue, or gone from the history
    /// while they waited in it.
    pub retransmissions_refused: u64,
    /// Header extensions left out, the caller's or the chain's own: not to be written in the form that the caller's header allows
    /// (RFC 8285 §4.2), or too many for a header.
    pub extensions_dropped: u64,
    /// NACK messages received.
    pub nack_count: u64,
    /// PLI messages received.
    pub pli_count: u64,
    /// FIR messages received, without repetitions.
    pub fir_count: u64,
    /// What its receiver says; unset before the first report.
    pub remote: Option<RemoteInboundStats>,
}

/// What the receiver of a sent stream reports: `RTCRemoteInboundRtpStreamStats`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct RemoteInboundStats {
    /// Packets received, estimated from the highest number and the loss.
    pub packets_received: u64,
    /// Packets lost since the beginning.
    pub packets_lost: i64,
    /// Share of packets lost since the report before, 0 to 1.
    pub fraction_lost: f64,
    /// Interarrival jitter.
    pub jitter: Duration,
    /// When the latest report arrived.
    pub received: Option<Instant>,
    /// Round trips measured by report blocks.
    pub round_trips: RoundTrips,
}

/// Counters of a chain, from [`Chain::stats`](crate::Chain::stats).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// RTP packets that are none.
    pub malformed_rtp: u64,
    /// RTCP datagrams with a part that is none.
    pub malformed_rtcp: u64,
    /// RTP packets of SSRCs that no stream has, or not in the section that they name.
    pub unsignalled: u64,
    /// RTP packets that jumped far away from their stream and were not followed by others.
    pub jumps: u64,
    /// RTP packets that carried nothing but padding.
    pub padding: u64,
    /// Retransmissions that repaired nothing: without payload type, too short or unknown.
    pub bad_retransmissions: u64,
    /// RTP packets that a user's interceptor dropped, both ways.
    pub intercepted: u64,
    /// RTCP datagrams received.
    pub rtcp_received: u64,
    /// RTCP datagrams sent.
    pub rtcp_sent: u64,
    /// Feedback about streams that are not sent.
    pub unknown_feedback: u64,
    /// Events dropped since nobody polled.
    pub events_dropped: u64,
    /// Feedback results dropped since nobody took them.
    pub results_dropped: u64,
    /// RTP packets of users' stages that could not be sent: their stream was removed or pauses, or they were too long.
    pub user_rtp_dropped: u64,
    /// What users' stages had to say in RTCP at once, when it was longer than 512 bytes or than a datagram has room for.
    pub user_rtcp_dropped: u64,
    /// Ends of sources that were not told (BYE), since 2,048 waited.
    pub goodbyes_dropped: u64,
    /// Limits that were not acknowledged (TMMBN), since those of 256 streams waited.
    pub limits_dropped: u64,
    /// Reference times of receivers that were not told back (DLRR), since those of 16 receivers waited.
    pub references_dropped: u64,
    /// Round trips of the path, whoever measured them.
    pub round_trips: RoundTrips,
}
