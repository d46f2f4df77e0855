//! The sections of a description: written for us, read from the peer (RFC 9429 §5.2, §5.3 and §5.8).
//!
//! One section of data channels (RFC 8841) on one transport. Every other section of a peer's offer is answered with
//! port 0 (RFC 3264 §6), at its place.

use std::sync::Arc;

use sdp::{Attribute, IceOptions, MediaDescription, Section, SessionDescription, Setup};

use super::MAX_SECTIONS;
use crate::description::IceCandidateInit;
use crate::error::DescriptionError;
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
    /// The peer's DTLS role, once it was agreed.
    pub(super) role: Option<DtlsRole>,
}

impl Context<'_> {
    fn session(&self) -> SessionDescription {
        let session = SessionDescription::new(self.origin.session_id, self.origin.version);
        let session = if self.settings.ice_lite {
            session.with(Attribute::IceLite)
        } else {
            session
        };
        session.with(IceOptions::new("trickle ice2"))
    }

    fn data(&self, mid: &str, setup: Setup) -> MediaDescription {
        MediaDescription::application(mid)
            .with(Attribute::IceUfrag(self.credentials.ufrag.as_str().into()))
            .with(Attribute::IcePwd(self.credentials.pwd.as_str().into()))
            .with(fingerprint(self.certificate))
            .with(setup)
            .with(Attribute::SctpPort(SCTP_PORT))
            .with(Attribute::MaxMessageSize(self.settings.max_message_size as u64))
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

/// An offer (RFC 9429 §5.2): the sections we have, with data channels added if they are wanted.
pub(super) fn offer(context: &Context<'_>, wants_data: bool) -> SessionDescription {
    let mut offer = context.session();
    let mut has_data = false;
    for (index, earlier) in context.local.iter().flat_map(|local| &local.media).enumerate() {
        let mid = earlier.mid().map_or_else(|| index.to_string(), str::to_owned);
        if earlier.is_data_channel() && !earlier.is_rejected() {
            has_data = true;
            offer.media.push(context.data(&mid, Context::offered_setup()));
        } else {
            offer.media.push(rejected(earlier));
        }
    }
    if wants_data && !has_data {
        let mid = offer.media.len().to_string();
        offer.media.push(context.data(&mid, Context::offered_setup()));
    }
    offer.bundle();
    offer
}

/// The answer to `offer` (RFC 9429 §5.3): every section at its place, data channels accepted once.
pub(super) fn answer(context: &Context<'_>, offer: &SessionDescription) -> SessionDescription {
    let mut answer = context.session();
    let accepted = accepted_section(offer);
    for (index, offered) in offer.media.iter().enumerate() {
        if Some(index) == accepted {
            let setup = context.answered_setup(
                Section {
                    session: offer,
                    media: offered,
                }
                .setup(),
            );
            let mut data = context.data(offered.mid().unwrap_or("0"), setup);
            data.protocol = offered.protocol.clone();
            data.formats.clone_from(&offered.formats);
            answer.media.push(data);
        } else {
            answer.media.push(rejected(offered));
        }
    }
    if offer.bundle_groups().next().is_some() {
        answer.bundle();
    }
    answer
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

/// The first section of data channels that is not rejected.
fn accepted_section(description: &SessionDescription) -> Option<usize> {
    description
        .media
        .iter()
        .position(|media| media.is_data_channel() && !media.is_rejected())
}

/// What a description says about the peer's end of the transport.
#[derive(Clone, Debug)]
pub(super) struct RemoteTransport {
    pub(super) credentials: ice::Credentials,
    pub(super) lite: bool,
    pub(super) fingerprints: Vec<dtls::Fingerprint>,
    pub(super) setup: Option<Setup>,
    /// The peer's limit, in bytes.
    pub(super) max_message_size: usize,
}

/// A description of the peer, checked.
#[derive(Clone, Debug)]
pub(super) struct Remote {
    /// `None` when every section is rejected or of a kind that is not for us.
    pub(super) transport: Option<RemoteTransport>,
}

impl Remote {
    pub(super) fn read(description: &SessionDescription) -> Result<Self, DescriptionError> {
        if description.media.len() > MAX_SECTIONS {
            return Err(DescriptionError::TooManySections);
        }
        let transport = data_section(description)
            .map(|section| RemoteTransport::read(&section))
            .transpose()?;
        Ok(Self { transport })
    }

    /// Refuses an answer that leaves the DTLS role open (RFC 8842 §5.3).
    pub(super) fn answered_role(&self) -> Result<(), DescriptionError> {
        match &self.transport {
            Some(RemoteTransport {
                setup: Some(Setup::Active | Setup::Passive),
                ..
            })
            | None => Ok(()),
            Some(_) => Err(DescriptionError::BadSetup),
        }
    }
}

impl RemoteTransport {
    fn read(section: &Section<'_>) -> Result<Self, DescriptionError> {
        let (ufrag, pwd) = section
            .ice_credentials()
            .ok_or(DescriptionError::NoIceCredentials)?;
        let credentials = ice::Credentials::new(ufrag, pwd);
        credentials
            .validate()
            .map_err(|_| DescriptionError::BadIceCredentials)?;
        // A fingerprint of an unknown hash is passed over, as RFC 8122 §5 allows, if another can be checked.
        let fingerprints: Vec<_> = section
            .fingerprints()
            .filter_map(|it| it.to_string().parse().ok())
            .collect();
        if fingerprints.is_empty() {
            return Err(DescriptionError::NoFingerprint);
        }
        let limit = section.media.attributes.max_message_size();
        Ok(Self {
            credentials,
            lite: section.ice_lite(),
            fingerprints,
            setup: section.setup(),
            max_message_size: usize::try_from(limit).unwrap_or(usize::MAX),
        })
    }

    /// The peer's role after its answer.
    pub(super) fn role(&self) -> DtlsRole {
        match self.setup {
            Some(Setup::Passive) => DtlsRole::Server,
            _ => DtlsRole::Client,
        }
    }
}

fn data_section(description: &SessionDescription) -> Option<Section<'_>> {
    description.section(accepted_section(description)?)
}

pub(super) fn ufrag(description: &SessionDescription) -> Option<&str> {
    data_section(description)?
        .ice_credentials()
        .map(|(ufrag, _)| ufrag)
}

pub(super) fn setup(description: &SessionDescription) -> Option<Setup> {
    data_section(description)?.setup()
}

pub(super) fn has_data(description: &SessionDescription) -> bool {
    accepted_section(description).is_some()
}

pub(super) fn first_mid(description: &SessionDescription) -> Option<String> {
    description.media.first()?.mid().map(str::to_owned)
}

pub(super) fn count(description: &SessionDescription) -> usize {
    description.media.len()
}

/// Whether an answer has the sections of its offer, in their order (RFC 3264 §6).
pub(super) fn match_offer(offer: &SessionDescription, answer: &SessionDescription) -> bool {
    offer.media.len() == answer.media.len()
        && offer.media.iter().zip(&answer.media).all(|(offered, answered)| {
            offered.kind == answered.kind && (answered.mid().is_none() || answered.mid() == offered.mid())
        })
}

/// The candidates of the peer's section, `candidate:…`, and an empty one if there will be no more.
pub(super) fn candidates(description: &SessionDescription) -> Vec<String> {
    let Some(section) = data_section(description) else {
        return Vec::new();
    };
    let mut candidates: Vec<_> = section.media.candidates().map(ToString::to_string).collect();
    if section.end_of_candidates() {
        candidates.push(String::new());
    }
    candidates
}

/// Writes our candidates into our section.
pub(super) fn add_candidates(description: &mut SessionDescription, candidates: &[String], complete: bool) {
    let Some(index) = accepted_section(description) else {
        return;
    };
    let Some(media) = description.media.get_mut(index) else {
        return;
    };
    for candidate in candidates {
        media
            .attributes
            .push(Attribute::Candidate(sdp::Candidate::new(candidate.as_str())));
    }
    if complete {
        media.attributes.push(Attribute::EndOfCandidates);
    }
}

/// Where a candidate belongs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Found<'a> {
    pub(super) ufrag: Option<&'a str>,
}

/// The section that a candidate names (W3C webrtc-pc §4.4.1.7): by mid, else by index.
pub(super) fn find<'a>(
    description: &'a SessionDescription,
    candidate: &IceCandidateInit,
) -> Option<Found<'a>> {
    let media = match (&candidate.sdp_mid, candidate.sdp_m_line_index) {
        (Some(mid), _) if !mid.is_empty() => description.media_by_mid(mid)?,
        (_, Some(index)) => description.media.get(usize::from(index))?,
        // The end of all candidates names no section.
        _ if candidate.candidate.is_empty() => description.media.first()?,
        _ => return None,
    };
    let section = Section {
        session: description,
        media,
    };
    Some(Found {
        ufrag: section.ice_credentials().map(|(ufrag, _)| ufrag),
    })
}
