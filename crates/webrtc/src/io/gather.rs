//! The addresses of this host, and sockets on them (RFC 8445 §5.1.1.1).

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use datagram::UdpSocket;

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

/// Where a connection of its own binds sockets: one for all addresses of a family, since a socket costs more than
/// everything else that gathering does. Whoever restricts the addresses gets a socket on each that is left, and no
/// port that is open elsewhere.
pub(super) fn places(gathering: &Gathering) -> io::Result<Vec<IpAddr>> {
    let addresses = addresses(gathering)?;
    if gathering.interfaces.is_some() || gathering.addresses.is_some() {
        return Ok(addresses);
    }
    let (v4, v6): (Vec<_>, Vec<_>) = addresses.into_iter().partition(IpAddr::is_ipv4);
    let shared = |family: Vec<IpAddr>, wildcard: IpAddr| match family.as_slice() {
        [] | [_] => family,
        _ => vec![wildcard],
    };
    let mut places = shared(v4, Ipv4Addr::UNSPECIFIED.into());
    places.extend(shared(v6, Ipv6Addr::UNSPECIFIED.into()));
    Ok(places)
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

/// A socket on `address`, on the first free port of the range if there is one.
pub(super) fn bind(address: IpAddr, gathering: &Gathering) -> io::Result<UdpSocket> {
    let Some(ports) = gathering.udp_ports.clone() else {
        return UdpSocket::bind(SocketAddr::new(address, 0));
    };
    let mut last_error = io::Error::from(io::ErrorKind::AddrInUse);
    for port in ports {
        match UdpSocket::bind(SocketAddr::new(address, port)) {
            Ok(socket) => return Ok(socket),
            Err(error) => last_error = error,
        }
    }
    Err(last_error)
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
    fn one_socket_serves_a_family_unless_addresses_are_restricted() {
        let all = Gathering {
            include_loopback: true,
            ..Gathering::default()
        };
        let addresses = addresses(&all).unwrap();
        let places = places(&all).unwrap();
        for is_ipv4 in [true, false] {
            let of_family = |list: &[IpAddr]| {
                let family = list.iter().filter(|it| it.is_ipv4() == is_ipv4);
                family.copied().collect::<Vec<_>>()
            };
            let (addresses, places) = (of_family(&addresses), of_family(&places));
            match addresses.as_slice() {
                [] | [_] => assert_eq!(places, addresses),
                _ => assert!(matches!(places.as_slice(), [only] if only.is_unspecified())),
            }
        }
        let restricted = Gathering {
            addresses: Some(Filter::new(|_: &IpAddr| true)),
            ..all
        };
        assert_eq!(super::places(&restricted).unwrap(), addresses);
    }

    #[test]
    fn a_range_of_one_port_is_used_once() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let _entered = runtime.enter();
        let free = datagram::Datagram::local_addr(
            &bind(IpAddr::from([127, 0, 0, 1]), &Gathering::default()).unwrap(),
        );
        let port = free.unwrap().port();
        let gathering = Gathering {
            udp_ports: Some(port..=port),
            ..Gathering::default()
        };
        let _first = bind(IpAddr::from([127, 0, 0, 1]), &gathering).unwrap();
        assert!(bind(IpAddr::from([127, 0, 0, 1]), &gathering).is_err());
    }
}
