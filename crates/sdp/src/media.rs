//! The media part of a description: RFC 8866 §5.14, as RFC 9429 §5.2.1 and RFC 8841 §4 fill it.

use std::fmt;

use crate::attribute::{Attribute, Candidate, Direction, Fingerprint, Fmtp, Rtpmap, Setup};
use crate::attributes::Attributes;
use crate::session::{self, Bandwidth, Connection, Line};
use crate::text::Text;

/// One `m=` section: `m=<media> <port>[/<count>] <proto> <fmt> …` and the lines that belong to it.
///
/// ```
/// use sdp::{Attribute, MediaDescription, Setup};
///
/// let media = MediaDescription::application("0")
///     .with(Attribute::IceUfrag("4ZcD".into()))
///     .with(Setup::ActPass);
/// assert_eq!(media.ice_ufrag(), Some("4ZcD"));
/// assert_eq!(media.mid(), Some("0"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MediaDescription {
    /// The first word of the line.
    pub kind: MediaKind,
    /// Zero for a rejected or disabled section, 9 while ICE has no candidate.
    pub port: u16,
    /// `/<number of ports>`, which WebRTC does not use.
    pub port_count: Option<u16>,
    /// `UDP/TLS/RTP/SAVPF`, `UDP/DTLS/SCTP`, …
    pub protocol: Text,
    /// Payload types, or `webrtc-datachannel`.
    pub formats: Vec<Text>,
    /// `i=`, `k=` and lines of unknown types ahead of the attributes, in their order.
    pub information: Vec<Line>,
    /// `c=` lines: one in WebRTC, none where the session has one, several with multicast.
    pub connections: Vec<Connection>,
    /// `b=` lines.
    pub bandwidths: Vec<Bandwidth>,
    /// `a=` lines, and lines of unknown types among them.
    pub attributes: Attributes,
}

/// The `<media>` word of an `m=` line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MediaKind {
    /// `audio`
    Audio,
    /// `video`
    Video,
    /// `application`: data channels.
    Application,
    /// `text`, `message`, `image` or any other.
    Other(Text),
}

impl MediaKind {
    /// The word itself.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Audio => "audio",
            Self::Video => "video",
            Self::Application => "application",
            Self::Other(name) => name,
        }
    }
}

impl MediaDescription {
    /// A section without formats, on port 9 with no address, as offers have it before any candidate is known.
    pub fn new(kind: MediaKind, protocol: impl Into<Text>, mid: impl Into<Text>) -> Self {
        Self {
            kind,
            port: 9,
            port_count: None,
            protocol: protocol.into(),
            formats: Vec::new(),
            information: Vec::new(),
            connections: vec![Connection::unspecified()],
            bandwidths: Vec::new(),
            attributes: Attributes::from(vec![Attribute::Mid(mid.into())]),
        }
    }

    /// `m=application 9 UDP/DTLS/SCTP webrtc-datachannel` (RFC 8841 §4).
    pub fn application(mid: impl Into<Text>) -> Self {
        let media = Self::new(MediaKind::Application, "UDP/DTLS/SCTP", mid);
        Self {
            formats: vec!["webrtc-datachannel".into()],
            ..media
        }
    }

    /// `m=audio 9 UDP/TLS/RTP/SAVPF`; formats come with [`add_codec`](Self::add_codec).
    pub fn audio(mid: impl Into<Text>) -> Self {
        Self::new(MediaKind::Audio, "UDP/TLS/RTP/SAVPF", mid)
    }

    /// `m=video 9 UDP/TLS/RTP/SAVPF`; formats come with [`add_codec`](Self::add_codec).
    pub fn video(mid: impl Into<Text>) -> Self {
        Self::new(MediaKind::Video, "UDP/TLS/RTP/SAVPF", mid)
    }

    /// Adds an attribute at the end; for building in one expression.
    #[must_use]
    pub fn with(mut self, attribute: impl Into<Attribute>) -> Self {
        self.attributes.push(attribute.into());
        self
    }

    /// Adds a format with its `rtpmap`, its feedback (`nack pli`, …) and its parameters (`""` for none).
    pub fn add_codec(&mut self, rtpmap: Rtpmap, feedback: &[&str], parameters: &str) {
        let payload_type = rtpmap.payload_type;
        self.formats.push(Text::from(payload_type.to_string()));
        self.attributes.push(Attribute::Rtpmap(rtpmap));
        for value in feedback {
            self.attributes.push(Attribute::RtcpFb(crate::RtcpFb {
                payload_type: Some(payload_type),
                value: Text::from(*value),
            }));
        }
        if !parameters.is_empty() {
            self.attributes.push(Attribute::Fmtp(Fmtp {
                payload_type,
                parameters: parameters.into(),
            }));
        }
    }

    /// Sets the port to zero: the section was rejected, or stopped (RFC 3264 §6, RFC 9429 §5.3.1).
    pub fn reject(&mut self) {
        self.port = 0;
    }

    /// Port zero, unless `a=bundle-only` gives that another meaning (RFC 9143 §6).
    pub fn is_rejected(&self) -> bool {
        self.port == 0 && !self.attributes.bundle_only()
    }

    /// Whether the section carries data channels: an SCTP protocol with `webrtc-datachannel`, or the forms
    /// that were used before RFC 8841 (`DTLS/SCTP 5000`).
    pub fn is_data_channel(&self) -> bool {
        self.kind == MediaKind::Application && self.protocol.ends_with("DTLS/SCTP")
    }

    /// The formats that are RTP payload types.
    pub fn payload_types(&self) -> impl Iterator<Item = u8> {
        self.formats
            .iter()
            .filter_map(|format| format.parse().ok())
            .filter(|pt| *pt < 128)
    }

    /// `a=mid` (RFC 5888).
    pub fn mid(&self) -> Option<&str> {
        self.attributes.mid()
    }

    /// `a=ice-ufrag` of this section alone; [`Section`](crate::Section) looks at the session's too.
    pub fn ice_ufrag(&self) -> Option<&str> {
        self.attributes.ice_ufrag()
    }

    /// `a=ice-pwd` of this section alone.
    pub fn ice_pwd(&self) -> Option<&str> {
        self.attributes.ice_pwd()
    }

    /// `a=fingerprint` lines of this section alone.
    pub fn fingerprints(&self) -> impl Iterator<Item = &Fingerprint> {
        self.attributes.fingerprints()
    }

    /// `a=setup` of this section alone.
    pub fn setup(&self) -> Option<Setup> {
        self.attributes.setup()
    }

    /// `a=candidate` lines.
    pub fn candidates(&self) -> impl Iterator<Item = &Candidate> {
        self.attributes.candidates()
    }

    /// `a=rtpmap` lines.
    pub fn rtpmaps(&self) -> impl Iterator<Item = &Rtpmap> {
        self.attributes.rtpmaps()
    }

    /// `a=sendrecv`, … of this section alone.
    pub fn direction(&self) -> Option<Direction> {
        self.attributes.direction()
    }

    /// The SCTP port: `a=sctp-port`, else the port of the forms used before RFC 8841 (`a=sctpmap:5000 …` or
    /// `m=application 9 DTLS/SCTP 5000`).
    pub fn sctp_port(&self) -> Option<u16> {
        if !self.is_data_channel() {
            return None;
        }
        let legacy = || self.formats.first().and_then(|format| format.parse().ok());
        self.attributes.sctp_port().or_else(legacy)
    }
}

impl fmt::Display for MediaDescription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "m={} {}", self.kind.as_str(), self.port)?;
        if let Some(count) = self.port_count {
            write!(f, "/{count}")?;
        }
        write!(f, " {}", self.protocol)?;
        self.formats
            .iter()
            .try_for_each(|format| write!(f, " {format}"))?;
        f.write_str("\r\n")?;
        session::write_lines(f, &self.information)?;
        self.connections
            .iter()
            .try_for_each(|connection| write!(f, "c={connection}\r\n"))?;
        session::write_connection(f, None, &self.bandwidths)?;
        session::write_attributes(f, &self.attributes)
    }
}
