//! Offers and answers: made, applied, taken back (RFC 9429 §4.1 and §5, W3C webrtc-pc §4.4.1).

use std::time::Instant;

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use super::PeerConnection;
use super::drafts::{self, Origin};
use super::event::Event;
use super::media::{self, Media};
use super::remote::{self, Remote};
use super::restart::Restart;
use super::sections::{self, Tag};
use super::signaling::{Applied, Side};
use crate::configuration::BundlePolicy;
use crate::description::{OfferOptions, SdpType, SessionDescription};
use crate::error::{DescriptionError, Error};
use crate::states::SignalingState;

/// What goes into the next description.
#[derive(Debug)]
pub(super) struct Drafts {
    origin: Origin,
    offer: Option<String>,
    answer: Option<String>,
    /// A data channel was made, so offers have a section for it.
    pub(super) wants_data: bool,
    /// Where ICE restarts stand.
    pub(super) restart: Restart,
    negotiation_needed: bool,
    bundle_policy: BundlePolicy,
    /// The section whose transport was agreed upon.
    pub(super) tag: Option<Tag>,
}

impl Drafts {
    pub(super) fn new(seed: [u8; 32], bundle_policy: BundlePolicy) -> Self {
        let mut rng = ChaCha20Rng::from_seed(seed);
        rng.set_stream(0x5d70);
        Self {
            // RFC 9429 §5.2.1: 64 bits with the highest one clear
            origin: Origin {
                session_id: rng.next_u64() >> 1,
                version: 1,
            },
            offer: None,
            answer: None,
            wants_data: false,
            restart: Restart::default(),
            negotiation_needed: false,
            bundle_policy,
            tag: None,
        }
    }

    /// The index of the section whose transport was agreed upon.
    pub(super) fn tag_index(&self) -> Option<usize> {
        self.tag.as_ref().map(|tag| tag.index)
    }

    pub(super) const fn session_id(&self) -> u64 {
        self.origin.session_id
    }
}

impl PeerConnection {
    /// Makes an offer (`createOffer`); nothing changes until it is applied.
    ///
    /// # Errors
    ///
    /// [`Error::WrongState`] while an offer of the peer waits for its answer, or [`Error::Closed`].
    pub fn create_offer(&mut self, options: OfferOptions) -> Result<SessionDescription, Error> {
        self.ensure_open()?;
        let state = self.signaling.state();
        if matches!(
            state,
            SignalingState::HaveRemoteOffer | SignalingState::HaveLocalPranswer
        ) {
            let kind = SdpType::Offer;
            return Err(Error::WrongState { kind, state });
        }
        let restart = options.ice_restart || self.drafts.restart.is_asked();
        let credentials = self.draft_credentials(restart && self.signaling.local.current.is_some());
        let sdp = self.write_offer(&credentials);
        self.drafts.offer = Some(sdp.clone());
        Ok(SessionDescription::offer(sdp))
    }

    /// Makes the answer to the peer's offer (`createAnswer`); nothing changes until it is applied.
    ///
    /// # Errors
    ///
    /// [`Error::NoRemoteOffer`] or [`Error::Closed`].
    pub fn create_answer(&mut self) -> Result<SessionDescription, Error> {
        self.ensure_open()?;
        let state = self.signaling.state();
        if !matches!(
            state,
            SignalingState::HaveRemoteOffer | SignalingState::HaveLocalPranswer
        ) {
            return Err(Error::NoRemoteOffer);
        }
        let offer = self
            .signaling
            .remote
            .pending
            .clone()
            .ok_or(Error::NoRemoteOffer)?;
        let restart = self.peer_restarts(&offer);
        let credentials = self.draft_credentials(restart);
        let offer = offer.sdp();
        let plan = self.media.get().map(|media| media.plan_answer(&offer));
        let sdp = drafts::answer(&self.context(&credentials), &offer, plan.as_ref()).to_string();
        self.drafts.answer = Some(sdp.clone());
        Ok(SessionDescription::answer(sdp))
    }

    /// Applies a description of ours (`setLocalDescription`). `None` makes the one that the state asks for.
    ///
    /// # Errors
    ///
    /// [`Error::ModifiedDescription`], [`Error::WrongState`] or [`Error::Closed`]; nothing has changed.
    pub fn set_local_description(
        &mut self,
        now: Instant,
        description: Option<SessionDescription>,
    ) -> Result<(), Error> {
        let description = self.given_or_implicit(description)?;
        if description.kind == SdpType::Rollback {
            return self.roll_back(now, Side::Local);
        }
        let draft = match description.kind {
            SdpType::Offer => &self.drafts.offer,
            SdpType::Answer | SdpType::Pranswer | SdpType::Rollback => &self.drafts.answer,
        };
        if draft.as_ref() != Some(&description.sdp) {
            return Err(Error::ModifiedDescription);
        }
        let applied = Applied::new(description.kind, description.sdp.parse()?);
        self.apply(now, Side::Local, applied)?;
        self.drafts.origin.version += 1;
        self.candidates.want_addresses();
        self.announce_pool();
        self.digest(now);
        Ok(())
    }

    /// Applies a description of the peer (`setRemoteDescription`).
    ///
    /// # Errors
    ///
    /// [`Error::Sdp`], [`Error::Description`], [`Error::WrongState`] or [`Error::Closed`]; nothing has changed.
    pub fn set_remote_description(
        &mut self,
        now: Instant,
        description: &SessionDescription,
    ) -> Result<(), Error> {
        self.ensure_open()?;
        if description.kind == SdpType::Rollback {
            return self.roll_back(now, Side::Remote);
        }
        let sdp: sdp::SessionDescription = description.sdp.parse()?;
        let remote = Remote::read(&sdp)?;
        self.check_sections(description.kind, &sdp, &remote)?;
        if self.signaling.remote_offer_rolls_back(description.kind) {
            self.take_back(now);
        }
        self.apply(now, Side::Remote, Applied::new(description.kind, sdp))?;
        self.digest(now);
        Ok(())
    }

    /// The local description in force or on its way, with the candidates that are known.
    #[must_use]
    pub fn local_description(&self) -> Option<SessionDescription> {
        self.pending_local_description()
            .or_else(|| self.current_local_description())
    }

    /// The local description of the last finished exchange.
    #[must_use]
    pub fn current_local_description(&self) -> Option<SessionDescription> {
        self.signaling
            .local
            .current
            .as_ref()
            .map(|applied| self.with_candidates(applied))
    }

    /// The local description of the exchange under way.
    #[must_use]
    pub fn pending_local_description(&self) -> Option<SessionDescription> {
        self.signaling
            .local
            .pending
            .as_ref()
            .map(|applied| self.with_candidates(applied))
    }

    /// The peer's description in force or on its way.
    #[must_use]
    pub fn remote_description(&self) -> Option<SessionDescription> {
        self.signaling.remote.latest().map(written)
    }

    /// The peer's description of the last finished exchange.
    #[must_use]
    pub fn current_remote_description(&self) -> Option<SessionDescription> {
        self.signaling.remote.current.as_ref().map(written)
    }

    /// The peer's description of the exchange under way.
    #[must_use]
    pub fn pending_remote_description(&self) -> Option<SessionDescription> {
        self.signaling.remote.pending.as_ref().map(written)
    }

    fn with_candidates(&self, applied: &Applied) -> SessionDescription {
        let mut sdp = (*applied.sdp()).clone();
        if sections::ufrag(&sdp) == Some(self.local_ufrag()) {
            sections::add_candidates(&mut sdp, &self.candidates.local, self.candidates.local_complete);
        }
        SessionDescription {
            kind: applied.kind,
            sdp: sdp.to_string(),
        }
    }

    /// The description itself, or the one that the state asks for.
    pub(crate) fn given_or_implicit(
        &mut self,
        description: Option<SessionDescription>,
    ) -> Result<SessionDescription, Error> {
        self.ensure_open()?;
        if let Some(description) = description {
            return Ok(description);
        }
        match self.signaling.state() {
            SignalingState::Stable | SignalingState::HaveLocalOffer | SignalingState::HaveRemotePranswer => {
                self.create_offer(OfferOptions::default())
            }
            SignalingState::HaveRemoteOffer | SignalingState::HaveLocalPranswer => self.create_answer(),
            SignalingState::Closed => Err(Error::Closed),
        }
    }

    /// The text of an offer. What it has for which transceiver is kept until it is applied.
    fn write_offer(&mut self, credentials: &ice::Credentials) -> String {
        let context = self.context(credentials);
        let wants_data = self.drafts.wants_data;
        let Some(media) = self.media.get() else {
            return drafts::offer(&context, wants_data, None).to_string();
        };
        let both = context.local.iter().chain(&context.remote);
        let mut plan = media.plan_offer(both.flat_map(|it| sections::mids(it)).collect());
        let sdp = drafts::offer(&context, wants_data, Some(&mut plan)).to_string();
        let draft = plan.finish();
        self.media_mut().keep_draft(draft);
        sdp
    }

    fn context<'a>(&'a self, credentials: &'a ice::Credentials) -> drafts::Context<'a> {
        drafts::Context {
            origin: self.drafts.origin,
            credentials,
            certificate: &self.transport.security.certificate,
            settings: &self.settings,
            local: self.signaling.local.latest().map(Applied::sdp),
            remote: self.signaling.remote.current.as_ref().map(Applied::sdp),
            bundle_policy: self.drafts.bundle_policy,
            tag: self.drafts.tag_index(),
            role: self.transport.security.peer().map(|peer| peer.role),
        }
    }

    fn check_sections(
        &self,
        kind: SdpType,
        sdp: &sdp::SessionDescription,
        remote: &Remote,
    ) -> Result<(), Error> {
        self.signaling.next(Side::Remote, kind).or_else(|error| {
            if self.signaling.remote_offer_rolls_back(kind) {
                Ok(SignalingState::HaveRemoteOffer)
            } else {
                Err(error)
            }
        })?;
        let offer = self.signaling.local.latest();
        let is_answer = kind != SdpType::Offer;
        if is_answer && offer.is_some_and(|offer| !sections::match_offer(&offer.sdp(), sdp)) {
            return Err(DescriptionError::SectionsDiffer.into());
        }
        let earlier = self.signaling.remote.current.as_ref();
        if earlier.is_some_and(|earlier| sections::count(&earlier.sdp()) > sections::count(sdp)) {
            return Err(DescriptionError::SectionGone.into());
        }
        let known = self.transport.security.peer();
        if known.is_some_and(|known| !remote::has_certificate(sdp, &known.fingerprints)) {
            return Err(DescriptionError::NewDtlsAssociation.into());
        }
        if is_answer {
            remote.answered_role()?;
        }
        let offer = offer.filter(|_| is_answer).map(Applied::sdp);
        media::check(self.media.get(), sdp, offer.as_deref())?;
        Ok(())
    }

    fn apply(&mut self, now: Instant, side: Side, applied: Applied) -> Result<(), Error> {
        let kind = applied.kind;
        self.transport.timeline.begin(now);
        let changed = self.signaling.apply(side, applied)?;
        let tracks = self.apply_media(side, kind);
        if kind == SdpType::Offer {
            self.choose_ice_role(side);
        }
        if side == Side::Local {
            self.use_draft_credentials(now, kind);
        }
        if kind != SdpType::Offer {
            self.establish(now, side)?;
        }
        if changed {
            self.push(Event::SignalingStateChange(self.signaling.state()));
        }
        self.tell_tracks(tracks);
        if kind == SdpType::Answer {
            self.drafts.restart.settle();
            self.drafts.offer = None;
            self.drafts.answer = None;
            // What is still needed is told again (W3C webrtc-pc §4.4.1.5).
            self.drafts.negotiation_needed = false;
            self.update_negotiation_needed();
            if self.transport.security.is_connected() {
                self.signaling.compress();
            }
        }
        Ok(())
    }

    fn roll_back(&mut self, now: Instant, side: Side) -> Result<(), Error> {
        self.signaling.next(side, SdpType::Rollback)?;
        self.take_back(now);
        self.update_negotiation_needed();
        self.digest(now);
        Ok(())
    }

    fn take_back(&mut self, now: Instant) {
        self.signaling.roll_back();
        self.take_restart_back(now);
        self.drafts.offer = None;
        self.drafts.answer = None;
        self.drafts.negotiation_needed = false;
        drop(self.candidates.take_early());
        let tracks = self.media.get_mut().map(Media::roll_back).unwrap_or_default();
        self.push(Event::SignalingStateChange(SignalingState::Stable));
        self.tell_tracks(tracks);
    }

    /// W3C webrtc-pc §4.7.3: told once, and only in the stable state.
    pub(super) fn update_negotiation_needed(&mut self) {
        if self.states.is_closed() || self.signaling.state() != SignalingState::Stable {
            return;
        }
        let needed = self.drafts.restart.is_asked()
            || self
                .media
                .get()
                .is_some_and(|media| media.needs_negotiation(self.drafts.tag_index()))
            || (self.drafts.wants_data && !self.has_negotiated_data());
        if needed && !self.drafts.negotiation_needed {
            self.push(Event::NegotiationNeeded);
        }
        self.drafts.negotiation_needed = needed;
    }
}

impl PeerConnection {
    fn has_negotiated_data(&self) -> bool {
        let current = self.signaling.local.current.as_ref();
        current.is_some_and(|local| sections::has_data(&local.sdp()))
    }
}

fn written(applied: &Applied) -> SessionDescription {
    SessionDescription {
        kind: applied.kind,
        sdp: applied.sdp().to_string(),
    }
}
