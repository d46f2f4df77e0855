//! The sections of our descriptions (RFC 9429 §5.2 and §5.3).
//!
//! One section of data channels (RFC 8841) is made here, those of audio and video by [`media`](super::media). Every other
//! section of a peer's offer is answered with port 0 (RFC 3264 §6), at its place.

use std::sync::Arc;

use sdp::{Attribute, IceOptions, MediaDescription, Section, SessionDescription, Setup};

use super::MAX_SECTIONS;
use super::media::{AnswerPlan, Earlier, OfferPlan, Slot};
use super::sections::{accepted_section, cryptex, mid, names_cryptex, shares_transport, transport_section};
use crate::configuration::BundlePolicy;
use crate::setting_engine::{DtlsRole, SettingEngine};

/// The SCTP port of every WebRTC endpoint (RFC 8841 §5.1).
const SCTP_PORT: u16 = 5000;

/// What identifies our descriptions: `o=`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Origin {
    pub(super) session_id: u64,
    pub(super) version: u64,
}

/// Everything that goes into a description of ours.
#[derive(Debug)]
pub(super) struct Context<'a> {
    pub(super) origin: Origin,
    pub(super) credentials: &'a ice::Credentials,
    pub(super) certificate: &'a dtls::Certificate,
    pub(super) settings: &'a SettingEngine,
    /// Our latest description, whose sections keep their places.
    pub(super) local: Option<Arc<SessionDescription>>,
    /// The peer's description in force, if there is any.
    pub(super) remote: Option<Arc<SessionDescription>>,
    /// The peer's DTLS role, once it was agreed.
    pub(super) role: Option<DtlsRole>,
    pub(super) bundle_policy: BundlePolicy,
    /// The section whose transport was agreed upon, which we never reject.
    pub(super) tag: Option<usize>,
}

impl Context<'_> {
    fn session(&self) -> SessionDescription {
        let session = SessionDescription::new(self.origin.session_id, self.origin.version);
        // RFC 8839 §4.2.1: a full agent says how fast it checks; a lite one must not, as it does not check.
        let session = if self.settings.ice_lite {
            session.with(Attribute::IceLite)
        } else {
            session.with(Attribute::IcePacing(self.settings.proposed_pacing()))
        };
        session.with(IceOptions::new("trickle ice2"))
    }

    /// Adds what belongs to the transport, behind the mid.
    fn on_transport(&self, mut media: MediaDescription, setup: Setup) -> MediaDescription {
        let at = usize::from(media.mid().is_some());
        let attributes = [
            Attribute::IceUfrag(self.credentials.ufrag.as_str().into()),
            Attribute::IcePwd(self.credentials.pwd.as_str().into()),
            fingerprint(self.certificate).into(),
            setup.into(),
        ];
        media.attributes.splice(at..at, attributes);
        media
    }

    fn data(&self, mid: &str) -> MediaDescription {
        MediaDescription::application(mid)
            .with(Attribute::SctpPort(SCTP_PORT))
            .with(Attribute::MaxMessageSize(self.settings.max_message_size as u64))
    }

    /// Adds a section to an offer. RFC 9429 §5.2.1 would mark the second section of each kind as bundle-only by default; as
    /// browsers do, only `max-bundle` marks any, for peers that take port 0 for a rejection.
    fn offer_section(&self, offer: &mut SessionDescription, mut media: MediaDescription) {
        if self.settings.srtp.cryptex && !media.is_data_channel() {
            media.attributes.push(cryptex());
        }
        let is_only_bundled = self.bundle_policy == BundlePolicy::MaxBundle
            && self.remote.is_none()
            && offer.media.iter().any(|earlier| !earlier.is_rejected());
        if is_only_bundled {
            media.port = 0;
            media.attributes.push(Attribute::BundleOnly);
            offer.media.push(media);
        } else {
            offer.media.push(self.on_transport(media, Self::offered_setup()));
        }
    }

    /// RFC 9335 §4: we read it, as the offerer does.
    fn allow_cryptex(&self, mut answered: MediaDescription, offered: &Section<'_>) -> MediaDescription {
        if self.settings.srtp.cryptex && names_cryptex(offered) {
            answered.attributes.push(cryptex());
        }
        answered
    }

    /// RFC 8842 §5.2: an offer leaves the choice to the answerer, also when roles are agreed already.
    fn offered_setup() -> Setup {
        Setup::ActPass
    }

    /// RFC 8842 §5.3: what the offer leaves us, and what was agreed before.
    fn answered_setup(&self, offered: Option<Setup>) -> Setup {
        match (offered, self.role) {
            (Some(Setup::Active), _) | (_, Some(DtlsRole::Client)) => Setup::Passive,
            (Some(Setup::Passive), _) | (_, Some(DtlsRole::Server)) => Setup::Active,
            _ => match self.settings.answering_dtls_role {
                DtlsRole::Client => Setup::Active,
                DtlsRole::Server => Setup::Passive,
            },
        }
    }
}

fn fingerprint(certificate: &dtls::Certificate) -> sdp::Fingerprint {
    let fingerprint = certificate.fingerprint(dtls::FingerprintAlgorithm::Sha256);
    sdp::Fingerprint::new(fingerprint.algorithm().name(), fingerprint.bytes())
}

/// An offer (RFC 9429 §5.2): the sections we have, those of new transceivers, and data channels if they are wanted.
pub(super) fn offer(
    context: &Context<'_>,
    wants_data: bool,
    mut media: Option<&mut OfferPlan<'_>>,
) -> SessionDescription {
    let mut offer = context.session();
    if media.is_some() {
        offer.attributes.push(Attribute::ExtmapAllowMixed);
    }
    let mut has_data = false;
    for (index, earlier) in context.local.iter().flat_map(|local| &local.media).enumerate() {
        if earlier.is_data_channel() && !earlier.is_rejected() {
            let mid = earlier.mid().map_or_else(|| index.to_string(), str::to_owned);
            has_data = true;
            context.offer_section(&mut offer, context.data(&mid));
            continue;
        }
        let rejected_by_peer = context
            .remote
            .as_ref()
            .and_then(|remote| remote.media.get(index))
            .is_some_and(MediaDescription::is_rejected);
        let earlier_is = if context.tag == Some(index) {
            Earlier::Tagged
        } else if earlier.is_rejected() || rejected_by_peer {
            Earlier::Rejected
        } else {
            Earlier::Live
        };
        match media.as_deref_mut().map(|plan| plan.at(index, earlier_is)) {
            Some(Slot::Live(section)) => context.offer_section(&mut offer, section),
            Some(Slot::Rejected) | None => offer.media.push(rejected(earlier)),
        }
    }
    while let Some(plan) = media.as_deref_mut().filter(|_| offer.media.len() < MAX_SECTIONS)
        && let Some(section) = plan.next(offer.media.len())
    {
        context.offer_section(&mut offer, section);
    }
    if wants_data && !has_data && offer.media.len() < MAX_SECTIONS {
        let index = offer.media.len();
        let mid = media.map_or_else(|| index.to_string(), |plan| plan.new_mid(index));
        context.offer_section(&mut offer, context.data(&mid));
    }
    offer.bundle();
    // RFC 9143 §7.5: the section that was agreed upon stays the tagged one, wherever it stands.
    let tag = context.tag.and_then(|tag| mid(&offer, tag));
    order_group(&mut offer, tag.as_slice());
    offer
}

/// The answer to `offer` (RFC 9429 §5.3): every section at its place, data channels accepted once.
pub(super) fn answer(
    context: &Context<'_>,
    offer: &SessionDescription,
    media: Option<&AnswerPlan<'_>>,
) -> SessionDescription {
    let mut answer = context.session();
    let setup = context.answered_setup(transport_section(offer).and_then(|tag| offer.section(tag)?.setup()));
    let data = accepted_section(offer);
    for (index, section) in offer.sections().enumerate() {
        let accepted = if !shares_transport(offer, index) {
            None
        } else if Some(index) == data {
            Some(answered_data(context, section.media))
        } else {
            media
                .and_then(|plan| plan.section(index, &section))
                .map(|answered| allow_mixed(answered, &section))
                .map(|answered| context.allow_cryptex(answered, &section))
        };
        answer.media.push(accepted.map_or_else(
            || rejected(section.media),
            |accepted| context.on_transport(accepted, setup),
        ));
    }
    if offer.bundle_groups().next().is_some() {
        answer.bundle();
        // RFC 9143 §7.3.1: the first section of the offer's group that is not rejected is the tagged one.
        let order: Vec<_> = offer
            .bundle_groups()
            .flat_map(|group| &group.mids)
            .take(MAX_SECTIONS)
            .map(ToString::to_string)
            .collect();
        order_group(&mut answer, &order);
    }
    answer
}

/// Brings the members of our BUNDLE group into an order; those that it does not name come last.
fn order_group(description: &mut SessionDescription, order: &[String]) {
    let place = |mid: &str| order.iter().position(|known| *known == *mid);
    let attributes = &mut description.attributes;
    let is_group = |attribute: &Attribute| matches!(attribute, Attribute::Group(_));
    let found = attributes
        .iter()
        .position(is_group)
        .zip(attributes.groups().next().cloned());
    if let Some((at, mut group)) = found {
        group.mids.sort_by_key(|mid| place(mid).unwrap_or(usize::MAX));
        attributes.splice(at..=at, [Attribute::Group(group)]);
    }
}

fn answered_data(context: &Context<'_>, offered: &MediaDescription) -> MediaDescription {
    let mut data = context.data(offered.mid().unwrap_or("0"));
    data.protocol = offered.protocol.clone();
    data.formats.clone_from(&offered.formats);
    data
}

/// RFC 8285 §6: header extensions of both forms are allowed where the offer allows them.
fn allow_mixed(mut answered: MediaDescription, offered: &Section<'_>) -> MediaDescription {
    if offered.extmap_allow_mixed() {
        answered.attributes.push(Attribute::ExtmapAllowMixed);
    }
    answered
}

/// A section with port 0 that repeats what RFC 3264 §6 wants repeated.
fn rejected(offered: &MediaDescription) -> MediaDescription {
    let mid = offered.mid().unwrap_or_default();
    let mut media = MediaDescription::new(offered.kind.clone(), offered.protocol.clone(), mid);
    media.formats.clone_from(&offered.formats);
    if offered.mid().is_none() {
        media
            .attributes
            .retain(|attribute| !matches!(attribute, Attribute::Mid(_)));
    }
    media.reject();
    media
}
