//! The addresses of this host, and sockets on them (RFC 8445 §5.1.1.1).

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use datagram::{Datagram, UdpConfig, UdpSocket};

use crate::setting_engine::Gathering;

/// The addresses that may be gathered from, IPv4 first within an interface, as the system lists them.
pub(super) fn addresses(gathering: &Gathering) -> io::Result<Vec<IpAddr>> {
    let mut addresses = Vec::new();
    for found in ice::interface_addresses()?.iter() {
        let address = found.address;
        let named = gathering
            .interfaces
            .as_ref()
            .is_none_or(|filter| filter.keeps(&found.interface));
        let wanted = gathering
            .addresses
            .as_ref()
            .is_none_or(|filter| filter.keeps(&address));
        if named && wanted && is_usable(address, gathering) && !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    Ok(addresses)
}

/// Whether an address that somebody bound a socket to may be announced: what kind of address it is was their choice.
pub(super) fn keeps(address: IpAddr, gathering: &Gathering) -> bool {
    let Gathering {
        interfaces,
        addresses,
        ipv4_only,
        ..
    } = gathering;
    (address.is_ipv4() || !ipv4_only)
        && addresses.as_ref().is_none_or(|filter| filter.keeps(&address))
        && interfaces.as_ref().is_none_or(|filter| {
            let known = ice::interface_addresses().unwrap_or_default();
            let named = known.iter().find(|known| known.address == address);
            named.is_some_and(|known| filter.keeps(&known.interface))
        })
}

/// Where to bind a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    address: IpAddr,
    /// `[::]` that takes IPv4 as well.
    dual_stack: bool,
}

impl Place {
    const BOTH_FAMILIES: Self = Self {
        address: IpAddr::V6(Ipv6Addr::UNSPECIFIED),
        dual_stack: true,
    };

    fn bind(self, port: u16) -> io::Result<UdpSocket> {
        let config = UdpConfig {
            dual_stack: self.dual_stack,
            ..UdpConfig::default()
        };
        UdpSocket::bind_with(SocketAddr::new(self.address, port), &config)
    }
}

impl From<IpAddr> for Place {
    fn from(address: IpAddr) -> Self {
        Self {
            address,
            dual_stack: false,
        }
    }
}

/// Systems where a socket of both families sends from an IPv4 address of the caller's choice.
const HAS_DUAL_STACK: bool = cfg!(any(target_os = "linux", target_os = "android"));

/// Where a connection of its own binds sockets: one for all addresses, or one for those of a family, since a socket
/// costs more than everything else that gathering does. Whoever restricts the addresses gets a socket on each that is
/// left, and no port that is open elsewhere.
pub(super) fn places(gathering: &Gathering) -> io::Result<Vec<Place>> {
    let addresses = addresses(gathering)?;
    if gathering.interfaces.is_some() || gathering.addresses.is_some() {
        return Ok(addresses.into_iter().map(Place::from).collect());
    }
    let (v4, v6): (Vec<_>, Vec<_>) = addresses.into_iter().partition(IpAddr::is_ipv4);
    if HAS_DUAL_STACK && !v4.is_empty() && !v6.is_empty() {
        return Ok(vec![Place::BOTH_FAMILIES]);
    }
    let mut places = of_family(v4, Ipv4Addr::UNSPECIFIED.into());
    places.extend(of_family(v6, Ipv6Addr::UNSPECIFIED.into()));
    Ok(places)
}

fn of_family(addresses: Vec<IpAddr>, wildcard: IpAddr) -> Vec<Place> {
    match addresses.as_slice() {
        [] | [_] => addresses.into_iter().map(Place::from).collect(),
        _ => vec![wildcard.into()],
    }
}

fn is_usable(address: IpAddr, gathering: &Gathering) -> bool {
    if address.is_loopback() {
        return gathering.include_loopback && !(gathering.ipv4_only && address.is_ipv6());
    }
    match address {
        IpAddr::V4(address) => !address.is_link_local() && !address.is_unspecified(),
        IpAddr::V6(address) => !gathering.ipv4_only && !is_excluded(address),
    }
}

/// RFC 8445 §5.1.1.1: deprecated kinds, and link-local ones, whose zone no candidate can carry.
fn is_excluded(address: Ipv6Addr) -> bool {
    let site_local = address.segments()[0] & 0xffc0 == 0xfec0;
    address.is_unspecified()
        || address.is_unicast_link_local()
        || site_local
        || address.to_ipv4_mapped().is_some()
}

/// A socket on the first free port of the range, if there is one.
pub(super) fn bind(place: Place, gathering: &Gathering) -> io::Result<UdpSocket> {
    let bind = |port| place.bind(port);
    let Some(ports) = gathering.udp_ports.clone() else {
        return bind(0);
    };
    let mut last_error = io::Error::from(io::ErrorKind::AddrInUse);
    for port in ports {
        match bind(port) {
            Ok(socket) => return Ok(socket),
            Err(error) => last_error = error,
        }
    }
    Err(last_error)
}

/// One port at every address of both families, or of the one that there is.
pub(super) fn bind_port(port: u16) -> io::Result<Vec<UdpSocket>> {
    let any_v4 = Place::from(IpAddr::from(Ipv4Addr::UNSPECIFIED));
    if HAS_DUAL_STACK {
        return match Place::BOTH_FAMILIES.bind(port) {
            Err(error) if is_without_ipv6(&error) => Ok(vec![any_v4.bind(port)?]),
            both => Ok(vec![both?]),
        };
    }
    let v4 = any_v4.bind(port)?;
    let any_v6 = Place::from(IpAddr::from(Ipv6Addr::UNSPECIFIED));
    match any_v6.bind(v4.local_addr()?.port()) {
        Err(error) if is_without_ipv6(&error) => Ok(vec![v4]),
        v6 => Ok(vec![v4, v6?]),
    }
}

/// Whether an IPv6 socket was refused for another reason than its port.
fn is_without_ipv6(error: &io::Error) -> bool {
    !matches!(
        error.kind(),
        io::ErrorKind::AddrInUse | io::ErrorKind::PermissionDenied
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::setting_engine::Filter;

    #[test]
    fn loopback_only_when_asked_for() {
        let found = addresses(&Gathering::default()).unwrap();
        assert!(found.iter().all(|address| !address.is_loopback()), "{found:?}");
        let gathering = Gathering {
            include_loopback: true,
            ..Gathering::default()
        };
        assert!(addresses(&gathering).unwrap().iter().any(IpAddr::is_loopback));
    }

    #[test]
    fn filters_decide() {
        let gathering = Gathering {
            include_loopback: true,
            addresses: Some(Filter::new(|address: &IpAddr| {
                address.is_loopback() && address.is_ipv4()
            })),
            ..Gathering::default()
        };
        assert_eq!(addresses(&gathering).unwrap(), [IpAddr::from([127, 0, 0, 1])]);
        let none = Gathering {
            interfaces: Some(Filter::new(|_: &str| false)),
            ..gathering
        };
        assert!(addresses(&none).unwrap().is_empty());
    }

    #[test]
    fn one_socket_serves_all_addresses_unless_they_are_restricted() {
        let [v4, other] = [[127, 0, 0, 1], [192, 0, 2, 1]].map(IpAddr::from);
        let wildcard = IpAddr::from(Ipv4Addr::UNSPECIFIED);
        assert_eq!(of_family(Vec::new(), wildcard), []);
        assert_eq!(of_family(vec![v4], wildcard), [v4.into()]);
        assert_eq!(of_family(vec![v4, other], wildcard), [wildcard.into()]);

        let all = Gathering {
            include_loopback: true,
            ..Gathering::default()
        };
        let found = addresses(&all).unwrap();
        let families = found.iter().filter(|it| it.is_ipv4()).count().min(1)
            + found.iter().filter(|it| it.is_ipv6()).count().min(1);
        let sockets = if HAS_DUAL_STACK { 1 } else { families };
        assert_eq!(places(&all).unwrap().len(), sockets, "{found:?}");

        let restricted = Gathering {
            addresses: Some(Filter::new(|_: &IpAddr| true)),
            ..all
        };
        let each: Vec<_> = found.into_iter().map(Place::from).collect();
        assert_eq!(places(&restricted).unwrap(), each);
    }

    #[test]
    fn a_range_of_one_port_is_used_once() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let _entered = runtime.enter();
        let loopback = Place::from(IpAddr::from([127, 0, 0, 1]));
        let free = bind(loopback, &Gathering::default()).unwrap().local_addr();
        let port = free.unwrap().port();
        let gathering = Gathering {
            udp_ports: Some(port..=port),
            ..Gathering::default()
        };
        let _first = bind(loopback, &gathering).unwrap();
        assert!(bind(loopback, &gathering).is_err());
    }
}
