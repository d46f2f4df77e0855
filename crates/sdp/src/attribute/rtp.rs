//! Attributes of RTP media: `rtpmap` and `fmtp` (RFC 8866), `rtcp-fb` (4585), `extmap` (8285), `ssrc` and
//! `ssrc-group` (5576).

use std::fmt;

use super::Direction;
use super::parse::{some, word};
use crate::text::{Source, Text};

/// `rtpmap:<payload type> <encoding>/<clock rate>[/<channels>]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rtpmap {
    /// 0 to 127.
    pub payload_type: u8,
    /// The codec; compare it without regard to case.
    pub encoding: Text,
    /// Ticks a second.
    pub clock_rate: u32,
    /// Audio channels where they are written; one where they are not.
    pub channels: Option<u16>,
}

impl Rtpmap {
    /// From its parts; `channels` of `None` leaves them out.
    pub fn new(payload_type: u8, encoding: impl Into<Text>, clock_rate: u32, channels: Option<u16>) -> Self {
        Self {
            payload_type,
            encoding: encoding.into(),
            clock_rate,
            channels,
        }
    }

    pub(super) fn parse(source: Source<'_>, value: &str) -> Option<Self> {
        let (payload_type, codec) = word(value);
        let mut parts = codec.split('/');
        let encoding = some(source, parts.next()?)?;
        let clock_rate = parts.next()?.parse().ok()?;
        let channels = parts.next().map(str::parse).transpose().ok()?;
        let end = parts.next().is_none();
        end.then_some(Self {
            payload_type: payload_type.parse().ok()?,
            encoding,
            clock_rate,
            channels,
        })
    }
}

impl fmt::Display for Rtpmap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}/{}", self.payload_type, self.encoding, self.clock_rate)?;
        self.channels
            .iter()
            .try_for_each(|channels| write!(f, "/{channels}"))
    }
}

/// `fmtp:<payload type> <parameters>`
///
/// ```
/// use sdp::Fmtp;
///
/// let fmtp = Fmtp { payload_type: 102, parameters: "packetization-mode=1; profile-level-id=42001f".into() };
/// assert_eq!(fmtp.parameter("profile-level-id"), Some("42001f"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fmtp {
    /// 0 to 127.
    pub payload_type: u8,
    /// In the syntax of the codec; most often `name=value;name=value`.
    pub parameters: Text,
}

impl Fmtp {
    /// The value of a `name=value` parameter; names are compared without regard to case.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        let mut pairs = self
            .parameters
            .split(';')
            .filter_map(|pair| pair.trim().split_once('='));
        pairs
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }

    pub(super) fn parse(source: Source<'_>, value: &str) -> Option<Self> {
        let (payload_type, parameters) = word(value);
        Some(Self {
            payload_type: payload_type.parse().ok()?,
            parameters: some(source, parameters)?,
        })
    }
}

impl fmt::Display for Fmtp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.payload_type, self.parameters)
    }
}

/// `rtcp-fb:<payload type> <feedback>`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RtcpFb {
    /// `None` for `*`: all payload types.
    pub payload_type: Option<u8>,
    /// `nack`, `nack pli`, `ccm fir`, `transport-cc`, …
    pub value: Text,
}

impl RtcpFb {
    pub(super) fn parse(source: Source<'_>, value: &str) -> Option<Self> {
        let (payload_type, value) = word(value);
        let payload_type = if payload_type == "*" {
            None
        } else {
            Some(payload_type.parse().ok()?)
        };
        Some(Self {
            payload_type,
            value: some(source, value)?,
        })
    }
}

impl fmt::Display for RtcpFb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.payload_type {
            Some(payload_type) => write!(f, "{payload_type} {}", self.value),
            None => write!(f, "* {}", self.value),
        }
    }
}

/// `extmap:<id>[/<direction>] <uri> [<attributes>]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extmap {
    /// 1 to 14 for one-byte headers, to 255 for two-byte headers, 4096 to 4351 while being negotiated.
    pub id: u16,
    /// `sendrecv` where nothing is written.
    pub direction: Option<Direction>,
    /// Which extension.
    pub uri: Text,
    /// In the syntax of the extension.
    pub attributes: Option<Text>,
}

impl Extmap {
    /// An extension for both directions without attributes.
    pub fn new(id: u16, uri: impl Into<Text>) -> Self {
        Self {
            id,
            direction: None,
            uri: uri.into(),
            attributes: None,
        }
    }

    pub(super) fn parse(source: Source<'_>, value: &str) -> Option<Self> {
        let (id, rest) = word(value);
        let (uri, attributes) = word(rest);
        let (id, direction) = match id.split_once('/') {
            Some((id, direction)) => (id, Some(Direction::parse(direction)?)),
            None => (id, None),
        };
        let attributes = some(source, attributes);
        Some(Self {
            id: id.parse().ok()?,
            direction,
            uri: some(source, uri)?,
            attributes,
        })
    }
}

impl fmt::Display for Extmap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.id)?;
        self.direction
            .iter()
            .try_for_each(|direction| write!(f, "/{}", direction.as_str()))?;
        write!(f, " {}", self.uri)?;
        self.attributes
            .iter()
            .try_for_each(|attributes| write!(f, " {attributes}"))
    }
}

/// `ssrc:<ssrc> <attribute>[:<value>]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ssrc {
    /// The stream.
    pub ssrc: u32,
    /// `cname`, `msid`, …
    pub attribute: Text,
    /// What follows its colon.
    pub value: Option<Text>,
}

impl Ssrc {
    pub(super) fn parse(source: Source<'_>, value: &str) -> Option<Self> {
        let (ssrc, rest) = word(value);
        let (attribute, value) = match rest.split_once(':') {
            Some((attribute, value)) => (attribute, Some(source.text(value))),
            None => (rest, None),
        };
        Some(Self {
            ssrc: ssrc.parse().ok()?,
            attribute: some(source, attribute)?,
            value,
        })
    }
}

impl fmt::Display for Ssrc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.ssrc, self.attribute)?;
        self.value.iter().try_for_each(|value| write!(f, ":{value}"))
    }
}

/// `ssrc-group:<semantics> <ssrc> …`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SsrcGroup {
    /// `FID` (stream and retransmissions), `FEC-FR`, `SIM`, …
    pub semantics: Text,
    /// The members, in an order that means something.
    pub ssrcs: Vec<u32>,
}

impl SsrcGroup {
    pub(super) fn parse(source: Source<'_>, value: &str) -> Option<Self> {
        let (semantics, ssrcs) = word(value);
        let ssrcs: Result<_, _> = ssrcs.split_ascii_whitespace().map(str::parse).collect();
        Some(Self {
            semantics: some(source, semantics)?,
            ssrcs: ssrcs.ok()?,
        })
    }
}

impl fmt::Display for SsrcGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.semantics)?;
        self.ssrcs.iter().try_for_each(|ssrc| write!(f, " {ssrc}"))
    }
}
