//! Statistics: the objects of W3C webrtc-stats. Those of streams are in [`rtp`].
//!
//! Names are those of the specification in Rust's spelling; units are bytes, packets and [`Duration`]s.

mod rtp;

use std::time::Duration;

pub use self::rtp::{
    CodecStats, InboundRtpStats, JitterBufferStats, OutboundRtpStats, RemoteInboundRtpStats,
    RemoteOutboundRtpStats, StatsId,
};

use super::PeerConnection;
use super::event::ChannelId;
use super::rtp::{RtpTransport, RtpTransportStats};
use crate::states::{DataChannelState, DtlsTransportState, IceConnectionState};

/// Everything there is to know about a connection (`RTCStatsReport`).
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct StatsReport {
    /// `transport`.
    pub transport: TransportStats,
    /// `candidate-pair`, the selected one among them.
    pub candidate_pairs: Vec<CandidatePairStats>,
    /// `local-candidate`.
    pub local_candidates: Vec<CandidateStats>,
    /// `remote-candidate`.
    pub remote_candidates: Vec<CandidateStats>,
    /// `certificate`: ours.
    pub local_certificate: Option<CertificateStats>,
    /// `certificate`: the peer's, once DTLS has it.
    pub remote_certificate: Option<CertificateStats>,
    /// `data-channel`.
    pub data_channels: Vec<DataChannelStats>,
    /// `codec`: those that streams of the report use.
    pub codecs: Vec<CodecStats>,
    /// `inbound-rtp`.
    pub inbound_rtp: Vec<InboundRtpStats>,
    /// `remote-outbound-rtp`: what the peer says about what we receive.
    pub remote_outbound_rtp: Vec<RemoteOutboundRtpStats>,
    /// `outbound-rtp`.
    pub outbound_rtp: Vec<OutboundRtpStats>,
    /// `remote-inbound-rtp`: what the peer says about what we send.
    pub remote_inbound_rtp: Vec<RemoteInboundRtpStats>,
    /// Counters of the ICE agent.
    pub ice: ice::Stats,
    /// Counters of the DTLS association.
    pub dtls: dtls::Stats,
    /// Counters of the SCTP association.
    pub sctp: sctp::Stats,
    /// Counters of media: what was refused or dropped, by cause.
    pub rtp: RtpTransportStats,
    /// Datagrams that are neither STUN nor DTLS nor media.
    pub unexpected_datagrams: u64,
    /// Datagrams of DTLS that came before the peer's description, beyond the eight of at most 2,048 bytes that are kept for it.
    pub early_datagrams_dropped: u64,
    /// Candidates of the peer that were passed over: TCP, names, unknown generations, too many.
    pub ignored_candidates: u64,
    /// Sends that the system refused. Counted by the façade.
    pub send_errors: u64,
    /// Passing errors of receiving at the sockets, which all connections of an endpoint share: ICMP's answers, moments
    /// without memory. Counted by the façade.
    pub receive_errors: u64,
    /// Sockets, which all connections of an endpoint share, for which the system does not segment bursts (GSO): they are sent
    /// packet by packet since that came out. Counted by the façade.
    pub offload_fallbacks: u64,
    /// Events that nobody asked for in time.
    pub events_lost: u64,
}

/// `RTCTransportStats`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TransportStats {
    /// The id by which streams and codecs refer to it.
    pub id: StatsId,
    /// UDP payload bytes sent, STUN included.
    pub bytes_sent: u64,
    /// UDP payload bytes received, STUN included.
    pub bytes_received: u64,
    /// Datagrams sent.
    pub packets_sent: u64,
    /// Datagrams received.
    pub packets_received: u64,
    /// The role that ICE has.
    pub ice_role: ice::Role,
    /// What ICE has found.
    pub ice_state: IceConnectionState,
    /// The user name fragment in use.
    pub ice_local_username_fragment: String,
    /// What DTLS has reached.
    pub dtls_state: DtlsTransportState,
    /// Whether we are the DTLS client, once it is decided.
    pub dtls_is_client: Option<bool>,
    /// The DTLS version, such as `FEFD` for 1.2.
    pub tls_version: Option<&'static str>,
    /// The cipher suite's IANA name.
    pub dtls_cipher: Option<&'static str>,
    /// The SRTP profile's IANA name (`srtpCipher`), once DTLS has agreed upon one.
    pub srtp_cipher: Option<&'static str>,
    /// The path that data takes.
    pub selected_candidate_pair: Option<ice::Path>,
}

/// `RTCIceCandidatePairStats`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CandidatePairStats {
    /// Local base and remote address.
    pub path: ice::Path,
    /// What checks have found.
    pub state: ice::PairState,
    /// Whether the controlling side chose it.
    pub nominated: bool,
    /// Whether data takes it.
    pub selected: bool,
    /// RFC 8445 §6.1.2.3.
    pub priority: u64,
    /// The latest round trip of a check.
    pub current_round_trip_time: Option<Duration>,
    /// What was counted.
    pub counters: ice::PairCounters,
}

/// `RTCIceCandidateStats`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CandidateStats {
    /// `host`, `srflx`, `prflx` or `relay`.
    pub kind: ice::CandidateKind,
    /// The address, or a name that was not resolved.
    pub address: String,
    /// RFC 8445 §5.1.2.
    pub priority: u32,
}

/// `RTCCertificateStats`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CertificateStats {
    /// SHA-256 over the certificate, as `a=fingerprint` writes it.
    pub fingerprint: String,
    /// The certificate's size in bytes.
    pub len: usize,
}

/// `RTCDataChannelStats`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DataChannelStats {
    /// The channel's number in this connection.
    pub channel: ChannelId,
    /// Its stream id, once it is known.
    pub stream_id: Option<u16>,
    /// Its name.
    pub label: String,
    /// Its protocol.
    pub protocol: String,
    /// Its state.
    pub state: DataChannelState,
    /// Messages sent.
    pub messages_sent: u64,
    /// Payload bytes sent.
    pub bytes_sent: u64,
    /// Messages received.
    pub messages_received: u64,
    /// Payload bytes received.
    pub bytes_received: u64,
}

impl PeerConnection {
    /// Everything there is to know about the connection (`getStats`).
    #[must_use]
    pub fn stats(&self) -> StatsReport {
        let agent = &self.transport.ice;
        let security = &self.transport.security;
        let connection = security.connection();
        let rtp = self.transport.rtp.get();
        let peer_certificate = connection.and_then(|it| it.peer_certificates().first());
        let mut report = StatsReport {
            transport: self.transport_stats(),
            candidate_pairs: self.candidate_pairs(),
            local_candidates: agent.local_candidates().iter().map(CandidateStats::new).collect(),
            remote_candidates: agent
                .remote_candidates()
                .iter()
                .map(CandidateStats::new)
                .collect(),
            local_certificate: security
                .certificate
                .chain()
                .first()
                .map(|der| self.certificate_stats(der)),
            remote_certificate: peer_certificate.map(|der| self.certificate_stats(der)),
            data_channels: self.channel_stats(),
            ice: agent.stats(),
            dtls: connection.map(|it| it.stats()).unwrap_or_default(),
            sctp: self.transport.channels.association().stats(),
            unexpected_datagrams: self.transport.unexpected,
            early_datagrams_dropped: self.transport.security.early_dropped(),
            ignored_candidates: self.candidates.ignored,
            send_errors: 0,
            events_lost: self.events_lost + rtp.map_or(0, RtpTransport::events_lost),
            rtp: self.transport.rtp.stats(),
            ..StatsReport::default()
        };
        self.report_streams(&mut report);
        report
    }

    fn certificate_stats(&self, der: &[u8]) -> CertificateStats {
        let provider = &self.settings.provider;
        let fingerprint = dtls::Fingerprint::of(provider, dtls::FingerprintAlgorithm::Sha256, der);
        CertificateStats {
            fingerprint: fingerprint.to_string(),
            len: der.len(),
        }
    }

    fn transport_stats(&self) -> TransportStats {
        let agent = &self.transport.ice;
        let counters = agent.stats();
        let connection = self.transport.security.connection();
        let peer = self.transport.security.peer();
        TransportStats {
            id: StatsId::Transport,
            bytes_sent: counters.bytes_sent,
            bytes_received: counters.bytes_received,
            packets_sent: counters.packets_sent,
            packets_received: counters.packets_received,
            ice_role: agent.role(),
            ice_state: self.ice_connection_state(),
            ice_local_username_fragment: agent.local_credentials().ufrag.clone(),
            dtls_state: self.dtls_state(),
            dtls_is_client: peer.map(|peer| peer.role == crate::DtlsRole::Server),
            tls_version: connection.and_then(|it| it.version()).map(tls_version),
            dtls_cipher: connection
                .and_then(|it| it.cipher_suite())
                .map(dtls::CipherSuite::name),
            srtp_cipher: connection
                .and_then(|it| srtp::Profile::from_code_point(it.srtp_profile()?.code_point()))
                .map(srtp::Profile::name),
            selected_candidate_pair: agent.data_path(),
        }
    }

    fn candidate_pairs(&self) -> Vec<CandidatePairStats> {
        let selected = self.transport.ice.data_path();
        let pairs = self.transport.ice.candidate_pairs();
        let stats = pairs.into_iter().map(|pair| CandidatePairStats {
            path: pair.path,
            state: pair.state,
            nominated: pair.nominated,
            selected: selected == Some(pair.path),
            priority: pair.priority,
            current_round_trip_time: pair.rtt,
            counters: pair.counters,
        });
        stats.collect()
    }

    fn channel_stats(&self) -> Vec<DataChannelStats> {
        let channels = &self.transport.channels;
        let stats = channels.ids().filter_map(|id| {
            let config = channels.info(id)?;
            let counters = channels.channel_stats(id)?;
            Some(DataChannelStats {
                channel: id,
                stream_id: channels.stream_id(id),
                label: config.label.clone(),
                protocol: config.protocol.clone(),
                state: self.channel_state(id),
                messages_sent: counters.messages_sent,
                bytes_sent: counters.bytes_sent,
                messages_received: counters.messages_received,
                bytes_received: counters.bytes_received,
            })
        });
        stats.collect()
    }
}

impl StatsReport {
    /// Leaves out what the `inbound-rtp` and `outbound-rtp` in it do not refer to, directly or by others. A transport and what
    /// it refers to is left with counters of its own.
    pub(super) fn select(&mut self) {
        let inbound: Vec<_> = self.inbound_rtp.iter().map(|stream| stream.id).collect();
        let outbound: Vec<_> = self.outbound_rtp.iter().map(|stream| stream.id).collect();
        let used = self.inbound_rtp.iter().filter_map(|stream| stream.codec_id);
        let used: Vec<_> = used
            .chain(self.outbound_rtp.iter().filter_map(|stream| stream.codec_id))
            .collect();
        self.remote_outbound_rtp
            .retain(|stream| inbound.contains(&stream.local_id));
        self.remote_inbound_rtp
            .retain(|stream| outbound.contains(&stream.local_id));
        self.codecs.retain(|codec| used.contains(&codec.id));
        self.data_channels.clear();
        self.candidate_pairs.retain(|pair| pair.selected);
        let path = self.transport.selected_candidate_pair;
        let [local, remote] = [path.map(|it| it.local), path.map(|it| it.remote)];
        let is_at = |candidate: &CandidateStats, address: Option<std::net::SocketAddr>| {
            address.is_some_and(|address| candidate.address == address.to_string())
        };
        self.local_candidates.retain(|candidate| is_at(candidate, local));
        self.remote_candidates
            .retain(|candidate| is_at(candidate, remote));
    }
}

/// The version on the wire, in hexadecimal.
const fn tls_version(version: dtls::Version) -> &'static str {
    match version {
        dtls::Version::Dtls12 => "FEFD",
        _ => "unknown",
    }
}

impl CandidateStats {
    fn new(candidate: &ice::Candidate) -> Self {
        let address = match &candidate.address {
            ice::Address::Ip(address) => address.to_string(),
            ice::Address::Name { host, port } => format!("{host}:{port}"),
        };
        Self {
            kind: candidate.kind,
            address,
            priority: candidate.priority,
        }
    }
}
