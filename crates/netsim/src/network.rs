//! The simulation: endpoints on hosts, datagrams under way, and a clock that jumps from one event to the next.

mod carry;
mod run;

use crate::endpoint::Endpoint;
use crate::link::Link;
use crate::nat::Nat;
use crate::schedule::Schedule;
use crate::topology::{INTERNET, Realm, Topology};
use crate::trace::{Stats, Trace, TraceEntry};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::collections::VecDeque;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

/// A host of the network, with its endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub(crate) usize);

#[derive(Debug)]
struct Node<E: Endpoint> {
    endpoint: E,
    events: VecDeque<(Instant, E::Event)>,
    /// The earliest wake-up in the schedule; later ones are stale.
    wake: Option<Instant>,
}

#[derive(Debug)]
struct Packet {
    source: SocketAddr,
    destination: SocketAddr,
    contents: Vec<u8>,
}

type Action<E> = Box<dyn FnOnce(&mut Network<E>)>;

enum Step<E: Endpoint> {
    Route(Realm, Packet),
    Deliver(usize, Packet),
    Wake(NodeId),
    Act(Action<E>),
}

/// A network in virtual time. Same seed, same endpoints, same commands: same run.
///
/// # Panics
///
/// While running, if an endpoint transmits without end or asks for a timeout at one instant again and again.
pub struct Network<E: Endpoint> {
    start: Instant,
    now: Instant,
    rng: ChaCha8Rng,
    schedule: Schedule<Step<E>>,
    nodes: Vec<Node<E>>,
    topology: Topology,
    stats: Stats,
    trace: Trace,
    buffer: Vec<u8>,
}

impl<E: Endpoint> fmt::Debug for Network<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Network")
            .field("elapsed", &self.elapsed())
            .field("nodes", &self.nodes.len())
            .field("stats", &self.stats)
            .finish_non_exhaustive()
    }
}

/// Building.
impl<E: Endpoint> Network<E> {
    /// An empty network. All its randomness comes from `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let start = Instant::now();
        Self {
            start,
            now: start,
            rng: ChaCha8Rng::seed_from_u64(seed),
            schedule: Schedule::new(),
            nodes: Vec::new(),
            topology: Topology::new(),
            stats: Stats::default(),
            trace: Trace::default(),
            buffer: Vec::new(),
        }
    }

    /// Two hosts on the internet, 192.0.2.1 and 192.0.2.2, with `link` each way.
    #[must_use]
    pub fn pair(seed: u64, link: &Link, endpoints: [E; 2]) -> (Self, NodeId, NodeId) {
        let mut network = Self::new(seed);
        let [first, second] = endpoints;
        let first = network.add_host(first, &[IpAddr::from([192, 0, 2, 1])], link);
        let second = network.add_host(second, &[IpAddr::from([192, 0, 2, 2])], link);
        (network, first, second)
    }

    /// Adds a host on the internet, one interface for each address. `link` is the way out of each interface; the way in
    /// is ideal until [`set_inbound_link`](Self::set_inbound_link).
    ///
    /// # Panics
    ///
    /// If an address is taken.
    pub fn add_host(&mut self, endpoint: E, addresses: &[IpAddr], link: &Link) -> NodeId {
        self.add_host_in(INTERNET, endpoint, addresses, link)
    }

    /// Adds a host in a realm.
    ///
    /// # Panics
    ///
    /// If an address is taken there.
    pub fn add_host_in(&mut self, realm: Realm, endpoint: E, addresses: &[IpAddr], link: &Link) -> NodeId {
        let node = NodeId(self.nodes.len());
        self.nodes.push(Node {
            endpoint,
            events: VecDeque::new(),
            wake: None,
        });
        for address in addresses {
            self.add_interface(node, realm, *address, link);
        }
        self.service(node);
        node
    }

    /// Adds an interface to a host, perhaps in another realm (multihoming). The endpoint is not told.
    ///
    /// # Panics
    ///
    /// If the address is taken there.
    pub fn add_interface(&mut self, node: NodeId, realm: Realm, address: IpAddr, link: &Link) {
        let added = self.topology.add_interface(node, realm, address, link.clone());
        assert!(added, "{address} is taken in {realm:?}");
    }

    /// Adds a NAT with these outer addresses in `outer`, and returns the realm behind it.
    pub fn add_nat(&mut self, outer: Realm, addresses: &[IpAddr], nat: Nat) -> Realm {
        self.topology.add_nat(outer, addresses, nat)
    }

    /// Replaces the link out of a host's interface.
    pub fn set_outbound_link(&mut self, node: NodeId, address: IpAddr, link: Link) {
        if let Some(interface) = self.topology.interface_of(node, address) {
            interface.outbound.link = link;
        }
    }

    /// Replaces the link into a host's interface.
    pub fn set_inbound_link(&mut self, node: NodeId, address: IpAddr, link: Link) {
        if let Some(interface) = self.topology.interface_of(node, address) {
            interface.inbound.link = link;
        }
    }

    /// Replaces the links between a realm and the one outside its NAT.
    pub fn set_nat_links(&mut self, realm: Realm, outbound: Link, inbound: Link) {
        if let Some(gateway) = self.topology.gateway(realm) {
            gateway.outbound.link = outbound;
            gateway.inbound.link = inbound;
        }
    }

    /// Switches an interface on or off, both ways. Datagrams under way still arrive at the other end.
    pub fn set_up(&mut self, node: NodeId, address: IpAddr, up: bool) {
        if let Some(interface) = self.topology.interface_of(node, address) {
            interface.outbound.up = up;
            interface.inbound.up = up;
        }
    }

    /// Gives an interface another address. The endpoint is not told: that is a command of its own.
    pub fn change_address(&mut self, node: NodeId, old: IpAddr, new: IpAddr) -> bool {
        self.topology.change_address(node, old, new)
    }

    /// Makes the NAT of a realm forget its mappings, as a router that restarts.
    pub fn restart_nat(&mut self, realm: Realm) {
        if let Some(gateway) = self.topology.gateway(realm) {
            gateway.nat.forget();
        }
    }
}

/// Looking.
impl<E: Endpoint> Network<E> {
    /// The virtual time.
    #[must_use]
    pub const fn now(&self) -> Instant {
        self.now
    }

    /// Virtual time since the start.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.now.duration_since(self.start)
    }

    /// The endpoint of a host.
    ///
    /// # Panics
    ///
    /// For a node of another network.
    #[must_use]
    pub fn endpoint(&self, node: NodeId) -> &E {
        &self.node_ref(node).endpoint
    }

    /// Events that an endpoint has reported and nobody has taken, with their times.
    ///
    /// # Panics
    ///
    /// For a node of another network.
    pub fn events(&self, node: NodeId) -> impl Iterator<Item = &(Instant, E::Event)> {
        self.node_ref(node).events.iter()
    }

    /// Takes the events that an endpoint has reported.
    pub fn take_events(&mut self, node: NodeId) -> Vec<E::Event> {
        self.node(node).events.drain(..).map(|(_, event)| event).collect()
    }

    /// Counters.
    #[must_use]
    pub const fn stats(&self) -> Stats {
        self.stats
    }

    /// Keeps a record of the last `capacity` things that happened to datagrams. Zero, the default, keeps none.
    pub fn keep_trace(&mut self, capacity: usize) {
        self.trace.keep(capacity);
    }

    /// The record that [`keep_trace`](Self::keep_trace) asked for.
    pub fn trace(&self) -> impl Iterator<Item = &TraceEntry> {
        self.trace.entries()
    }

    fn node_ref(&self, node: NodeId) -> &Node<E> {
        self.nodes.get(node.0).unwrap_or_else(|| foreign(node))
    }

    fn node(&mut self, node: NodeId) -> &mut Node<E> {
        self.nodes.get_mut(node.0).unwrap_or_else(|| foreign(node))
    }
}

#[expect(
    clippy::panic,
    reason = "a mistake in a test, and tests are what this crate is for"
)]
fn foreign(node: NodeId) -> ! {
    panic!("{node:?} is not of this network")
}

#[cfg(test)]
mod tests;
