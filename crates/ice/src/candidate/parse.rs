//! RFC 8839 §5.1: the grammar of `candidate-attribute`, read leniently and written exactly.
//!
//! ```text
//! candidate-attribute = "candidate" ":" foundation SP component-id SP transport SP priority SP
//!                       connection-address SP port SP cand-type [SP rel-addr] [SP rel-port]
//!                       *(SP cand-extension)
//! ```

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::str::{FromStr, SplitAsciiWhitespace};

use thiserror::Error;

use super::{Address, Candidate, CandidateKind, Foundation, Protocol, TcpType};

/// How many extension attributes of a candidate are kept.
const MAX_EXTENSIONS: usize = 16;

/// The longest line that is read, in bytes.
const MAX_LINE: usize = 1024;

/// A text is not a candidate that this crate can use; ignore the candidate and go on (RFC 8839 §5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ParseCandidateError {
    /// Longer than 1,024 bytes.
    #[error("candidate line is too long")]
    TooLong,
    /// The line ends before the named field.
    #[error("candidate has no {0}")]
    Missing(&'static str),
    /// The named field does not have its form.
    #[error("candidate has an invalid {0}")]
    Invalid(&'static str),
    /// Neither UDP nor TCP.
    #[error("candidate has an unknown transport")]
    UnknownTransport,
    /// A type that RFC 8445 does not know.
    #[error("candidate has an unknown type")]
    UnknownKind,
}

use ParseCandidateError::{Invalid, Missing, TooLong, UnknownKind, UnknownTransport};

/// The fields of a line, one by one.
struct Fields<'a>(SplitAsciiWhitespace<'a>);

impl<'a> Fields<'a> {
    fn text(&mut self, name: &'static str) -> Result<&'a str, ParseCandidateError> {
        self.0.next().ok_or(Missing(name))
    }

    fn number<T: FromStr>(&mut self, name: &'static str) -> Result<T, ParseCandidateError> {
        self.text(name)?.parse().map_err(|_| Invalid(name))
    }
}

impl FromStr for Candidate {
    type Err = ParseCandidateError;

    fn from_str(line: &str) -> Result<Self, ParseCandidateError> {
        if line.len() > MAX_LINE {
            return Err(TooLong);
        }
        let line = line.trim();
        let line = line.strip_prefix("a=").unwrap_or(line);
        let mut fields = Fields(
            line.strip_prefix("candidate:")
                .unwrap_or(line)
                .split_ascii_whitespace(),
        );
        let foundation = Foundation::new(fields.text("foundation")?).ok_or(Invalid("foundation"))?;
        let component = fields.number::<u16>("component")?;
        if !(1..=256).contains(&component) {
            return Err(Invalid("component"));
        }
        let protocol = protocol(fields.text("transport")?)?;
        let priority = fields.number("priority")?;
        let host = fields.text("address")?;
        let address = address(host, fields.number("port")?)?;
        if fields.text("type")? != "typ" {
            return Err(Missing("type"));
        }
        let kind = kind(fields.text("type")?)?;
        let mut candidate = Self {
            foundation,
            component,
            protocol,
            priority,
            address,
            kind,
            related: None,
            tcp_type: None,
            extensions: Vec::new(),
        };
        read_tail(&mut fields, &mut candidate)?;
        Ok(candidate)
    }
}

fn protocol(token: &str) -> Result<Protocol, ParseCandidateError> {
    if token.eq_ignore_ascii_case("udp") {
        Ok(Protocol::Udp)
    } else if token.eq_ignore_ascii_case("tcp") {
        Ok(Protocol::Tcp)
    } else {
        Err(UnknownTransport)
    }
}

fn kind(token: &str) -> Result<CandidateKind, ParseCandidateError> {
    match token {
        "host" => Ok(CandidateKind::Host),
        "srflx" => Ok(CandidateKind::ServerReflexive),
        "prflx" => Ok(CandidateKind::PeerReflexive),
        "relay" => Ok(CandidateKind::Relay),
        _ => Err(UnknownKind),
    }
}

fn address(host: &str, port: u16) -> Result<Address, ParseCandidateError> {
    if let Ok(ip) = host.parse::<IpAddr>() {
        return Ok(Address::Ip(SocketAddr::new(ip, port)));
    }
    let valid = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    if host.len() > 253 || !host.bytes().all(valid) || !host.bytes().any(|byte| byte.is_ascii_alphabetic()) {
        return Err(Invalid("address"));
    }
    Ok(Address::Name {
        host: host.into(),
        port,
    })
}

/// `raddr`, `rport`, `tcptype` and the extensions, in whatever order they come.
fn read_tail(fields: &mut Fields<'_>, candidate: &mut Candidate) -> Result<(), ParseCandidateError> {
    let (mut raddr, mut rport) = (None, None);
    while let Some(name) = fields.0.next() {
        let Some(value) = fields.0.next() else {
            return Err(Missing("extension value"));
        };
        match name {
            "raddr" => raddr = value.parse::<IpAddr>().ok(),
            "rport" => rport = Some(value.parse::<u16>().map_err(|_| Invalid("rport"))?),
            "tcptype" => candidate.tcp_type = Some(tcp_type(value)?),
            _ if candidate.extensions.len() < MAX_EXTENSIONS => {
                candidate.extensions.push((name.into(), value.into()))
            }
            _ => {}
        }
    }
    candidate.extensions.shrink_to_fit();
    if raddr.is_some() || rport.is_some() {
        let ip = raddr.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
        candidate.related = Some(SocketAddr::new(ip, rport.unwrap_or(0)));
    }
    Ok(())
}

fn tcp_type(token: &str) -> Result<TcpType, ParseCandidateError> {
    match token {
        "active" => Ok(TcpType::Active),
        "passive" => Ok(TcpType::Passive),
        "so" => Ok(TcpType::So),
        _ => Err(Invalid("tcptype")),
    }
}

impl fmt::Display for Candidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "candidate:{} {} {} {} ",
            self.foundation,
            self.component,
            self.protocol.as_str(),
            self.priority
        )?;
        match &self.address {
            Address::Ip(address) => write!(f, "{} {}", address.ip(), address.port())?,
            Address::Name { host, port } => write!(f, "{host} {port}")?,
        }
        write!(f, " typ {}", self.kind)?;
        if let Some(related) = self.related {
            write!(f, " raddr {} rport {}", related.ip(), related.port())?;
        }
        if let Some(tcp_type) = self.tcp_type {
            write!(f, " tcptype {}", tcp_type.as_str())?;
        }
        self.extensions
            .iter()
            .try_for_each(|(name, value)| write!(f, " {name} {value}"))
    }
}
