//! The simulation: endpoints on hosts, datagrams under way, and a clock that jumps from one event to the next.

use crate::endpoint::{Endpoint, Path, segments};
use crate::link::{DropReason, Fate, Link};
use crate::nat::Nat;
use crate::schedule::Schedule;
use crate::topology::{INTERNET, Next, Realm, Topology};
use crate::trace::{Stats, Trace, TraceEntry, TraceEvent};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::collections::VecDeque;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

/// Rounds of polling after which an endpoint counts as never ending.
const ENDLESS: usize = 1_000_000;
/// Timeouts at one instant after which an endpoint counts as spinning.
const SPINNING: usize = 1000;

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

/// Running.
impl<E: Endpoint> Network<E> {
    /// Gives a command to an endpoint, and sends what comes of it.
    ///
    /// # Panics
    ///
    /// For a node of another network.
    pub fn with<R>(&mut self, node: NodeId, command: impl FnOnce(&mut E, Instant) -> R) -> R {
        let now = self.now;
        let result = command(&mut self.node(node).endpoint, now);
        self.service(node);
        result
    }

    /// Does something to the network after `delay` of virtual time: a command, a link that fails, a new address.
    pub fn after(&mut self, delay: Duration, action: impl FnOnce(&mut Self) + 'static) {
        self.schedule.push(self.now + delay, Step::Act(Box::new(action)));
    }

    /// Runs until nothing is left to happen before `deadline`; the clock then shows `deadline`.
    pub fn run_until(&mut self, deadline: Instant) {
        while self.schedule.next_at().is_some_and(|at| at <= deadline) {
            self.step();
        }
        self.now = self.now.max(deadline);
    }

    /// Runs for this long.
    pub fn run_for(&mut self, duration: Duration) {
        self.run_until(self.now + duration);
    }

    /// Runs while the predicate holds, for `limit` at most. Returns whether the predicate became false.
    pub fn run_while(&mut self, limit: Duration, mut predicate: impl FnMut(&Self) -> bool) -> bool {
        let deadline = self.now + limit;
        while predicate(self) {
            if self.schedule.next_at().is_none_or(|at| at > deadline) {
                self.now = deadline;
                return false;
            }
            self.step();
        }
        true
    }

    /// Lets the next thing happen. Returns false when nothing is left.
    pub fn step(&mut self) -> bool {
        let Some((at, step)) = self.schedule.pop() else {
            return false;
        };
        self.now = self.now.max(at);
        match step {
            Step::Route(realm, packet) => self.route(realm, packet),
            Step::Deliver(interface, packet) => self.deliver(interface, packet),
            Step::Wake(node) => self.wake(node, at),
            Step::Act(action) => action(self),
        }
        true
    }

    fn wake(&mut self, node: NodeId, at: Instant) {
        let now = self.now;
        let state = self.node(node);
        if state.wake != Some(at) {
            return;
        }
        state.wake = None;
        if state
            .endpoint
            .poll_timeout()
            .is_some_and(|timeout| timeout <= now)
        {
            state.endpoint.handle_timeout(now);
        }
        self.service(node);
    }

    /// Polls an endpoint until it has nothing more to say, and notes when it wants to be woken.
    fn service(&mut self, node: NodeId) {
        for _ in 0..SPINNING {
            self.drain(node);
            let now = self.now;
            let state = self.node(node);
            let Some(timeout) = state.endpoint.poll_timeout() else {
                return;
            };
            if timeout > now {
                if state.wake.is_none_or(|wake| timeout < wake) {
                    state.wake = Some(timeout);
                    self.schedule.push(timeout, Step::Wake(node));
                }
                return;
            }
            state.endpoint.handle_timeout(now);
        }
        endless("asks for a timeout again and again", node, self.elapsed());
    }

    fn drain(&mut self, node: NodeId) {
        let mut buffer = std::mem::take(&mut self.buffer);
        for _ in 0..ENDLESS {
            buffer.clear();
            let now = self.now;
            let state = self.node(node);
            let transmit = state.endpoint.poll_transmit(now, &mut buffer);
            let event = state.endpoint.poll_event();
            let idle = transmit.is_none() && event.is_none();
            if let Some(event) = event {
                state.events.push_back((now, event));
            }
            if let Some(transmit) = transmit {
                for datagram in segments(&buffer, transmit.segment_size) {
                    self.send(node, transmit.path, datagram);
                }
            }
            if idle {
                self.buffer = buffer;
                return;
            }
        }
        endless("transmits or reports without end", node, self.elapsed());
    }

    fn send(&mut self, node: NodeId, path: Path, contents: &[u8]) {
        self.stats.sent += 1;
        self.stats.sent_bytes += contents.len() as u64;
        let packet = Packet {
            source: path.local,
            destination: path.remote,
            contents: contents.to_vec(),
        };
        self.record(TraceEvent::Sent, &packet);
        let Some(interface) = self.topology.interface_of(node, path.local.ip()) else {
            self.drop_packet(DropReason::NoRoute, &packet);
            return;
        };
        let realm = interface.realm;
        let fate = interface.outbound.send(self.now, contents.len(), &mut self.rng);
        self.forward(fate, packet, |packet| Step::Route(realm, packet));
    }

    /// Schedules what a link has decided.
    fn forward(&mut self, fate: Fate, packet: Packet, step: impl Fn(Packet) -> Step<E>) {
        match fate {
            Fate::Dropped(reason) => self.drop_packet(reason, &packet),
            Fate::Arrives { at, again } => {
                if let Some(again) = again {
                    self.stats.duplicated += 1;
                    let copy = Packet {
                        contents: packet.contents.clone(),
                        ..packet
                    };
                    self.schedule.push(again, step(copy));
                }
                self.schedule.push(at, step(packet));
            }
        }
    }

    fn route(&mut self, realm: Realm, packet: Packet) {
        match self.topology.next(realm, packet.destination.ip()) {
            Next::Interface(index) => {
                let Some(interface) = self.topology.interface(index) else {
                    return;
                };
                let fate = interface
                    .inbound
                    .send(self.now, packet.contents.len(), &mut self.rng);
                self.forward(fate, packet, |packet| Step::Deliver(index, packet));
            }
            Next::Into(inner) => self.enter(inner, packet),
            Next::Out => self.leave(realm, packet),
            Next::Nowhere => self.drop_packet(DropReason::NoRoute, &packet),
        }
    }

    /// From outside through a NAT.
    fn enter(&mut self, inner: Realm, packet: Packet) {
        let now = self.now;
        let Some(gateway) = self.topology.gateway(inner) else {
            return;
        };
        let Some(destination) = gateway.nat.inbound(now, packet.destination, packet.source) else {
            self.drop_packet(DropReason::Filtered, &packet);
            return;
        };
        let fate = gateway.inbound.send(now, packet.contents.len(), &mut self.rng);
        let packet = Packet {
            destination,
            ..packet
        };
        self.record(TraceEvent::Translated, &packet);
        self.forward(fate, packet, |packet| Step::Route(inner, packet));
    }

    /// From inside through a NAT, or back in again where it hairpins.
    fn leave(&mut self, realm: Realm, packet: Packet) {
        let now = self.now;
        let Some(gateway) = self.topology.gateway(realm) else {
            return;
        };
        let hairpin = gateway.nat.has_outer(packet.destination.ip());
        if hairpin && !gateway.nat.hairpins() {
            self.drop_packet(DropReason::Filtered, &packet);
            return;
        }
        let outer = gateway.outer;
        let Some(source) = gateway
            .nat
            .outbound(now, packet.source, packet.destination, &mut self.rng)
        else {
            self.drop_packet(DropReason::NoRoute, &packet);
            return;
        };
        let fate = gateway.outbound.send(now, packet.contents.len(), &mut self.rng);
        let packet = Packet { source, ..packet };
        self.record(TraceEvent::Translated, &packet);
        // A hairpinned datagram is routed outside too: there its destination leads back into the NAT.
        self.forward(fate, packet, |packet| Step::Route(outer, packet));
    }

    fn deliver(&mut self, index: usize, mut packet: Packet) {
        let Some(interface) = self.topology.interface(index) else {
            return;
        };
        let (node, up, realm) = (interface.node, interface.inbound.up, interface.realm);
        // The address may have changed while the datagram was under way.
        if self.topology.next(realm, packet.destination.ip()) != Next::Interface(index) {
            self.drop_packet(DropReason::NoRoute, &packet);
            return;
        }
        if !up {
            self.drop_packet(DropReason::Down, &packet);
            return;
        }
        self.stats.delivered += 1;
        self.stats.delivered_bytes += packet.contents.len() as u64;
        self.record(TraceEvent::Delivered, &packet);
        let path = Path::new(packet.destination, packet.source);
        let now = self.now;
        self.node(node)
            .endpoint
            .handle_input(now, path, &mut packet.contents);
        self.service(node);
    }

    fn drop_packet(&mut self, reason: DropReason, packet: &Packet) {
        self.stats.count(reason);
        self.record(TraceEvent::Dropped(reason), packet);
    }

    fn record(&mut self, event: TraceEvent, packet: &Packet) {
        let at = self.now.duration_since(self.start);
        self.trace
            .record(at, event, (packet.source, packet.destination), &packet.contents);
    }
}

#[expect(
    clippy::panic,
    reason = "a mistake in an endpoint must end the test that runs it"
)]
fn endless(what: &str, node: NodeId, elapsed: Duration) -> ! {
    panic!("{node:?} {what} (at {elapsed:?})")
}

#[cfg(test)]
mod tests;
