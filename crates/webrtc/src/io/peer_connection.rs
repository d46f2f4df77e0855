//! `RTCPeerConnection` (W3C webrtc-pc §4.4) as a handle: signalling calls are plain calls, news is the
//! [`Events`](super::Events) stream.

use std::sync::Arc;
use std::time::Instant;

use tokio::runtime::Handle;

use super::data_channel::DataChannel;
use super::endpoint::Endpoint;
use super::rtp_transceiver::RtpTransceiver;
use super::shared::{Shared, State};
use super::track::TrackLocal;
use crate::configuration::Configuration;
use crate::core::{
    NegotiatedMedia, RtpTransceiverInit, RtpTransportStats, StatsReport, Timeline, TrackOrKind, Transceiver,
    TransceiverId,
};
use crate::description::{DataChannelInit, IceCandidateInit, OfferOptions, SessionDescription};
use crate::error::{Error, FailureReason};
use crate::setting_engine::SettingEngine;
use crate::states::{
    DtlsTransportState, IceConnectionState, IceGatheringState, PeerConnectionState, SignalingState,
};

/// Closes the connection when the last handle is gone.
#[derive(Debug)]
pub(super) struct Owner {
    pub(super) shared: Arc<Shared>,
    pub(super) configuration: Configuration,
    pub(super) settings: Arc<SettingEngine>,
    pub(super) endpoint: Option<Endpoint>,
    pub(super) runtime: Handle,
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.shared.run(|state, now| state.core.close(now));
    }
}

/// A connection to one peer. Cheap to clone; dropping the last clone closes it.
#[derive(Clone, Debug)]
pub struct PeerConnection(Arc<Owner>);

impl PeerConnection {
    pub(super) fn new(
        shared: Arc<Shared>,
        configuration: Configuration,
        settings: Arc<SettingEngine>,
        runtime: Handle,
        endpoint: Option<Endpoint>,
    ) -> Self {
        let owner = Owner {
            shared,
            configuration,
            settings,
            endpoint,
            runtime,
        };
        if owner.configuration.ice_candidate_pool_size > 0 {
            // Where no socket can be opened, applying a local description tries again, and says so.
            let _ = owner.shared.run(|state, now| owner.gather(state, now));
        }
        Self(Arc::new(owner))
    }

    #[cfg(test)]
    pub(super) fn shared(&self) -> &Arc<Shared> {
        &self.0.shared
    }

    fn run<R>(&self, work: impl FnOnce(&mut State, Instant) -> R) -> R {
        self.0.shared.run(work)
    }

    fn read<R>(&self, read: impl FnOnce(&State) -> R) -> R {
        read(&self.0.shared.lock())
    }

    /// Makes an offer; nothing changes until it is applied.
    ///
    /// # Errors
    ///
    /// [`Error::WrongState`] while an offer of the peer waits for its answer, or [`Error::Closed`].
    pub fn create_offer(&self, options: OfferOptions) -> Result<SessionDescription, Error> {
        self.run(|state, _| state.core.create_offer(options))
    }

    /// Makes the answer to the peer's offer; nothing changes until it is applied.
    ///
    /// # Errors
    ///
    /// [`Error::NoRemoteOffer`] or [`Error::Closed`].
    pub fn create_answer(&self) -> Result<SessionDescription, Error> {
        self.run(|state, _| state.core.create_answer())
    }

    /// Applies a description of ours and begins to gather candidates. `None` makes the one that the state asks for.
    ///
    /// One that restarts ICE gathers anew: addresses of this host that are gone are given up, and new ones are used.
    ///
    /// # Errors
    ///
    /// [`Error::ModifiedDescription`], [`Error::WrongState`], [`Error::Closed`], and [`Error::Io`] when no socket can be
    /// opened.
    pub fn set_local_description(
        &self,
        description: impl Into<Option<SessionDescription>>,
    ) -> Result<(), Error> {
        let description = description.into();
        self.run(|state, now| {
            let description = state.core.given_or_implicit(description)?;
            if state.core.restarts_ice() {
                self.0.follow_addresses(state, now)?;
            }
            state.core.set_local_description(now, Some(description))?;
            self.0.gather(state, now)
        })
    }

    /// Applies a description of the peer.
    ///
    /// # Errors
    ///
    /// [`Error::Sdp`], [`Error::Description`], [`Error::WrongState`] or [`Error::Closed`].
    pub fn set_remote_description(&self, description: &SessionDescription) -> Result<(), Error> {
        self.run(|state, now| state.core.set_remote_description(now, description))
    }

    /// Adds a candidate of the peer. `None` ends the generation.
    ///
    /// # Errors
    ///
    /// [`Error::NoRemoteDescription`], [`Error::UnknownSection`], [`Error::Candidate`] or [`Error::Closed`].
    pub fn add_ice_candidate(&self, candidate: impl Into<Option<IceCandidateInit>>) -> Result<(), Error> {
        let candidate = candidate.into();
        self.run(|state, now| state.core.add_ice_candidate(now, candidate))
    }

    /// The next offer asks for new ICE credentials.
    pub fn restart_ice(&self) {
        self.run(|state, _| state.core.restart_ice());
    }

    /// Makes a channel, which opens once the connection and the peer allow.
    ///
    /// # Errors
    ///
    /// [`Error::TwoLimits`], [`Error::NegotiatedWithoutId`], [`Error::DataChannel`] or [`Error::Closed`].
    pub fn create_data_channel(&self, label: &str, init: DataChannelInit) -> Result<DataChannel, Error> {
        let id = self.run(|state, now| state.core.create_data_channel(now, label, &init))?;
        Ok(DataChannel::new(Arc::clone(&self.0.shared), id))
    }

    /// Adds a transceiver, which offers have a section for.
    ///
    /// # Errors
    ///
    /// [`Error::Parameters`], [`Error::TooManyTransceivers`] or [`Error::Closed`].
    pub fn add_transceiver(
        &self,
        track_or_kind: impl Into<TrackOrKind>,
        init: RtpTransceiverInit,
    ) -> Result<RtpTransceiver, Error> {
        let id = self.run(|state, _| state.core.add_transceiver(track_or_kind, init))?;
        Ok(self.handle(id))
    }

    /// Sends a track, by a transceiver that has never sent or by another one.
    ///
    /// # Errors
    ///
    /// [`Error::Parameters`], [`Error::TooManyTransceivers`] or [`Error::Closed`].
    pub fn add_track(
        &self,
        track: &(impl TrackLocal + ?Sized),
        stream_ids: &[String],
    ) -> Result<RtpTransceiver, Error> {
        let info = track.info();
        let id = self.run(|state, _| state.core.add_track(info, stream_ids))?;
        let transceiver = self.handle(id);
        track.bind(&transceiver);
        Ok(transceiver)
    }

    /// Ends the sending of a transceiver's track.
    ///
    /// # Errors
    ///
    /// [`Error::Closed`].
    pub fn remove_track(&self, transceiver: &RtpTransceiver) -> Result<(), Error> {
        self.run(|state, _| state.core.remove_track(transceiver.id()))
    }

    /// Every transceiver that is not stopped for good on both sides, in the order in which they were made.
    #[must_use]
    pub fn transceivers(&self) -> Vec<RtpTransceiver> {
        let ids: Vec<_> = self.read(|state| state.core.transceivers().map(Transceiver::id).collect());
        ids.into_iter().map(|id| self.handle(id)).collect()
    }

    /// Counters of media, once there is any.
    #[must_use]
    pub fn rtp_stats(&self) -> Option<RtpTransportStats> {
        self.read(|state| state.core.rtp_stats())
    }

    /// What was agreed upon for audio and video.
    #[must_use]
    pub fn negotiated_media(&self) -> Option<NegotiatedMedia> {
        self.read(|state| state.core.negotiated_media().cloned())
    }

    fn handle(&self, id: TransceiverId) -> RtpTransceiver {
        RtpTransceiver::new(Arc::clone(&self.0.shared), id)
    }

    /// Ends the connection at once. Messages that wait are dropped; the peer is told. Where the socket has no room for
    /// that, it stays open until it has, for 500 ms at most.
    pub fn close(&self) {
        self.run(|state, now| state.core.close(now));
    }

    /// The local description in force or on its way, with the candidates that are known.
    #[must_use]
    pub fn local_description(&self) -> Option<SessionDescription> {
        self.read(|state| state.core.local_description())
    }

    /// The local description of the last finished exchange.
    #[must_use]
    pub fn current_local_description(&self) -> Option<SessionDescription> {
        self.read(|state| state.core.current_local_description())
    }

    /// The local description of the exchange under way.
    #[must_use]
    pub fn pending_local_description(&self) -> Option<SessionDescription> {
        self.read(|state| state.core.pending_local_description())
    }

    /// The peer's description in force or on its way.
    #[must_use]
    pub fn remote_description(&self) -> Option<SessionDescription> {
        self.read(|state| state.core.remote_description())
    }

    /// The peer's description of the last finished exchange.
    #[must_use]
    pub fn current_remote_description(&self) -> Option<SessionDescription> {
        self.read(|state| state.core.current_remote_description())
    }

    /// The peer's description of the exchange under way.
    #[must_use]
    pub fn pending_remote_description(&self) -> Option<SessionDescription> {
        self.read(|state| state.core.pending_remote_description())
    }

    /// Where the offer/answer exchange stands.
    #[must_use]
    pub fn signaling_state(&self) -> SignalingState {
        self.read(|state| state.core.signaling_state())
    }

    /// Whether candidates are still being found.
    #[must_use]
    pub fn ice_gathering_state(&self) -> IceGatheringState {
        self.read(|state| state.core.ice_gathering_state())
    }

    /// What ICE has found.
    #[must_use]
    pub fn ice_connection_state(&self) -> IceConnectionState {
        self.read(|state| state.core.ice_connection_state())
    }

    /// What DTLS has reached.
    #[must_use]
    pub fn dtls_state(&self) -> DtlsTransportState {
        self.read(|state| state.core.dtls_state())
    }

    /// The state of the connection as a whole.
    #[must_use]
    pub fn connection_state(&self) -> PeerConnectionState {
        self.read(|state| state.core.connection_state())
    }

    /// Why the connection failed, if it did. An ICE restart takes it back.
    #[must_use]
    pub fn failure(&self) -> Option<FailureReason> {
        self.read(|state| state.core.failure().cloned())
    }

    /// When each step of the set-up was reached.
    #[must_use]
    pub fn timeline(&self) -> Timeline {
        self.read(|state| *state.core.timeline())
    }

    /// What it was made with.
    #[must_use]
    pub fn configuration(&self) -> &Configuration {
        &self.0.configuration
    }

    /// Everything there is to know about the connection (`getStats`).
    #[must_use]
    pub fn stats(&self) -> StatsReport {
        self.0.shared.report(crate::core::PeerConnection::stats)
    }
}
