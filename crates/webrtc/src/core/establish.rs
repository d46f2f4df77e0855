//! What an answer sets up below the sections: ICE, DTLS and data channels (RFC 9429 §5.11, RFC 8842, RFC 8841).

use std::time::Instant;

use super::PeerConnection;
use super::remote::{Remote, RemoteTransport};
use super::sections::{self, Tag};
use super::signaling::{Applied, Side};
use super::transport::Peer;
use crate::description::{IceCandidateInit, SdpType};
use crate::error::{DescriptionError, Error};
use crate::setting_engine::DtlsRole;
use crate::states::DtlsTransportState;

impl PeerConnection {
    /// RFC 8445 §6.1.1: the offerer controls, unless only one side is a full agent. Decided once.
    pub(super) fn choose_ice_role(&mut self, offerer: Side) {
        if self.signaling.local.current.is_some() {
            return;
        }
        let controls = offerer == Side::Local && !self.settings.ice_lite;
        self.transport.ice.set_role(if controls {
            ice::Role::Controlling
        } else {
            ice::Role::Controlled
        });
    }

    /// The section whose transport an answer agrees upon (RFC 9143 §7.3.1).
    fn answered_tag(&self) -> Option<usize> {
        let (local, remote) = (self.signaling.local.latest()?, self.signaling.remote.latest()?);
        let answer = if local.kind == SdpType::Offer {
            remote
        } else {
            local
        };
        sections::transport_section(&answer.sdp())
    }

    /// Both descriptions are known: the transport may use the peer's.
    pub(super) fn establish(&mut self, now: Instant, answerer: Side) -> Result<(), Error> {
        let (Some(tag), Some(remote)) = (self.answered_tag(), self.signaling.remote.latest().cloned()) else {
            // Every section is rejected; one that comes later has a transport of its own.
            self.drafts.tag = None;
            return Ok(());
        };
        let description = remote.sdp();
        let own = description
            .section(tag)
            .and_then(|section| RemoteTransport::read(&section).ok());
        let Some(section) = own.or(Remote::read(&description)?.transport) else {
            return Ok(());
        };
        if section.lite && !self.settings.ice_lite {
            self.transport.ice.set_role(ice::Role::Controlling);
        }
        let parameters = ice::RemoteParameters {
            credentials: section.credentials.clone(),
            lite: section.lite,
            pacing: section.pacing,
        };
        self.transport
            .ice
            .set_remote(now, parameters)
            .map_err(|_| DescriptionError::BadIceCredentials)?;
        let mid = sections::mid(&description, tag);
        let earlier = self.drafts.tag.replace(Tag { index: tag, mid });
        let role = match answerer {
            Side::Remote => section.role(),
            Side::Local => self.answered_role(),
        };
        let peer = Peer {
            role,
            fingerprints: section.fingerprints,
        };
        let is_first = self.transport.security.peer().is_none();
        if !is_first && self.drafts.tag != earlier {
            self.transport.renew(now, peer.clone(), &self.settings);
            self.repeat_local_candidates();
        }
        self.give_candidates(now, &description, tag);
        self.establish_data(now, &description);
        if is_first {
            self.dtls(DtlsTransportState::Connecting);
            self.transport.set_peer(now, peer);
        }
        self.transport.settle(now);
        Ok(())
    }

    /// The candidates of the description, and those that came ahead of the answer.
    fn give_candidates(&mut self, now: Instant, description: &sdp::SessionDescription, tag: usize) {
        let described = sections::candidates(description, tag)
            .into_iter()
            .map(IceCandidateInit::new);
        let early = self.candidates.take_early();
        let early = early
            .into_iter()
            .filter(|candidate| self.is_for_transport(description, candidate));
        let all: Vec<_> = described.chain(early).collect();
        for candidate in all {
            // A candidate that cannot be used is no reason to refuse the description.
            if self.give_candidate(now, &candidate).is_err() {
                self.candidates.ignored += 1;
            }
        }
    }

    fn establish_data(&mut self, now: Instant, remote: &sdp::SessionDescription) {
        let local = self.signaling.local.latest().map(Applied::sdp);
        let accepted = local.is_some_and(|local| sections::has_data(&local));
        if let Some(limit) = sections::max_message_size(remote).filter(|_| accepted) {
            self.transport.channels.set_remote_max_message_size(limit);
            self.drafts.wants_data = true;
            self.transport.want_data(now);
        }
    }

    /// The peer's DTLS role after our answer.
    fn answered_role(&self) -> DtlsRole {
        let answer = self.signaling.local.latest();
        match answer.and_then(|answer| sections::setup(&answer.sdp())) {
            Some(sdp::Setup::Passive) => DtlsRole::Client,
            _ => DtlsRole::Server,
        }
    }
}
