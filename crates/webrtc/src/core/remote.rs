//! What a description of the peer says about its end of the transport (RFC 9429 §5.8.3, RFC 8839, RFC 8122, RFC 8842).

use std::time::Duration;

use sdp::{Section, SessionDescription, Setup};

use super::MAX_SECTIONS;
use super::sections::{shares_transport, tagged};
use crate::error::DescriptionError;
use crate::setting_engine::DtlsRole;

/// What a description says about the peer's end of the transport.
#[derive(Clone, Debug)]
pub(super) struct RemoteTransport {
    pub(super) credentials: ice::Credentials,
    pub(super) lite: bool,
    /// The Ta that it proposes.
    pub(super) pacing: Duration,
    pub(super) fingerprints: Vec<dtls::Fingerprint>,
    pub(super) setup: Option<Setup>,
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
        let transport = tagged(description)
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

/// Whether every section of the transport, which any of them may come to carry, names a certificate of these.
pub(super) fn has_certificate(description: &SessionDescription, known: &[dtls::Fingerprint]) -> bool {
    let shared = (0..description.media.len()).filter(|index| shares_transport(description, *index));
    let transports = shared.filter_map(|index| RemoteTransport::read(&description.section(index)?).ok());
    let mut named = transports.map(|transport| transport.fingerprints);
    named.all(|named| named.iter().any(|fingerprint| known.contains(fingerprint)))
}

impl RemoteTransport {
    pub(super) fn read(section: &Section<'_>) -> Result<Self, DescriptionError> {
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
        Ok(Self {
            credentials,
            lite: section.ice_lite(),
            // RFC 8839 §5.5: 50 ms where it says nothing.
            pacing: Duration::from_millis(section.ice_pacing().unwrap_or(50)),
            fingerprints,
            setup: section.setup(),
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
