//! Attributes of the transport: BUNDLE (RFC 5888, 9143), ICE (8839), DTLS (8122, 8842), RTCP's address (3605)
//! and the SCTP map of the drafts of RFC 8841.

use std::fmt;

use super::parse::{some, word};
use crate::session::Connection;
use crate::text::{Source, Text};

/// `group:<semantics> <mid> …`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// `BUNDLE`, `LS`, …
    pub semantics: Text,
    /// The members; the first of a BUNDLE group is the one whose transport is used.
    pub mids: Vec<Text>,
}

impl Group {
    pub(super) fn parse(source: Source<'_>, value: &str) -> Option<Self> {
        let (semantics, rest) = word(value);
        let mids = rest
            .split_ascii_whitespace()
            .map(|mid| source.text(mid))
            .collect();
        Some(Self {
            semantics: some(source, semantics)?,
            mids,
        })
    }
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.semantics)?;
        self.mids.iter().try_for_each(|mid| write!(f, " {mid}"))
    }
}

/// `ice-options:<tag> …`; kept as written, since some stacks separate the tags by commas.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IceOptions(Text);

impl IceOptions {
    /// From the text behind the colon.
    pub fn new(value: impl Into<Text>) -> Self {
        Self(value.into())
    }

    /// The text behind the colon.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The single tags.
    pub fn tags(&self) -> impl Iterator<Item = &str> {
        self.0.split([' ', ',']).filter(|tag| !tag.is_empty())
    }

    /// `trickle` (RFC 8840 §4.1.1).
    pub fn trickle(&self) -> bool {
        self.tags().any(|tag| tag == "trickle")
    }

    /// `ice2` (RFC 8445 §10).
    pub fn ice2(&self) -> bool {
        self.tags().any(|tag| tag == "ice2")
    }
}

/// `candidate:<foundation> <component> <transport> <priority> <address> <port> typ <type> …`
///
/// The text of a candidate with a light view of its fields. It is read by the ICE agent, which ignores one
/// it cannot read; its `Display` is the form that agents and `RTCIceCandidate` take, with `candidate:`.
///
/// ```
/// let candidate = sdp::Candidate::new("1 1 udp 2130706431 192.0.2.7 50000 typ host generation 0");
/// assert_eq!(candidate.kind(), Some("host"));
/// assert_eq!(candidate.extension("generation"), Some("0"));
/// assert!(candidate.to_string().starts_with("candidate:1 1 udp"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate(Text);

impl Candidate {
    /// From the text, with or without `a=` and `candidate:` ahead of it.
    pub fn new(value: impl Into<Text>) -> Self {
        let value = value.into();
        let mut bare: &str = &value;
        // However often they stand there: what is written must be read as the same.
        while let Some(rest) = bare
            .strip_prefix("a=")
            .or_else(|| bare.strip_prefix("candidate:"))
        {
            bare = rest.trim_start();
        }
        if bare.len() == value.len() {
            Self(value)
        } else {
            Self(bare.into())
        }
    }

    /// The text without `candidate:`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn field(&self, index: usize) -> Option<&str> {
        self.0.split_ascii_whitespace().nth(index)
    }

    /// Equal for candidates of one kind, base, server and transport.
    pub fn foundation(&self) -> Option<&str> {
        self.field(0)
    }

    /// 1 for RTP and everything multiplexed with it, 2 for separate RTCP.
    pub fn component(&self) -> Option<u16> {
        self.field(1)?.parse().ok()
    }

    /// `udp` or `tcp`, in either case.
    pub fn transport(&self) -> Option<&str> {
        self.field(2)
    }

    /// The priority of RFC 8445 §5.1.2.
    pub fn priority(&self) -> Option<u32> {
        self.field(3)?.parse().ok()
    }

    /// An address, or an mDNS or DNS name.
    pub fn address(&self) -> Option<&str> {
        self.field(4)
    }

    /// The port; 9 for active TCP candidates.
    pub fn port(&self) -> Option<u16> {
        self.field(5)?.parse().ok()
    }

    /// `host`, `srflx`, `prflx` or `relay`.
    pub fn kind(&self) -> Option<&str> {
        self.extension("typ")
    }

    /// The value behind a name such as `typ`, `raddr`, `tcptype` or `ufrag`.
    pub fn extension(&self, name: &str) -> Option<&str> {
        let mut words = self.0.split_ascii_whitespace().skip(6);
        while let (Some(key), Some(value)) = (words.next(), words.next()) {
            if key.eq_ignore_ascii_case(name) {
                return Some(value);
            }
        }
        None
    }
}

impl fmt::Display for Candidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "candidate:{}", self.0)
    }
}

/// `fingerprint:<hash> <hex>:<hex>:…`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fingerprint {
    /// `sha-256`, …; in either case.
    pub algorithm: Text,
    /// Hexadecimal bytes with colons between them; RFC 8122 wants capitals, some stacks write small letters.
    pub value: Text,
}

impl Fingerprint {
    /// From the bytes of the hash, in capitals.
    pub fn new(algorithm: impl Into<Text>, hash: &[u8]) -> Self {
        let pairs: Vec<String> = hash.iter().map(|byte| format!("{byte:02X}")).collect();
        Self {
            algorithm: algorithm.into(),
            value: pairs.join(":").into(),
        }
    }

    /// The bytes of the hash.
    pub fn bytes(&self) -> Vec<u8> {
        self.value.split(':').filter_map(hex_pair).collect()
    }

    pub(super) fn parse(source: Source<'_>, value: &str) -> Option<Self> {
        let (algorithm, value) = word(value);
        let good = is_hex_list(value.as_bytes());
        Some(Self {
            algorithm: some(source, algorithm)?,
            value: good.then(|| source.text(value))?,
        })
    }
}

fn hex_pair(pair: &str) -> Option<u8> {
    if pair.len() == 2 {
        u8::from_str_radix(pair, 16).ok()
    } else {
        None
    }
}

/// Pairs of hexadecimal digits with colons between them, at most 64 of them (SHA-512).
fn is_hex_list(list: &[u8]) -> bool {
    let good = list.chunks(3).all(|chunk| match chunk {
        [high, low] | [high, low, b':'] => high.is_ascii_hexdigit() && low.is_ascii_hexdigit(),
        _ => false,
    });
    // A list without a colon at its end is one short of a multiple of three.
    good && list.len() % 3 == 2 && list.len() < 64 * 3
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.algorithm, self.value)
    }
}

/// `setup:<role>`: who opens the DTLS connection (RFC 4145 §4, RFC 8842 §5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Setup {
    /// The sender opens it: it is the DTLS client.
    Active,
    /// The sender waits for it: it is the DTLS server.
    Passive,
    /// The answerer chooses; only in offers.
    ActPass,
    /// No connection for the time being; not used with DTLS.
    HoldConn,
}

impl Setup {
    /// The word itself.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Passive => "passive",
            Self::ActPass => "actpass",
            Self::HoldConn => "holdconn",
        }
    }

    pub(super) fn parse(word: &str) -> Option<Self> {
        let all = [Self::Active, Self::Passive, Self::ActPass, Self::HoldConn];
        all.into_iter()
            .find(|setup| setup.as_str().eq_ignore_ascii_case(word))
    }
}

impl fmt::Display for Setup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// `rtcp:<port> [<address>]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rtcp {
    /// The RTCP port; 9 while ICE has none.
    pub port: u16,
    /// Its address where it differs from that of `c=`.
    /// Boxed since it would make every attribute larger.
    pub address: Option<Box<Connection>>,
}

impl Rtcp {
    pub(super) fn parse(source: Source<'_>, value: &str) -> Option<Self> {
        let (port, address) = word(value);
        let address = if address.is_empty() {
            None
        } else {
            Some(Connection::parse(source, address)?.into())
        };
        Some(Self {
            port: port.parse().ok()?,
            address,
        })
    }
}

impl fmt::Display for Rtcp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.port)?;
        self.address
            .iter()
            .try_for_each(|address| write!(f, " {address}"))
    }
}

/// `sctpmap:<port> <app> [<streams>]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SctpMap {
    /// The SCTP port, which the `m=` line names in place of a format.
    pub port: u16,
    /// `webrtc-datachannel`.
    pub application: Text,
    /// How many streams the sender can receive.
    pub streams: Option<u16>,
}

impl SctpMap {
    pub(super) fn parse(source: Source<'_>, value: &str) -> Option<Self> {
        let (port, rest) = word(value);
        let (application, streams) = word(rest);
        let streams = if streams.is_empty() {
            None
        } else {
            Some(streams.parse().ok()?)
        };
        Some(Self {
            port: port.parse().ok()?,
            application: some(source, application)?,
            streams,
        })
    }
}

impl fmt::Display for SctpMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.port, self.application)?;
        self.streams
            .iter()
            .try_for_each(|streams| write!(f, " {streams}"))
    }
}
