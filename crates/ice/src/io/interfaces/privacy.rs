//! RFC 8445 §5.1.1.1, RFC 8835 §3.3: IPv6 addresses by which a host could be followed from network to network.
//!
//! Where an interface has a temporary address (RFC 8981), its permanent addresses of that prefix and its link-local ones are
//! withheld, and so are temporary ones that are deprecated. RFC 8835 would withhold permanent addresses of other prefixes as
//! well, with which ways would be lost that the temporary address does not have.

use std::net::Ipv6Addr;

/// An IPv6 address as the system describes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Described {
    /// The index of the interface.
    pub(super) interface: u32,
    pub(super) address: Ipv6Addr,
    /// The length of its prefix, in bits.
    pub(super) prefix: u8,
    pub(super) temporary: bool,
    /// Neither deprecated nor still being probed for a duplicate.
    pub(super) preferred: bool,
}

impl Described {
    /// Whether it is not to be shown while `other` is there.
    fn yields_to(&self, other: &Self) -> bool {
        if self.interface != other.interface || !other.temporary || !other.preferred {
            return false;
        }
        if self.temporary {
            return !self.preferred;
        }
        let distance = self.address.to_bits() ^ other.address.to_bits();
        let same_prefix = distance.leading_zeros() >= u32::from(other.prefix);
        same_prefix || self.address.is_unicast_link_local()
    }
}

/// The addresses that are not to be gathered, each with the index of its interface. None, where the system does not say.
pub(super) fn withheld() -> Vec<(u32, Ipv6Addr)> {
    among(&super::netlink::ipv6_addresses().unwrap_or_default())
}

fn among(all: &[Described]) -> Vec<(u32, Ipv6Addr)> {
    all.iter()
        .filter(|one| all.iter().any(|other| one.yields_to(other)))
        .map(|one| (one.interface, one.address))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn permanent(interface: u32, address: &str, prefix: u8) -> Described {
        Described {
            interface,
            address: address.parse().unwrap(),
            prefix,
            temporary: false,
            preferred: true,
        }
    }

    fn temporary(interface: u32, address: &str) -> Described {
        Described {
            temporary: true,
            ..permanent(interface, address, 64)
        }
    }

    fn deprecated(one: Described) -> Described {
        Described {
            preferred: false,
            ..one
        }
    }

    fn names(all: &[Described]) -> Vec<String> {
        among(all)
            .iter()
            .map(|(_, address)| address.to_string())
            .collect()
    }

    #[test]
    fn a_temporary_address_stands_for_the_permanent_ones_of_its_prefix_and_interface() {
        let all = [
            permanent(2, "2001:db8:1::211:22ff:fe33:4455", 64),
            temporary(2, "2001:db8:1::a1b2:c3d4:e5f6:789"),
            // By DHCPv6, which gives no prefix.
            permanent(2, "2001:db8:1::77", 128),
            permanent(2, "fe80::211:22ff:fe33:4455", 64),
            // Another prefix, and another interface with the same one.
            permanent(2, "fd00:1::211:22ff:fe33:4455", 64),
            permanent(3, "2001:db8:1::99", 64),
            permanent(1, "::1", 128),
        ];
        let expected = [
            "2001:db8:1:0:211:22ff:fe33:4455",
            "2001:db8:1::77",
            "fe80::211:22ff:fe33:4455",
        ];
        assert_eq!(names(&all), expected);
    }

    #[test]
    fn deprecated_ones_go_where_another_one_is_there() {
        let old = deprecated(temporary(2, "2001:db8:1::1111:1"));
        let permanent = permanent(2, "2001:db8:1::5", 64);
        // Nothing better is there: all stay.
        assert!(names(&[old, permanent]).is_empty());
        let fresh = temporary(2, "2001:db8:2::2222:1");
        assert_eq!(names(&[old, permanent, fresh]), ["2001:db8:1::1111:1"]);
        let fresh = temporary(2, "2001:db8:1::2222:1");
        assert_eq!(
            names(&[old, permanent, fresh]),
            ["2001:db8:1::1111:1", "2001:db8:1::5"]
        );
    }
}
