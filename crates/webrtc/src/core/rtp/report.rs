//! What is told of streams in a report: W3C webrtc-stats §8, and the selection of one sender or receiver, W3C webrtc-pc
//! §8.5.

use interceptor::{
    InboundId, InboundStats, OutboundId, OutboundStats, RemoteInboundStats, RemoteOutboundStats,
};

use super::layers::Layer;
use super::sections::{Encoding, Section};
use crate::core::PeerConnection;
use crate::core::media::{MediaKind, NegotiatedCodec, TransceiverId};
use crate::core::stats::{
    CodecStats, InboundRtpStats, OutboundRtpStats, RemoteInboundRtpStats, RemoteOutboundRtpStats, StatsId,
    StatsReport,
};

/// What the entries of a section have in common.
struct Owner {
    transceiver: TransceiverId,
    kind: MediaKind,
    mid: Option<String>,
    track_identifier: Option<String>,
}

impl PeerConnection {
    /// The report of one sender (`RTCRtpSender.getStats`): what a transceiver sends, and all that this refers to.
    #[must_use]
    pub fn sender_stats(&self, id: TransceiverId) -> StatsReport {
        let mut report = self.stats();
        report.outbound_rtp.retain(|stream| stream.transceiver == id);
        report.inbound_rtp.clear();
        report.select();
        report
    }

    /// The report of one receiver (`RTCRtpReceiver.getStats`): what a transceiver receives, and all that this refers to.
    #[must_use]
    pub fn receiver_stats(&self, id: TransceiverId) -> StatsReport {
        let mut report = self.stats();
        report.inbound_rtp.retain(|stream| stream.transceiver == id);
        report.outbound_rtp.clear();
        report.select();
        report
    }

    /// Adds the entries of every stream.
    pub(in crate::core) fn report_streams(&self, report: &mut StatsReport) {
        let Some(rtp) = self.transport.rtp.get() else {
            return;
        };
        for section in rtp.sections.all() {
            let owner = self.owner(section);
            for layer in &section.layers {
                if let Some(stats) = rtp.chain.inbound_stats(layer.id) {
                    add_inbound(report, (section, layer), &owner, stats);
                }
            }
            for encoding in section.encodings.iter().chain(&section.parked) {
                if let Some(stats) = rtp.chain.outbound_stats(encoding.id) {
                    self.add_outbound(report, (section, encoding), &owner, stats);
                }
            }
        }
    }

    fn owner(&self, section: &Section) -> Owner {
        let id = section.agreed.transceiver;
        let transceiver = self.transceiver(id);
        Owner {
            transceiver: id,
            kind: section.agreed.kind,
            mid: transceiver.and_then(|known| known.mid().map(str::to_owned)),
            track_identifier: transceiver.and_then(|known| known.receiver().remote_track().track_id.clone()),
        }
    }

    fn add_outbound(
        &self,
        report: &mut StatsReport,
        (section, encoding): (&Section, &Encoding),
        owner: &Owner,
        stats: OutboundStats,
    ) {
        let id = encoding.id;
        let codec_id = stats.payload_type.and_then(|it| sent_codec(report, section, it));
        let is_video = owner.kind == MediaKind::Video;
        let encodings = self
            .transceiver(owner.transceiver)
            .map(|known| known.sender().encodings());
        let index = encodings.and_then(|all| all.iter().position(|known| known.ssrc == stats.ssrc));
        let mut agreed = section.agreed.outbound.iter();
        let agreed = agreed.find(|stream| stream.ssrc == stats.ssrc);
        let local = OutboundRtpStats {
            id: StatsId::OutboundRtp(id),
            transceiver: owner.transceiver,
            ssrc: stats.ssrc,
            kind: owner.kind,
            transport_id: StatsId::Transport,
            codec_id,
            remote_id: stats.remote.map(|_| StatsId::RemoteInboundRtp(id)),
            mid: owner.mid.clone(),
            rid: encoding.rid.clone(),
            encoding_index: index.filter(|_| is_video),
            active: agreed.is_some_and(|stream| stream.active),
            rtx_ssrc: stats.rtx_ssrc,
            packets_sent: stats.packets_sent,
            bytes_sent: stats.bytes_sent,
            header_bytes_sent: stats.header_bytes_sent,
            retransmitted_packets_sent: stats.retransmitted_packets_sent,
            retransmitted_bytes_sent: stats.retransmitted_bytes_sent,
            frames_sent: is_video.then_some(stats.markers_sent),
            nack_count: stats.nack_count,
            pli_count: is_video.then_some(stats.pli_count),
            fir_count: is_video.then_some(stats.fir_count),
            retransmissions_refused: stats.retransmissions_refused,
        };
        let remote = stats.remote.map(|remote| remote_inbound(&local, id, remote));
        report.remote_inbound_rtp.extend(remote);
        report.outbound_rtp.push(local);
    }
}

fn remote_inbound(
    local: &OutboundRtpStats,
    id: OutboundId,
    remote: RemoteInboundStats,
) -> RemoteInboundRtpStats {
    RemoteInboundRtpStats {
        id: StatsId::RemoteInboundRtp(id),
        timestamp: remote.received,
        local_id: local.id,
        ssrc: local.ssrc,
        kind: local.kind,
        transport_id: local.transport_id,
        codec_id: local.codec_id,
        packets_received: remote.packets_received,
        packets_lost: remote.packets_lost,
        fraction_lost: remote.fraction_lost,
        jitter: remote.jitter,
        round_trip_time: remote.round_trips.latest,
        total_round_trip_time: remote.round_trips.total,
        round_trip_time_measurements: remote.round_trips.measurements,
    }
}

fn add_inbound(
    report: &mut StatsReport,
    (section, layer): (&Section, &Layer),
    owner: &Owner,
    stats: InboundStats,
) {
    let id = layer.id;
    let is_video = owner.kind == MediaKind::Video;
    // The object is made with the first packet.
    if stats.packets_received == 0 {
        return;
    }
    let codec_id = stats
        .payload_type
        .and_then(|it| received_codec(report, section, it));
    let codecs = &section.agreed.receive;
    let has_rtx = stats.rtx_ssrc.is_some() || codecs.iter().any(|codec| codec.rtx_payload_type.is_some());
    let has_ccfb = super::agreed::feedback(codecs).ccfb;
    let local = InboundRtpStats {
        id: StatsId::InboundRtp(id),
        transceiver: owner.transceiver,
        ssrc: stats.ssrc,
        kind: owner.kind,
        transport_id: StatsId::Transport,
        codec_id,
        remote_id: stats.remote.map(|_| StatsId::RemoteOutboundRtp(id)),
        track_identifier: owner.track_identifier.clone(),
        mid: owner.mid.clone(),
        rid: layer.rid.clone(),
        rtx_ssrc: stats.rtx_ssrc,
        packets_received: stats.packets_received,
        bytes_received: stats.bytes_received,
        header_bytes_received: stats.header_bytes_received,
        packets_lost: stats.packets_lost,
        jitter: stats.jitter,
        last_packet_received: stats.last_packet_received,
        packets_discarded: layer.discarded,
        retransmitted_packets_received: has_rtx.then_some(stats.retransmitted_packets_received),
        retransmitted_bytes_received: has_rtx.then_some(stats.retransmitted_bytes_received),
        packets_reported_as_lost: has_ccfb.then_some(stats.packets_reported_as_lost),
        packets_reported_as_lost_but_recovered: has_ccfb
            .then_some(stats.packets_reported_as_lost_but_recovered),
        frames_received: is_video.then_some(stats.frames_received),
        jitter_buffer: None,
        nack_count: stats.nack_count,
        pli_count: is_video.then_some(stats.pli_count),
        fir_count: is_video.then_some(stats.fir_count),
        packets_duplicated: stats.packets_duplicated,
        packets_unrepaired: stats.packets_unrepaired,
    };
    let remote = stats.remote.map(|remote| remote_outbound(&local, id, remote));
    report.remote_outbound_rtp.extend(remote);
    report.inbound_rtp.push(local);
}

fn remote_outbound(
    local: &InboundRtpStats,
    id: InboundId,
    remote: RemoteOutboundStats,
) -> RemoteOutboundRtpStats {
    RemoteOutboundRtpStats {
        id: StatsId::RemoteOutboundRtp(id),
        timestamp: remote.received,
        local_id: local.id,
        ssrc: local.ssrc,
        kind: local.kind,
        transport_id: local.transport_id,
        codec_id: local.codec_id,
        packets_sent: remote.packets_sent,
        bytes_sent: remote.bytes_sent,
        remote_timestamp: remote.remote_timestamp.to_unix(),
        reports_sent: remote.reports_sent,
        round_trip_time: remote.round_trips.latest,
        total_round_trip_time: remote.round_trips.total,
        round_trip_time_measurements: remote.round_trips.measurements,
    }
}

/// The entry of a codec that is received, which is made if it is not there.
fn received_codec(report: &mut StatsReport, section: &Section, payload_type: u8) -> Option<StatsId> {
    let codec = find(&section.agreed.receive, payload_type)?;
    let id = StatsId::Codec {
        payload_type,
        is_sent: false,
    };
    Some(add_codec(report, id, codec))
}

/// The entry of a codec that is sent. What means the same both ways has one.
fn sent_codec(report: &mut StatsReport, section: &Section, payload_type: u8) -> Option<StatsId> {
    let codec = find(&section.agreed.send, payload_type)?;
    let received = find(&section.agreed.receive, payload_type);
    let id = StatsId::Codec {
        payload_type,
        is_sent: received.is_none_or(|received| received.codec != codec.codec),
    };
    Some(add_codec(report, id, codec))
}

fn find(codecs: &[NegotiatedCodec], payload_type: u8) -> Option<&NegotiatedCodec> {
    codecs.iter().find(|codec| codec.payload_type == payload_type)
}

fn add_codec(report: &mut StatsReport, id: StatsId, agreed: &NegotiatedCodec) -> StatsId {
    if !report.codecs.iter().any(|known| known.id == id) {
        let line = &agreed.codec.sdp_fmtp_line;
        report.codecs.push(CodecStats {
            id,
            transport_id: StatsId::Transport,
            payload_type: agreed.payload_type,
            mime_type: agreed.codec.mime_type.clone(),
            clock_rate: agreed.codec.clock_rate,
            channels: agreed.codec.channels,
            sdp_fmtp_line: (!line.is_empty()).then(|| line.clone()),
        });
    }
    id
}
