//! The session part of a description and the writer: RFC 8866 §5, in the order of its grammar (§9).
//!
//! Lines that JSEP ignores (`i=`, `u=`, `e=`, `p=`, `t=`, `r=`, `z=`, `k=`) are kept as they are.

use std::fmt;
use std::str::FromStr;

use crate::attribute::{Attribute, Group};
use crate::attributes::Attributes;
use crate::error::{Limits, ParseError};
use crate::media::MediaDescription;
use crate::text::Text;

/// A whole session description: what an offer or an answer carries.
///
/// `FromStr` reads it, `Display` writes it with CRLF line ends. What was written by a browser or by this
/// crate is written back byte for byte.
///
/// ```
/// use sdp::{Attribute, MediaDescription, SessionDescription};
///
/// let mut offer = SessionDescription::new(4_962_303_333, 2);
/// offer.media.push(MediaDescription::application("0").with(Attribute::SctpPort(5000)));
/// offer.bundle();
/// let text = offer.to_string();
/// assert!(text.contains("a=group:BUNDLE 0\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n"));
/// assert_eq!(text.parse(), Ok(offer));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SessionDescription {
    /// `o=`: who made it, and which version it is.
    pub origin: Origin,
    /// `s=`: the session name; `-` in WebRTC.
    pub name: Text,
    /// `i=`, `u=`, `e=`, `p=` and lines of unknown types ahead of the attributes, in their order.
    pub information: Vec<Line>,
    /// `c=`: the address for all media, which WebRTC puts into the media descriptions.
    pub connection: Option<Connection>,
    /// `b=` lines.
    pub bandwidths: Vec<Bandwidth>,
    /// `t=`, `r=`, `z=` and `k=` lines in their order; one `t=0 0` in WebRTC.
    pub timing: Vec<Line>,
    /// `a=` lines ahead of the first `m=`.
    pub attributes: Attributes,
    /// The `m=` sections.
    pub media: Vec<MediaDescription>,
}

impl SessionDescription {
    /// The skeleton of RFC 9429 §5.2.1: version, origin, `s=-` and `t=0 0`, without attributes or media.
    ///
    /// `session_id` should be random and below 2^63; `session_version` goes up by one with each new offer
    /// or answer.
    pub fn new(session_id: u64, session_version: u64) -> Self {
        Self {
            origin: Origin::new(session_id, session_version),
            name: "-".into(),
            timing: vec![Line {
                letter: 't',
                value: "0 0".into(),
            }],
            ..Self::default()
        }
    }

    /// Parses with bounds other than the default ones.
    ///
    /// # Errors
    /// As [`ParseError`] tells.
    pub fn parse(text: &str, limits: &Limits) -> Result<Self, ParseError> {
        crate::parser::parse(text, limits)
    }

    /// Adds an attribute at the end of the session's; for building in one expression.
    #[must_use]
    pub fn with(mut self, attribute: impl Into<Attribute>) -> Self {
        self.attributes.push(attribute.into());
        self
    }

    /// The media description with this mid (RFC 5888).
    pub fn media_by_mid(&self, mid: &str) -> Option<&MediaDescription> {
        self.media.iter().find(|media| media.mid() == Some(mid))
    }

    /// The `a=group` lines of BUNDLE (RFC 9143).
    pub fn bundle_groups(&self) -> impl Iterator<Item = &Group> {
        self.attributes
            .groups()
            .filter(|group| group.semantics == "BUNDLE")
    }

    /// Replaces the BUNDLE groups by one of every media description that has a mid and was not rejected.
    ///
    /// The group stands first among the session's attributes, or where the first one stood.
    pub fn bundle(&mut self) {
        let live = self.media.iter().filter(|media| !media.is_rejected());
        let mids = live
            .filter_map(|media| media.attributes.mid_text().cloned())
            .collect();
        let is_bundle = |a: &Attribute| matches!(a, Attribute::Group(group) if group.semantics == "BUNDLE");
        let place = self.attributes.iter().position(is_bundle).unwrap_or(0);
        self.attributes.retain(|attribute| !is_bundle(attribute));
        let group = Group {
            semantics: "BUNDLE".into(),
            mids,
        };
        self.attributes.insert(place, Attribute::Group(group));
    }
}

impl FromStr for SessionDescription {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        crate::parser::parse(text, &Limits::default())
    }
}

impl fmt::Display for SessionDescription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "v=0\r\no={}\r\n", self.origin)?;
        write_line(f, "s=", &self.name)?;
        write_lines(f, &self.information)?;
        write_connection(f, self.connection.as_ref(), &self.bandwidths)?;
        write_lines(f, &self.timing)?;
        write_attributes(f, &self.attributes)?;
        self.media
            .iter()
            .try_for_each(|media| fmt::Display::fmt(media, f))
    }
}

fn write_line(f: &mut fmt::Formatter<'_>, start: &str, value: &str) -> fmt::Result {
    f.write_str(start)?;
    f.write_str(value)?;
    f.write_str("\r\n")
}

pub(crate) fn write_lines(f: &mut fmt::Formatter<'_>, lines: &[Line]) -> fmt::Result {
    lines.iter().try_for_each(|line| write!(f, "{line}\r\n"))
}

pub(crate) fn write_connection(
    f: &mut fmt::Formatter<'_>,
    connection: Option<&Connection>,
    bandwidths: &[Bandwidth],
) -> fmt::Result {
    if let Some(connection) = connection {
        write!(f, "c={connection}\r\n")?;
    }
    bandwidths
        .iter()
        .try_for_each(|bandwidth| write!(f, "b={bandwidth}\r\n"))
}

pub(crate) fn write_attributes(f: &mut fmt::Formatter<'_>, attributes: &[Attribute]) -> fmt::Result {
    attributes.iter().try_for_each(|attribute| {
        fmt::Display::fmt(attribute, f)?;
        f.write_str("\r\n")
    })
}

/// `o=<username> <sess-id> <sess-version> <nettype> <addrtype> <address>` (RFC 8866 §5.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// Login of the creator; `-` in WebRTC.
    pub username: Text,
    /// Identifies the session; stays the same for the life of a connection.
    pub session_id: u64,
    /// Goes up whenever the description changes.
    pub session_version: u64,
    /// `IN IP4 127.0.0.1` in WebRTC: not an address to use.
    pub address: Connection,
}

impl Origin {
    /// `- <session_id> <session_version> IN IP4 127.0.0.1` (RFC 9429 §5.2.1).
    pub fn new(session_id: u64, session_version: u64) -> Self {
        let address = Connection::ip4("127.0.0.1");
        Self {
            username: "-".into(),
            session_id,
            session_version,
            address,
        }
    }
}

impl Default for Origin {
    fn default() -> Self {
        Self::new(0, 0)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            username,
            session_id,
            session_version,
            address,
        } = self;
        write!(f, "{username} {session_id} {session_version} {address}")
    }
}

/// `<nettype> <addrtype> <address>`: the value of `c=` and the end of `o=` and `a=rtcp`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    /// `IN`.
    pub network: Text,
    /// `IP4` or `IP6`.
    pub family: Text,
    /// The address, a name, or for multicast an address with its TTL.
    pub address: Text,
}

impl Connection {
    /// `IN IP4 <address>`.
    pub fn ip4(address: impl Into<Text>) -> Self {
        Self {
            network: "IN".into(),
            family: "IP4".into(),
            address: address.into(),
        }
    }

    /// `IN IP6 <address>`.
    pub fn ip6(address: impl Into<Text>) -> Self {
        Self {
            network: "IN".into(),
            family: "IP6".into(),
            address: address.into(),
        }
    }

    /// `IN IP4 0.0.0.0`: no address, ICE will find one (RFC 9429 §5.2.1).
    pub fn unspecified() -> Self {
        Self::ip4("0.0.0.0")
    }
}

impl fmt::Display for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.network, self.family, self.address)
    }
}

/// `b=<bwtype>:<bandwidth>` (RFC 8866 §5.8).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bandwidth {
    /// `AS` and `CT` count kbit/s, `TIAS` counts bit/s.
    pub kind: Text,
    /// In the unit of the kind.
    pub value: u64,
}

impl fmt::Display for Bandwidth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.kind, self.value)
    }
}

/// A line kept as it was: one whose type is unknown, or which WebRTC does not use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The character ahead of `=`.
    pub letter: char,
    /// What stands behind it.
    pub value: Text,
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.letter, self.value)
    }
}
