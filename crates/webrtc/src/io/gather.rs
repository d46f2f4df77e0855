//! The addresses of this host, and sockets on them (RFC 8445 §5.1.1.1).

use std::io;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

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
