//! The connection core: `RTCPeerConnection` without clock, socket or thread.
//!
//! W3C webrtc-pc §4.4 and RFC 9429 (JSEP), over one bundled transport. Drive it with the verbs that every core of this
//! workspace has: bytes and time go in, datagrams, events and the next deadline come out.

mod candidates;
mod channels;
mod drafts;
mod establish;
mod event;
mod handshake;
mod media;
mod negotiation;
mod remote;
mod renewal;
mod restart;
mod rtp;
mod sections;
mod security;
mod signaling;
mod state;
mod stats;
mod timeline;
mod transport;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

pub use self::event::{ChannelEvent, ChannelId, Event, IceCandidateError, RtpEvent, SsrcRefusal};
pub use self::media::{
    Encoding, ExtensionEncryption, HeaderExtensionCapability, InboundStream, MAX_CODECS, MAX_ENCODINGS,
    MAX_HEADER_EXTENSIONS, MAX_RID, MAX_TRANSCEIVERS, MediaEngine, MediaKind, NegotiatedCodec,
    NegotiatedExtension, NegotiatedMedia, NegotiatedSection, OutboundStream, ParametersError, PayloadTypeUse,
    Receiver, RegisterError, RemoteTrack, RtcpFeedback, RtpCodec, RtpCodecCapability, RtpEncodingParameters,
    RtpTransceiverInit, SendLimits, Sender, TrackInfo, TrackOrKind, Transceiver, TransceiverId,
};
pub use self::rtp::{LayerForwarder, RtpReceived, RtpSendError, RtpTransportStats};
pub use self::stats::{
    CandidatePairStats, CandidateStats, CertificateStats, CodecStats, DataChannelStats, InboundRtpStats,
    JitterBufferStats, OutboundRtpStats, RemoteInboundRtpStats, RemoteOutboundRtpStats, StatsId, StatsReport,
    TransportStats,
};
pub use self::timeline::Timeline;

use interceptor::Ecn;

use self::candidates::Candidates;
use self::media::MediaSlot;
use self::negotiation::Drafts;
use self::signaling::Signaling;
use self::state::States;
use self::transport::Transport;
use crate::configuration::{Configuration, IceTransportPolicy};
use crate::error::{Error, FailureReason};
use crate::registry::Registry;
use crate::setting_engine::SettingEngine;

/// The most media sections of one description.
pub const MAX_SECTIONS: usize = 128;

/// The most events that wait to be polled. Later ones are counted in [`StatsReport::events_lost`].
pub const MAX_EVENTS: usize = 1024;

/// One datagram, or several equal-sized ones, appended to the caller's buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transmit {
    /// From which local address to which remote one.
    pub path: ice::Path,
    /// How many bytes were appended.
    pub len: usize,
    /// The size of each datagram but the last, which may be shorter, when there are several.
    pub segment_size: Option<usize>,
}

/// A connection to one peer.
#[derive(Debug)]
pub struct PeerConnection {
    transport: Transport,
    signaling: Signaling,
    drafts: Drafts,
    media: MediaSlot,
    candidates: Candidates,
    states: States,
    settings: Arc<SettingEngine>,
    registry: Arc<Registry>,
    events: VecDeque<Event>,
    events_lost: u64,
    failure: Option<FailureReason>,
}

impl PeerConnection {
    /// A connection that has not begun. `seed` decides everything random but the keys; take it from a CSPRNG and never
    /// use it twice.
    ///
    /// # Errors
    ///
    /// [`Error::Certificate`] when the given certificate has expired or none can be made.
    pub fn new(
        configuration: &Configuration,
        settings: Arc<SettingEngine>,
        seed: [u8; 32],
    ) -> Result<Self, Error> {
        let certificate = security::certificate(configuration, &settings)?;
        let agent = ice::core::Agent::new(ice_config(configuration, &settings), seed);
        Ok(Self {
            transport: Transport::new(agent, certificate, &settings, seed),
            signaling: Signaling::default(),
            drafts: Drafts::new(seed, configuration.bundle_policy),
            media: MediaSlot::default(),
            candidates: Candidates::new(configuration.ice_candidate_pool_size > 0),
            states: States::default(),
            settings,
            registry: Arc::default(),
            events: VecDeque::new(),
            events_lost: 0,
            failure: None,
        })
    }

    /// The same with what an application adds to the processing of media; to be called before there is any.
    #[must_use]
    pub fn with_interceptor_registry(mut self, registry: Arc<Registry>) -> Self {
        self.registry = registry;
        self
    }

    /// A datagram came from `path.remote` to `path.local`, without a congestion mark or where nothing tells of it. Opened
    /// in place.
    pub fn handle_input(&mut self, now: Instant, path: ice::Path, datagram: &mut [u8]) {
        self.handle_marked_input(now, path, Ecn::NotEct, datagram);
    }

    /// The same with the congestion mark (RFC 3168 §5) of the datagram, which feedback about packets of media tells the
    /// peer (RFC 8888 §3.1) and statistics count.
    pub fn handle_marked_input(&mut self, now: Instant, path: ice::Path, ecn: Ecn, datagram: &mut [u8]) {
        self.transport.handle_input(now, path, ecn, datagram);
        self.digest(now);
    }

    /// Time has passed. Early, late and repeated calls are harmless.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.transport.handle_timeout(now);
        self.digest(now);
    }

    /// Appends what has to be sent next, at most `max_segments` datagrams to one address.
    pub fn poll_transmit(
        &mut self,
        now: Instant,
        max_segments: usize,
        out: &mut Vec<u8>,
    ) -> Option<Transmit> {
        // What the application has stopped since the last input ends here.
        self.settle_media(now);
        let transmit = self.transport.poll_transmit(now, max_segments, out);
        if transmit.is_none() && self.states.is_closed() {
            self.transport.close_ice();
        }
        transmit
    }

    /// The socket could not send what [`poll_transmit`](Self::poll_transmit) gave for this path: no route, not permitted. A
    /// STUN server there is given up at once, and a failure of ICE names the cause. Not for a socket that was merely full.
    pub fn handle_transmit_error(&mut self, now: Instant, path: ice::Path) {
        self.transport.ice.handle_transmit_error(now, path);
        self.transport.settle(now);
        self.digest(now);
    }

    /// When [`handle_timeout`](Self::handle_timeout) is wanted next.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.transport.poll_timeout()
    }

    /// The next piece of news.
    pub fn poll_event(&mut self) -> Option<Event> {
        if let Some(event) = self.events.pop_front() {
            return Some(event);
        }
        self.events = VecDeque::new();
        if let Some((id, event)) = self.transport.poll_rtp_event() {
            return Some(Event::Rtp(id, event));
        }
        loop {
            let news = self.transport.poll_channels()?;
            if let Some(event) = self.digest_channels(news) {
                return Some(event);
            }
        }
    }

    /// A path over which the peer was reached: from here on its datagrams are for this connection, which whoever routes
    /// datagrams to many connections may learn.
    pub fn poll_path(&mut self) -> Option<ice::Path> {
        self.transport.validated.pop_front()
    }

    /// Whether addresses are wanted: true from the moment that gathering has to begin – with the first local description, or
    /// at once where there is a [pool](Configuration::ice_candidate_pool_size) – until
    /// [`end_local_addresses`](Self::end_local_addresses), and again after each ICE restart, where addresses that the
    /// connection has already may be added once more to no effect.
    #[must_use]
    pub const fn wants_addresses(&self) -> bool {
        self.candidates.wants_addresses()
    }

    /// The address of a socket, or of an interface that a socket is bound to, becomes a host candidate.
    pub fn add_local_address(&mut self, now: Instant, address: SocketAddr) {
        self.transport.ice.add_local_address(now, address);
        self.transport.settle(now);
        self.digest(now);
    }

    /// The address is gone, and with it every path that begins there.
    pub fn remove_local_address(&mut self, now: Instant, address: SocketAddr) {
        self.transport.ice.remove_local_address(now, address);
        self.transport.settle(now);
        self.digest(now);
    }

    /// A STUN server to ask for server-reflexive candidates: the resolved address of `url`.
    pub fn add_stun_server(&mut self, now: Instant, address: SocketAddr, url: &str) {
        self.transport.ice.add_stun_server(now, address, url);
        self.transport.settle(now);
        self.digest(now);
    }

    /// Every local address and every server is known.
    pub fn end_local_addresses(&mut self, now: Instant) {
        self.candidates.addresses_given();
        self.transport.ice.end_local_addresses(now);
        self.transport.settle(now);
        self.digest(now);
    }

    /// Ends the connection: the peer is told, of each stream (RTCP BYE) and of the whole (`close_notify`), and what waits to be
    /// sent is dropped. May be called more than once.
    pub fn close(&mut self, now: Instant) {
        if self.states.is_closed() {
            return;
        }
        self.transport.close(now);
        self.signaling.close();
        self.enter_closed();
    }

    /// Whether it was closed, by us or by the peer.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.states.is_closed()
    }

    /// Why the connection failed, if it did. An ICE restart takes it back.
    #[must_use]
    pub const fn failure(&self) -> Option<&FailureReason> {
        self.failure.as_ref()
    }

    /// When each step of the set-up was reached.
    #[must_use]
    pub const fn timeline(&self) -> &Timeline {
        &self.transport.timeline
    }

    /// The user name fragment by which checks of the peer name this connection.
    #[must_use]
    pub fn local_ufrag(&self) -> &str {
        &self.transport.ice.local_credentials().ufrag
    }

    fn push(&mut self, event: Event) {
        if self.events.len() < MAX_EVENTS {
            self.events.push_back(event);
        } else {
            self.events_lost += 1;
        }
    }

    fn ensure_open(&self) -> Result<(), Error> {
        if self.states.is_closed() {
            Err(Error::Closed)
        } else {
            Ok(())
        }
    }
}

fn ice_config(configuration: &Configuration, settings: &SettingEngine) -> ice::Config {
    ice::Config {
        lite: settings.ice_lite,
        timers: ice::Timers {
            pacing: Duration::from_millis(settings.proposed_pacing()),
            ..ice::Timers::default()
        },
        transport_policy: match configuration.ice_transport_policy {
            IceTransportPolicy::All => ice::TransportPolicy::All,
            IceTransportPolicy::Relay => ice::TransportPolicy::Relay,
        },
        provider: settings.provider.clone(),
        ..ice::Config::default()
    }
}
