//! RFC 8839 §5.1: the candidate, as it travels in signalling.

mod parse;

use std::fmt;
use std::net::{IpAddr, SocketAddr};

pub use parse::ParseCandidateError;

/// What a candidate is (RFC 8445 §5.1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CandidateKind {
    /// An address of an interface of the host.
    Host,
    /// The address a NAT gave, as a STUN server saw it.
    ServerReflexive,
    /// The address a NAT gave, as the peer saw it.
    PeerReflexive,
    /// An address of a TURN server.
    Relay,
}

impl CandidateKind {
    /// The recommended type preference (RFC 8445 §5.1.2.2).
    pub const fn preference(self) -> u8 {
        match self {
            Self::Host => 126,
            Self::PeerReflexive => 110,
            Self::ServerReflexive => 100,
            Self::Relay => 0,
        }
    }

    /// The token of RFC 8839: `host`, `srflx`, `prflx` or `relay`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::ServerReflexive => "srflx",
            Self::PeerReflexive => "prflx",
            Self::Relay => "relay",
        }
    }
}

impl fmt::Display for CandidateKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The transport protocol of a candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// UDP.
    Udp,
    /// TCP (RFC 6544): parsed and carried, not connected to.
    Tcp,
}

impl Protocol {
    /// `udp` or `tcp`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Udp => "udp",
            Self::Tcp => "tcp",
        }
    }
}

/// Who opens the connection of a TCP candidate (RFC 6544 §4.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TcpType {
    /// Opens connections; its port is 9.
    Active,
    /// Accepts connections.
    Passive,
    /// Simultaneous open.
    So,
}

impl TcpType {
    /// The token of RFC 6544: `active`, `passive` or `so`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Passive => "passive",
            Self::So => "so",
        }
    }
}

/// The foundation: 1 to 32 characters; equal ones are expected to work or fail alike (RFC 8445 §5.1.1.3).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Foundation {
    bytes: [u8; 32],
    len: u8,
}

impl Foundation {
    /// `None` when empty, longer than 32 bytes, or not made of ice-chars (RFC 8839 §5.1); `-` and `_` pass,
    /// since some agents write them.
    pub fn new(text: &str) -> Option<Self> {
        let valid =
            |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_' | b'=');
        if text.is_empty() || !text.as_bytes().iter().all(valid) {
            return None;
        }
        let mut bytes = [0; 32];
        bytes.get_mut(..text.len())?.copy_from_slice(text.as_bytes());
        Some(Self {
            bytes,
            len: u8::try_from(text.len()).ok()?,
        })
    }

    /// A foundation out of a number.
    pub(crate) fn from_number(number: u32) -> Self {
        let mut bytes = [0; 32];
        let mut len = 0;
        let mut rest = number;
        let mut divisor = 1_000_000_000;
        while divisor > 0 {
            let digit = rest / divisor;
            rest %= divisor;
            if (digit > 0 || len > 0 || divisor == 1)
                && let (Some(slot), Ok(digit)) = (bytes.get_mut(usize::from(len)), u8::try_from(digit))
            {
                *slot = b'0' + digit;
                len += 1;
            }
            divisor /= 10;
        }
        Self { bytes, len }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        self.bytes
            .get(..usize::from(self.len))
            .and_then(|bytes| std::str::from_utf8(bytes).ok())
            .unwrap_or("")
    }

    /// A short form for comparing; equal foundations have equal numbers.
    pub(crate) fn number(&self) -> u32 {
        crc32fast::hash(self.as_str().as_bytes())
    }
}

impl fmt::Debug for Foundation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl fmt::Display for Foundation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Where a candidate is reached.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Address {
    /// An IP address and port.
    Ip(SocketAddr),
    /// A name, usually an mDNS one (`….local`), that has to be resolved first.
    Name {
        /// The name.
        host: Box<str>,
        /// The port.
        port: u16,
    },
}

impl Address {
    /// The address, unless it is a name.
    pub const fn ip(&self) -> Option<SocketAddr> {
        match self {
            Self::Ip(address) => Some(*address),
            Self::Name { .. } => None,
        }
    }

    /// The port.
    pub const fn port(&self) -> u16 {
        match self {
            Self::Ip(address) => address.port(),
            Self::Name { port, .. } => *port,
        }
    }
}

/// A candidate: a transport address at which one end may be reached.
///
/// ```
/// use ice::{Candidate, CandidateKind};
///
/// let line = "candidate:842163049 1 udp 1677729535 203.0.113.7 46154 typ srflx raddr 10.0.0.5 rport 46154 ufrag Yx4a";
/// let candidate: Candidate = line.parse()?;
/// assert_eq!(candidate.kind, CandidateKind::ServerReflexive);
/// assert_eq!(candidate.ufrag(), Some("Yx4a"));
/// assert_eq!(candidate.to_string(), line);
///
/// assert!("candidate:1 1 udp banana 203.0.113.7 46154 typ host".parse::<Candidate>().is_err());
/// # Ok::<(), ice::ParseCandidateError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Candidate {
    /// Candidates of equal foundation are expected to work or fail alike.
    pub foundation: Foundation,
    /// 1, since RTP and RTCP share one component; 2 is parsed and then ignored.
    pub component: u16,
    /// UDP, or TCP.
    pub protocol: Protocol,
    /// RFC 8445 §5.1.2: higher is better.
    pub priority: u32,
    /// Where it is reached.
    pub address: Address,
    /// Host, reflexive or relayed.
    pub kind: CandidateKind,
    /// `raddr` and `rport`: the base of a reflexive candidate, the mapped address of a relayed one.
    pub related: Option<SocketAddr>,
    /// `tcptype` (RFC 6544), of a TCP candidate.
    pub tcp_type: Option<TcpType>,
    /// What follows, as name and value, in order; `ufrag`, `generation`, `network-cost` and the like.
    pub extensions: Vec<(Box<str>, Box<str>)>,
}

impl Candidate {
    /// A UDP candidate for component 1, with foundation 1 and the priority that a sole interface would get.
    pub fn new(kind: CandidateKind, address: SocketAddr) -> Self {
        Self {
            foundation: Foundation::from_number(1),
            component: 1,
            protocol: Protocol::Udp,
            priority: crate::priority::candidate_priority(kind, u16::MAX),
            address: Address::Ip(address),
            kind,
            related: None,
            tcp_type: None,
            extensions: Vec::new(),
        }
    }

    /// The value of an extension attribute.
    pub fn extension(&self, name: &str) -> Option<&str> {
        self.extensions
            .iter()
            .find(|(key, _)| &**key == name)
            .map(|(_, value)| &**value)
    }

    /// The `ufrag` extension, which says to which generation a trickled candidate belongs (RFC 8839 §5.1).
    pub fn ufrag(&self) -> Option<&str> {
        self.extension("ufrag")
    }

    /// The same candidate at the address its name was resolved to.
    #[must_use]
    pub fn resolved(mut self, address: IpAddr) -> Self {
        self.address = Address::Ip(SocketAddr::new(address, self.address.port()));
        self
    }
}

#[cfg(test)]
mod tests;
