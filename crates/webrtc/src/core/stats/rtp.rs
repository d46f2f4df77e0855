//! Statistics of streams: `codec`, `inbound-rtp`, `outbound-rtp`, `remote-inbound-rtp` and `remote-outbound-rtp` of W3C
//! webrtc-stats §8, with every member that can be known without encoding, decoding or playing anything.
//!
//! Left out, as nobody here measures it: `media-source` and `media-playout`; what decoders and encoders
//! count; ECN marks, which the sockets do not report; error correction. `jitter` and round trips are [`Duration`]s,
//! timestamps [`Instant`]s, the time of the peer's clock a [`Duration`] since the Unix epoch.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use interceptor::{InboundId, OutboundId};

use crate::core::media::{MediaKind, TransceiverId};

/// The id of an object in a report (`RTCStats.id`): the same in each report for as long as the object exists.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum StatsId {
    /// The one `transport`.
    #[default]
    Transport,
    /// A `codec`.
    Codec {
        /// Its payload type.
        payload_type: u8,
        /// It is for what we send alone: for what we receive, the payload type has other parameters, or none.
        is_sent: bool,
    },
    /// An `inbound-rtp`.
    InboundRtp(InboundId),
    /// The `remote-outbound-rtp` of it.
    RemoteOutboundRtp(InboundId),
    /// An `outbound-rtp`.
    OutboundRtp(OutboundId),
    /// The `remote-inbound-rtp` of it.
    RemoteInboundRtp(OutboundId),
}

impl fmt::Display for StatsId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Transport => f.write_str("transport"),
            Self::Codec {
                payload_type,
                is_sent: false,
            } => write!(f, "codec {payload_type}"),
            Self::Codec {
                payload_type,
                is_sent: true,
            } => write!(f, "codec {payload_type} sent"),
            Self::InboundRtp(id) => write!(f, "inbound {id}"),
            Self::RemoteOutboundRtp(id) => write!(f, "remote outbound {id}"),
            Self::OutboundRtp(id) => write!(f, "outbound {id}"),
            Self::RemoteInboundRtp(id) => write!(f, "remote inbound {id}"),
        }
    }
}

/// `RTCCodecStats`: a codec that a stream of the report uses.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CodecStats {
    /// `id`.
    pub id: StatsId,
    /// `transportId`.
    pub transport_id: StatsId,
    /// `payloadType`.
    pub payload_type: u8,
    /// `mimeType`, such as `video/VP8`.
    pub mime_type: String,
    /// `clockRate`: ticks of the RTP timestamp a second.
    pub clock_rate: u32,
    /// `channels`, where SDP names their number.
    pub channels: Option<u16>,
    /// `sdpFmtpLine`: the parameters of the side that receives it.
    pub sdp_fmtp_line: Option<String>,
}

/// `RTCInboundRtpStreamStats`: a stream of which packets were received. Retransmissions are counted with it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct InboundRtpStats {
    /// `id`.
    pub id: StatsId,
    /// Whose stream it is.
    pub transceiver: TransceiverId,
    /// `ssrc`.
    pub ssrc: u32,
    /// `kind`.
    pub kind: MediaKind,
    /// `transportId`.
    pub transport_id: StatsId,
    /// `codecId`: of the latest packet.
    pub codec_id: Option<StatsId>,
    /// `remoteId`, once the peer has reported.
    pub remote_id: Option<StatsId>,
    /// `trackIdentifier`, if the peer named its track.
    pub track_identifier: Option<String>,
    /// `mid`.
    pub mid: Option<String>,
    /// The layer of simulcast. W3C has no such member, since browsers receive none.
    pub rid: Option<Arc<str>>,
    /// `rtxSsrc`, once it is known.
    pub rtx_ssrc: Option<u32>,
    /// `packetsReceived`, retransmissions included.
    pub packets_received: u64,
    /// `bytesReceived`: payloads, retransmissions included.
    pub bytes_received: u64,
    /// `headerBytesReceived`: headers and padding, retransmissions included.
    pub header_bytes_received: u64,
    /// `packetsLost` on the way (RFC 3550 §6.4.1), repaired or not; negative with duplicates.
    pub packets_lost: i64,
    /// `jitter` (RFC 3550 §6.4.1).
    pub jitter: Duration,
    /// `lastPacketReceivedTimestamp`.
    pub last_packet_received: Option<Instant>,
    /// `packetsDiscarded`: those that nobody had read when their queue was full. What comes too late for a jitter buffer is
    /// counted there.
    pub packets_discarded: u64,
    /// `retransmittedPacketsReceived`; unset without RTX, where nobody can tell.
    pub retransmitted_packets_received: Option<u64>,
    /// `retransmittedBytesReceived`; unset without RTX.
    pub retransmitted_bytes_received: Option<u64>,
    /// `packetsReportedAsLost`; unset unless RFC 8888 feedback was negotiated.
    pub packets_reported_as_lost: Option<u64>,
    /// `packetsReportedAsLostButRecovered`; unset unless RFC 8888 feedback was negotiated.
    pub packets_reported_as_lost_but_recovered: Option<u64>,
    /// `framesReceived`: pictures of which every packet came; unset for audio.
    pub frames_received: Option<u64>,
    /// What W3C counts of a jitter buffer, where the track is read through one. Counted by the façade.
    pub jitter_buffer: Option<JitterBufferStats>,
    /// `nackCount`: messages sent.
    pub nack_count: u64,
    /// `pliCount`: messages sent; unset for audio.
    pub pli_count: Option<u64>,
    /// `firCount`: messages sent; unset for audio.
    pub fir_count: Option<u64>,
    /// Packets that had come before. Not of W3C.
    pub packets_duplicated: u64,
    /// Packets given up: never repaired although they were asked for. Not of W3C.
    pub packets_unrepaired: u64,
}

/// The members of `RTCInboundRtpStreamStats` about a jitter buffer: sums over what has come out of it, samples of sound or
/// pictures. A difference of two reports by that of `emitted_count` is an average.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct JitterBufferStats {
    /// `jitterBufferEmittedCount`.
    pub emitted_count: u64,
    /// `jitterBufferDelay`: from the first packet's arrival on.
    pub delay: Duration,
    /// `jitterBufferTargetDelay`: the delay that was aimed at.
    pub target_delay: Duration,
    /// `jitterBufferMinimumDelay`: the delay that the network alone asked for.
    pub minimum_delay: Duration,
}

/// `RTCRemoteOutboundRtpStreamStats`: what the sender of a received stream reports.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RemoteOutboundRtpStats {
    /// `id`.
    pub id: StatsId,
    /// `timestamp`: when the latest report arrived.
    pub timestamp: Instant,
    /// `localId`: our side of the stream.
    pub local_id: StatsId,
    /// `ssrc`.
    pub ssrc: u32,
    /// `kind`.
    pub kind: MediaKind,
    /// `transportId`.
    pub transport_id: StatsId,
    /// `codecId`.
    pub codec_id: Option<StatsId>,
    /// `packetsSent`.
    pub packets_sent: u64,
    /// `bytesSent`: payloads.
    pub bytes_sent: u64,
    /// `remoteTimestamp`: the peer's clock when it sent its latest report, as the time since the Unix epoch.
    pub remote_timestamp: Duration,
    /// `reportsSent`: reports that arrived.
    pub reports_sent: u64,
    /// `roundTripTime`, measured by extended reports (RFC 3611 §4.5).
    pub round_trip_time: Option<Duration>,
    /// `totalRoundTripTime`.
    pub total_round_trip_time: Duration,
    /// `roundTripTimeMeasurements`.
    pub round_trip_time_measurements: u64,
}

/// `RTCOutboundRtpStreamStats`: a stream that is sent. Retransmissions are counted with it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OutboundRtpStats {
    /// `id`.
    pub id: StatsId,
    /// Whose stream it is.
    pub transceiver: TransceiverId,
    /// `ssrc`.
    pub ssrc: u32,
    /// `kind`.
    pub kind: MediaKind,
    /// `transportId`.
    pub transport_id: StatsId,
    /// `codecId`: of the latest packet; unset before the first.
    pub codec_id: Option<StatsId>,
    /// `remoteId`, once the peer has reported.
    pub remote_id: Option<StatsId>,
    /// `mid`.
    pub mid: Option<String>,
    /// `rid`: the layer of simulcast.
    pub rid: Option<Arc<str>>,
    /// `encodingIndex`: which of the sender's encodings; unset for audio.
    pub encoding_index: Option<usize>,
    /// `active`: whether it is to be sent.
    pub active: bool,
    /// `rtxSsrc`; unset without RTX.
    pub rtx_ssrc: Option<u32>,
    /// `packetsSent`, retransmissions included.
    pub packets_sent: u64,
    /// `bytesSent`: payloads, retransmissions included.
    pub bytes_sent: u64,
    /// `headerBytesSent`: headers and padding, retransmissions included.
    pub header_bytes_sent: u64,
    /// `retransmittedPacketsSent`.
    pub retransmitted_packets_sent: u64,
    /// `retransmittedBytesSent`: payloads.
    pub retransmitted_bytes_sent: u64,
    /// `framesSent`: packets that end a picture; unset for audio.
    pub frames_sent: Option<u64>,
    /// `nackCount`: messages received.
    pub nack_count: u64,
    /// `pliCount`: messages received; unset for audio.
    pub pli_count: Option<u64>,
    /// `firCount`: messages received, without repetitions; unset for audio.
    pub fir_count: Option<u64>,
    /// Packets that were asked for and could not be sent again: too old, or too many at once. Not of W3C.
    pub retransmissions_refused: u64,
}

/// `RTCRemoteInboundRtpStreamStats`: what the receiver of a sent stream reports.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct RemoteInboundRtpStats {
    /// `id`.
    pub id: StatsId,
    /// `timestamp`: when the latest report arrived.
    pub timestamp: Option<Instant>,
    /// `localId`: our side of the stream.
    pub local_id: StatsId,
    /// `ssrc`.
    pub ssrc: u32,
    /// `kind`.
    pub kind: MediaKind,
    /// `transportId`.
    pub transport_id: StatsId,
    /// `codecId`.
    pub codec_id: Option<StatsId>,
    /// `packetsReceived`: estimated from the highest number and the loss.
    pub packets_received: u64,
    /// `packetsLost` since the beginning.
    pub packets_lost: i64,
    /// `fractionLost` between the last two reports, 0 to 1.
    pub fraction_lost: f64,
    /// `jitter`.
    pub jitter: Duration,
    /// `roundTripTime`, measured by report blocks (RFC 3550 §6.4.1).
    pub round_trip_time: Option<Duration>,
    /// `totalRoundTripTime`.
    pub total_round_trip_time: Duration,
    /// `roundTripTimeMeasurements`.
    pub round_trip_time_measurements: u64,
}
