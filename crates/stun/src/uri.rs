//! RFC 7064 (`stun:`, `stuns:`) and RFC 7065 (`turn:`, `turns:`): where a server is.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use thiserror::Error;

/// The address of a server, as people and ICE configurations write it.
///
/// ```
/// use stun::{Host, Scheme, Uri};
/// let uri: Uri = "stun:stun.example.org".parse()?;
/// assert_eq!((uri.scheme, uri.port_or_default()), (Scheme::Stun, 3478));
/// let uri: Uri = "turns:[2001:db8::1]:443?transport=tcp".parse()?;
/// assert_eq!(uri.socket_addr(), Some("[2001:db8::1]:443".parse().unwrap()));
/// assert_eq!(uri.to_string(), "turns:[2001:db8::1]:443?transport=tcp");
///
/// assert!("stun://example.org".parse::<Uri>().is_err());
/// # Ok::<(), stun::UriError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Uri {
    /// What the server speaks, and whether inside TLS.
    pub scheme: Scheme,
    /// Where it is.
    pub host: Host,
    /// The port, if the URI names one.
    pub port: Option<u16>,
    /// `?transport=` of a TURN URI: `udp`, `tcp` or what else is there, in lower case.
    pub transport: Option<String>,
}

/// The scheme of a [`Uri`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// STUN over UDP or TCP.
    Stun,
    /// STUN over TLS or DTLS.
    Stuns,
    /// TURN over UDP or TCP.
    Turn,
    /// TURN over TLS or DTLS.
    Turns,
}

impl Scheme {
    /// As it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stun => "stun",
            Self::Stuns => "stuns",
            Self::Turn => "turn",
            Self::Turns => "turns",
        }
    }

    /// 3478, or 5349 inside TLS.
    pub const fn default_port(self) -> u16 {
        match self {
            Self::Stun | Self::Turn => 3478,
            Self::Stuns | Self::Turns => 5349,
        }
    }

    /// Whether the server is a relay.
    pub const fn is_turn(self) -> bool {
        match self {
            Self::Turn | Self::Turns => true,
            Self::Stun | Self::Stuns => false,
        }
    }

    /// Whether TLS or DTLS goes around it.
    pub const fn is_secure(self) -> bool {
        match self {
            Self::Stuns | Self::Turns => true,
            Self::Stun | Self::Turn => false,
        }
    }
}

/// The host of a [`Uri`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Host {
    /// A name to be resolved: letters, digits, `-`, `_` and `.`.
    Name(String),
    /// An address.
    Address(IpAddr),
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Address(IpAddr::V4(address)) => address.fmt(f),
            Self::Address(IpAddr::V6(address)) => write!(f, "[{address}]"),
        }
    }
}

/// What is wrong with a URI.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum UriError {
    /// It does not begin with `stun:`, `stuns:`, `turn:` or `turns:`.
    #[error("scheme is not stun, stuns, turn or turns")]
    Scheme,
    /// There is no host, or it is neither a name nor an address. A host has no `//` and no user in front of it.
    #[error("host is missing or malformed")]
    Host,
    /// The port is not a number from 1 to 65535.
    #[error("port is not a number from 1 to 65535")]
    Port,
    /// There is a query that the scheme does not have: only `turn:` and `turns:` have one, `?transport=`.
    #[error("query is malformed or not allowed by the scheme")]
    Query,
}

impl Uri {
    /// The port, or the scheme's.
    pub fn port_or_default(&self) -> u16 {
        self.port.unwrap_or(self.scheme.default_port())
    }

    /// The address, when no name has to be resolved.
    pub fn socket_addr(&self) -> Option<SocketAddr> {
        match self.host {
            Host::Name(_) => None,
            Host::Address(ip) => Some(SocketAddr::new(ip, self.port_or_default())),
        }
    }
}

impl fmt::Display for Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.scheme.as_str(), self.host)?;
        if let Some(port) = self.port {
            write!(f, ":{port}")?;
        }
        match &self.transport {
            Some(transport) => write!(f, "?transport={transport}"),
            None => Ok(()),
        }
    }
}

impl FromStr for Uri {
    type Err = UriError;

    fn from_str(text: &str) -> Result<Self, UriError> {
        let (scheme, rest) = text.split_once(':').ok_or(UriError::Scheme)?;
        let schemes = [Scheme::Stun, Scheme::Stuns, Scheme::Turn, Scheme::Turns];
        // RFC 3986 §3.1: schemes have no case.
        let found = schemes
            .into_iter()
            .find(|known| known.as_str().eq_ignore_ascii_case(scheme));
        let scheme = found.ok_or(UriError::Scheme)?;
        let (rest, query) = match rest.split_once('?') {
            Some((rest, query)) => (rest, Some(query)),
            None => (rest, None),
        };
        let (host, port) = host_and_port(rest)?;
        Ok(Self {
            scheme,
            host,
            port,
            transport: query.map(|query| transport(scheme, query)).transpose()?,
        })
    }
}

fn host_and_port(text: &str) -> Result<(Host, Option<u16>), UriError> {
    let (host, rest) = match text.strip_prefix('[') {
        Some(text) => {
            let (address, rest) = text.split_once(']').ok_or(UriError::Host)?;
            (
                Host::Address(address.parse::<Ipv6Addr>().map_err(|_| UriError::Host)?.into()),
                rest,
            )
        }
        None => {
            let (name, rest) = text
                .split_at_checked(text.find(':').unwrap_or(text.len()))
                .ok_or(UriError::Host)?;
            (named_host(name)?, rest)
        }
    };
    let port = match rest.strip_prefix(':') {
        Some(digits) => Some(port(digits)?),
        None if rest.is_empty() => None,
        None => return Err(UriError::Host),
    };
    Ok((host, port))
}

fn named_host(name: &str) -> Result<Host, UriError> {
    if let Ok(address) = name.parse::<Ipv4Addr>() {
        return Ok(Host::Address(address.into()));
    }
    let known = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    // RFC 1035 §2.3.4: a name has at most 255 bytes.
    if name.is_empty() || name.len() > 255 || !name.bytes().all(known) {
        return Err(UriError::Host);
    }
    Ok(Host::Name(name.to_owned()))
}

fn port(digits: &str) -> Result<u16, UriError> {
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(UriError::Port);
    }
    digits
        .parse()
        .ok()
        .filter(|port| *port != 0)
        .ok_or(UriError::Port)
}

fn transport(scheme: Scheme, query: &str) -> Result<String, UriError> {
    let value = query
        .strip_prefix("transport=")
        .filter(|_| scheme.is_turn())
        .ok_or(UriError::Query)?;
    let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
    if value.is_empty() || value.len() > 32 || !value.bytes().all(unreserved) {
        return Err(UriError::Query);
    }
    Ok(value.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_examples_of_both_rfcs() {
        // RFC 7064 App. A and RFC 7065 App. A.
        let table = [
            ("stun:example.org", Scheme::Stun, 3478, None),
            ("stuns:example.org", Scheme::Stuns, 5349, None),
            ("stun:example.org:8000", Scheme::Stun, 8000, None),
            ("turn:example.org", Scheme::Turn, 3478, None),
            ("turns:example.org", Scheme::Turns, 5349, None),
            ("turn:example.org:8000", Scheme::Turn, 8000, None),
            ("turn:example.org?transport=udp", Scheme::Turn, 3478, Some("udp")),
            ("turn:example.org?transport=tcp", Scheme::Turn, 3478, Some("tcp")),
            (
                "turns:example.org?transport=tcp",
                Scheme::Turns,
                5349,
                Some("tcp"),
            ),
        ];
        for (text, scheme, port, transport) in table {
            let uri: Uri = text.parse().unwrap();
            assert_eq!(
                (uri.scheme, uri.port_or_default(), uri.transport.as_deref()),
                (scheme, port, transport)
            );
            assert_eq!(uri.host, Host::Name("example.org".to_owned()));
            assert_eq!(uri.to_string(), text);
            assert_eq!(
                (uri.socket_addr(), scheme.is_secure()),
                (None, text.contains("s:"))
            );
        }
    }

    #[test]
    fn addresses_need_no_name() {
        let address = |text: &str| text.parse::<Uri>().unwrap().socket_addr().unwrap().to_string();
        assert_eq!(address("stun:192.0.2.1"), "192.0.2.1:3478");
        assert_eq!(address("STUNS:192.0.2.1:1"), "192.0.2.1:1");
        assert_eq!(address("stun:[::1]"), "[::1]:3478");
        assert_eq!(address("stun:[2001:db8::1]:65535"), "[2001:db8::1]:65535");
    }

    #[test]
    fn says_which_part_is_wrong() {
        let table = [
            ("", UriError::Scheme),
            ("example.org", UriError::Scheme),
            ("http:example.org", UriError::Scheme),
            ("stun:", UriError::Host),
            ("stun://example.org", UriError::Host),
            ("stun:user@example.org", UriError::Host),
            ("stun:[::1", UriError::Host),
            ("stun:[192.0.2.1]", UriError::Host),
            ("stun:[::1]8", UriError::Host),
            ("stun::::1", UriError::Host),
            ("stun:exa mple", UriError::Host),
            ("stun:example.org:", UriError::Port),
            ("stun:example.org:0", UriError::Port),
            ("stun:example.org:65536", UriError::Port),
            ("stun:example.org:+1", UriError::Port),
            ("stun:example.org:1:2", UriError::Port),
            ("stun:example.org?transport=udp", UriError::Query),
            ("turn:example.org?", UriError::Query),
            ("turn:example.org?transport=", UriError::Query),
            ("turn:example.org?transport=a b", UriError::Query),
        ];
        for (text, error) in table {
            assert_eq!(text.parse::<Uri>(), Err(error), "{text}");
        }
        assert_eq!(
            format!("stun:{}", "a".repeat(256)).parse::<Uri>(),
            Err(UriError::Host)
        );
    }
}
