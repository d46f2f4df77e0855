//! Address translation in the words of RFC 4787: mapping (§4.1), filtering (§5), binding timeout (§4.3), hairpinning (§6).

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

/// How a NAT behaves. The default is the friendliest that RFC 4787 allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Nat {
    /// For which peers an inner address keeps its outer address. Default [`Behavior::EndpointIndependent`].
    pub mapping: Behavior,
    /// Which peers may send to an outer address. Default [`Behavior::EndpointIndependent`].
    pub filtering: Behavior,
    /// How long a mapping lives without an outbound datagram. Default 2 minutes, the least that RFC 4787 REQ-5 permits.
    pub timeout: Duration,
    /// Whether inner hosts reach each other by their outer addresses. Default false.
    pub hairpin: bool,
}

/// On what a mapping or a filter depends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Behavior {
    /// On nothing.
    EndpointIndependent,
    /// On the peer's IP address.
    AddressDependent,
    /// On the peer's IP address and port.
    AddressAndPortDependent,
}

impl Default for Nat {
    fn default() -> Self {
        Self {
            mapping: Behavior::EndpointIndependent,
            filtering: Behavior::EndpointIndependent,
            timeout: Duration::from_secs(120),
            hairpin: false,
        }
    }
}

impl Nat {
    /// What most home routers do: one outer address for all peers, open to those that were spoken to.
    #[must_use]
    pub fn port_restricted() -> Self {
        Self {
            filtering: Behavior::AddressAndPortDependent,
            ..Self::default()
        }
    }

    /// An outer address for every peer: direct connections between two of these are impossible.
    #[must_use]
    pub fn symmetric() -> Self {
        let mapping = Behavior::AddressAndPortDependent;
        Self {
            mapping,
            filtering: Behavior::AddressAndPortDependent,
            ..Self::default()
        }
    }
}

/// The part of a peer's address on which something depends.
type Key = (Option<IpAddr>, Option<u16>);

fn key(behavior: Behavior, peer: SocketAddr) -> Key {
    match behavior {
        Behavior::EndpointIndependent => (None, None),
        Behavior::AddressDependent => (Some(peer.ip()), None),
        Behavior::AddressAndPortDependent => (Some(peer.ip()), Some(peer.port())),
    }
}

#[derive(Debug)]
struct Mapping {
    outer: SocketAddr,
    expires: Instant,
    /// Peers that were spoken to, as far as the filter looks at them.
    spoken_to: BTreeSet<Key>,
}

/// A NAT in use. It holds at most one mapping per outer port.
#[derive(Debug)]
pub(crate) struct NatState {
    nat: Nat,
    outer_addresses: Vec<IpAddr>,
    mappings: BTreeMap<(SocketAddr, Key), Mapping>,
    by_outer: BTreeMap<SocketAddr, (SocketAddr, Key)>,
}

impl NatState {
    pub(crate) const fn new(nat: Nat, outer_addresses: Vec<IpAddr>) -> Self {
        Self {
            nat,
            outer_addresses,
            mappings: BTreeMap::new(),
            by_outer: BTreeMap::new(),
        }
    }

    pub(crate) const fn hairpins(&self) -> bool {
        self.nat.hairpin
    }

    pub(crate) fn has_outer(&self, address: IpAddr) -> bool {
        self.outer_addresses.contains(&address)
    }

    /// Forgets all mappings, as a router that restarts.
    pub(crate) fn forget(&mut self) {
        self.mappings.clear();
        self.by_outer.clear();
    }

    /// Translates the source of an outbound datagram; `None` when the NAT has no address of this family or no port.
    pub(crate) fn outbound(
        &mut self,
        now: Instant,
        inner: SocketAddr,
        peer: SocketAddr,
        rng: &mut ChaCha8Rng,
    ) -> Option<SocketAddr> {
        let id = (inner, key(self.nat.mapping, peer));
        if self
            .mappings
            .get(&id)
            .is_some_and(|mapping| mapping.expires <= now)
        {
            self.remove(id);
        }
        if !self.mappings.contains_key(&id) {
            let outer = self.free_address(now, inner, rng)?;
            self.by_outer.insert(outer, id);
            self.mappings.insert(
                id,
                Mapping {
                    outer,
                    expires: now,
                    spoken_to: BTreeSet::new(),
                },
            );
        }
        let mapping = self.mappings.get_mut(&id)?;
        mapping.expires = now + self.nat.timeout;
        mapping.spoken_to.insert(key(self.nat.filtering, peer));
        Some(mapping.outer)
    }

    /// Finds the inner address for an inbound datagram, unless the filter refuses it.
    pub(crate) fn inbound(&self, now: Instant, outer: SocketAddr, peer: SocketAddr) -> Option<SocketAddr> {
        let id = self.by_outer.get(&outer)?;
        let mapping = self.mappings.get(id).filter(|mapping| mapping.expires > now)?;
        mapping
            .spoken_to
            .contains(&key(self.nat.filtering, peer))
            .then_some(id.0)
    }

    /// The inner port if it is free (RFC 4787 §4.2.1), else a random one.
    fn free_address(&mut self, now: Instant, inner: SocketAddr, rng: &mut ChaCha8Rng) -> Option<SocketAddr> {
        let ip = *self
            .outer_addresses
            .iter()
            .find(|outer| outer.is_ipv4() == inner.is_ipv4())?;
        let preserved = SocketAddr::new(ip, inner.port());
        let tries = std::iter::once(preserved)
            .chain((0..100).map(|_| SocketAddr::new(ip, rng.random_range(1024..=u16::MAX))));
        let mappings = &self.mappings;
        let by_outer = &self.by_outer;
        let is_free = |outer: &SocketAddr| {
            let taken = by_outer.get(outer).and_then(|id| mappings.get(id));
            taken.is_none_or(|mapping| mapping.expires <= now)
        };
        let outer = { tries }.find(is_free)?;
        if let Some(id) = self.by_outer.get(&outer).copied() {
            self.remove(id);
        }
        Some(outer)
    }

    fn remove(&mut self, id: (SocketAddr, Key)) {
        if let Some(mapping) = self.mappings.remove(&id) {
            self.by_outer.remove(&mapping.outer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    struct Bench {
        nat: NatState,
        now: Instant,
        rng: ChaCha8Rng,
    }

    impl Bench {
        fn new(nat: Nat) -> Self {
            let nat = NatState::new(nat, vec!["203.0.113.1".parse().unwrap()]);
            Self {
                nat,
                now: Instant::now(),
                rng: ChaCha8Rng::seed_from_u64(7),
            }
        }

        fn out(&mut self, peer: &str) -> SocketAddr {
            self.nat
                .outbound(self.now, inner(), peer.parse().unwrap(), &mut self.rng)
                .unwrap()
        }

        fn comes_in(&self, outer: SocketAddr, peer: &str) -> bool {
            self.nat.inbound(self.now, outer, peer.parse().unwrap()) == Some(inner())
        }
    }

    fn inner() -> SocketAddr {
        "10.0.0.1:5000".parse().unwrap()
    }

    const A1: &str = "198.51.100.1:1";
    const A2: &str = "198.51.100.1:2";
    const B1: &str = "198.51.100.2:1";

    #[test]
    fn mapping_depends_on_what_it_says() {
        for (mapping, same_ip, other_ip) in [
            (Behavior::EndpointIndependent, true, true),
            (Behavior::AddressDependent, true, false),
            (Behavior::AddressAndPortDependent, false, false),
        ] {
            let mut bench = Bench::new(Nat {
                mapping,
                ..Nat::default()
            });
            let first = bench.out(A1);
            assert_eq!(
                first,
                "203.0.113.1:5000".parse().unwrap(),
                "the port is preserved"
            );
            assert_eq!(bench.out(A1), first);
            assert_eq!(bench.out(A2) == first, same_ip, "{mapping:?}");
            assert_eq!(bench.out(B1) == first, other_ip, "{mapping:?}");
        }
    }

    #[test]
    fn filtering_depends_on_what_it_says() {
        for (filtering, same_ip, other_ip) in [
            (Behavior::EndpointIndependent, true, true),
            (Behavior::AddressDependent, true, false),
            (Behavior::AddressAndPortDependent, false, false),
        ] {
            let mut bench = Bench::new(Nat {
                filtering,
                ..Nat::default()
            });
            let outer = bench.out(A1);
            assert!(bench.comes_in(outer, A1));
            assert_eq!(bench.comes_in(outer, A2), same_ip, "{filtering:?}");
            assert_eq!(bench.comes_in(outer, B1), other_ip, "{filtering:?}");
        }
    }

    #[test]
    fn a_mapping_expires_unless_it_is_used() {
        let mut bench = Bench::new(Nat::default());
        let outer = bench.out(A1);
        bench.now += Duration::from_secs(119);
        assert!(bench.comes_in(outer, A1));
        bench.out(A1);
        bench.now += Duration::from_secs(119);
        assert!(bench.comes_in(outer, A1));
        bench.now += Duration::from_secs(1);
        assert!(!bench.comes_in(outer, A1));
    }

    #[test]
    fn an_outer_port_is_used_once_at_a_time() {
        let mut bench = Bench::new(Nat::default());
        let first = bench.out(A1);
        let rival: SocketAddr = "10.0.0.2:5000".parse().unwrap();
        let second = bench
            .nat
            .outbound(bench.now, rival, A1.parse().unwrap(), &mut bench.rng)
            .unwrap();
        assert_ne!(first, second);
        bench.now += Duration::from_secs(121);
        let third = bench
            .nat
            .outbound(bench.now, rival, A1.parse().unwrap(), &mut bench.rng)
            .unwrap();
        assert_eq!(third, first, "an expired port is free again");
        assert!(!bench.comes_in(first, A1));
    }

    #[test]
    fn a_restarted_router_knows_nothing() {
        let mut bench = Bench::new(Nat::default());
        let outer = bench.out(A1);
        bench.nat.forget();
        assert!(!bench.comes_in(outer, A1));
    }

    #[test]
    fn a_family_without_outer_address_has_no_way_out() {
        let mut bench = Bench::new(Nat::default());
        let inner = "[fd00::1]:5".parse().unwrap();
        let peer = "[2001:db8::1]:5".parse().unwrap();
        assert_eq!(bench.nat.outbound(bench.now, inner, peer, &mut bench.rng), None);
    }
}
