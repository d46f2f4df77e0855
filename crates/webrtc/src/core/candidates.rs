//! Candidates on their way: ours to the peer, the peer's to ICE (RFC 8838, RFC 9429 §4.1.17–4.1.20).

use std::time::Instant;

use super::PeerConnection;
use super::event::{Event, IceCandidateError};
use crate::description::IceCandidateInit;
use crate::error::Error;
use crate::states::{IceGatheringState, SignalingState};

/// The most candidates of the peer that are kept while its description waits for the answer.
const MAX_EARLY: usize = 128;

/// The most candidates of ours that are written into descriptions.
const MAX_LOCAL: usize = 128;

/// W3C webrtc-pc §4.8.2.
const SERVER_UNREACHABLE: u16 = 701;

/// Whether addresses are asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Addresses {
    #[default]
    NotYet,
    Wanted,
    Given,
}

/// Candidates of the generation that is in use.
#[derive(Debug, Default)]
pub(super) struct Candidates {
    addresses: Addresses,
    /// Ours, `candidate:…`, for the local description.
    pub(super) local: Vec<String>,
    pub(super) local_complete: bool,
    /// The peer's, which wait for its description to be in force.
    early: Vec<IceCandidateInit>,
    /// Candidates of the peer that named an unknown generation or came in too great a number.
    pub(super) ignored: u64,
    /// What nobody has been told, because the first local description is still to come.
    pool: Option<Pool>,
}

/// News of what is gathered ahead (RFC 9429 §3.5.4). The candidates are in [`Candidates::local`].
#[derive(Debug, Default)]
struct Pool {
    errors: Vec<IceCandidateError>,
    state: IceGatheringState,
}

impl Candidates {
    /// Gathering begins at once when it is ahead of the first local description, and then nothing is told of it.
    pub(super) fn new(ahead: bool) -> Self {
        Self {
            addresses: if ahead {
                Addresses::Wanted
            } else {
                Addresses::NotYet
            },
            pool: ahead.then(Pool::default),
            ..Self::default()
        }
    }

    pub(super) const fn wants_addresses(&self) -> bool {
        matches!(self.addresses, Addresses::Wanted)
    }

    pub(super) const fn addresses_given(&mut self) {
        self.addresses = Addresses::Given;
    }

    /// Gathering has to begin, if it has not.
    pub(super) const fn want_addresses(&mut self) {
        if matches!(self.addresses, Addresses::NotYet) {
            self.addresses = Addresses::Wanted;
        }
    }

    /// Another generation begins, with a gathering phase of its own (RFC 9429 §3.5.1). Returns whether there was one before.
    pub(super) fn restart(&mut self) -> bool {
        self.local.clear();
        self.local_complete = false;
        let again = !matches!(self.addresses, Addresses::NotYet);
        self.addresses = Addresses::Wanted;
        again
    }

    pub(super) fn take_early(&mut self) -> Vec<IceCandidateInit> {
        std::mem::take(&mut self.early)
    }
}

impl PeerConnection {
    /// A candidate of the peer (`addIceCandidate`). `None`, or one whose `candidate` is empty, ends the generation.
    ///
    /// A candidate that ICE cannot use here – TCP, or a `.local` name – is counted and otherwise ignored.
    ///
    /// # Errors
    ///
    /// [`Error::NoRemoteDescription`], [`Error::UnknownSection`], [`Error::CandidateSyntax`], [`Error::Candidate`] or
    /// [`Error::Closed`].
    pub fn add_ice_candidate(
        &mut self,
        now: Instant,
        candidate: Option<IceCandidateInit>,
    ) -> Result<(), Error> {
        self.ensure_open()?;
        let candidate = candidate.unwrap_or_default();
        let description = self
            .signaling
            .remote
            .latest()
            .ok_or(Error::NoRemoteDescription)?
            .sdp();
        let section = super::sections::find(&description, &candidate).ok_or(Error::UnknownSection)?;
        if let Some(ufrag) = &candidate.username_fragment
            && section.ufrag.is_some_and(|known| known != ufrag)
        {
            self.candidates.ignored += 1;
            return Ok(());
        }
        // A provisional answer brings the descriptions into force as an answer does (RFC 9429 §4.1.10.1).
        if self.signaling.state() == SignalingState::HaveRemoteOffer {
            return self.hold_candidate(candidate);
        }
        if !self.is_for_transport(&description, &candidate) {
            return Ok(());
        }
        self.give_candidate(now, &candidate)?;
        self.transport.settle(now);
        self.digest(now);
        Ok(())
    }

    /// Whether a candidate is for the transport in use. A peer that gathers for each section of its offer drops the transports
    /// of those that our answer bundles (RFC 9143 §7.3.1), and their candidates lead nowhere.
    pub(super) fn is_for_transport(
        &mut self,
        description: &sdp::SessionDescription,
        candidate: &IceCandidateInit,
    ) -> bool {
        let named = super::sections::find(description, candidate).map(|found| found.index);
        let (Some(named), Some(tag)) = (named, self.drafts.tag_index()) else {
            return true;
        };
        let local = self.signaling.local.latest().map(super::signaling::Applied::sdp);
        let is_live = |description: &sdp::SessionDescription| {
            let media = description.media.get(named);
            media.is_some_and(|media| !media.is_rejected())
        };
        let elsewhere = named != tag
            && super::sections::shares_transport(description, named)
            && is_live(description)
            && local.is_some_and(|local| is_live(&local))
            && !candidate.candidate.is_empty();
        self.candidates.ignored += u64::from(elsewhere);
        !elsewhere
    }

    fn hold_candidate(&mut self, candidate: IceCandidateInit) -> Result<(), Error> {
        if !candidate.candidate.is_empty() {
            candidate.candidate.parse::<ice::Candidate>()?;
        }
        if self.candidates.early.len() < MAX_EARLY {
            self.candidates.early.push(candidate);
        } else {
            self.candidates.ignored += 1;
        }
        Ok(())
    }

    /// Hands a candidate to ICE.
    pub(super) fn give_candidate(&mut self, now: Instant, candidate: &IceCandidateInit) -> Result<(), Error> {
        if candidate.candidate.is_empty() {
            self.transport.ice.end_of_remote_candidates(now);
            return Ok(());
        }
        let parsed: ice::Candidate = candidate.candidate.parse()?;
        match self.transport.ice.add_remote_candidate(now, parsed) {
            Ok(()) => {}
            Err(ice::CandidateError::Unresolved(_)) => self.candidates.ignored += 1,
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    pub(super) fn local_candidate(&mut self, candidate: &ice::Candidate) {
        let text = candidate.to_string();
        if self.candidates.local.len() < MAX_LOCAL {
            self.candidates.local.push(text.clone());
        }
        if self.candidates.pool.is_none() {
            let event = self.candidate_event(text);
            self.push(Event::IceCandidate(event));
        }
    }

    /// The name of a STUN server could not be looked up.
    pub fn stun_server_failed(&mut self, url: &str, text: &str) {
        self.candidate_error(IceCandidateError {
            url: url.to_owned(),
            code: SERVER_UNREACHABLE,
            text: text.to_owned(),
        });
    }

    pub(super) fn candidate_error(&mut self, error: IceCandidateError) {
        match &mut self.candidates.pool {
            Some(pool) if pool.errors.len() < MAX_LOCAL => pool.errors.push(error),
            Some(_) => self.events_lost += 1,
            None => self.push(Event::IceCandidateError(error)),
        }
    }

    pub(super) fn gathering(&mut self, state: ice::GatheringState) {
        let state = match state {
            ice::GatheringState::New => IceGatheringState::New,
            ice::GatheringState::Gathering => IceGatheringState::Gathering,
            ice::GatheringState::Complete => IceGatheringState::Complete,
        };
        match &mut self.candidates.pool {
            Some(pool) => pool.state = state,
            None => self.enter_gathering(state),
        }
    }

    fn enter_gathering(&mut self, state: IceGatheringState) {
        if state != self.states.gathering {
            self.states.gathering = state;
            if state == IceGatheringState::Complete {
                self.end_of_local_candidates();
            }
            self.push(Event::IceGatheringStateChange(state));
        }
    }

    /// A local description is applied: what was gathered ahead is told as if it had been found just then.
    pub(super) fn announce_pool(&mut self) {
        let Some(pool) = self.candidates.pool.take() else {
            return;
        };
        if pool.state != IceGatheringState::New {
            self.enter_gathering(IceGatheringState::Gathering);
        }
        for candidate in self.candidates.local.clone() {
            let event = self.candidate_event(candidate);
            self.push(Event::IceCandidate(event));
        }
        for error in pool.errors {
            self.push(Event::IceCandidateError(error));
        }
        self.enter_gathering(pool.state);
    }

    fn end_of_local_candidates(&mut self) {
        self.candidates.local_complete = true;
        let event = self.candidate_event(String::new());
        self.push(Event::IceCandidate(event));
    }

    /// Our candidates are those of another section than before: a peer that has another transport for it knows none of them.
    pub(super) fn repeat_local_candidates(&mut self) {
        let ended = self.candidates.local_complete.then(String::new);
        for candidate in self.candidates.local.clone().into_iter().chain(ended) {
            let event = self.candidate_event(candidate);
            self.push(Event::IceCandidate(event));
        }
    }

    fn candidate_event(&self, candidate: String) -> IceCandidateInit {
        let local = self.signaling.local.latest().map(super::signaling::Applied::sdp);
        let tag = self
            .drafts
            .tag_index()
            .or_else(|| super::sections::transport_section(local.as_ref()?))
            .unwrap_or(0);
        IceCandidateInit {
            candidate,
            sdp_mid: local.and_then(|local| super::sections::mid(&local, tag)),
            sdp_m_line_index: u16::try_from(tag).ok(),
            username_fragment: Some(self.transport.ice.local_credentials().ufrag.clone()),
        }
    }
}
