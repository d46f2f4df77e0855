//! A media description together with what holds for it because the session says so.
//!
//! ICE credentials and options (RFC 8839 §5), fingerprints, setup role and tls-id (RFC 8842 §5) and the
//! direction (RFC 8866 §6.7) may stand at the session; a media description that has its own overrides them.

use crate::attribute::{Direction, Fingerprint, IceOptions, Setup};
use crate::media::MediaDescription;
use crate::session::SessionDescription;

/// A media description seen with the session's defaults; made by [`SessionDescription::section`].
///
/// ```
/// let text = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=setup:active\r\n\
///     m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:0\r\n";
/// let description: sdp::SessionDescription = text.parse()?;
/// let section = description.section(0).unwrap();
/// assert_eq!(section.media.setup(), None);
/// assert_eq!(section.setup(), Some(sdp::Setup::Active));
/// # Ok::<(), sdp::ParseError>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Section<'a> {
    /// The whole description.
    pub session: &'a SessionDescription,
    /// Its media description.
    pub media: &'a MediaDescription,
}

impl SessionDescription {
    /// The media description at `index`, with the session's defaults.
    pub fn section(&self, index: usize) -> Option<Section<'_>> {
        self.media
            .get(index)
            .map(|media| Section { session: self, media })
    }

    /// All media descriptions, with the session's defaults.
    pub fn sections(&self) -> impl Iterator<Item = Section<'_>> {
        self.media.iter().map(|media| Section { session: self, media })
    }
}

impl<'a> Section<'a> {
    /// `a=ice-ufrag` and `a=ice-pwd`, which come as a pair from one place.
    pub fn ice_credentials(&self) -> Option<(&'a str, &'a str)> {
        let own = self.media.ice_ufrag().zip(self.media.ice_pwd());
        let session = &self.session.attributes;
        own.or_else(|| session.ice_ufrag().zip(session.ice_pwd()))
    }

    /// `a=ice-options`
    pub fn ice_options(&self) -> Option<&'a IceOptions> {
        self.media
            .attributes
            .ice_options()
            .or_else(|| self.session.attributes.ice_options())
    }

    /// `a=ice-lite`, which belongs to the session; some stacks write it into the media description.
    pub fn ice_lite(&self) -> bool {
        self.session.attributes.ice_lite() || self.media.attributes.ice_lite()
    }

    /// `a=ice-pacing` in milliseconds, which belongs to the session (RFC 8839 §5.5); 50 is meant where it is absent.
    pub fn ice_pacing(&self) -> Option<u64> {
        self.session.attributes.ice_pacing()
    }

    /// `a=end-of-candidates` of this media description or of the session.
    pub fn end_of_candidates(&self) -> bool {
        self.media.attributes.end_of_candidates() || self.session.attributes.end_of_candidates()
    }

    /// `a=fingerprint` lines: the media description's, or the session's where it has none.
    pub fn fingerprints(&self) -> impl Iterator<Item = &'a Fingerprint> + use<'a> {
        let own = self.media.attributes.fingerprints().next().is_some();
        let place = if own {
            &self.media.attributes
        } else {
            &self.session.attributes
        };
        place.fingerprints()
    }

    /// `a=setup`
    pub fn setup(&self) -> Option<Setup> {
        self.media.setup().or_else(|| self.session.attributes.setup())
    }

    /// `a=tls-id`
    pub fn tls_id(&self) -> Option<&'a str> {
        self.media
            .attributes
            .tls_id()
            .or_else(|| self.session.attributes.tls_id())
    }

    /// `a=sendrecv`, …; `sendrecv` where nothing is written.
    pub fn direction(&self) -> Direction {
        self.media
            .direction()
            .or_else(|| self.session.attributes.direction())
            .unwrap_or_default()
    }

    /// `a=extmap-allow-mixed`
    pub fn extmap_allow_mixed(&self) -> bool {
        self.media.attributes.extmap_allow_mixed() || self.session.attributes.extmap_allow_mixed()
    }
}
