//! Which addresses and servers candidates are gathered from.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;

use super::interfaces::{InterfaceAddress, interface_addresses};

/// Which interfaces, ports and servers an agent uses.
#[derive(Clone, Debug)]
pub struct GatherOptions {
    /// `stun:` URLs (RFC 7064). They are resolved; what cannot be used is reported as an event. Default none.
    pub urls: Vec<String>,
    /// Whether loopback addresses are used: for tests, and for peers on the same host. Default false.
    pub loopback: bool,
    /// Whether IPv6 link-local addresses are used. Default false: most peers do not signal the scope.
    pub link_local: bool,
    /// Whether IPv4 is used. Default true.
    pub ipv4: bool,
    /// Whether IPv6 is used. Default true.
    pub ipv6: bool,
    /// The ports to try, each at random. Default `0..=0`: any that is free.
    pub ports: RangeInclusive<u16>,
    /// Says whether an address of an interface, with the interface's name, is used. Default all.
    pub filter: fn(&str, IpAddr) -> bool,
}

impl Default for GatherOptions {
    fn default() -> Self {
        Self {
            urls: Vec::new(),
            loopback: false,
            link_local: false,
            ipv4: true,
            ipv6: true,
            ports: 0..=0,
            filter: |_, _| true,
        }
    }
}

impl GatherOptions {
    /// The addresses of this host that may be used, in the system's order.
    pub(super) fn addresses(&self) -> io::Result<Vec<IpAddr>> {
        let found = interface_addresses()?;
        let usable = found.iter().filter(|it| self.accepts(&it.interface, it.address));
        let mut addresses: Vec<IpAddr> = Vec::new();
        for InterfaceAddress { address, .. } in usable {
            if !addresses.contains(address) {
                addresses.push(*address);
            }
        }
        Ok(addresses)
    }

    fn accepts(&self, name: &str, ip: IpAddr) -> bool {
        let link_local = match ip {
            IpAddr::V4(_) => false,
            IpAddr::V6(v6) => v6.is_unicast_link_local(),
        };
        let family = if ip.is_ipv4() { self.ipv4 } else { self.ipv6 };
        family
            && (self.loopback || !ip.is_loopback())
            && (self.link_local || !link_local)
            && (self.filter)(name, ip)
    }

    /// Binds a socket at an address, within the ports.
    pub(super) fn bind(&self, ip: IpAddr) -> io::Result<datagram::UdpSocket> {
        let (first, last) = (*self.ports.start(), *self.ports.end());
        if first == 0 || first > last {
            return datagram::UdpSocket::bind(SocketAddr::new(ip, 0));
        }
        let count = u32::from(last - first) + 1;
        let offset = rand::random_range(0..count);
        let mut result = Err(io::ErrorKind::AddrInUse.into());
        for n in 0..count {
            let port = u16::try_from(u32::from(first) + (offset + n) % count).unwrap_or(first);
            result = datagram::UdpSocket::bind(SocketAddr::new(ip, port));
            match &result {
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
                Ok(_) | Err(_) => return result,
            }
        }
        result
    }
}
