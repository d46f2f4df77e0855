//! The attributes of a session or a media description, with a getter for each that code asks for.

use std::ops::{Deref, DerefMut};

use crate::attribute::{
    Attribute, Candidate, Direction, Extmap, Fingerprint, Fmtp, Group, IceOptions, Msid, Rid, RtcpFb, Rtpmap,
    Setup, Simulcast, Ssrc, SsrcGroup,
};
use crate::text::Text;

/// A list of attributes in their order; a `Vec<Attribute>` that can be asked for one kind.
///
/// Where an attribute may stand once only, the first one counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attributes(Vec<Attribute>);

/// The value of the first attribute that matches.
macro_rules! first {
    ($list:expr, $pattern:pat => $value:expr) => {
        $list.0.iter().find_map(|attribute| {
            if let $pattern = attribute {
                Some($value)
            } else {
                None
            }
        })
    };
}

/// The values of all attributes that match.
macro_rules! all {
    ($list:expr, $pattern:pat => $value:expr) => {
        $list.0.iter().filter_map(|attribute| {
            if let $pattern = attribute {
                Some($value)
            } else {
                None
            }
        })
    };
}

impl Attributes {
    /// Puts `attribute` in the place of the first of its kind, removes others of its kind, or adds it at the
    /// end. For attributes that stand once: mid, setup, direction, ice-ufrag, …
    pub fn set(&mut self, attribute: impl Into<Attribute>) {
        let attribute = attribute.into();
        let kind = std::mem::discriminant(&attribute);
        let mut replacement = Some(attribute);
        self.0.retain_mut(|old| {
            if std::mem::discriminant(old) != kind {
                return true;
            }
            replacement.take().map(|attribute| *old = attribute).is_some()
        });
        self.0.extend(replacement);
    }

    /// `a=mid`
    pub fn mid(&self) -> Option<&str> {
        self.mid_text().map(Text::as_str)
    }

    pub(crate) fn mid_text(&self) -> Option<&Text> {
        first!(self, Attribute::Mid(mid) => mid)
    }

    /// `a=group`
    pub fn groups(&self) -> impl Iterator<Item = &Group> {
        all!(self, Attribute::Group(group) => group)
    }

    /// `a=bundle-only`
    pub fn bundle_only(&self) -> bool {
        self.0.contains(&Attribute::BundleOnly)
    }

    /// `a=ice-lite`
    pub fn ice_lite(&self) -> bool {
        self.0.contains(&Attribute::IceLite)
    }

    /// `a=ice-pacing` in milliseconds
    pub fn ice_pacing(&self) -> Option<u64> {
        first!(self, Attribute::IcePacing(interval) => *interval)
    }

    /// `a=ice-options`
    pub fn ice_options(&self) -> Option<&IceOptions> {
        first!(self, Attribute::IceOptions(options) => options)
    }

    /// `a=ice-ufrag`
    pub fn ice_ufrag(&self) -> Option<&str> {
        first!(self, Attribute::IceUfrag(ufrag) => ufrag.as_str())
    }

    /// `a=ice-pwd`
    pub fn ice_pwd(&self) -> Option<&str> {
        first!(self, Attribute::IcePwd(pwd) => pwd.as_str())
    }

    /// `a=candidate`
    pub fn candidates(&self) -> impl Iterator<Item = &Candidate> {
        all!(self, Attribute::Candidate(candidate) => candidate)
    }

    /// `a=end-of-candidates`
    pub fn end_of_candidates(&self) -> bool {
        self.0.contains(&Attribute::EndOfCandidates)
    }

    /// `a=fingerprint`
    pub fn fingerprints(&self) -> impl Iterator<Item = &Fingerprint> {
        all!(self, Attribute::Fingerprint(fingerprint) => fingerprint)
    }

    /// `a=setup`
    pub fn setup(&self) -> Option<Setup> {
        first!(self, Attribute::Setup(setup) => *setup)
    }

    /// `a=tls-id`
    pub fn tls_id(&self) -> Option<&str> {
        first!(self, Attribute::TlsId(id) => id.as_str())
    }

    /// `a=identity`
    pub fn identity(&self) -> Option<&str> {
        first!(self, Attribute::Identity(assertion) => assertion.as_str())
    }

    /// `a=sendrecv`, …
    pub fn direction(&self) -> Option<Direction> {
        first!(self, Attribute::Direction(direction) => *direction)
    }

    /// `a=rtcp-mux`; also when only `a=rtcp-mux-only` stands there (RFC 8858 §4).
    pub fn rtcp_mux(&self) -> bool {
        self.0.contains(&Attribute::RtcpMux) || self.rtcp_mux_only()
    }

    /// `a=rtcp-mux-only`
    pub fn rtcp_mux_only(&self) -> bool {
        self.0.contains(&Attribute::RtcpMuxOnly)
    }

    /// `a=rtcp-rsize`
    pub fn rtcp_rsize(&self) -> bool {
        self.0.contains(&Attribute::RtcpRsize)
    }

    /// `a=rtpmap`
    pub fn rtpmaps(&self) -> impl Iterator<Item = &Rtpmap> {
        all!(self, Attribute::Rtpmap(rtpmap) => rtpmap)
    }

    /// The `a=rtpmap` of one payload type.
    pub fn rtpmap(&self, payload_type: u8) -> Option<&Rtpmap> {
        self.rtpmaps().find(|rtpmap| rtpmap.payload_type == payload_type)
    }

    /// The `a=fmtp` of one payload type.
    pub fn fmtp(&self, payload_type: u8) -> Option<&Fmtp> {
        all!(self, Attribute::Fmtp(fmtp) => fmtp).find(|fmtp| fmtp.payload_type == payload_type)
    }

    /// The `a=rtcp-fb` of one payload type, with those for all payload types.
    pub fn rtcp_fb(&self, payload_type: u8) -> impl Iterator<Item = &RtcpFb> {
        let meant = move |feedback: &&RtcpFb| feedback.payload_type.is_none_or(|pt| pt == payload_type);
        all!(self, Attribute::RtcpFb(feedback) => feedback).filter(meant)
    }

    /// `a=extmap`
    pub fn extmaps(&self) -> impl Iterator<Item = &Extmap> {
        all!(self, Attribute::Extmap(extmap) => extmap)
    }

    /// `a=extmap-allow-mixed`
    pub fn extmap_allow_mixed(&self) -> bool {
        self.0.contains(&Attribute::ExtmapAllowMixed)
    }

    /// `a=msid`
    pub fn msids(&self) -> impl Iterator<Item = &Msid> {
        all!(self, Attribute::Msid(msid) => msid)
    }

    /// `a=rid`
    pub fn rids(&self) -> impl Iterator<Item = &Rid> {
        all!(self, Attribute::Rid(rid) => rid)
    }

    /// `a=simulcast`
    pub fn simulcast(&self) -> Option<&Simulcast> {
        first!(self, Attribute::Simulcast(simulcast) => simulcast)
    }

    /// `a=ssrc`
    pub fn ssrcs(&self) -> impl Iterator<Item = &Ssrc> {
        all!(self, Attribute::Ssrc(ssrc) => ssrc)
    }

    /// `a=ssrc-group`
    pub fn ssrc_groups(&self) -> impl Iterator<Item = &SsrcGroup> {
        all!(self, Attribute::SsrcGroup(group) => group)
    }

    /// `a=sctp-port`, or the port of `a=sctpmap`.
    pub fn sctp_port(&self) -> Option<u16> {
        let legacy = || first!(self, Attribute::SctpMap(map) => map.port);
        first!(self, Attribute::SctpPort(port) => *port).or_else(legacy)
    }

    /// The largest message the peer takes (RFC 8841 §6.1): `u64::MAX` for `a=max-message-size:0`, and 65,536
    /// where nothing is written.
    pub fn max_message_size(&self) -> u64 {
        match first!(self, Attribute::MaxMessageSize(size) => *size) {
            Some(0) => u64::MAX,
            Some(size) => size,
            None => 65_536,
        }
    }

    /// `a=sctp-init` in base64.
    pub fn sctp_init(&self) -> Option<&str> {
        first!(self, Attribute::SctpInit(chunk) => chunk.as_str())
    }

    /// The value of an attribute this crate has no type for; `Some("")` where it has none.
    pub fn unknown(&self, name: &str) -> Option<&str> {
        let mut all = all!(self, Attribute::Unknown { name, value } => (name, value));
        let (_, value) = all.find(|(found, _)| found.as_str() == name)?;
        Some(value.as_deref().unwrap_or(""))
    }
}

impl From<Vec<Attribute>> for Attributes {
    fn from(attributes: Vec<Attribute>) -> Self {
        Self(attributes)
    }
}

impl Deref for Attributes {
    type Target = Vec<Attribute>;

    fn deref(&self) -> &Vec<Attribute> {
        &self.0
    }
}

impl DerefMut for Attributes {
    fn deref_mut(&mut self) -> &mut Vec<Attribute> {
        &mut self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn set_replaces_the_first_and_drops_the_rest() {
        let mut list = Attributes::from(vec![
            Attribute::Mid("0".into()),
            Attribute::Setup(Setup::Active),
            Attribute::RtcpMux,
            Attribute::Setup(Setup::Passive),
        ]);
        list.set(Setup::ActPass);
        let setup = Attribute::Setup(Setup::ActPass);
        assert_eq!(*list, [Attribute::Mid("0".into()), setup, Attribute::RtcpMux]);
        list.set(Direction::SendOnly);
        assert_eq!((list.len(), list.direction()), (4, Some(Direction::SendOnly)));
    }

    #[test]
    fn codec_attributes_are_found_by_payload_type() {
        let mut media = crate::MediaDescription::video("v");
        media.add_codec(Rtpmap::new(96, "VP8", 90_000, None), &["nack", "nack pli"], "");
        media.add_codec(Rtpmap::new(97, "rtx", 90_000, None), &[], "apt=96");
        media.attributes.push(Attribute::RtcpFb(RtcpFb {
            payload_type: None,
            value: "goog-remb".into(),
        }));
        assert_eq!(media.payload_types().collect::<Vec<_>>(), [96, 97]);
        assert_eq!(media.attributes.rtpmap(96).unwrap().encoding, "VP8");
        assert_eq!(media.attributes.fmtp(97).unwrap().parameter("APT"), Some("96"));
        assert_eq!(media.attributes.fmtp(96), None);
        assert_eq!(media.attributes.rtcp_fb(96).count(), 3);
        assert_eq!(media.attributes.rtcp_fb(97).count(), 1);
    }

    #[test]
    fn bundle_lists_live_sections_and_keeps_its_place() {
        let mut session = crate::SessionDescription::new(1, 1).with(Attribute::ExtmapAllowMixed);
        session.media.push(crate::MediaDescription::audio("a"));
        session.media.push(crate::MediaDescription::application("d"));
        session.bundle();
        assert_eq!(
            session.attributes.first().unwrap().to_string(),
            "a=group:BUNDLE a d"
        );
        session.media[0].reject();
        session.attributes.swap(0, 1);
        session.bundle();
        let lines: Vec<_> = session.attributes.iter().map(Attribute::to_string).collect();
        assert_eq!(lines, ["a=extmap-allow-mixed", "a=group:BUNDLE d"]);
        assert_eq!(session.bundle_groups().count(), 1);
        assert!(session.media_by_mid("d").is_some() && session.media_by_mid("x").is_none());
    }
}
