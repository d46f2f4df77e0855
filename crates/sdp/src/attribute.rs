//! Attributes: one variant for each that JSEP gives a meaning (RFC 9429 §5.8), all others as they are.

mod parse;
mod rtp;
mod stream;
mod transport;

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

pub use rtp::{Extmap, Fmtp, RtcpFb, Rtpmap, Ssrc, SsrcGroup};
pub use stream::{Direction, Msid, Rid, RidDirection, Simulcast, SimulcastId, SimulcastList};
pub use transport::{Candidate, Fingerprint, Group, IceOptions, Rtcp, SctpMap, Setup};

pub(crate) use parse::parse;

use crate::session::Line;
use crate::text::{Source, Text};

/// One `a=` line.
///
/// `Display` writes the whole line without its end, `FromStr` reads it with or without `a=`.
///
/// ```
/// use sdp::{Attribute, Setup};
///
/// assert_eq!("a=setup:active".parse(), Ok(Attribute::Setup(Setup::Active)));
/// assert_eq!(Attribute::Mid("audio".into()).to_string(), "a=mid:audio");
/// assert_eq!("a=setup:now".parse::<Attribute>(), Err("setup is not active, passive, actpass or holdconn"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Attribute {
    /// `group` (RFC 5888, 9143): BUNDLE, LS.
    Group(Group),
    /// `mid` (RFC 5888).
    Mid(Text),
    /// `bundle-only` (RFC 9143 §6).
    BundleOnly,
    /// `ice-lite` (RFC 8839 §5.3).
    IceLite,
    /// `ice-options` (RFC 8839 §5.6).
    IceOptions(IceOptions),
    /// `ice-ufrag` (RFC 8839 §5.4).
    IceUfrag(Text),
    /// `ice-pwd` (RFC 8839 §5.4).
    IcePwd(Text),
    /// `ice-pacing` in milliseconds (RFC 8839 §5.5).
    IcePacing(u64),
    /// `candidate` (RFC 8839 §5.1).
    Candidate(Candidate),
    /// `remote-candidates` (RFC 8839 §5.2).
    RemoteCandidates(Text),
    /// `end-of-candidates` (RFC 8840 §8.2).
    EndOfCandidates,
    /// `fingerprint` (RFC 8122 §5).
    Fingerprint(Fingerprint),
    /// `setup` (RFC 4145 §4, RFC 8842 §5).
    Setup(Setup),
    /// `tls-id` (RFC 8842 §4).
    TlsId(Text),
    /// `identity` (RFC 8827 §5).
    Identity(Text),
    /// `sendrecv`, `sendonly`, `recvonly` or `inactive` (RFC 8866 §6.7).
    Direction(Direction),
    /// `rtcp` (RFC 3605).
    Rtcp(Rtcp),
    /// `rtcp-mux` (RFC 5761).
    RtcpMux,
    /// `rtcp-mux-only` (RFC 8858).
    RtcpMuxOnly,
    /// `rtcp-rsize` (RFC 5506).
    RtcpRsize,
    /// `rtcp-xr` (RFC 3611 §5).
    RtcpXr(Text),
    /// `rtcp-fb` (RFC 4585 §4.2).
    RtcpFb(RtcpFb),
    /// `rtpmap` (RFC 8866 §6.6).
    Rtpmap(Rtpmap),
    /// `fmtp` (RFC 8866 §6.15).
    Fmtp(Fmtp),
    /// `ptime` in milliseconds (RFC 8866 §6.4).
    Ptime(u32),
    /// `maxptime` in milliseconds (RFC 8866 §6.5).
    MaxPtime(u32),
    /// `extmap` (RFC 8285 §8).
    Extmap(Extmap),
    /// `extmap-allow-mixed` (RFC 8285 §6).
    ExtmapAllowMixed,
    /// `msid` (RFC 8830).
    Msid(Msid),
    /// `msid-semantic` with all that follows the colon: a leftover of the drafts of RFC 8830, written by
    /// browsers as ` WMS …` with a leading space.
    MsidSemantic(Text),
    /// `rid` (RFC 8851).
    Rid(Rid),
    /// `simulcast` (RFC 8853).
    Simulcast(Simulcast),
    /// `ssrc` (RFC 5576 §4.1).
    Ssrc(Ssrc),
    /// `ssrc-group` (RFC 5576 §4.2).
    SsrcGroup(SsrcGroup),
    /// `sctp-port` (RFC 8841 §5); zero closes the association.
    SctpPort(u16),
    /// `sctpmap`, which the drafts of RFC 8841 had in place of `sctp-port`.
    SctpMap(SctpMap),
    /// `max-message-size` (RFC 8841 §6) in bytes, zero for no limit; see
    /// [`Attributes::max_message_size`](crate::Attributes::max_message_size).
    MaxMessageSize(u64),
    /// `sctp-init` (draft-hancke-tsvwg-snap): an INIT chunk in base64.
    SctpInit(Text),
    /// Any other, and one of those above whose value cannot be read but does no harm.
    Unknown {
        /// What stands ahead of the colon.
        name: Text,
        /// What follows it.
        value: Option<Text>,
    },
    /// Not an attribute: a line of another type that stands among the attributes.
    Line(Line),
}

impl Attribute {
    /// An attribute this crate has no type for. As with every [`Text`], a line end in it would end the line.
    pub fn unknown(name: impl Into<Text>, value: Option<&str>) -> Self {
        Self::Unknown {
            name: name.into(),
            value: value.map(Text::from),
        }
    }
}

impl FromStr for Attribute {
    type Err = &'static str;

    fn from_str(line: &str) -> Result<Self, &'static str> {
        let line: Arc<str> = line.strip_prefix("a=").unwrap_or(line).into();
        parse(Source(&line), &line)
    }
}

impl fmt::Display for Attribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Group(group) => write!(f, "a=group:{group}"),
            Self::Mid(mid) => named(f, "a=mid:", mid),
            Self::BundleOnly => f.write_str("a=bundle-only"),
            Self::IceLite => f.write_str("a=ice-lite"),
            Self::IceOptions(options) => named(f, "a=ice-options:", options.as_str()),
            Self::IceUfrag(ufrag) => named(f, "a=ice-ufrag:", ufrag),
            Self::IcePwd(pwd) => named(f, "a=ice-pwd:", pwd),
            Self::IcePacing(interval) => write!(f, "a=ice-pacing:{interval}"),
            Self::Candidate(candidate) => named(f, "a=candidate:", candidate.as_str()),
            Self::RemoteCandidates(list) => named(f, "a=remote-candidates:", list),
            Self::EndOfCandidates => f.write_str("a=end-of-candidates"),
            Self::Fingerprint(fingerprint) => write!(f, "a=fingerprint:{fingerprint}"),
            Self::Setup(setup) => named(f, "a=setup:", setup.as_str()),
            Self::TlsId(id) => named(f, "a=tls-id:", id),
            Self::Identity(assertion) => named(f, "a=identity:", assertion),
            Self::Direction(direction) => named(f, "a=", direction.as_str()),
            Self::Rtcp(rtcp) => write!(f, "a=rtcp:{rtcp}"),
            Self::RtcpMux => f.write_str("a=rtcp-mux"),
            Self::RtcpMuxOnly => f.write_str("a=rtcp-mux-only"),
            Self::RtcpRsize => f.write_str("a=rtcp-rsize"),
            Self::RtcpXr(value) => named(f, "a=rtcp-xr:", value),
            Self::RtcpFb(feedback) => write!(f, "a=rtcp-fb:{feedback}"),
            Self::Rtpmap(rtpmap) => write!(f, "a=rtpmap:{rtpmap}"),
            Self::Fmtp(fmtp) => write!(f, "a=fmtp:{fmtp}"),
            Self::Ptime(time) => write!(f, "a=ptime:{time}"),
            Self::MaxPtime(time) => write!(f, "a=maxptime:{time}"),
            Self::Extmap(extmap) => write!(f, "a=extmap:{extmap}"),
            Self::ExtmapAllowMixed => f.write_str("a=extmap-allow-mixed"),
            Self::Msid(msid) => write!(f, "a=msid:{msid}"),
            Self::MsidSemantic(value) => named(f, "a=msid-semantic:", value),
            Self::Rid(rid) => write!(f, "a=rid:{rid}"),
            Self::Simulcast(simulcast) => write!(f, "a=simulcast:{simulcast}"),
            Self::Ssrc(ssrc) => write!(f, "a=ssrc:{ssrc}"),
            Self::SsrcGroup(group) => write!(f, "a=ssrc-group:{group}"),
            Self::SctpPort(port) => write!(f, "a=sctp-port:{port}"),
            Self::SctpMap(map) => write!(f, "a=sctpmap:{map}"),
            Self::MaxMessageSize(size) => write!(f, "a=max-message-size:{size}"),
            Self::SctpInit(chunk) => named(f, "a=sctp-init:", chunk),
            Self::Unknown {
                name,
                value: Some(value),
            } => write!(f, "a={name}:{value}"),
            Self::Unknown { name, value: None } => named(f, "a=", name),
            Self::Line(line) => write!(f, "{line}"),
        }
    }
}

fn named(f: &mut fmt::Formatter<'_>, name: &str, value: &str) -> fmt::Result {
    f.write_str(name)?;
    f.write_str(value)
}

macro_rules! into_attribute {
    ($($kind:ident),*) => {
        $(impl From<$kind> for Attribute {
            fn from(value: $kind) -> Self {
                Self::$kind(value)
            }
        })*
    };
}

into_attribute!(
    Group,
    IceOptions,
    Candidate,
    Fingerprint,
    Setup,
    Direction,
    Rtcp,
    RtcpFb,
    Rtpmap,
    Fmtp,
    Extmap,
    Msid,
    Rid,
    Simulcast,
    Ssrc,
    SsrcGroup,
    SctpMap
);

#[cfg(test)]
mod tests;
