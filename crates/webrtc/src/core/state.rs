//! From what the layers report to the states of the connection (W3C webrtc-pc §4.3.3, §5.5.1, §5.6).

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::PeerConnection;
use super::event::{ChannelEvent, Event, IceCandidateError};
use super::rtp::{Protection, Setup};
use super::sections;
use super::transport::News;
use crate::error::FailureReason;
use crate::states::{
    DtlsTransportState, IceConnectionState, IceGatheringState, PeerConnectionState, SignalingState,
};

/// The states that have no machine of their own here.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct States {
    pub(super) gathering: IceGatheringState,
    ice: IceConnectionState,
    dtls: DtlsTransportState,
    connection: PeerConnectionState,
}

impl States {
    pub(super) fn is_closed(&self) -> bool {
        self.connection == PeerConnectionState::Closed
    }

    /// W3C webrtc-pc §4.3.3, with one transport.
    fn combined(&self) -> PeerConnectionState {
        use DtlsTransportState as Dtls;
        use IceConnectionState as Ice;
        match (self.ice, self.dtls) {
            (Ice::Failed, _) | (_, Dtls::Failed) => PeerConnectionState::Failed,
            (Ice::Disconnected, _) => PeerConnectionState::Disconnected,
            (Ice::New | Ice::Closed, Dtls::New | Dtls::Closed) => PeerConnectionState::New,
            (Ice::Connected | Ice::Completed, Dtls::Connected | Dtls::Closed) => {
                PeerConnectionState::Connected
            }
            (Ice::New | Ice::Checking | Ice::Connected | Ice::Completed | Ice::Closed, _) => {
                PeerConnectionState::Connecting
            }
        }
    }
}

impl PeerConnection {
    /// Where the offer/answer exchange stands.
    #[must_use]
    pub const fn signaling_state(&self) -> SignalingState {
        self.signaling.state()
    }

    /// Whether candidates are still being found.
    #[must_use]
    pub const fn ice_gathering_state(&self) -> IceGatheringState {
        self.states.gathering
    }

    /// What ICE has found.
    #[must_use]
    pub const fn ice_connection_state(&self) -> IceConnectionState {
        self.states.ice
    }

    /// What DTLS has reached.
    #[must_use]
    pub const fn dtls_state(&self) -> DtlsTransportState {
        self.states.dtls
    }

    /// The state of the connection as a whole.
    #[must_use]
    pub const fn connection_state(&self) -> PeerConnectionState {
        self.states.connection
    }

    /// Turns what the layers reported into events and states.
    pub(super) fn digest(&mut self, now: Instant) {
        while let Some(news) = self.transport.news.pop_front() {
            match news {
                News::Ice(event) => self.digest_ice(event),
                News::Dtls(event) => self.digest_dtls(now, event),
            }
        }
        self.settle_media(now);
        if self.transport.news.capacity() > 0 {
            self.transport.news = VecDeque::new();
        }
    }

    /// What was negotiated for media comes into force, once there are keys for it.
    pub(super) fn settle_media(&mut self, now: Instant) {
        let Some(media) = self.media.get_mut() else { return };
        let (generation, is_empty) = (
            media.negotiated().generation,
            media.negotiated().sections.is_empty(),
        );
        match self.transport.rtp.get() {
            Some(rtp) if rtp.generation() == Some(generation) => return,
            None if is_empty || !self.transport.security.is_connected() => return,
            Some(_) | None => {}
        }
        let seed = media.chain_seed();
        let peer = self.signaling.remote.latest();
        let srtp = &self.settings.srtp;
        let protection = Protection {
            replay_window: srtp.replay_window,
            replay_protection: [srtp.replay_protection, srtp.rtcp_replay_protection],
            cryptex: srtp.cryptex && peer.is_some_and(|peer| sections::has_cryptex(&peer.sdp())),
        };
        let setup = Setup {
            unix: Duration::from_secs((self.settings.clock.0)().as_secs()),
            cname: &media.negotiated().cname,
            seed,
            registry: &self.registry,
            protection,
        };
        self.transport.apply_media(now, media.negotiated(), &setup);
    }

    fn digest_ice(&mut self, event: ice::Event) {
        if self.states.is_closed() {
            return;
        }
        match event {
            ice::Event::LocalCandidate(candidate) => self.local_candidate(&candidate),
            ice::Event::GatheringStateChange(state) => self.gathering(state),
            ice::Event::ConnectionStateChange(state) => self.ice_state(state),
            ice::Event::SelectedPairChange(pair) => self.push(Event::SelectedCandidatePairChange(pair.path)),
            ice::Event::GatheringError {
                url, code, reason, ..
            } => self.candidate_error(IceCandidateError {
                url,
                code,
                text: reason.to_string(),
            }),
            ice::Event::Failed(reason) => {
                let reason = self.or_refused(FailureReason::Ice(reason));
                self.fail(reason);
            }
            // Sockets are not the core's.
            ice::Event::RoleChange(_) | ice::Event::PathValidated(_) | ice::Event::SocketLost(_) => {}
            _ => {}
        }
    }

    pub(super) fn ice_state(&mut self, state: ice::ConnectionState) {
        let state = match state {
            ice::ConnectionState::New => IceConnectionState::New,
            ice::ConnectionState::Checking => IceConnectionState::Checking,
            ice::ConnectionState::Connected => IceConnectionState::Connected,
            ice::ConnectionState::Completed => IceConnectionState::Completed,
            ice::ConnectionState::Disconnected => IceConnectionState::Disconnected,
            ice::ConnectionState::Failed => IceConnectionState::Failed,
            ice::ConnectionState::Closed => IceConnectionState::Closed,
        };
        if state != self.states.ice {
            self.states.ice = state;
            self.push(Event::IceConnectionStateChange(state));
            self.update_connection_state();
        }
    }

    fn digest_dtls(&mut self, now: Instant, event: dtls::Event) {
        match event {
            dtls::Event::Connected => {
                self.signaling.compress();
                self.dtls(DtlsTransportState::Connected);
            }
            dtls::Event::Closed(reason) if self.states.is_closed() => drop(reason),
            dtls::Event::Closed(dtls::CloseReason::CloseNotify) => {
                self.dtls(DtlsTransportState::Closed);
                self.closed_by_peer(now);
            }
            dtls::Event::Closed(reason) => {
                self.transport.channels.abort(now, "the DTLS association failed");
                let reason = self.why_dtls_failed(reason);
                self.fail(reason);
                self.dtls(DtlsTransportState::Failed);
            }
        }
    }

    /// A handshake that nobody answers may have its cause below.
    fn why_dtls_failed(&self, reason: dtls::CloseReason) -> FailureReason {
        let agent = &self.transport.ice;
        if reason == dtls::CloseReason::HandshakeTimeout && agent.data_path().is_none() {
            return FailureReason::Ice(agent.diagnosis());
        }
        self.or_refused(FailureReason::Dtls(reason))
    }

    /// Our checks prove that we know the peer's password, its checks that it knows ours: a side whose checks are all refused
    /// has no path, says nothing, and gives up.
    fn or_refused(&self, reason: FailureReason) -> FailureReason {
        let silence = matches!(
            reason,
            FailureReason::Ice(ice::FailReason::ConsentExpired { .. })
                | FailureReason::Dtls(dtls::CloseReason::HandshakeTimeout)
        );
        let checks = self.transport.ice.stats();
        let refused = checks.unauthenticated;
        if silence && checks.requests_received == 0 && refused > 0 {
            FailureReason::CredentialsRefused { refused }
        } else {
            reason
        }
    }

    /// The peer said goodbye: nothing can come after it (RFC 8827 §6.5, RFC 5246 §7.2.1).
    fn closed_by_peer(&mut self, now: Instant) {
        self.transport.close(now);
        self.signaling.close();
        self.enter_closed();
    }

    pub(super) fn dtls(&mut self, state: DtlsTransportState) {
        if state != self.states.dtls {
            self.states.dtls = state;
            self.push(Event::DtlsStateChange(state));
            self.update_connection_state();
        }
    }

    /// The cause comes before the state change. Of the causes of one failure only the first is told.
    fn fail(&mut self, reason: FailureReason) {
        // Without SCTP the connection goes on, and may fail as a whole.
        let is_news = match (&self.failure, &reason) {
            (None, _) => true,
            (Some(FailureReason::Sctp(_)), reason) => !matches!(reason, FailureReason::Sctp(_)),
            (Some(_), _) => false,
        };
        if is_news && !self.states.is_closed() {
            self.failure = Some(reason.clone());
            self.push(Event::Failed(reason));
        }
    }

    fn update_connection_state(&mut self) {
        let state = self.states.combined();
        if !self.states.is_closed() && state != self.states.connection {
            if self.states.connection == PeerConnectionState::Failed {
                self.failure = None;
            }
            self.states.connection = state;
            self.push(Event::ConnectionStateChange(state));
        }
    }

    pub(super) fn enter_closed(&mut self) {
        self.push(Event::SignalingStateChange(SignalingState::Closed));
        if self.states.dtls != DtlsTransportState::Failed {
            self.states.dtls = DtlsTransportState::Closed;
        }
        self.states.ice = IceConnectionState::Closed;
        self.states.connection = PeerConnectionState::Closed;
        self.push(Event::IceConnectionStateChange(IceConnectionState::Closed));
        self.push(Event::ConnectionStateChange(PeerConnectionState::Closed));
    }

    /// News of channels as an event, if it is one.
    pub(super) fn digest_channels(&mut self, event: datachannel::Event) -> Option<Event> {
        use datachannel::Event as News;
        Some(match event {
            News::Connected => return None,
            News::Incoming(id) => Event::DataChannel(id),
            News::Open(id) => Event::Channel(id, ChannelEvent::Open),
            News::Readable(id) => Event::Channel(id, ChannelEvent::Readable),
            News::Writable(id) => Event::Channel(id, ChannelEvent::Writable),
            News::BufferedAmountLow(id) => Event::Channel(id, ChannelEvent::BufferedAmountLow),
            News::Closing(id) => Event::Channel(id, ChannelEvent::Closing),
            News::Closed(id, reason) => Event::Channel(id, ChannelEvent::Closed(reason)),
            News::Disconnected(reason) => {
                self.sctp_ended(reason);
                return self.events.pop_front();
            }
        })
    }

    fn sctp_ended(&mut self, reason: sctp::CloseReason) {
        if self.states.dtls == DtlsTransportState::Connected {
            self.fail(FailureReason::Sctp(reason));
        }
    }
}
