//! What rtnetlink says of the host's IPv6 addresses: prefix and flags, which `getifaddrs` leaves out.
//!
//! The layouts are those of the kernel's `linux/netlink.h`, `linux/rtnetlink.h` and `linux/if_addr.h`, in the byte order
//! of the machine.

use std::net::Ipv6Addr;
use std::os::fd::AsRawFd;

use nix::libc::{AF_INET6, NLM_F_DUMP, NLM_F_REQUEST, NLMSG_DONE, RTM_GETADDR, RTM_NEWADDR};
use nix::sys::socket::{
    AddressFamily, MsgFlags, NetlinkAddr, SockFlag, SockProtocol, SockType, recv, sendto, socket,
};

use super::privacy::Described;

/// Attributes and flags of `linux/if_addr.h`.
const IFA_ADDRESS: u16 = 1;
const IFA_LOCAL: u16 = 2;
const IFA_F_TEMPORARY: u8 = 0x01;
const IFA_F_OPTIMISTIC: u8 = 0x04;
const IFA_F_DADFAILED: u8 = 0x08;
const IFA_F_DEPRECATED: u8 = 0x20;
const IFA_F_TENTATIVE: u8 = 0x40;

/// Reads that one dump takes at most, and the size of each: the kernel fills no more than 32 KiB.
const MAX_READS: usize = 256;
const READ: usize = 32 * 1024;

/// All IPv6 addresses, or `None` where the process may not ask.
pub(super) fn ipv6_addresses() -> Option<Vec<Described>> {
    let flags = SockFlag::SOCK_NONBLOCK | SockFlag::SOCK_CLOEXEC;
    let protocol = SockProtocol::NetlinkRoute;
    let socket = socket(AddressFamily::Netlink, SockType::Raw, flags, protocol).ok()?;
    let kernel = NetlinkAddr::new(0, 0);
    sendto(socket.as_raw_fd(), &request()?, &kernel, MsgFlags::empty()).ok()?;
    let mut found = Vec::new();
    let mut buffer = vec![0; READ];
    for _ in 0..MAX_READS {
        // The kernel has the answer ready: a dump goes on with each read.
        let len = recv(socket.as_raw_fd(), &mut buffer, MsgFlags::empty()).ok()?;
        if read(buffer.get(..len)?, &mut found)? == Progress::Done {
            return Some(found);
        }
    }
    None
}

/// `nlmsghdr` and `ifaddrmsg` of a dump.
fn request() -> Option<[u8; 24]> {
    let mut request = [0; 24];
    let flags = u16::try_from(NLM_F_REQUEST | NLM_F_DUMP).ok()?;
    let family = u8::try_from(AF_INET6).ok()?;
    request.get_mut(..4)?.copy_from_slice(&24_u32.to_ne_bytes());
    request.get_mut(4..6)?.copy_from_slice(&RTM_GETADDR.to_ne_bytes());
    request.get_mut(6..8)?.copy_from_slice(&flags.to_ne_bytes());
    *request.get_mut(16)? = family;
    Some(request)
}

#[derive(Debug, PartialEq, Eq)]
enum Progress {
    More,
    Done,
}

/// Takes the addresses of one read; `None` when the kernel refuses, or says what cannot be understood.
fn read(mut bytes: &[u8], found: &mut Vec<Described>) -> Option<Progress> {
    while !bytes.is_empty() {
        let len = usize::try_from(u32::from_ne_bytes(*bytes.first_chunk()?)).ok()?;
        let kind = u16::from_ne_bytes(*bytes.get(4..)?.first_chunk()?);
        let body = bytes.get(16..len)?;
        if kind == RTM_NEWADDR {
            found.extend(describe(body));
        } else if i32::from(kind) == NLMSG_DONE {
            return Some(Progress::Done);
        } else {
            return None;
        }
        bytes = bytes.get(len.next_multiple_of(4)..).unwrap_or_default();
    }
    Some(Progress::More)
}

/// `ifaddrmsg` and its attributes.
fn describe(body: &[u8]) -> Option<Described> {
    let [family, prefix, flags, _scope, index @ ..] = *body.first_chunk::<8>()?;
    if i32::from(family) != AF_INET6 {
        return None;
    }
    let unusable = IFA_F_DEPRECATED | IFA_F_DADFAILED;
    let tentative = flags & IFA_F_TENTATIVE != 0 && flags & IFA_F_OPTIMISTIC == 0;
    let mut attributes = body.get(8..)?;
    let mut described = None;
    while let Some((header, _)) = attributes.split_first_chunk::<4>() {
        let [a, b, c, d] = *header;
        let (len, kind) = (
            usize::from(u16::from_ne_bytes([a, b])),
            u16::from_ne_bytes([c, d]),
        );
        let value: Option<[u8; 16]> = attributes.get(4..len)?.try_into().ok();
        // On a link between two hosts IFA_ADDRESS is the other one.
        let own = kind == IFA_LOCAL || kind == IFA_ADDRESS && described.is_none();
        if let Some(octets) = value.filter(|_| own) {
            described = Some(Described {
                interface: u32::from_ne_bytes(index),
                address: Ipv6Addr::from(octets),
                prefix,
                temporary: flags & IFA_F_TEMPORARY != 0,
                preferred: flags & unusable == 0 && !tentative,
            });
        }
        attributes = attributes.get(len.next_multiple_of(4)..).unwrap_or_default();
    }
    described
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A message as the kernel lays it out.
    fn message(kind: u16, body: &[u8]) -> Vec<u8> {
        let mut out = u32::try_from(16 + body.len()).unwrap().to_ne_bytes().to_vec();
        out.extend(kind.to_ne_bytes());
        out.extend([0; 10]);
        out.extend(body);
        out.resize(out.len().next_multiple_of(4), 0);
        out
    }

    fn address(flags: u8, attributes: &[(u16, &str)]) -> Vec<u8> {
        let mut body = vec![10, 64, flags, 0];
        body.extend(7_u32.to_ne_bytes());
        // IFA_CACHEINFO comes between, and an attribute whose length is no multiple of four.
        body.extend([5_u16.to_ne_bytes(), 99_u16.to_ne_bytes()].concat());
        body.extend([1, 0, 0, 0]);
        for (kind, address) in attributes {
            let octets = address.parse::<Ipv6Addr>().unwrap().octets();
            body.extend([20_u16.to_ne_bytes(), kind.to_ne_bytes()].concat());
            body.extend(octets);
        }
        message(20, &body)
    }

    fn found(flags: u8, attributes: &[(u16, &str)]) -> Described {
        let mut found = Vec::new();
        assert_eq!(
            read(&address(flags, attributes), &mut found),
            Some(Progress::More)
        );
        assert_eq!(found.len(), 1);
        found[0]
    }

    #[test]
    fn flags_and_prefix_are_read() {
        let described = found(0x81, &[(1, "2001:db8::1")]);
        let expected = Described {
            interface: 7,
            address: "2001:db8::1".parse().unwrap(),
            prefix: 64,
            temporary: true,
            preferred: true,
        };
        assert_eq!(described, expected);
        for (flags, preferred) in [
            (0x00, true),
            (0x20, false),
            (0x40, false),
            (0x44, true),
            (0x48, false),
        ] {
            let described = found(flags, &[(1, "2001:db8::1")]);
            assert_eq!((described.temporary, described.preferred), (false, preferred));
        }
        for order in [
            [(1, "2001:db8::9"), (2, "2001:db8::1")],
            [(2, "2001:db8::1"), (1, "2001:db8::9")],
        ] {
            assert_eq!(found(0, &order).address, expected.address);
        }
    }

    #[test]
    fn an_end_ends_and_anything_odd_is_no_answer() {
        let mut found = Vec::new();
        let whole = [address(0, &[(1, "::1")]), message(3, &[0; 4])].concat();
        assert_eq!(read(&whole, &mut found), Some(Progress::Done));
        assert_eq!(found.len(), 1);
        assert_eq!(read(&message(2, &[0; 20]), &mut found), None);
        for len in 1..whole.len() {
            // Cut anywhere: no panic.
            let _ = read(&whole[..len], &mut Vec::new());
            let _ = describe(&whole[16..][..len.min(whole.len() - 16)]);
        }
        let mut endless = whole;
        endless[..4].copy_from_slice(&0_u32.to_ne_bytes());
        assert_eq!(read(&endless, &mut found), None);
        // An attribute of no length.
        assert_eq!(describe(&[10, 64, 0, 0, 7, 0, 0, 0, 0, 0, 1, 0]), None);
    }

    #[test]
    fn the_kernel_lists_what_getifaddrs_lists() {
        let mut listed: Vec<Ipv6Addr> = ipv6_addresses()
            .unwrap()
            .into_iter()
            .map(|one| one.address)
            .filter(|address| !address.is_unicast_link_local())
            .collect();
        let known = if_addrs::get_if_addrs().unwrap().into_iter();
        let mut known: Vec<Ipv6Addr> = known
            .filter_map(|found| match found.ip() {
                std::net::IpAddr::V4(_) => None,
                std::net::IpAddr::V6(address) => Some(address),
            })
            .filter(|address| !address.is_unicast_link_local())
            .collect();
        listed.sort();
        known.sort();
        assert_eq!(listed, known);
    }
}
